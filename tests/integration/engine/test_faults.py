"""Work that raises: tried again ever more seldom, told after some times, resumable, and no trouble to anybody else."""

from typing import Any

from models.domain.retry import FAULTS_UNTIL_TOLD
from tests.integration.engine.harness import Document, Harness, plan_of, states_told


async def _raise_until_told(harness: Harness, collection: str, key: str) -> Document:
    """Let the waits between the tries be over at once, as often as it takes until somebody is told."""
    for times in range(1, FAULTS_UNTIL_TOLD + 1):

        async def noted(times: int = times) -> bool:
            fault = (await harness.get(collection, key)).get("fault") or {}
            return bool(fault.get("count", 0) >= times) or (not fault and times == FAULTS_UNTIL_TOLD)

        await harness.until_true(noted)
        document = await harness.get(collection, key)
        if times < FAULTS_UNTIL_TOLD:
            assert document["due"] > document["fault"]["at"], "it is put off"
            assert "lease" not in document
            await harness.store.update(collection, {"_id": key}, {"$set": {"due": harness.clock.now()}})
    return await harness.get(collection, key)


async def test_the_pauses_between_the_tries_grow(harness: Harness) -> None:
    await harness.register()
    order = await _unplannable(harness)
    found = await _raise_until_told(harness, "serviceOrder", order)
    pause = (found["due"] - found["fault"]["at"]).total_seconds()
    assert 140 <= pause <= 180, "10 seconds, doubled four times"
    assert found["fault"]["error"] == "KeyError: 'nobody expects this'"


async def test_an_order_that_cannot_be_planned_is_held_and_goes_on_when_it_is_resumed(harness: Harness) -> None:
    await harness.register()
    order = await _unplannable(harness)
    await _raise_until_told(harness, "serviceOrder", order)
    document = await harness.until(order, "held")
    (error,) = document["body"]["errorMessage"]
    assert error["code"] == "internalFault"
    assert "5 times" in error["message"]
    assert states_told(document) == ["inProgress", "held"]
    harness.plans[order] = plan_of("1/build")
    # As the handler of the PATCH does with an order that has no plan.
    resumed = {"$set": {"body.state": "inProgress", "due": harness.clock.now(), "poke": harness.clock.now()}}
    await harness.store.update("serviceOrder", {"_id": order}, resumed)
    document = await harness.until(order, "completed")
    assert "errorMessage" not in document["body"]
    assert "fault" not in document


async def test_an_order_that_cannot_be_planned_can_be_cancelled(harness: Harness) -> None:
    await harness.register()
    order = await _unplannable(harness)
    await _raise_until_told(harness, "serviceOrder", order)
    await harness.until(order, "held")
    await harness.cancel(order)
    document = await harness.until(order, "cancelled")
    assert "due" not in document


async def test_a_plan_with_data_that_nobody_foresaw_holds_its_order_and_goes_on_once_it_is_mended(
    harness: Harness,
) -> None:
    await harness.register(capability=[{"specification": "none", "action": "*"}])
    harness.start()
    order = await harness.order(plan_of("1/build"))
    await harness.until(order, "held")  # nobody can have it, so far
    definition = await harness.get("planDefinition", order)
    await harness.store.update("planDefinition", {"_id": order}, {"$set": {"tasks": [{"key": "?"}]}})
    await harness.resume(order)
    await _raise_until_told(harness, "plan", order)

    async def told() -> bool:
        found = (await harness.get("serviceOrder", order))["body"].get("errorMessage", [])
        return [error["code"] for error in found] == ["internalFault"]

    await harness.until_true(told)
    await harness.register(name="able", capability=[{"specification": "*", "action": "*"}])
    await harness.store.update("planDefinition", {"_id": order}, {"$set": {"tasks": definition["tasks"]}})
    await harness.resume(order)
    document = await harness.until(order, "completed")
    assert "errorMessage" not in document["body"]
    assert "fault" not in await harness.get("plan", order)


async def test_a_cancellation_that_raises_ends_with_an_error_that_its_client_sees(harness: Harness) -> None:
    await harness.register()
    order = await harness.order(plan_of("1/build"), due_in=3600)
    cancellation = await harness.cancel(order)
    await harness.store.update("cancelServiceOrder", {"_id": cancellation}, {"$unset": {"order": ""}})
    harness.start()
    await _raise_until_told(harness, "cancelServiceOrder", cancellation)

    async def ended() -> bool:
        body = (await harness.get("cancelServiceOrder", cancellation))["body"]
        return body["state"] == "terminatedWithError" and "ask again" in body["completionMessage"]

    await harness.until_true(ended)
    assert "due" not in await harness.get("cancelServiceOrder", cancellation)


async def _unplannable(harness: Harness) -> str:
    """An order upon which the making of its plan raises, and an engine at work."""

    def broken(_: Document) -> Any:
        raise KeyError("nobody expects this")

    order = await harness.order(plan_of("1/build"))
    harness.plans[order] = broken
    harness.start()
    return order
