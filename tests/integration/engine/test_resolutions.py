"""Bulk resolutions: one broken fulfiller, many orders, one wish."""

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from models import resolutions
from models.domain.interventions import Wish
from models.domain.outcomes import Done, Refused, Unreachable
from models.fallout import groups
from models.leases import Leases
from models.store import Store
from scheduler.resolutions import Resolutions
from tests.integration.engine.crash_points import MortalStore
from tests.integration.engine.harness import Document, Harness, answers, plan_of

RETRY = Wish("retry", "ana", "north is back")


class Bulk:
    """Bulk jobs on the database of an engine."""

    def __init__(self, harness: Harness) -> None:
        self.harness = harness

    async def job(self, wanted: Mapping[str, Any], wish: Wish = RETRY, rate: float = 1000) -> str:
        store, clock = self.harness.store, self.harness.clock
        return str((await resolutions.create(store, clock, "default", wanted, wish, rate))["_id"])

    def worker(self, store: Store | None = None, name: str = "w") -> Resolutions:
        store = store or self.harness.store
        return Resolutions(store, self.harness.clock, Leases(store, self.harness.clock, name, 15))

    async def work_off(self, job: str) -> Document:
        worker = self.worker()
        async with asyncio.timeout(20):
            while (found := await self.harness.get(resolutions.COLLECTION, job))["state"] != "done":
                await worker.look()
                await asyncio.sleep(0.01)
        return found

    async def outcome(self, job: str) -> dict[str, int]:
        return (await resolutions.outcomes(self.harness.store, [job])).get(job, {})


@pytest.fixture
def bulk(harness: Harness) -> Bulk:
    return Bulk(harness)


async def broken(harness: Harness, count: int, *, fault: Any = None) -> list[str]:
    """Orders of two items, one at a fulfiller that is broken and one at a healthy one; each is held by the first."""
    harness.fulfiller.scripts["fulfil:1/build"] = answers(fault or Unreachable("timeout"))
    harness.start()
    orders = [await harness.order(plan_of("1/build", "2/healthy")) for _ in range(count)]
    for order in orders:
        document = await harness.until(order, "held")
        assert [item["state"] for item in document["body"]["serviceOrderItem"]] == ["held", "completed"]
    return orders


async def test_one_broken_fulfiller_is_one_cause_and_one_retry_completes_all_its_orders(
    harness: Harness, bulk: Bulk
) -> None:
    await harness.register(retry={"delays": []})
    orders = await broken(harness, 30)
    (group,) = await groups(harness.store, {"tenant": "default", "state": "held"}, 5)
    assert (group["count"], group["orders"]) == (30, 30)
    harness.fulfiller.scripts["fulfil:1/build"] = answers(Done())
    job = await bulk.job({"cause": group["_id"]})
    found = await bulk.work_off(job)
    assert (found["found"], found["taken"], found["refused"]) == (30, 30, 0)
    for order in orders:
        await harness.until(order, "completed")
    assert await bulk.outcome(job) == {"done": 30}
    healthy = [call for call in harness.fulfiller.calls if call.input == "2/healthy"]
    assert len(healthy) == 30


async def test_what_cannot_be_helped_is_named_and_does_not_stop_the_rest(harness: Harness, bulk: Bulk) -> None:
    await harness.register(retry={"delays": []})
    orders = await broken(harness, 3)
    tasks = await harness.store.collection("task").find({"state": "held"}).sort("_id", 1).to_list()
    await harness.store.collection("task").update_one(
        {"_id": tasks[1]["_id"]},
        {"$set": {"fallout.pending": {"id": "x", "at": harness.clock.now(), "do": "skip", "who": "bo", "hold": 1}}},
    )
    harness.fulfiller.scripts["fulfil:1/build"] = answers(Done())
    found = await bulk.work_off(await bulk.job({"fulfiller": "f-scripted"}))
    assert (found["taken"], found["refused"]) == (2, 1)
    ((error),) = found["errors"]
    assert error["task"] == tasks[1]["_id"]
    assert "already" in error["message"]
    left = tasks[1]["order"]
    for order in orders:
        await harness.until(order, "held" if order == left else "completed")


async def test_a_job_ends_although_what_it_retries_is_held_again(harness: Harness, bulk: Bulk) -> None:
    await harness.register()
    await broken(harness, 5, fault=Refused("no port"))
    job = await bulk.job({"code": "refused"})
    await bulk.work_off(job)

    async def held_again() -> bool:
        again = {"state": "held", "fallout.count": 2}
        return await harness.store.collection("task").count_documents(again) == 5

    await harness.until_true(held_again)
    assert await bulk.outcome(job) == {"held": 5}


async def test_a_job_is_worked_off_piece_by_piece_not_faster_than_asked(harness: Harness, bulk: Bulk) -> None:
    await harness.register(retry={"delays": []})
    await broken(harness, 3)
    harness.fulfiller.scripts["fulfil:1/build"] = answers(Done())
    job = await bulk.job({"code": "unreachable"}, rate=0.001)
    worker = bulk.worker()
    for _ in range(5):
        await worker.look()
    found = await harness.get(resolutions.COLLECTION, job)
    assert (found["state"], found["taken"]) == ("inProgress", 1)


async def test_a_job_goes_on_wherever_its_worker_dies(harness: Harness, bulk: Bulk) -> None:
    """Each wish is passed on once, although its piece is done again."""
    await harness.register(retry={"delays": []})
    for lives in range(1, 60):
        orders = await broken(harness, 3)
        harness.fulfiller.scripts["fulfil:1/build"] = answers(Done())
        job = await bulk.job({"order": {"$in": orders}})
        mortal = MortalStore(harness.store, lives)
        look = asyncio.create_task(bulk.worker(mortal, f"w{lives}").look(), name="Task-look")
        died = asyncio.create_task(mortal.died.wait(), name="Task-death")
        await asyncio.wait([look, died], return_when=asyncio.FIRST_COMPLETED)
        look.cancel()
        died.cancel()
        await harness.store.collection("lease").delete_many({"_id": "falloutResolutions"})
        await bulk.work_off(job)
        for order in orders:
            document = await harness.until(order, "completed")
            assert len([stub for stub in document["outbox"] if stub["who"] == "ana"]) == 1, lives
        await harness.stop()
        if mortal.left > 0:
            return
    pytest.fail("the worker never stopped writing")


async def test_of_two_workers_one_works(harness: Harness, bulk: Bulk) -> None:
    await harness.register(retry={"delays": []})
    await broken(harness, 1)
    first, second = bulk.worker(name="one"), bulk.worker(name="two")
    empty = await bulk.job({"code": "nothing"})
    await first.look()
    assert (await harness.get(resolutions.COLLECTION, empty))["state"] == "done"
    job = await bulk.job({"code": "unreachable"})
    await second.look()
    assert (await harness.get(resolutions.COLLECTION, job))["state"] == "acknowledged"
    await first.look()
    assert (await harness.get(resolutions.COLLECTION, job))["state"] == "done"


async def test_a_job_that_is_stopped_passes_nothing_more_on(harness: Harness, bulk: Bulk) -> None:
    await harness.register(retry={"delays": []})
    await broken(harness, 3)
    harness.fulfiller.scripts["fulfil:1/build"] = answers(Done())
    key = await bulk.job({"code": "unreachable"}, rate=1)
    await bulk.worker().look()
    job = await harness.get(resolutions.COLLECTION, key)
    await resolutions.stop(harness.store, harness.clock, job, "bo", "too many at once")
    await harness.store.collection("lease").delete_many({"_id": "falloutResolutions"})
    await bulk.worker().look()
    found = await harness.get(resolutions.COLLECTION, key)
    assert (found["state"], found["taken"], found["found"], "due" in found) == ("cancelled", 1, 3, False)
    assert found["stopped"]["who"] == "bo"

    async def one_is_done() -> bool:
        return await bulk.outcome(key) == {"done": 1}

    await harness.until_true(one_is_done)


async def test_what_is_on_its_way_when_a_job_is_stopped_counts(harness: Harness, bulk: Bulk) -> None:
    key = await bulk.job({"code": "unreachable"})
    job = await harness.get(resolutions.COLLECTION, key)
    await resolutions.stop(harness.store, harness.clock, job, "bo", None)
    now = harness.clock.now()
    assert await resolutions.advance(harness.store, job, cursor="t9", errors=[], taken=4, now=now, due=now)
    found = await harness.get(resolutions.COLLECTION, key)
    assert (found["state"], found["taken"], "due" in found) == ("cancelled", 4, False)
    assert not await resolutions.advance(harness.store, job, cursor="t9", errors=[], taken=4, now=now, due=now)


async def test_a_bulk_job_that_gives_up_says_what_could_not_be_undone(harness: Harness, bulk: Bulk) -> None:
    await harness.register()
    harness.fulfiller.scripts["fulfil:1/build"] = answers(Refused("no port"))
    harness.start()
    needs = {"1/build": ["1/dig"]}
    orders = [await harness.order(plan_of("1/dig", "1/build", needs=needs, compensation="none")) for _ in range(2)]
    for order in orders:
        await harness.until(order, "held")
    key = await bulk.job({"code": "refused"}, Wish("fail", "ana", "no port will come", undo=True))
    await bulk.work_off(key)
    for order in orders:
        document = await harness.until(order, "failed")
        [item] = document["body"]["serviceOrderItem"]
        assert "Not undone: 1/dig of item 1." in item["errorMessage"][0]["message"]
        [told] = [stub for stub in document["outbox"] if "notUndone" in (stub.get("after") or {})]
        assert (told["who"], told["after"]["notUndone"][0]["name"]) == ("ana", "1/dig")
    count, stays = await resolutions.what_stays(harness.store, key)
    assert (count, sorted(one["order"] for one in stays)) == (2, sorted(orders))
    assert {(one["name"], one["reason"]) for one in stays} == {("1/dig", "There is no way to undo it.")}


async def test_of_what_is_undone_nothing_is_told_to_stay(harness: Harness, bulk: Bulk) -> None:
    await harness.register()
    harness.fulfiller.scripts["fulfil:1/build"] = answers(Refused("no port"))
    harness.start()
    order = await harness.order(plan_of("1/dig", "1/build", needs={"1/build": ["1/dig"]}))
    await harness.until(order, "held")
    key = await bulk.job({"code": "refused"}, Wish("fail", "ana", "no port will come", undo=True))
    await bulk.work_off(key)
    document = await harness.until(order, "failed")
    assert await resolutions.what_stays(harness.store, key) == (0, [])
    assert "Not undone" not in str(document["body"])
