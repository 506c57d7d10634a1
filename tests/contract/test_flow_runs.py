"""Recipes started over TMF701: found as specifications, checked before they run, and told to the plan as intents."""

from typing import Any

import pytest

from models.store import Store
from tests.contract.client import ContractClient
from tests.contract.samples import PROCESS_FLOWS, PROCESSES, RECIPES, SOM, Body
from tests.integration.engine.recipes import bpmn, flows, service

SPECIFICATIONS = f"{PROCESSES}/processFlowSpecification"
SCHEMA = """<extensionElements><som:inputSchema>
{"type": "object", "required": ["size"], "properties": {"size": {"type": "integer", "minimum": 1}}}
</som:inputSchema></extensionElements>"""


def drawing(schema: str = SCHEMA, **inputs: str) -> str:
    return bpmn(
        schema,
        '<startEvent id="start"/><endEvent id="end"/>',
        service("prepare", 'specification="room" action="add"', **inputs),
        flows("start>prepare", "prepare>end"),
    )


async def publish(client: ContractClient, name: str, version: str = "1.0.0", text: str = "") -> None:
    body = {"name": name, "version": version, "bpmn": text or drawing(size="=size")}
    answer = await client.post(RECIPES, json=body)
    assert answer.status_code == 201, answer.text
    for step in ("review", "publish"):
        answer = await client.post(f"{RECIPES}/{name}:{version}/{step}", json={})
        assert answer.status_code == 200, answer.text


def wanted(recipe: str, version: str | None = None, **data: Any) -> Body:
    reference = {"id": recipe} if version is None else {"id": recipe, "version": version}
    characteristic = [{"name": name, "value": value} for name, value in data.items()]
    named = {"processFlowSpecification": recipe, "processFlowSpecificationRef": reference}
    return {**named, "characteristic": characteristic}


async def begun(client: ContractClient, *args: Any, **data: Any) -> Body:
    answer = await client.post(PROCESS_FLOWS, json=wanted(*args, **data))
    assert answer.status_code == 201, answer.text
    body: Body = answer.json()
    return body


async def refused(client: ContractClient, body: Body, store: Store) -> str:
    answer = await client.post(PROCESS_FLOWS, json=body)
    assert answer.status_code == 400, answer.text
    assert await store.collection("processFlow").count_documents({}) == 0
    return str(answer.json()["message"])


async def test_published_recipes_are_process_flow_specifications(client: ContractClient) -> None:
    await publish(client, "room")
    await publish(client, "room", "1.1.0")
    await publish(client, "attic", text=drawing(schema=""))
    listed = (await client.get(SPECIFICATIONS)).json()
    assert [one["id"] for one in listed] == ["attic:1.0.0", "room:1.1.0", "room:1.0.0"]
    (found,) = (await client.get(f"{SPECIFICATIONS}?name=room&version=1.0.0&fields=version")).json()
    assert found["version"] == "1.0.0"
    assert "name" not in found
    one = (await client.get(found["href"])).json()
    (size,) = one["processFlowSpecificationCharacteristic"]
    assert (size["name"], size["valueType"], size["minCardinality"]) == ("size", "integer", 1)
    assert one["inputSchema"]["properties"]["size"]["minimum"] == 1
    assert [step["id"] for step in one["taskFlowSpecification"]] == ["prepare"]


async def test_without_a_version_the_highest_published_one_is_run(client: ContractClient, store: Store) -> None:
    await publish(client, "room", "1.0.0")
    await publish(client, "room", "1.10.0")
    await publish(client, "room", "1.9.0")
    body = await begun(client, "room", size=3)
    assert body["processFlowSpecification"] == "room"
    assert body["processFlowSpecificationRef"]["id"] == "room:1.10.0"
    assert body["state"] == "active"
    stored = await store.get("processFlow", body["id"])
    assert stored is not None
    assert (stored["recipe"], "due" in stored) == (["room", "1.10.0"], True)
    assert [stub["type"] for stub in stored["outbox"]] == ["ProcessFlowCreateEvent"]
    assert (await begun(client, "room", "1.9.0", size=3))["processFlowSpecificationRef"]["id"] == "room:1.9.0"
    named = await client.post(PROCESS_FLOWS, json={**wanted("room", size=3), "processFlowSpecificationRef": None})
    assert named.status_code == 400
    alone = {name: value for name, value in wanted("room", size=3).items() if name != "processFlowSpecificationRef"}
    assert (await client.post(PROCESS_FLOWS, json=alone)).json()["processFlowSpecificationRef"]["id"] == "room:1.10.0"


async def test_what_cannot_run_is_refused_with_the_place_and_nothing_is_stored(
    client: ContractClient, store: Store
) -> None:
    await publish(client, "room")
    assert "no published recipe 'cellar'" in await refused(client, wanted("cellar"), store)
    assert "/processFlowSpecificationRef/id" in await refused(client, wanted("room", "2.0.0", size=3), store)
    both = {"id": "room:1.0.0", "version": "2.0.0"}
    contradiction = await refused(client, {**wanted("room", size=3), "processFlowSpecificationRef": both}, store)
    assert "/processFlowSpecificationRef/version" in contradiction
    message = await refused(client, wanted("room", size=0), store)
    assert "/characteristic/0/value" in message
    assert '"size" is a required property' in await refused(client, wanted("room"), store)
    twice = {**wanted("room", size=1), "characteristic": [{"name": "size", "value": 1}] * 2}
    assert "/characteristic/1/name" in await refused(client, twice, store)


async def test_what_only_an_order_brings_is_told_by_name(client: ContractClient, store: Store) -> None:
    declared = SCHEMA.replace('"properties": {', '"properties": {"service": {"type": "object"}, ')
    await publish(client, "line", text=drawing(schema=declared, port="=service.characteristic.port"))
    message = await refused(client, wanted("line", size=1), store)
    assert "'prepare' needs 'service', which only an order brings." in message


async def test_a_client_interrupts_resumes_and_cancels_by_the_state(client: ContractClient, store: Store) -> None:
    await publish(client, "room")
    href = (await begun(client, "room", size=1))["href"]
    key = href.rpartition("/")[2]

    async def patched(**change: Any) -> Body:
        answer = await client.patch(href, json=change)
        assert answer.status_code == 200, answer.text
        body: Body = answer.json()
        return body

    assert (await patched(state="hold"))["state"] == "hold"
    assert (await patched(state="active"))["state"] == "active"
    asked = await patched(state="cancelled")
    assert (asked["state"], asked["cancellation"]["state"]) == ("active", "requested")
    assert (await patched(state="cancelled"))["cancellation"] == asked["cancellation"]
    stored = await store.get("processFlow", key)
    assert stored is not None
    said = [(entry["kind"], entry.get("cancel")) for entry in stored["said"]]  # until there is a plan to tell
    assert said == [("pause", None), ("resume", None), ("cancel", asked["cancellation"]["id"])]
    changes: list[Body] = [{"state": "hold"}, {"state": "completed"}, {"characteristic": []}]
    for change in changes:
        assert (await client.patch(href, json=change)).status_code == 409, change
    assert (await client.delete(href)).status_code == 409


@pytest.mark.parametrize("state", ["completed", "cancelled"])
async def test_one_that_has_ended_goes_with_its_plan(client: ContractClient, store: Store, state: str) -> None:
    await publish(client, "room")
    body = await begun(client, "room", size=1)
    key = body["id"]
    await store.insert("plan", {"_id": key, "tenant": "default", "state": "done"})
    step = {"id": "s-1", "state": "completed", "processFlow": {"id": key}, "name": "prepare"}
    made = {"_id": "s-1", "tenant": "default", "plan": key, "step": "k", "rev": 1, "seq": 0, "body": step}
    await store.insert("taskFlow", made | {"updated": await _now(store, key), "created": await _now(store, key)})
    await store.update("processFlow", {"_id": key}, {"$set": {"body.state": state}, "$unset": {"due": ""}})
    assert (await client.patch(f"{body['href']}/taskFlow/s-1", json={"state": "cancelled"})).status_code == 409
    assert (await client.delete(body["href"])).status_code == 204
    assert await store.get("plan", key) is None
    assert (await client.get(f"{PROCESSES}/taskFlow")).json() == []


async def _now(store: Store, key: str) -> Any:
    stored = await store.get("processFlow", key)
    assert stored is not None
    return stored["updated"]


async def test_a_process_flow_that_runs_a_recipe_is_explained_and_one_that_does_not_says_so(
    client: ContractClient,
) -> None:
    await publish(client, "room")
    flow = await begun(client, "room", size=3)
    answer = await client.get(f"{SOM}/processFlow/{flow['id']}/explanation")
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert (found["state"], [one["kind"] for one in found["wait"]]) == ("active", ["planning"])
    assert found["processFlow"]["href"] == flow["href"]
    plain = (await client.post(PROCESS_FLOWS, json={"processFlowSpecification": "handover"})).json()
    found = (await client.get(f"{SOM}/processFlow/{plain['id']}/explanation")).json()
    assert (found["wait"], "runs no recipe" in found["summary"]) == ([], True)
