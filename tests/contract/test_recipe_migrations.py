"""Runs of recipes moved to another version over HTTP: which can, and why others cannot."""

from typing import Any

from handlers.dependencies import Dependencies
from tests.contract.client import ContractClient
from tests.contract.plans import KEYS, store_plan, store_run
from tests.contract.samples import FULFILLERS, RECIPES, SOM, bpmn, fulfiller, recipe
from tests.contract.test_recipes import published

Body = dict[str, Any]


async def test_what_can_be_moved_is_said_before_and_asked_of_its_plan_alone(
    client: ContractClient, dependencies: Dependencies
) -> None:
    await client.post(FULFILLERS, json=fulfiller("north", capability=[{"specification": "*", "action": "*"}]))
    await published(client, recipe())
    await published(client, recipe(version="1.1.0", bpmn=bpmn(name="Build it well")))
    await published(client, recipe(version="2.0.0", bpmn=bpmn().replace('"build"', '"make"')))
    await store_plan(dependencies.store, "o-1")
    await store_plan(dependencies.store, "o-2", state="done")
    run = await store_run(dependencies.store, "o-1", bpmn())
    await store_run(dependencies.store, "o-2", bpmn())

    seen = await _migrate(client, {"to": "2.0.0", "preview": True}, 200)
    (only,) = seen["run"]
    assert (seen["total"], only["id"], only["possible"], only["asked"]) == (1, run, False, False)
    assert [(one["element"], "no such element" in one["reason"]) for one in only["obstacle"]] == [("build", True)]
    assert (await _migrate(client, {"to": "2.0.0"}, 202))["run"][0]["asked"] is False
    assert await _inbox(dependencies) == []

    assert (await _migrate(client, {"to": "1.1.0", "run": ["o-9:1"]}, 202))["run"] == []
    asked = await _migrate(client, {"to": "1.1.0", "why": "CR 9", "run": [run]}, 202)
    assert [(one["possible"], one["asked"]) for one in asked["run"]] == [(True, True)]
    (entry,) = await _inbox(dependencies)
    assert (entry["kind"], entry["task"], entry["to"], entry["why"]) == ("move", KEYS[0], "1.1.0", "CR 9")
    assert entry["who"]


async def test_nobody_is_moved_to_what_is_not_published(client: ContractClient) -> None:
    assert (await client.post(RECIPES, json=recipe())).status_code == 201
    assert (await client.post(RECIPES, json=recipe(version="1.1.0"))).status_code == 201
    answer = await client.post(f"{RECIPES}/build-vpn:1.0.0/migration", json={"to": "1.1.0", "preview": True})
    assert (answer.status_code, answer.json()["code"]) == (409, "recipeNotPublished")


async def test_a_run_tells_of_its_moves(client: ContractClient, dependencies: Dependencies) -> None:
    await store_plan(dependencies.store, "o-1")
    run = await store_run(dependencies.store, "o-1", bpmn(), version="1.1.0")
    move = {"id": "w", "at": "2026-11-22T10:00:00.000Z", "from": "1.0.0", "to": "1.1.0", "who": "ada"}
    change = {"$set": {f"recipes.{KEYS[0]}.moves": [move]}}
    await dependencies.store.collection("plan").update_one({"_id": "o-1"}, change)
    found = (await client.get(f"{SOM}/recipeRun/{run}")).json()
    assert found["move"] == [{"date": move["at"], "from": "1.0.0", "to": "1.1.0", "who": "ada"}]


async def _migrate(client: ContractClient, body: Body, status: int) -> Body:
    answer = await client.post(f"{RECIPES}/build-vpn:1.0.0/migration", json=body)
    assert answer.status_code == status, answer.text
    found: Body = answer.json()
    return found


async def _inbox(dependencies: Dependencies) -> list[Body]:
    plan = await dependencies.store.get("plan", "o-1") or {}
    found: list[Body] = plan["inbox"]
    return found
