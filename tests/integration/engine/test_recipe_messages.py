"""Messages and signals to the runs of recipes: each comes to whom it is for, once, whatever dies on the way."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from models.domain.outcomes import Accepted
from models.recipe_messages import COLLECTION, NotAwaited, RecipeMessages, new_message
from tests.integration.engine.harness import Document, Harness, answers
from tests.integration.engine.recipes import bpmn, flows, running, service

CATCH = (
    '<intermediateCatchEvent id="told"><extensionElements><som:correlation key="=number"/></extensionElements>'
    '<messageEventDefinition messageRef="wake"/></intermediateCatchEvent>'
)
WAITS = bpmn(
    '<startEvent id="start"/>', service("port", number="=order.externalId"), service("other", given="=colour"), CATCH,
    '<scriptTask id="take"><extensionElements><som:script expression="order.externalId" result="number"/>'
    "</extensionElements></scriptTask>",
    '<endEvent id="end"/>', flows("start>take", "take>port", "port>told", "told>other", "other>end"),
)  # fmt: skip
ANY = bpmn(
    '<startEvent id="start"/>', service("other", given="=colour"),
    '<intermediateCatchEvent id="told"><messageEventDefinition messageRef="wake"/></intermediateCatchEvent>',
    '<endEvent id="end"/>', flows("start>told", "told>other", "other>end"),
)  # fmt: skip
SIGNALLED = ANY.replace('<messageEventDefinition messageRef="wake"/>', '<signalEventDefinition signalRef="storm"/>')
SIGNALLED = SIGNALLED.replace("<process", '<signal id="storm" name="storm"/>\n<process', 1)


@pytest.fixture
async def engine(harness: Harness) -> Harness:
    harness.fulfiller.name_of = lambda call: f"{(call.input or {}).get('name')}:{(call.input or {}).get('given')}"  # type: ignore[method-assign]
    await harness.register(retry={"delays": []})
    return harness


def messages(engine: Harness) -> RecipeMessages:
    return RecipeMessages(engine.store, engine.clock)


def wake(engine: Harness, key: str, colour: str, *, seconds: float = 600.0, **more: Any) -> Document:
    until = engine.clock.now() + timedelta(seconds=seconds)
    return new_message(key, "default", "message", "wake", until, data={"colour": colour}, **more)


async def state_of(engine: Harness, key: str) -> str:
    return str((await engine.get(COLLECTION, key))["state"])


async def awaiting(engine: Harness, *orders: str) -> None:
    async def all_wait() -> bool:
        found = await engine.store.collection("plan").find({"_id": {"$in": orders}}).to_list()
        return len(found) == len(orders) and all(plan.get("awaited") for plan in found)

    await engine.until_true(all_wait)


async def comes_to(engine: Harness, key: str, state: str) -> None:
    async def there() -> bool:
        return await state_of(engine, key) == state

    await engine.until_true(there)


async def test_a_message_goes_to_the_run_whose_correlation_it_carries(engine: Harness) -> None:
    engine.recipes["build", "1.0.0"] = WAITS
    engine.start()
    first = await engine.order(running("build"), externalId="A")
    second = await engine.order(running("build"), externalId="B")
    await awaiting(engine, first, second)
    with pytest.raises(NotAwaited):
        await messages(engine).send(wake(engine, "m0", "grey", correlation="C"), "ada", kept=False)
    assert await engine.store.get(COLLECTION, "m0") is None
    await messages(engine).send(wake(engine, "m1", "red", correlation="B"), "ada", kept=False)
    await engine.until(second, "completed")
    await comes_to(engine, "m1", "taken")
    assert (await engine.get("serviceOrder", first))["body"]["state"] == "inProgress"
    again = await messages(engine).send(wake(engine, "m1", "red", correlation="B"), "ada")
    assert (again["state"], again["plan"]) == ("taken", second)
    assert [name for name in engine.fulfiller.order_of_effects() if name.startswith("other")] == ["other:red"]


async def test_a_message_is_kept_for_a_run_that_will_await_it_and_expires_where_none_does(engine: Harness) -> None:
    engine.recipes["build", "1.0.0"] = ANY
    await messages(engine).send(wake(engine, "m1", "red"), "ada")
    await messages(engine).send(wake(engine, "m2", "blue"), "ada")
    await messages(engine).send(wake(engine, "m3", "grey", seconds=0.0, correlation="x"), "ada")
    assert [await state_of(engine, key) for key in ("m1", "m2", "m3")] == ["waiting", "waiting", "expired"]
    engine.start()
    await engine.until(await engine.order(running("build")), "completed")
    await comes_to(engine, "m1", "taken")
    assert await state_of(engine, "m2") == "waiting"
    assert engine.fulfiller.order_of_effects() == ["other:red"]


async def test_a_run_that_waits_again_takes_the_next_message(engine: Harness) -> None:
    engine.recipes["build", "1.0.0"] = bpmn(
        '<startEvent id="start"/>', service("other", given="=colour"), '<endEvent id="end"/>',
        '<exclusiveGateway id="again" default="again_end"/><exclusiveGateway id="merge"/>',
        '<intermediateCatchEvent id="told"><messageEventDefinition messageRef="wake"/></intermediateCatchEvent>',
        flows("start>merge", "merge>told", "told>other", "other>again", 'again>merge[colour = "red"]', "again>end"),
    )  # fmt: skip
    await messages(engine).send(wake(engine, "m1", "red"), "ada")
    await messages(engine).send(wake(engine, "m2", "blue"), "ada")
    engine.start()
    await engine.until(await engine.order(running("build")), "completed")
    assert engine.fulfiller.order_of_effects() == ["other:red", "other:blue"]


async def test_a_signal_reaches_all_runs_that_await_it_piece_by_piece(engine: Harness) -> None:
    engine.recipes["build", "1.0.0"] = SIGNALLED
    engine.start()
    orders = [await engine.order(running("build")) for _ in range(5)]
    await awaiting(engine, *orders)
    signal = new_message("s1", "default", "signal", "storm", engine.clock.now(), data={"colour": "black"})
    await RecipeMessages(engine.store, engine.clock, piece=2).send(signal, "ada")
    for order in orders:
        await engine.until(order, "completed")
    await comes_to(engine, "s1", "spread")
    assert (await engine.get(COLLECTION, "s1"))["reached"] == len(orders)
    assert engine.fulfiller.order_of_effects() == ["other:black"] * len(orders)


async def test_what_a_run_throws_reaches_another(engine: Harness) -> None:
    throws = (
        '<intermediateThrowEvent id="say"><extensionElements><som:correlation key="=order.externalId"/>'
        '<som:input name="colour" value="green"/></extensionElements>'
        '<messageEventDefinition messageRef="wake"/></intermediateThrowEvent>'
    )
    engine.recipes["tell", "1.0.0"] = bpmn(
        '<startEvent id="start"/>', throws, '<endEvent id="end"/>', flows("start>say", "say>end")
    )
    engine.recipes["build", "1.0.0"] = WAITS
    engine.start()
    waits = await engine.order(running("build"), externalId="A")
    await awaiting(engine, waits)
    await engine.until(await engine.order(running("tell"), externalId="A"), "completed")
    await engine.until(waits, "completed")
    assert engine.fulfiller.order_of_effects()[-1] == "other:green"


async def test_a_message_whose_sender_died_comes_all_the_same_and_once(engine: Harness) -> None:
    """It died right after the message was stored, or after it was handed to the plan; the plan's holder, after all."""
    engine.recipes["build", "1.0.0"] = ANY
    tasks = engine.start()
    orders = [await engine.order(running("build")) for _ in range(3)]
    await awaiting(engine, *orders)
    await engine.kill(tasks)
    now = engine.clock.now()
    stored = wake(engine, "m1", "red") | {"look": now, "rev": 1, "seq": 0, "created": now, "updated": now}
    await engine.store.insert(COLLECTION, stored)
    other = {**wake(engine, "m2", "blue"), "rev": 1, "seq": 0, "created": now, "updated": now, "look": now}
    await engine.store.insert(COLLECTION, {**other, "state": "handed", "handing": 1, "plan": orders[1]})
    last = {**wake(engine, "m3", "grey"), "rev": 1, "seq": 0, "created": now, "updated": now, "look": now}
    await engine.store.insert(COLLECTION, {**last, "state": "handed", "handing": 1, "plan": orders[2]})
    owed = {"message": {"id": "m3", "handing": 1, "taken": True}}
    change = {"$push": {"heard": "m3:1", "owes": owed}, "$unset": {"awaited": ""}, "$set": {"due": now}}
    await engine.store.collection("plan").update_one({"_id": orders[2]}, change)
    engine.start("n2")
    await asyncio.gather(*(engine.until(order, "completed") for order in orders[:2]))
    for key in ("m1", "m2", "m3"):
        await comes_to(engine, key, "taken")
    assert sorted(engine.fulfiller.order_of_effects()) == ["other:blue", "other:red"]


async def test_a_message_that_comes_too_late_goes_to_another_run(engine: Harness) -> None:
    engine.recipes["build", "1.0.0"] = ANY
    tasks = engine.start()
    first, second = [await engine.order(running("build")) for _ in range(2)]
    await awaiting(engine, first, second)
    await engine.kill(tasks)
    for key in ("m1", "m2"):  # both are handed to the one that awaits it longest, while nobody runs it
        await messages(engine).send(wake(engine, key, key), "ada")
    assert {(await engine.get(COLLECTION, key))["plan"] for key in ("m1", "m2")} == {first}
    engine.fulfiller.scripts["other:m1"] = answers(Accepted("x"))
    engine.start("n2")
    await engine.until(second, "completed")
    await comes_to(engine, "m2", "taken")
    assert (await engine.get(COLLECTION, "m2"))["plan"] == second
