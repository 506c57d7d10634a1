"""Secrets that recipes name reach the fulfiller they are for, and are found nowhere else."""

from typing import Any

import pytest

from adapters.ports import FulfillerCall
from models.domain.caller import ANONYMOUS
from models.domain.outcomes import Accepted, Done, Outcome, Refused
from models.resealing import reseal
from models.sealing import Sealer
from models.secrets import Secrets
from tests.integration.engine.harness import Harness
from tests.integration.engine.recipes import bpmn, flows, running, service

VALUE, OTHER = "value-that-nobody-must-find", "other-value-that-nobody-must-find"
OLD, NEW = "the old key of the test and long enough", "the new key of the test and long enough"

RECIPE = bpmn(
    '<startEvent id="start"/>',
    service("first", auth="=&quot;Bearer &quot; + secrets.TOKEN", note="=order.category"),
    service("second", note="=echo"), '<endEvent id="end"/>', flows("start>first", "first>second", "second>end"),
)  # fmt: skip


@pytest.fixture
async def engine(harness: Harness) -> Harness:
    harness.sealer = Sealer([OLD])
    harness.fulfiller.name_of = lambda call: str((call.input or {}).get("name"))  # type: ignore[method-assign]
    await harness.register(retry={"delays": []})
    harness.recipes["build", "1.0.0"] = RECIPE
    return harness


async def everything(engine: Harness) -> str:
    """All that stands in the database."""
    found: list[Any] = []
    for name in await engine.store.database.list_collection_names():
        found += await engine.store.collection(name).find().to_list()
    return str(found)


async def test_a_secret_reaches_its_call_alone_also_when_the_fulfiller_tattles(
    engine: Harness, capfd: pytest.CaptureFixture[str]
) -> None:
    secrets = Secrets(engine.store, engine.clock, engine.sealer)
    for name, value in (("TOKEN", VALUE), ("OTHER", OTHER)):
        await secrets.create(ANONYMOUS, {"name": name, "value": value})
    seen: list[Any] = []

    async def tattle(call: FulfillerCall) -> Outcome:
        seen.append(call.input)
        if len(seen) == 1:
            return Refused(f"I do not like {call.input['auth']}")
        return Accepted(f"r1 {call.input['auth']}") if len(seen) == 2 else Done({})

    engine.fulfiller.scripts["first"] = tattle
    tasks = engine.start()
    order = await engine.order(running("build"), category="{{secrets.OTHER}} and {{secrets.TOKEN}}")
    await engine.until(order, "held")
    assert seen[0]["auth"] == f"Bearer {VALUE}"
    assert seen[0]["note"] == f"{{{{secrets.OTHER}}}} and {VALUE}"  # the step itself does not name the other one
    await engine.resume(order)

    async def accepted() -> bool:
        return bool((await engine.tasks(order))["fulfil:first"]["state"] == "accepted")

    await engine.until_true(accepted)
    await engine.kill(tasks)  # whoever takes it up has made no call, and has to know what not to keep
    engine.start("n2")
    await engine.callback(engine.fulfiller.calls[1], {"status": "done", "output": {"echo": f"it was {VALUE}"}})
    await engine.until(order, "completed")
    assert engine.fulfiller.calls[-1].input["note"] == "it was (TOKEN)"
    assert "{{secrets.TOKEN}}" in str((await engine.tasks(order))["fulfil:first"]["input"])
    told = capfd.readouterr()
    for text in (await everything(engine), told.out, told.err):
        assert VALUE not in text
        assert OTHER not in text


async def test_a_step_whose_secret_is_missing_is_held_until_it_is_set(engine: Harness) -> None:
    engine.start()
    order = await engine.order(running("build"), category="none")
    held = await engine.until(order, "held")
    (error,) = held["body"]["serviceOrderItem"][0]["errorMessage"]
    assert (error["code"], "'TOKEN'" in error["message"]) == ("secretMissing", True)
    secrets = Secrets(engine.store, engine.clock, engine.sealer)
    await secrets.create(ANONYMOUS, {"name": "TOKEN", "value": VALUE})
    await engine.resume(order)
    await engine.until(order, "completed")


async def test_secrets_are_sealed_anew_with_another_key(engine: Harness) -> None:
    await Secrets(engine.store, engine.clock, engine.sealer).create(ANONYMOUS, {"name": "TOKEN", "value": VALUE})
    assert await reseal(engine.store, Sealer([NEW, OLD])) == 1
    assert await Secrets(engine.store, engine.clock, Sealer([NEW])).opened("default", ["TOKEN"]) == {"TOKEN": VALUE}
