"""Fallout over TMF701: a client that knows no other API finds it in its queue, and says what is to be done."""

from typing import Any

import pytest

from models.clock import Clock
from models.fallout_flows import open_flows, pass_on_what_is_left
from models.process_flows import Work
from models.store import Store
from tests.contract.client import ContractClient
from tests.contract.plans import KEYS, store_plan
from tests.contract.samples import CANCELS, ORDERS, PROCESSES, SOM, Body, place, publish
from tests.contract.test_fallout import FALLOUT, hold

TASK_FLOWS = f"{PROCESSES}/taskFlow"


async def open_for(store: Store, order: str, number: int = 1) -> None:
    work = Work(order, "default", order)
    await open_flows(store, Clock(), work, [{"task": KEYS[0], "hold": number}], None)


async def hold_instead(store: Store, order: str, **fallout: Any) -> None:
    """Hold the task of a stored plan."""
    await store.collection("task").delete_many({})
    await hold(store, order, **fallout)


@pytest.fixture
async def flow(client: ContractClient, store: Store) -> Body:
    await store_plan(store, "o1")
    await hold_instead(store, "o1", code="refused")
    await open_for(store, "o1")
    await open_for(store, "o1")  # whoever repeats it after a crash
    [found] = (await client.get(f"{TASK_FLOWS}?queue=fallout&state=new")).json()
    made: Body = found
    return made


async def completed(client: ContractClient, flow: Body, *, status: int = 200, **values: Any) -> Body:
    said = [{"name": name, "value": value} for name, value in values.items()]
    answer = await client.patch(flow["href"], json={"state": "completed", "assignee": "ana", "characteristic": said})
    assert answer.status_code == status, answer.text
    body: Body = answer.json()
    return body


async def inbox(store: Store) -> list[Body]:
    plan = await store.get("plan", "o1")
    assert plan is not None
    entries: list[Body] = plan["inbox"]
    return entries


async def test_it_is_found_by_queue_order_and_task_and_stands_in_the_process_of_its_order(
    client: ContractClient, flow: Body
) -> None:
    for query in ("queue=fallout", "relatedEntity.id=o1", f"relatedEntity.id=o1:{KEYS[0]}", "relatedParty.id=fallout"):
        assert [each["id"] for each in (await client.get(f"{TASK_FLOWS}?{query}")).json()] == [flow["id"]], query
    outer = (await client.get(f"{PROCESSES}/processFlow/{flow['processFlow']['id']}")).json()
    assert [each["id"] for each in outer["taskFlow"]] == [flow["id"]]
    assert (await client.get(flow["href"])).json()["input"]["message"] == "nobody there"


async def test_many_are_counted_and_paged(client: ContractClient, store: Store, flow: Body) -> None:
    for number in range(2, 6):
        await hold(store, f"o{number}")
        await open_for(store, f"o{number}")
    page = await client.get(f"{TASK_FLOWS}?queue=fallout&offset=3&limit=2&sort=-name")
    assert (len(page.json()), page.headers["x-total-count"]) == (2, "5")


async def test_who_looks_after_it_is_the_same_over_both_apis_and_in_the_history(
    client: ContractClient, store: Store, flow: Body
) -> None:
    claimed = await client.patch(flow["href"], json={"state": "active", "assignee": "ana", "queue": "access"})
    assert claimed.status_code == 200, claimed.text
    note = [{"op": "add", "path": "/note", "value": [{"author": "ana", "text": "Calling north."}]}]
    media = {"content-type": "application/json-patch+json"}
    assert (await client.patch(flow["href"], json=note, headers=media)).status_code == 200
    address = f"{FALLOUT}/o1:{KEYS[0]}"
    held = (await client.get(address)).json()
    assert (held["queue"], held["assignee"]) == ("access", "ana")
    assert [comment.get("text") for comment in held["comment"]] == [None, "Calling north."]
    assert [each["id"] for each in (await client.get(f"{FALLOUT}?queue=access&assignee=ana")).json()] == [held["id"]]

    given = await client.patch(
        address, json={"assignee": None, "queue": "fallout", "comment": "Not mine.", "who": "bo"}
    )
    assert (given.json()["queue"], given.json()["assignee"]) == ("fallout", None)
    seen = (await client.get(flow["href"])).json()
    assert (seen["queue"], seen["state"], seen.get("assignee")) == ("fallout", "hold", None)
    unqueued = (await client.patch(flow["href"], json={"queue": None})).json()
    assert [party["id"] for party in unqueued["relatedParty"]] == [unqueued["queue"]] == ["fallout"]
    assert [each["text"] for each in seen["note"]] == ["Calling north.", "Not mine."]
    stored = await store.get("taskFlow", flow["id"])
    assert stored is not None
    last = stored["outbox"][-1]
    assert (last["who"], last["before"]["queue"], last["after"]["queue"]) == ("bo", "access", "fallout")
    assert stored["care"] == [], "it has been passed on"


async def test_what_a_crash_kept_from_the_task_is_passed_on_once(store: Store, flow: Body) -> None:
    entry = {"id": "c1", "at": Clock().after(-60), "who": "ana", "queue": "access", "text": "Mine."}
    await store.update("taskFlow", {"_id": flow["id"]}, {"$set": {"care": [entry]}})
    await pass_on_what_is_left(store, Clock())
    await store.update("taskFlow", {"_id": flow["id"]}, {"$set": {"care": [entry]}})  # it died before striking it off
    await pass_on_what_is_left(store, Clock())
    task = await store.get("task", f"o1:{KEYS[0]}")
    assert task is not None
    assert (task["care"]["queue"], [each["text"] for each in task["care"]["comment"]]) == ("access", ["Mine."])


async def test_to_complete_it_is_to_intervene(client: ContractClient, store: Store, flow: Body) -> None:
    done = await completed(client, flow, do="edit", input={"port": 9}, why="the other one")
    assert (done["state"], done["outcome"]) == ("completed", "done")
    [entry] = await inbox(store)
    assert (entry["kind"], entry["task"], entry["hold"]) == ("intervene", KEYS[0], 1)
    assert (entry["do"], entry["input"], entry["who"], entry["why"]) == ("edit", {"port": 9}, "ana", "the other one")
    held = (await client.get(f"{FALLOUT}/o1:{KEYS[0]}")).json()
    assert (held["pending"]["do"], held["pending"]["who"]) == ("edit", "ana")


async def test_what_makes_no_sense_is_refused_with_its_place_and_leaves_it_open(
    client: ContractClient, store: Store, flow: Body
) -> None:
    for values, status, said in (
        ({"why": "because"}, 400, "do"),
        ({"do": "dance"}, 400, "/characteristic/0/value"),
        ({"do": "edit"}, 400, "/characteristic"),
        ({"do": "retry", "undo": True}, 400, "/characteristic/1/value"),
        ({"do": "reassign", "fulfiller": "nobody"}, 400, "/characteristic/1/value"),
        ({"do": "skip", "why": "not needed"}, 409, "not optional"),
    ):
        refused = await completed(client, flow, status=status, **values)
        assert said in refused["message"], values
    for change in ({"state": "cancelled", "reason": "no"}, {"informationRequired": {"reason": "Which port?"}}):
        assert (await client.patch(flow["href"], json=change)).status_code == 409
    assert (await client.delete(flow["href"])).status_code == 409
    assert (await client.get(flow["href"])).json()["state"] == "new"
    assert await inbox(store) == []


async def test_of_two_who_help_at_once_one_is_told_that_it_lost(
    client: ContractClient, store: Store, flow: Body
) -> None:
    address = f"{FALLOUT}/o1:{KEYS[0]}/intervention"
    assert (await client.post(address, json={"do": "retry"})).status_code == 202
    await completed(client, flow, status=409, do="retry")
    assert len(await inbox(store)) == 1


async def test_a_task_that_goes_on_by_itself_cannot_be_helped_any_more(
    client: ContractClient, store: Store, flow: Body
) -> None:
    await store.update("task", {"_id": f"o1:{KEYS[0]}"}, {"$set": {"state": "done"}})
    refused = await completed(client, flow, status=409, do="retry")
    assert "not held" in refused["message"]


async def test_the_whole_order_is_given_up(client: ContractClient, store: Store) -> None:
    await publish(client)
    order = (await place(client))["id"]
    await store_plan(store, order)
    await hold_instead(store, order)
    await open_for(store, order)
    [flow] = (await client.get(f"{TASK_FLOWS}?relatedEntity.id={order}")).json()
    await completed(client, flow, status=400, do="cancel")
    assert (await completed(client, flow, do="cancel", why="given up"))["state"] == "completed"
    plan = await store.get("plan", order)
    assert plan is not None
    assert [(entry["kind"], entry["why"]) for entry in plan["inbox"]] == [("cancelOrder", "given up")]


async def test_an_order_that_is_being_cancelled_is_not_cancelled_again(client: ContractClient, store: Store) -> None:
    await publish(client)
    order = (await place(client))["id"]
    await store_plan(store, order)
    await hold_instead(store, order)
    await open_for(store, order)
    [flow] = (await client.get(f"{TASK_FLOWS}?relatedEntity.id={order}")).json()
    assert (await client.post(CANCELS, json={"serviceOrder": {"id": order}})).status_code == 201
    refused = await completed(client, flow, status=409, do="cancel", why="given up")
    assert "already" in refused["message"]


async def test_the_task_flow_and_the_held_task_refer_to_each_other(client: ContractClient, flow: Body) -> None:
    held = (await client.get(f"{SOM}/fallout/{flow['relatedEntity'][-1]['id']}")).json()
    assert held["taskFlow"] == {"id": flow["id"], "href": flow["href"]}


async def test_peoples_tasks_leave_with_the_order_that_is_deleted(client: ContractClient, store: Store) -> None:
    await publish(client)
    order = (await place(client))["id"]
    await store_plan(store, order, state="done")
    await hold_instead(store, order)
    await open_for(store, order)
    [flow] = (await client.get(f"{TASK_FLOWS}?relatedEntity.id={order}")).json()
    process = f"{PROCESSES}/processFlow/{flow['processFlow']['id']}"
    await store.update("serviceOrder", {"_id": order}, {"$set": {"body.state": "failed"}})
    assert (await client.delete(f"{ORDERS}/{order}")).status_code == 204
    assert (await client.get(flow["href"])).status_code == (await client.get(process)).status_code == 404
    for name, key in (("taskFlow", flow["id"]), ("processFlow", flow["processFlow"]["id"])):
        gone = await store.get(name, key)
        assert gone is not None
        last = gone["outbox"][-1]
        assert (last["type"].lower(), last["who"]) == (f"{name}DeleteEvent".lower(), "anonymous")
