"""The kind `tmf685` against a stand-in that keeps reservations in memory and answers in whatever state it is told.

The whole way, to the pools of a second instance of this product, is in tests/acceptance/test_allocation.py.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
from aiohttp import web

from adapters.credentials import Credentials
from adapters.http_session import Tools, open_session
from adapters.ports import Accepted, Done, FulfillerCall, Outcome, Refused, Shortage
from adapters.tmforum.reservation_reading import external_id
from adapters.tmforum.reservations import Tmf685Fulfiller
from models.domain.fulfiller import FulfillerDefinition

Document = dict[str, Any]
BLOCK = {"id": "r-7", "href": "http://there/resource/r-7", "name": "block 7", "value": "10.0.7.0/29",
         "characteristic": {"gateway": "10.0.7.1"}}  # fmt: skip


@dataclass
class StandIn:
    """A system with pools: what it holds, and what it was asked.

    It gives as many blocks as are wanted where it is `exact`, else always the same one; `changes` whether it has PATCH.
    """

    state: str = "completed"
    exact: bool = False
    changes: bool = True
    held: dict[str, Document] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    posted: list[Document] = field(default_factory=list)

    def shown(self, reservation: Document) -> Document:
        item: Document = {"id": "1", "stateChangeReason": "no block is left"}
        if self.state == "completed":
            item["appliedCapacity"] = {"resource": self.blocks(reservation)}
        return {**reservation, "state": self.state, "ahead": 2, "reservationItem": [item]}

    def blocks(self, reservation: Document) -> list[Document]:
        if not self.exact:
            return [BLOCK]
        names = [f"{reservation['id']}-{number}" for number in range(reservation["quantity"])]
        return [{"id": name, "value": name} for name in names]

    async def retrieve(self, request: web.Request) -> web.Response:
        found = self.held.get(request.match_info["id"])
        return web.json_response(self.shown(found)) if found else web.Response(status=404)

    async def change(self, request: web.Request) -> web.Response:
        self.asked.append("PATCH")
        found = self.held.get(request.match_info["id"])
        if not self.changes:
            return web.Response(status=405)
        if found is None:
            return web.Response(status=404)
        found.update(await request.json())
        return web.json_response(self.shown(found))

    async def list(self, request: web.Request) -> web.Response:
        self.asked.append("GET")
        wanted = request.query["externalId"]
        return web.json_response([self.shown(one) for one in self.held.values() if one["externalId"] == wanted])

    async def create(self, request: web.Request) -> web.Response:
        self.asked.append("POST")
        body = await request.json()
        self.posted.append(body)
        made = {"id": f"no-{len(self.posted)}", "externalId": body["externalId"]}
        made["quantity"] = body["reservationItem"][0]["quantity"]
        self.held[made["id"]] = made
        return web.json_response(self.shown(made), status=201)

    async def delete(self, request: web.Request) -> web.Response:
        self.asked.append("DELETE")
        gone = self.held.pop(request.match_info["id"], None)
        return web.Response(status=204 if gone else 404)


@dataclass
class Scene:
    there: StandIn
    fulfiller: Tmf685Fulfiller

    async def engage(self, **more: Any) -> Outcome:
        return await self.fulfiller.engage(self.call(**more))

    def call(self, **more: Any) -> FulfillerCall:
        asked = {"pool": "public", "prefixLength": 29, "count": 1}
        fixed: Document = {"task_id": "p:k", "action": "add", "service": {"id": "s-1"}, "idempotency_key": "key-1"}
        fixed["name"] = "prefix"
        return FulfillerCall(**{**fixed, "order_id": "o-1", "input": asked, "priority": 1, **more})


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    there = StandIn()
    app = web.Application()
    app.router.add_get("/v4/reservation", there.list)
    app.router.add_post("/v4/reservation", there.create)
    app.router.add_get("/v4/reservation/{id}", there.retrieve)
    app.router.add_patch("/v4/reservation/{id}", there.change)
    app.router.add_delete("/v4/reservation/{id}", there.delete)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    async with open_session() as session:
        definition = FulfillerDefinition("carrier", "Carrier", "tmf685", endpoint=f"http://{host}:{port}/v4")
        yield Scene(there, Tmf685Fulfiller.create(definition, Credentials(None), Tools(lambda: session)))
    await runner.cleanup()


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
