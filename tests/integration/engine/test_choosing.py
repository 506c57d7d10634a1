"""Whom the engine gives work to, over the life of a service and of a registration."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from models import fulfillers
from models.domain.caller import ENGINE
from models.domain.outcomes import Accepted
from models.domain.plan import Plan
from scheduler.withdrawal import Withdrawal
from tests.integration.engine.harness import Document, Harness, answers, plan_of, plan_on


@pytest.fixture
async def running(harness: Harness) -> Harness:
    harness.start()
    return harness


def at_place(plan: Callable[[Document], Plan], place: str) -> Callable[[Document], Plan]:
    """The same plan; its services are at a place."""

    def make(order: Document) -> Plan:
        made = plan(order)
        there = {"place": [{"id": place, "role": "installation"}]}
        services = tuple(replace(service, body={**service.body, **there}) for service in made.services)
        return replace(made, services=services)

    return make


async def test_who_built_a_service_gets_its_changes_though_another_is_cheaper(running: Harness) -> None:
    await running.register(name="dear", cost=5)
    built = await running.order(plan_of("1/add"))
    await running.until(built, "completed")
    task = (await running.tasks(built))["fulfil:1/add"]
    await running.register(name="cheap", cost=1)
    changed = await running.order(plan_on(task["service"]))
    await running.until(changed, "completed")
    decision = (await running.tasks(changed))["fulfil:1/modify"]["decision"]
    assert (decision["chosen"], decision["row"]) == ("f-dear", "stickiness")
    assert decision["situation"]["builder"] == "f-dear"
    assert [(one["fulfiller"], one["row"]) for one in decision["candidates"]][1] == ("f-cheap", "stickiness")
    other = await running.order(plan_of("1/add"))
    await running.until(other, "completed")
    assert (await running.tasks(other))["fulfil:1/add"]["fulfiller"] == "f-cheap"


async def test_the_place_of_the_service_decides(running: Harness) -> None:
    for place in ("north", "south"):
        await running.register(name=place, capability=[{"specification": "s1", "action": "*", "place": [place]}])
    for place in ("south", "north"):
        order = await running.order(at_place(plan_of("1/add"), place))
        await running.until(order, "completed")
        assert (await running.tasks(order))["fulfil:1/add"]["fulfiller"] == f"f-{place}"
    nowhere = await running.order(at_place(plan_of("1/add"), "west"))
    await running.until(nowhere, "held")
    held = (await running.tasks(nowhere))["fulfil:1/add"]
    assert held["error"]["code"] == "noFulfiller"
    assert {one["row"] for one in held["decision"]["candidates"]} == {"place"}


async def test_one_that_is_withdrawn_leaves_when_its_work_is_done(running: Harness) -> None:
    running.fulfiller.scripts["fulfil:1/add"] = answers(Accepted(reference="a"))
    await running.register()
    order = await running.order(plan_of("1/add"))

    async def is_accepted() -> bool:
        return (await running.tasks(order)).get("fulfil:1/add", {}).get("state") == "accepted"

    await running.until_true(is_accepted)
    stored = await running.get("fulfiller", "f-scripted")
    body = {**stored["body"], "administrativeState": "withdrawn"}
    await running.store.update("fulfiller", fulfillers.guard(stored), {"$set": {"body": body}, "$inc": {"rev": 1}})
    withdrawal = Withdrawal(running.store, running.clock)
    assert await withdrawal.look() == []
    await running.callback(running.fulfiller.calls[0], {"status": "done"})
    await running.until(order, "completed")
    assert await withdrawal.look() == ["f-scripted"]
    left = await running.get("fulfiller", "f-scripted")
    assert left["tenant"] == "~default"
    assert [(stub["type"], stub["who"]) for stub in left["outbox"]] == [("FulfillerDeleteEvent", ENGINE.subject)]
    assert await withdrawal.look() == []
