"""Task flows of orders: nothing that a person has said is lost, and process flows end with their orders."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from models import inbox, outbox, task_flows
from models.clock import Clock
from models.process_flows import Ending, Work, ensure
from models.retention import Retention, remove_old
from models.store import Store, connect
from models.task_flows import TaskFlowStore

Document = dict[str, Any]
KEY = "plan-1:00aa:fulfil:0"


@pytest.fixture
async def store(mongodb_url: str, database_name: str) -> AsyncIterator[Store]:
    client = connect(mongodb_url)
    yield Store(client, database_name)
    await client.close()


async def planned(store: Store, state: str = "running", order_state: str = "inProgress") -> None:
    owner = {"type": "serviceOrder", "id": "order-1"}
    await store.insert("plan", {"_id": "plan-1", "tenant": "default", "state": state, "owner": owner, "inbox": []})
    order = {"_id": "order-1", "tenant": "default", "body": {"id": "order-1", "state": order_state}}
    await store.insert("serviceOrder", outbox.first(order, [], Clock().now()))


async def process(store: Store) -> Document:
    [found] = await store.collection("processFlow").find().to_list()
    return found


async def test_asked_twice_for_the_same_call_a_person_gets_one_task_in_one_process(store: Store) -> None:
    await planned(store)
    flows = TaskFlowStore(store, Clock())
    made = [await flows.open(KEY, {"name": name}, 60) for name in ("first", "second")]
    assert [body["name"] for body in made] == ["first", "first"]
    other = await flows.open("plan-1:00bb:fulfil:0", {"name": "other"}, 60)
    assert [each["id"] for each in (await process(store))["body"]["taskFlow"]] == [made[0]["id"], other["id"]]


async def test_what_a_crash_has_left_unsaid_is_passed_on_once(store: Store) -> None:
    await planned(store)
    body = await TaskFlowStore(store, Clock()).open(KEY, {"name": "Survey"}, 60)
    stored = await store.get("taskFlow", body["id"])
    assert stored is not None
    said = task_flows.saying(Clock(), stored, {"status": "done"}, "anna")
    assert said is not None
    said["at"] = Clock().after(-60)  # the server that wrote it has died before it could pass it on
    await store.update("taskFlow", {"_id": body["id"]}, {"$set": {"said": [said]}})
    for _ in range(2):
        await inbox.pass_on_what_is_left(store, Clock())
    plan, stored = await store.get("plan", "plan-1"), await store.get("taskFlow", body["id"])
    assert plan is not None
    assert stored is not None
    [entry] = plan["inbox"]
    assert (entry["kind"], entry["task"], entry["operation"], entry["who"]) == ("callback", "00aa", "fulfil", "anna")
    assert plan["poke"] == plan["due"], "the scheduler is woken, it does not come by some time"
    assert stored["said"] == []


@pytest.mark.parametrize(
    ("plan", "order", "ends"),
    [("running", "inProgress", "active"), ("done", "completed", "completed"), ("done", "cancelled", "cancelled")],
)
async def test_a_process_flow_ends_with_its_order(store: Store, plan: str, order: str, ends: str) -> None:
    await planned(store, plan, order)
    await TaskFlowStore(store, Clock()).open(KEY, {"name": "Survey"}, 60)
    for _ in range(2):
        await Ending(store, Clock()).look()
    found = await process(store)
    assert found["body"]["state"] == ends
    told = [event["state"] for event in found["outbox"] if event["type"] == "ProcessFlowStateChangeEvent"]
    assert told == ([] if ends == "active" else [ends])
    assert ("open" in found) is (ends == "active")


async def test_nothing_is_left_in_a_queue_when_its_process_has_ended(store: Store) -> None:
    await planned(store, "done", "failed")
    body = await TaskFlowStore(store, Clock()).open(KEY, {"name": "Survey"}, 60)
    await Ending(store, Clock()).look()
    flow = await store.get("taskFlow", body["id"])
    assert flow is not None
    assert (flow["body"]["state"], flow["body"]["outcome"], (await process(store))["body"]["state"]) == (
        "cancelled",
        "withdrawn",
        "completed",
    )


async def test_an_ended_process_is_kept_for_its_time_and_its_end_is_told_with_its_tasks(store: Store) -> None:
    await planned(store, "done", "completed")
    await store.insert("event", {"_id": "e1", "tenant": "default", "created": Clock().now()})
    body = await TaskFlowStore(store, Clock()).open(KEY, {"name": "Survey"}, 60)
    await Ending(store, Clock()).look()
    assert (await remove_old(store, Clock(), Retention()))["processes"] == 0
    long_ago = Clock().after(-91 * 86_400)
    await store.collection("processFlow").update_many({}, {"$set": {"ended": long_ago}})
    assert (await remove_old(store, Clock(), Retention()))["processes"] == 1
    assert (await remove_old(store, Clock(), Retention()))["processes"] == 0
    gone = [await process(store), await store.get("taskFlow", body["id"])]
    assert [(one or {})["tenant"] for one in gone] == ["~default"] * 2
    assert [(one or {})["outbox"][-1]["type"] for one in gone] == ["ProcessFlowDeleteEvent", "TaskFlowDeleteEvent"]


async def test_many_processes_that_go_on_do_not_keep_one_that_ends(store: Store) -> None:
    ending = Ending(store, Clock(), portion=2)
    for number in range(5):
        await store.insert("plan", {"_id": f"p{number}", "tenant": "default", "state": "running"})
        await ensure(store, Clock(), Work(f"p{number}", "default"), [])
    await store.update("plan", {"_id": "p3"}, {"$set": {"state": "done"}})
    assert sum([await ending.look() for _ in range(3)]) == 1
    assert await store.collection("processFlow").count_documents({"open": True}) == 4


async def test_tasks_of_an_order_that_was_deleted_are_cleared_away_by_the_sweep(store: Store) -> None:
    await planned(store, "done", "completed")
    body = await TaskFlowStore(store, Clock()).open(KEY, {"name": "Survey"}, 60)
    await store.delete("serviceOrder", {"_id": "order-1"})  # and then the server died
    await store.delete("plan", {"_id": "plan-1"})
    assert await Ending(store, Clock()).look() == 1
    gone = [await process(store), await store.get("taskFlow", body["id"])]
    assert [(one or {})["outbox"][-1]["type"] for one in gone] == ["ProcessFlowDeleteEvent", "TaskFlowDeleteEvent"]
