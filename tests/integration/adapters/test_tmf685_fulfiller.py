"""The kind `tmf685` keeps to the port, against a stand-in that keeps reservations in memory and answers as it is told.

The whole way, to the pools of a second instance of this product, is in tests/acceptance/test_allocation.py.
"""

import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ClassVar

import aiohttp
import pytest
from aiohttp import web

from adapters.credentials import Credentials
from adapters.http_session import Tools, open_session
from adapters.ports import Accepted, Done, Fulfiller, FulfillerCall, Outcome, Refused, Shortage
from adapters.tmforum.reservation_reading import external_id
from adapters.tmforum.reservations import Tmf685Fulfiller
from models.domain.fulfiller import FulfillerDefinition
from tests.integration.adapters.reservation_stand_in import StandIn
from tests.integration.fulfiller_suite import Behaviour, FulfillerSuite

Document = dict[str, Any]


@dataclass
class Scene:
    there: StandIn
    fulfiller: Tmf685Fulfiller
    session: aiohttp.ClientSession
    url: str

    async def engage(self, **more: Any) -> Outcome:
        return await self.fulfiller.engage(self.call(**more))

    def call(self, **more: Any) -> FulfillerCall:
        asked = {"pool": "public", "prefixLength": 29, "count": 1}
        fixed: Document = {"task_id": "p:k", "action": "add", "service": {"id": "s-1"}, "idempotency_key": "key-1"}
        fixed["name"] = "prefix"
        return FulfillerCall(**{**fixed, "order_id": "o-1", "input": asked, "priority": 1, **more})


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    there, app = StandIn(), web.Application()
    there.route(app)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    async with open_session() as session:
        url = f"http://127.0.0.1:{runner.addresses[0][1]}/v4"
        yield Scene(there, made(session, url), session, url)
    await runner.cleanup()


def made(session: aiohttp.ClientSession, url: str) -> Tmf685Fulfiller:
    definition = FulfillerDefinition("carrier", "Carrier", "tmf685", endpoint=url)
    return Tmf685Fulfiller.create(definition, Credentials(None), Tools(lambda: session))


class TestTmf685WithAStandIn(FulfillerSuite):
    counterpart = "a stand-in, in memory, that knows the paths and states of TMF685; no real system"
    cannot: ClassVar = {
        "accepted and reported": "Nobody tells of a reservation that is in work: it is looked at.",
    }
    facts: ClassVar = {"id": "r-7", "value": "10.0.7.0/29"}
    characteristics: ClassVar[dict[str, Any]] = {}

    @pytest.fixture(autouse=True)
    def _set_up(self, scene: Scene) -> None:
        self.scene = scene

    async def fulfiller(self, behaviour: Behaviour) -> Fulfiller:
        self.scene.there.behave(behaviour)
        return made(self.scene.session, nobody() if behaviour == "absent" else self.scene.url)

    async def standing(self) -> int:
        return 0 if self.scene.there.state == "rejected" else len(self.scene.there.held)

    def call(self, operation: Any = "fulfil", **attributes: Any) -> FulfillerCall:
        demand = {"kind": "allocate", "name": "prefix", "input": {"pool": "public", "count": 1}}
        return super().call(operation, **{**demand, **attributes})


def nobody() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}/v4"


async def test_a_demand_becomes_a_reservation_and_its_resources_the_output(scene: Scene) -> None:
    done = await scene.engage()
    assert isinstance(done, Done)
    assert (done.output["value"], done.output["characteristic"]) == ("10.0.7.0/29", {"gateway": "10.0.7.1"})
    (reference,) = done.supporting_resource
    assert reference["id"] == "r-7"
    assert reference["reservation"].items() >= {"id": "no-1", "fulfiller": "carrier", "task": "prefix"}.items()
    (sent,) = scene.there.posted
    assert sent["externalId"] == external_id("key-1")
    (item,) = sent["reservationItem"]
    demand = {"resourcePool": {"id": "public"}, "prefixLength": 29, "priority": 1}
    assert (item["quantity"], item["capacityDemand"]) == (1, demand)
    assert [one["id"] for one in sent["relatedEntity"]] == ["s-1", "o-1"]


async def test_a_call_that_may_have_been_made_is_looked_for_and_not_made_again(scene: Scene) -> None:
    first = await scene.engage()
    assert await scene.engage(repeated=True) == first
    assert scene.there.asked == ["POST", "GET"]
    await scene.engage(repeated=True, idempotency_key="key-2")
    assert scene.there.asked[2:] == ["GET", "POST"], "it had never arrived"


@pytest.mark.parametrize("state", ["pending", "held"])
async def test_what_stands_in_line_there_is_a_shortage_here(scene: Scene, state: str) -> None:
    scene.there.state = state
    assert await scene.engage() == Shortage("Carrier: no block is left", ("carrier",), 2)
    scene.there.state = "completed"
    assert isinstance(await scene.engage(repeated=True), Done)
    assert len(scene.there.held) == 1


async def test_a_rejected_one_is_refused_and_one_in_work_is_looked_at(scene: Scene) -> None:
    scene.there.state = "rejected"
    assert await scene.engage() == Refused("The reservation is rejected: no block is left")
    scene.there.state = "inProgress"
    accepted = await scene.engage(idempotency_key="key-2")
    assert isinstance(accepted, Accepted)
    scene.there.state = "completed"
    assert isinstance(await scene.fulfiller.poll(accepted, scene.call(idempotency_key="key-2")), Done)


@pytest.mark.parametrize("operation", ["cancel", "compensate"])
async def test_what_was_reserved_is_given_back_as_often_as_one_asks(scene: Scene, operation: str) -> None:
    await scene.engage()
    for _ in range(2):
        assert await scene.engage(operation=operation, fulfil_key="key-1") == Done()
    assert not scene.there.held


async def test_delete_gives_back_what_the_service_has_from_here_and_nothing_else(scene: Scene) -> None:
    done = await scene.engage()
    await scene.engage(idempotency_key="of another service")
    assert isinstance(done, Done)
    elsewhere = {"id": "r-9", "reservation": {"id": "no-2", "fulfiller": "somebody else"}}
    service = {"id": "s-1", "supportingResource": [*done.supporting_resource, elsewhere, {"id": "r-10"}]}
    assert await scene.engage(action="delete", service=service) == Done()
    assert list(scene.there.held) == ["no-2"]


def values(outcome: Outcome) -> list[str]:
    assert isinstance(outcome, Done)
    assert [one["id"] for one in outcome.supporting_resource] == outcome.output["values"]
    return list(outcome.output["values"])


async def test_a_changed_demand_keeps_whole_reservations_and_asks_for_the_rest(scene: Scene) -> None:
    scene.there.exact = True

    async def wants(count: int, before: Outcome, **more: Any) -> Outcome:
        assert isinstance(before, Done)
        former = {"id": "s-1", "supportingResource": [*before.supporting_resource, {"id": "r-10"}]}
        key, asked = f"key-{len(scene.there.posted) + 1}", {"pool": "public", "count": count, **more}
        return await scene.engage(action="modify", former=former, service=former, input=asked, idempotency_key=key)

    two = await scene.engage(input={"pool": "public", "count": 2})
    three = await wants(3, two)
    assert values(three) == ["no-1-0", "no-1-1", "no-2-0"]
    assert values(await wants(3, three)) == values(three), "nothing is asked for"
    assert values(await wants(1, three)) == ["no-2-0"]
    assert len(scene.there.posted) == 2
    assert values(await wants(2, three, prefixLength=29)) == ["no-3-0", "no-3-1"], "others are wanted"
    assert values(await wants(3, two, adjacent=True)) == ["no-4-0", "no-4-1", "no-4-2"]
    await scene.fulfiller.give_back("no-1", 5.0)
    assert values(await wants(3, three)) == ["no-2-0", "no-5-0", "no-5-1"], "what is not there cannot be kept"


async def test_a_reservation_is_turned_into_use_extended_and_given_back(scene: Scene) -> None:
    await scene.engage()
    assert await scene.fulfiller.use("no-1", 5.0) == Done()
    assert scene.there.held["no-1"]["usageState"] == "active"
    until = datetime(2030, 1, 1, tzinfo=UTC)
    assert await scene.fulfiller.extend("no-1", until, 5.0) == Done({"endDateTime": "2030-01-01T00:00:00+00:00"})
    for _ in range(2):
        assert await scene.fulfiller.give_back("no-1", 5.0) == Done({"gone": True})
    assert await scene.fulfiller.use("no-1", 5.0) == Done({"gone": True})


async def test_a_system_that_knows_no_change_is_asked_how_the_reservation_stands(scene: Scene) -> None:
    scene.there.changes = False
    await scene.engage()
    scene.there.held["no-1"]["validFor"] = {"endDateTime": "2030-01-01T00:00:00Z"}
    assert await scene.fulfiller.use("no-1", 5.0) == Done({"endDateTime": "2030-01-01T00:00:00Z"})
    scene.there.held.clear()
    assert await scene.fulfiller.use("no-1", 5.0) == Done({"gone": True})


async def test_the_end_of_a_reservation_is_told(scene: Scene) -> None:
    await scene.engage()
    scene.there.held["no-1"]["validFor"] = {"endDateTime": "2030-01-01T00:00:00Z"}
    done = await scene.engage(repeated=True)
    assert isinstance(done, Done)
    assert done.output["endDateTime"] == "2030-01-01T00:00:00Z"
