"""The engine dies at every named point of a recipe of all kinds of elements; the last one has done everything once."""

import asyncio
import re
from collections.abc import Mapping
from typing import Any

import pytest

from tests.integration.engine import every_element as every
from tests.integration.engine.crash_names import Death, PointStore
from tests.integration.engine.harness import Document, Harness, states_told
from tests.integration.engine.outside import Outside, Witness
from tests.integration.engine.recipes import running

SECONDS = 900.0


def test_the_recipe_has_every_kind_of_element_that_runs() -> None:
    written = set(re.findall(r"<(\w+)", every.document()))
    assert every.KINDS - written == set()


async def test_a_recipe_of_all_elements_does_everything_once_wherever_the_engine_dies(harness: Harness) -> None:
    death = Death()
    witness = harness.fulfiller = Witness(death)
    able = [{"specification": "s1", "action": action} for action in ("*", "person")]
    await harness.register(retry={"delays": []}, deadline=600, capability=able)
    harness.recipes["all", "1.0.0"] = every.document()
    harness.decide = _decided
    order = await harness.order(running("all"))
    outside = Outside(harness, witness, order)
    async with asyncio.timeout(SECONDS):
        while not await _is_over(harness, order, outside, death):
            pass
    document = await harness.get("serviceOrder", order)
    assert every.wrong(witness.counted()) == []
    assert [name for name, keys in witness.keys().items() if len(keys) > _visits(name)] == []
    assert states_told(document) == ["inProgress", "completed"]
    _milestones_once(document)
    _in_sequence(document)
    assert len(death.died_at) > 100, death.died_at


def _decided(_: str, values: Mapping[str, Any]) -> str:
    return every.LEVEL if values["n"] == 3 else "low"


async def _is_over(harness: Harness, order: str, outside: Outside, death: Death) -> bool:
    """Let one engine live until it dies, or until the order is done with; says which."""
    death.again()
    tasks = harness.start("n1", lease_seconds=60, store=PointStore(harness.store, death.passed))
    try:
        while not death.came.is_set():
            await outside.help()
            plan = await harness.store.get("plan", order) or {}
            body = (await harness.get("serviceOrder", order))["body"]
            if body["state"] == "held":
                pytest.fail(f"held after {death.died_at[-1]}: {body['serviceOrderItem'][0]['errorMessage']}")
            if plan.get("state") == "done" and "due" not in plan and body["state"] == "completed":
                return True
            await asyncio.sleep(0.005)
    finally:
        await harness.kill(tasks)
    return False


def _visits(name: str) -> int:
    return sum(1 for one in every.ONCE if one.partition("#")[0] == name) or 1


def _milestones_once(document: Document) -> None:
    told = [stub["fields"]["milestone"]["name"] for stub in document["outbox"] if "Milestone" in stub["type"]]
    assert told == list(every.MILESTONES)
    assert [entry["name"] for entry in document["body"]["milestone"]] == list(every.MILESTONES)


def _in_sequence(document: Document) -> None:
    assert [stub["seq"] for stub in document["outbox"]] == list(range(1, len(document["outbox"]) + 1))
