"""A database that goes away for a moment: the work waits for it, and no fulfiller is blamed."""

from models.domain.errors import Unavailable
from models.domain.outcomes import Accepted, Done
from models.group_commit import Write
from models.store import Document, Store
from tests.integration.engine.harness import Harness, answers, plan_of


class AbsentStore(Store):
    """Cannot reach one collection the first few times."""

    def __init__(self, store: Store, collection: str, writes: int = 0, reads: int = 0) -> None:
        super().__init__(store.client, store.database.name)
        self.missing = collection
        self.writes = writes
        self.reads = reads

    async def _submit(self, collection: str, write: Write) -> bool:
        if collection == self.missing and self.writes > 0:
            self.writes -= 1
            raise Unavailable
        return await super()._submit(collection, write)

    async def get(self, collection: str, key: str, *, tenant: str | None = None) -> Document | None:
        if collection == self.missing and self.reads > 0:
            self.reads -= 1
            raise Unavailable
        return await super().get(collection, key, tenant=tenant)


async def test_a_call_that_waits_for_its_place_while_the_database_is_away_was_not_made_and_is_no_attempt(
    harness: Harness,
) -> None:
    await harness.register(maxConcurrent=1, honoursIdempotencyKey=False, retry={"delays": []})
    store = AbsentStore(harness.store, "slot", writes=3)
    harness.start(store=store)
    order = await harness.order(plan_of("1/build"))
    await harness.until(order, "completed")
    assert store.writes == 0
    assert len(harness.fulfiller.calls) == 1
    assert len((await harness.tasks(order))["fulfil:1/build"]["attempts"]) == 1


async def test_a_look_at_accepted_work_that_the_database_prevented_is_repeated_at_once(harness: Harness) -> None:
    await harness.register(pollInterval=60)
    harness.fulfiller.scripts["fulfil:1/build"] = answers(Accepted("job 9", poll_url="/jobs/9", retry_after=0.1))
    harness.fulfiller.polls = [Done()]
    store = AbsentStore(harness.store, "task", reads=1)
    harness.start(store=store)
    await harness.until(await harness.order(plan_of("1/build")), "completed")
    assert store.reads == 0
