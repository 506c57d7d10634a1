"""Runs that an older release has stored are finished by this one: whoever changes a format learns it here.

The files in tests/data are what that release has written: `python -m tests.crash.upgrade --from REV --keep FILE`.
"""

import asyncio
from collections import Counter
from pathlib import Path

import pytest
from bson import json_util

from tests.integration.engine import every_element as every
from tests.integration.engine.crash_names import Death
from tests.integration.engine.harness import Document, Harness
from tests.integration.engine.outside import Outside, Witness

KEPT = sorted((Path(__file__).parents[2] / "data").glob("runs_of_*.json"))


@pytest.mark.parametrize("file", KEPT, ids=lambda file: file.stem)
async def test_what_an_older_release_has_in_flight_is_finished(harness: Harness, file: Path) -> None:
    stored = json_util.loads(await asyncio.to_thread(file.read_text))
    witness = harness.fulfiller = Witness(Death(immortal=True), refusal="refused")
    orders = [document["_id"] for document in stored["serviceOrder"]]
    done = {task["_id"] for task in stored["task"] if task["state"] in ("done", "skipped")}
    await _take_up(harness, stored)
    harness.start()
    outside = [Outside(harness, witness, order) for order in orders]
    for one in outside:
        document = await one.until_completed()
        assert [entry["name"] for entry in document["body"]["milestone"]] == list(every.MILESTONES)
        plan = await harness.get("plan", one.order)
        (run,) = plan["recipes"].values()
        assert run["run"]["status"] == "completed"
        called = {call.task_id for call in witness.calls if call.order_id == one.order and call.operation == "fulfil"}
        assert called & done == set(), "what was done is not done again"
        steps = Counter(task["name"] for task in await _steps(harness, one.order) if task["operation"] == "fulfil")
        wanted = Counter(name.partition("#")[0].partition(".")[0] for name in every.ONCE)
        assert {name: steps[name] for name in wanted} == dict(wanted)


async def _take_up(harness: Harness, stored: Document) -> None:
    """Put what was stored into the database, and have somebody who can do what is left."""
    (recipe,) = stored.pop("recipe")
    harness.recipes[recipe["name"], recipe["version"]] = recipe["body"]["bpmn"]
    harness.decide = lambda _, __: every.LEVEL
    for name, documents in stored.items():
        await harness.store.collection(name).insert_many(documents)
    for who in {task["fulfiller"] for task in stored["task"] if task.get("fulfiller")} | {"every-element-patient"}:
        action = [{"specification": "*", "action": action} for action in ("*", "person")]
        document = {"_id": who, "tenant": "default", "rev": 1, "body": _fulfiller(who, action)}
        await harness.store.collection("fulfiller").insert_one(document)


def _fulfiller(who: str, able: list[Document]) -> Document:
    return {"id": who, "name": who, "kind": "scripted", "capability": able, "retry": {"delays": []}, "deadline": 600}


async def _steps(harness: Harness, order: str) -> list[Document]:
    found: list[Document] = await harness.store.collection("task").find({"plan": order}).to_list()
    return [task for task in found if task["state"] in ("done", "skipped")]
