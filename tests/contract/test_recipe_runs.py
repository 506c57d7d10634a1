"""Runs of recipes over HTTP: which there are, and what one has made of its drawing."""

from typing import Any

from handlers.dependencies import Dependencies
from models.domain.recipes.state import Status
from tests.contract.client import ContractClient
from tests.contract.plans import KEYS, store_plan, store_run
from tests.contract.samples import SOM, bpmn

Body = dict[str, Any]

RUNS = f"{SOM}/recipeRun"


async def stored(dependencies: Dependencies, plan: str, version: str = "1.0.0", status: Status = "running") -> str:
    await store_plan(dependencies.store, plan)
    return await store_run(dependencies.store, plan, bpmn(), version=version, status=status)


async def listed(client: ContractClient, query: str = "") -> tuple[list[str], str]:
    answer = await client.get(f"{RUNS}?{query}")
    assert answer.status_code == 200, answer.text
    return [one["plan"] for one in answer.json()], answer.headers["x-total-count"]


async def test_runs_are_found_by_recipe_version_and_status_a_page_at_a_time(
    client: ContractClient, dependencies: Dependencies
) -> None:
    await stored(dependencies, "o-1")
    await stored(dependencies, "o-2", status="completed")
    await stored(dependencies, "o-3", version="1.1.0")
    await store_plan(dependencies.store, "o-4")
    assert await listed(client) == (["o-3", "o-2", "o-1"], "3")
    assert await listed(client, "recipe=build-vpn&version=1.0.0") == (["o-2", "o-1"], "2")
    assert await listed(client, "recipe=build-vpn&status=running&limit=1") == (["o-3"], "2")
    assert await listed(client, "recipe=build-vpn&status=running&limit=1&offset=1") == (["o-1"], "2")
    assert await listed(client, "plan=o-2") == (["o-2"], "1")
    assert await listed(client, "recipe=another") == ([], "0")


async def test_a_run_is_held_where_one_of_its_steps_is(client: ContractClient, dependencies: Dependencies) -> None:
    key = await stored(dependencies, "o-1")
    step = (await client.get(f"{RUNS}/{key}")).json()["element"][1]["visit"][0]["task"]["id"].rpartition(":")[2]
    assert [one["held"] for one in (await client.get(RUNS)).json()] == [False]
    await dependencies.store.collection("plan").update_one({"_id": "o-1"}, {"$set": {f"run.{step}": {"s": "held"}}})
    assert [one["held"] for one in (await client.get(RUNS)).json()] == [True]
    found = (await client.get(f"{RUNS}/{key}")).json()
    assert (found["held"], found["element"][1]["state"]) == (True, "held")


async def test_runs_that_are_held_are_listed_by_themselves(client: ContractClient, dependencies: Dependencies) -> None:
    await stored(dependencies, "o-1")
    key = await stored(dependencies, "o-2")
    stuck = {"$set": {"plays.0.held": True, f"run.{key.rpartition(':')[2]}": {"s": "held"}}}
    await dependencies.store.collection("plan").update_one({"_id": "o-2"}, stuck)
    for asked, plans in (
        ("held=true", ["o-2"]),
        ("held=false", ["o-1"]),
        ("held=true&status=running", ["o-2"]),
        ("held=true&recipe=other", []),
    ):
        assert [one["plan"] for one in (await client.get(f"{RUNS}?{asked}")).json()] == plans, asked
    assert (await client.get(f"{RUNS}?held=maybe")).status_code == 400


async def test_a_run_tells_what_it_has_made_of_each_element(client: ContractClient, dependencies: Dependencies) -> None:
    key = await stored(dependencies, "o-1")
    found = (await client.get(f"{RUNS}/{key}")).json()
    assert found["owner"]["id"] == "o-1"
    assert (found["status"], found["recipe"]) == ("running", {"name": "build-vpn", "version": "1.0.0"})
    assert {one["id"]: one["state"] for one in found["element"]} == {"start": "passed", "build": "active"}
    assert found["flow"] == [{"id": "f1", "taken": 1}]
    (visit,) = found["element"][1]["visit"]
    assert (visit["startDate"], visit["endDate"]) == ("2026-11-22T10:00:00.000Z", None)
    assert visit["source"] == [{"name": "size"}]
    step = (await client.get(visit["task"]["href"])).json()
    assert (step["name"], step["stepOf"]) == ("Build it", KEYS[0])
    (size,) = found["variable"]
    assert (size["name"], size["value"], "producedBy" in size) == ("size", 30, False)
    assert size["consumedBy"] == [{"key": "build", "element": "build"}]


async def test_a_run_tells_of_the_task_flow_of_a_person(client: ContractClient, dependencies: Dependencies) -> None:
    key = await stored(dependencies, "o-1")
    step = (await client.get(f"{RUNS}/{key}")).json()["element"][1]["visit"][0]["task"]["id"]
    body = {"id": "tf-1", "state": "active", "queue": "field", "assignee": "ada", "processFlow": {"id": "pf-1"}}
    flow = {"_id": "tf-1", "tenant": "default", "plan": "o-1", "call": f"{step}:fulfil:0", "body": body}
    await dependencies.store.insert("taskFlow", flow)
    (visit,) = (await client.get(f"{RUNS}/{key}")).json()["element"][1]["visit"]
    assert visit["taskFlow"]["href"].endswith("/processFlow/pf-1/taskFlow/tf-1")
    assert (visit["taskFlow"]["state"], visit["taskFlow"]["assignee"]) == ("active", "ada")


async def test_the_tag_of_a_run_changes_with_its_tasks_too(client: ContractClient, dependencies: Dependencies) -> None:
    key = await stored(dependencies, "o-1")
    first = await client.get(f"{RUNS}/{key}")
    visit = first.json()["element"][1]["visit"][0]
    seen = {"if-none-match": first.headers["etag"]}
    assert (await client.get(f"{RUNS}/{key}", headers=seen)).status_code == 304
    await dependencies.store.insert(
        "task", {"_id": visit["task"]["id"], "tenant": "default", "plan": "o-1", "key": visit["task"]["id"][4:],
                 "state": "running", "fulfiller": "north", "fence": 1}
    )  # fmt: skip
    answer = await client.get(f"{RUNS}/{key}", headers=seen)
    assert answer.status_code == 200
    assert answer.json()["element"][1]["visit"][0]["fulfiller"] == "north"
