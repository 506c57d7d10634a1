"""The engine dies after its n-th write, for every n of an order's life; the next one leaves nothing undone."""

import asyncio
from collections import Counter

import pytest

from adapters.ports import FulfillerCall
from models.domain.outcomes import Accepted
from tests.integration.engine.crash_points import MortalStore
from tests.integration.engine.harness import Document, Harness, answers, joined, plan_of, plan_on, states_told

pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # sockets of the dead

SECONDS = 60.0


class Life:
    """An order's life under an engine that dies once, and its successor."""

    def __init__(self, harness: Harness) -> None:
        self.harness = harness
        self.order = ""
        self.cancellation = ""

    async def place(self, service: str) -> None:
        """Two tasks that build, one that changes a service, one that is taken on and reported on."""
        harness = self.harness
        harness.fulfiller.scripts = {"fulfil:3/slow": answers(Accepted("job"))}
        build = plan_of("1/first", "1/second", needs={"1/second": ["1/first"]})
        self.order = await harness.order(joined(build, plan_on(service, delta={"name": "new"}), plan_of("3/slow")))

    async def under(self, lives: int, story: "asyncio.Task[None]") -> int:
        """Let an engine of so many writes work, then an immortal one, until the story is told; returns writes left."""
        harness = self.harness
        store = MortalStore(harness.store, lives)
        tasks = harness.start("n1", lease_seconds=60, store=store)
        death = asyncio.create_task(store.died.wait(), name="Task-death")
        await asyncio.wait([story, death], return_when=asyncio.FIRST_COMPLETED, timeout=SECONDS)
        death.cancel()
        await harness.kill(tasks)
        tasks = harness.start("n1", lease_seconds=60)
        try:
            async with asyncio.timeout(SECONDS):
                await story
            await harness.until_true(self._settled)
        except TimeoutError:
            pytest.fail(f"stuck after the death at write {lives}: {await self._picture()}")
        finally:
            await harness.kill(tasks)
        return store.left

    async def report(self) -> None:
        """Wait until the slow task was taken on, then report on it."""
        await self._accepted()
        await self.harness.callback(self._slow_call(), {"status": "done"})

    async def cancel(self) -> None:
        await self._accepted()
        self.cancellation = await self.harness.cancel(self.order)

    async def story(self, *steps: str) -> None:
        for step in steps:
            await getattr(self, step)()
        await self.harness.until(self.order, "completed", "cancelled", seconds=SECONDS)

    async def _accepted(self) -> None:
        async def slow_is_accepted() -> bool:
            found = await self.harness.tasks(self.order)
            return found.get("fulfil:3/slow", {}).get("state") == "accepted"

        await self.harness.until_true(slow_is_accepted)

    def _slow_call(self) -> FulfillerCall:
        calls = self.harness.fulfiller.calls
        return next(call for call in calls if call.order_id == self.order and call.input == "3/slow")

    async def _settled(self) -> bool:
        plan = await self.harness.get("plan", self.order)
        if self.cancellation:
            cancellation = await self.harness.get("cancelServiceOrder", self.cancellation)
            if cancellation["body"]["state"] != "done":
                return False
        return "due" not in plan and not plan["inbox"]

    async def _picture(self) -> Document:
        plan = await self.harness.store.get("plan", self.order) or {}
        order = await self.harness.get("serviceOrder", self.order)
        kept = ("state", "run", "inbox", "owes", "cancel", "due", "waits")
        return {"order": order["body"]["state"], **{name: plan.get(name) for name in kept}}

    def effects(self) -> Counter[str]:
        """How often each operation took effect; a key counts once, as the fulfiller keeps it."""
        made = [call for call in self.harness.fulfiller.effects.values() if call.order_id == self.order]
        return Counter(f"{call.operation}:{call.input}" for call in made)


def assert_in_sequence(document: Document) -> None:
    sequence = [stub["seq"] for stub in document["outbox"]]
    assert sequence == list(range(1, len(sequence) + 1))
    times = [stub["at"] for stub in document["outbox"]]
    assert times == sorted(times)


@pytest.fixture
async def service(harness: Harness) -> Document:
    await harness.register()
    tasks = harness.start("n0")
    order = await harness.order(plan_of("1/before"))
    await harness.until(order, "completed")
    found = await harness.store.collection("service").find_one({})
    assert found is not None
    await harness.kill(tasks)
    return found


async def test_an_order_completes_wherever_the_engine_dies(harness: Harness, service: Document) -> None:
    for lives in range(1, 100):
        life = Life(harness)
        await life.place(service["_id"])
        left = await life.under(lives, asyncio.create_task(life.story("report"), name="Task-story"))
        document = await harness.get("serviceOrder", life.order)
        assert states_told(document) == ["inProgress", "completed"], lives
        assert_in_sequence(document)
        expected = ["fulfil:1/first", "fulfil:1/second", "fulfil:1/modify", "fulfil:3/slow"]
        assert life.effects() == Counter(expected), lives
        built = await harness.store.collection("service").find({"owner": {"$exists": True}}).to_list()
        assert built == [], lives
        if left > 0:
            return
    pytest.fail("the engine never stopped writing")


async def test_an_order_is_cancelled_wherever_the_engine_dies(harness: Harness, service: Document) -> None:
    for lives in range(1, 100):
        life = Life(harness)
        await life.place(service["_id"])
        left = await life.under(lives, asyncio.create_task(life.story("cancel"), name="Task-story"))
        document = await harness.get("serviceOrder", life.order)
        assert states_told(document)[-3:] == ["assessingCancellation", "pendingCancellation", "cancelled"], lives
        assert [item["state"] for item in document["body"]["serviceOrderItem"]] == ["cancelled"] * 3, lives
        assert_in_sequence(document)
        told = await harness.get("cancelServiceOrder", life.cancellation)
        assert states_told(told) == ["inProgress", "done"], lives
        assert told["body"]["completionMessage"] == "The order is cancelled.", lives
        effects = life.effects()
        assert all(count == 1 for count in effects.values()), (lives, effects)
        for name in ("1/first", "1/second", "1/modify"):
            # What may have been done is undone; what was about to be called when the engine died counts as called.
            undone = effects[f"compensate:{name}"] + effects[f"cancel:{name}"]
            assert effects[f"fulfil:{name}"] <= undone, (lives, effects)
        after = await harness.get("service", service["_id"])
        assert after["body"] == service["body"], lives
        assert "owner" not in after, lives
        if left > 0:
            return
    pytest.fail("the engine never stopped writing")
