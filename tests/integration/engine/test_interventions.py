"""What people do about held tasks: each intervention, on a running engine, and who wins when two come at once."""

import asyncio
from typing import Any

import pytest

from models.domain.errors import Conflict
from models.domain.interventions import Wish
from models.domain.outcomes import Accepted, Done, Refused, Unreachable
from models.ids import new_id
from models.interventions import intervene
from tests.integration.engine.harness import Document, Harness, answers, joined, plan_of


async def fallout(harness: Harness, name: str = "1/build") -> Document:
    found = await harness.store.collection("task").find_one({"state": "held", "name": name})
    assert found is not None
    return found


async def do(harness: Harness, name: str = "1/build", **wish: Any) -> Document:
    """Intervene as a person does, and answer the task's document as it was."""
    task = await fallout(harness, name)
    await intervene(harness.store, harness.clock, task, Wish(who="ana", id=new_id(), **wish))
    return task


async def held_order(harness: Harness, *tasks: str, script: Any = None, **plan: Any) -> str:
    harness.fulfiller.scripts["fulfil:1/build"] = script or answers(Refused("no port"), Done())
    harness.start()
    order = await harness.order(plan_of(*(tasks or ("1/build",)), **plan))
    await harness.until_true(lambda: _has_item(harness, order, "held"))
    return order


async def _has_item(harness: Harness, order: str, state: str) -> bool:
    items = (await harness.get("serviceOrder", order))["body"]["serviceOrderItem"]
    return state in [item["state"] for item in items]


def told(document: Document) -> list[Document]:
    return [stub for stub in document["outbox"] if stub["who"] == "ana"]


async def test_retry_is_told_on_the_task_and_in_the_history(harness: Harness) -> None:
    await harness.register()
    order = await held_order(harness)
    await do(harness, do="retry", why="a port is free")
    document = await harness.until(order, "completed")
    (stub,) = told(document)
    assert stub["why"] == "retry of the task 1/build of item 1: a port is free"
    assert (stub["before"]["state"], stub["after"]["do"]) == ("held", "retry")
    task = (await harness.tasks(order))["fulfil:1/build"]
    ((_, kept),) = task["interventions"].items()
    assert (kept["who"], kept["do"], kept["why"]) == ("ana", "retry", "a port is free")


async def test_an_edit_gives_another_input_under_another_key_and_sets_the_service(harness: Harness) -> None:
    await harness.register()
    order = await held_order(harness)
    vlan = {"name": "vlan", "value": 7}
    await do(harness, do="edit", has_input=True, input={"port": 9}, characteristics=(vlan,))
    document = await harness.until(order, "completed")
    first, second = harness.fulfiller.calls
    assert second.input == {"port": 9}
    assert second.idempotency_key != first.idempotency_key
    assert second.service["serviceCharacteristic"] == [vlan]
    (stub,) = told(document)
    assert stub["before"]["input"] == "1/build"
    assert stub["after"]["input"] == {"port": 9}


async def test_an_edited_input_stays_when_the_task_is_held_again(harness: Harness) -> None:
    await harness.register()
    order = await held_order(harness)
    harness.fulfiller.scripts["fulfil:{'port': 9}"] = answers(Refused("not that one"), Done())
    await do(harness, do="edit", has_input=True, input={"port": 9})
    await harness.until_true(lambda: _is_held_again(harness, order))
    await harness.resume(order)
    await harness.until(order, "completed")
    assert [call.input for call in harness.fulfiller.calls] == ["1/build", {"port": 9}, {"port": 9}]


async def _is_held_again(harness: Harness, order: str) -> bool:
    task = (await harness.tasks(order))["fulfil:1/build"]
    return bool(task["state"] == "held" and task["fallout"]["count"] > 1)


async def test_another_fulfiller_is_chosen_and_the_decision_names_the_person(harness: Harness) -> None:
    await harness.register(name="first", priority=1)
    await harness.register(name="second", priority=2)
    order = await held_order(harness)
    assert (await do(harness, do="reassign", fulfiller="f-second", why="first is broken"))["fulfiller"] == "f-first"
    await harness.until(order, "completed")
    task = (await harness.tasks(order))["fulfil:1/build"]
    assert task["fulfiller"] == "f-second"
    assert task["decision"]["reason"] == "ana has chosen it: first is broken"
    assert [one["fulfiller"] for one in task["decision"]["candidates"]] == ["f-first", "f-second"]


async def test_anybody_but_those_that_were_tried(harness: Harness) -> None:
    await harness.register(name="first", priority=1)
    await harness.register(name="second", priority=2)
    order = await held_order(harness)
    await do(harness, do="reassign")
    await harness.until(order, "completed")
    assert (await harness.tasks(order))["fulfil:1/build"]["fulfiller"] == "f-second"


async def test_what_is_skipped_lets_the_order_go_on(harness: Harness) -> None:
    await harness.register()
    order = await held_order(harness, "1/build", "1/test", needs={"1/test": ["1/build"]})
    with pytest.raises(Conflict, match="not optional"):
        await do(harness, do="skip")
    await do(harness, do="skip", force=True, why="the test will show it")
    await harness.until(order, "completed")
    tasks = await harness.tasks(order)
    assert (tasks["fulfil:1/build"]["state"], tasks["fulfil:1/test"]["state"]) == ("skipped", "done")


async def test_what_is_completed_by_hand_has_the_values_that_were_reported(harness: Harness) -> None:
    await harness.register()
    order = await held_order(harness)
    report = {
        "output": {"port": 3},
        "serviceCharacteristic": [{"name": "port", "value": 3}],
        "supportingResource": [{"id": "r1"}],
    }
    await do(harness, do="complete", why="patched it", report=report)
    await harness.until(order, "completed")
    task = (await harness.tasks(order))["fulfil:1/build"]
    assert (task["state"], task["output"]) == ("done", {"port": 3})
    assert task["attempts"][-1]["by"] == "ana"
    service = await harness.store.collection("service").find_one({})
    assert service is not None
    assert service["body"]["state"] == "active"
    assert service["body"]["serviceCharacteristic"] == [{"name": "port", "value": 3}]
    assert [one["id"] for one in service["body"]["supportingResource"]] == ["r1"]
    assert len(harness.fulfiller.calls) == 1


async def test_a_given_up_item_fails_with_what_needs_it_and_the_rest_goes_on(harness: Harness) -> None:
    await harness.register()
    harness.fulfiller.scripts["fulfil:4/slow"] = answers(Accepted("job"))
    order = await held_order(
        harness, "1/build", "1/test", "2/use", "3/other", "4/slow", needs={"1/test": ["1/build"], "2/use": ["1/test"]}
    )
    await do(harness, do="fail", why="no port will come")
    items = ["failed", "failed", "completed", "inProgress"]
    await harness.until_true(lambda: _items_are(harness, order, items))
    await harness.callback(harness.fulfiller.calls[-1], {"status": "done"})
    document = await harness.until(order, "partial")
    built = document["body"]["serviceOrderItem"]
    assert [item["state"] for item in built] == ["failed", "failed", "completed", "completed"]
    assert "no port will come" in built[0]["errorMessage"][0]["message"]
    assert built[1]["errorMessage"][0]["code"] == "dependencyFailed"
    assert await harness.store.collection("service").count_documents({"owner": {"$exists": True}}) == 0
    left = await harness.store.collection("service").find({"tenant": "default"}).to_list()
    assert sorted(one["body"]["name"] for one in left) == ["3", "4"]  # what was never begun is no service


async def _items_are(harness: Harness, order: str, states: list[str]) -> bool:
    items = (await harness.get("serviceOrder", order))["body"]["serviceOrderItem"]
    return [item["state"] for item in items] == states


async def test_what_was_done_in_a_given_up_item_is_undone_where_that_is_wished(harness: Harness) -> None:
    await harness.register()
    order = await held_order(
        harness, "1/first", "1/build", "2/other", needs={"1/build": ["1/first"]}, compensation="operation"
    )
    await do(harness, do="fail", why="enough", undo=True)
    document = await harness.until(order, "partial")
    assert [item["state"] for item in document["body"]["serviceOrderItem"]] == ["failed", "completed"]
    assert "compensate:1/first" in harness.fulfiller.order_of_effects()
    assert "compensate:2/other" not in harness.fulfiller.order_of_effects()
    services = await harness.store.collection("service").find({"tenant": "default"}).to_list()
    assert [one["body"]["name"] for one in services] == ["2"]


async def test_an_order_of_which_everything_is_given_up_has_failed(harness: Harness) -> None:
    await harness.register(retry={"delays": []})
    order = await held_order(harness, script=answers(Unreachable("timeout")))
    await do(harness, do="fail", why="enough")
    document = await harness.until(order, "failed")
    assert document["body"]["completionDate"]
    assert (await harness.get("plan", order))["state"] == "done"


async def test_an_order_with_a_failed_item_can_still_be_cancelled(harness: Harness) -> None:
    await harness.register()
    harness.fulfiller.scripts["fulfil:2/slow"] = answers(Accepted("job"))
    order = await held_order(harness, "1/build", "2/slow")
    await do(harness, do="fail", why="enough")
    await harness.until_true(lambda: _items_are(harness, order, ["failed", "inProgress"]))
    await harness.cancel(order)
    document = await harness.until(order, "cancelled")
    assert [item["state"] for item in document["body"]["serviceOrderItem"]] == ["failed", "cancelled"]


async def test_of_two_who_intervene_at_once_one_is_told_that_it_lost(harness: Harness) -> None:
    await harness.register()
    order = await held_order(harness, script=answers(Refused("no"), Done()))
    task = await fallout(harness)
    wishes = [Wish("retry", who, id=new_id()) for who in ("ana", "bo")]
    told_of = await asyncio.gather(
        *(intervene(harness.store, harness.clock, task, wish) for wish in wishes), return_exceptions=True
    )
    assert sorted(type(one).__name__ for one in told_of) == ["Conflict", "NoneType"]
    await harness.until(order, "completed")
    with pytest.raises(Conflict, match="not held any more"):
        await intervene(harness.store, harness.clock, task, Wish("retry", "eve", id=new_id()))
    assert len(harness.fulfiller.calls) == 2


async def test_a_wish_for_a_former_hold_changes_nothing(harness: Harness) -> None:
    await harness.register()
    order = await held_order(harness, script=answers(Refused("no")))
    task = await fallout(harness)
    await do(harness, do="retry")
    await harness.until_true(lambda: _is_held_again(harness, order))
    with pytest.raises(Conflict):
        await intervene(harness.store, harness.clock, task, Wish("skip", "bo", "x", id=new_id(), force=True))


async def test_two_items_given_up_one_after_the_other(harness: Harness) -> None:
    await harness.register()
    harness.fulfiller.scripts["fulfil:1/build"] = answers(Refused("no"))
    harness.fulfiller.scripts["fulfil:2/build"] = answers(Refused("no"))
    harness.start()
    order = await harness.order(joined(plan_of("1/build"), plan_of("2/build"), plan_of("3/build")))
    await harness.until(order, "held")
    for name in ("1/build", "2/build"):
        await do(harness, name, do="fail", why="enough", undo=True)
    document = await harness.until(order, "partial")
    assert [item["state"] for item in document["body"]["serviceOrderItem"]] == ["failed", "failed", "completed"]
