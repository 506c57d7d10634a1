"""The kind `tmf685` against a stand-in that keeps reservations in memory and answers in whatever state it is told.

The whole way, to the pools of a second instance of this product, is in tests/acceptance/test_allocation.py.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import web

from adapters.credentials import Credentials
from adapters.http_session import Tools, open_session
from adapters.ports import Accepted, Done, FulfillerCall, Outcome, Refused, Shortage
from adapters.tmforum.reservations import Tmf685Fulfiller, external_id
from models.domain.fulfiller import FulfillerDefinition

Document = dict[str, Any]
BLOCK = {"id": "r-7", "href": "http://there/resource/r-7", "name": "block 7", "value": "10.0.7.0/29",
         "characteristic": {"gateway": "10.0.7.1"}}  # fmt: skip


@dataclass
class StandIn:
    """A system with pools: what it holds, and what it was asked."""

    state: str = "completed"
    held: dict[str, Document] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    posted: list[Document] = field(default_factory=list)

    def shown(self, reservation: Document) -> Document:
        item: Document = {"id": "1", "stateChangeReason": "no block is left"}
        if self.state == "completed":
            item["appliedCapacity"] = {"resource": [BLOCK]}
        return {**reservation, "state": self.state, "ahead": 2, "reservationItem": [item]}

    async def list(self, request: web.Request) -> web.Response:
        self.asked.append("GET")
        wanted = request.query["externalId"]
        return web.json_response([self.shown(one) for one in self.held.values() if one["externalId"] == wanted])

    async def create(self, request: web.Request) -> web.Response:
        self.asked.append("POST")
        body = await request.json()
        self.posted.append(body)
        made = {"id": f"no-{len(self.held) + 1}", "externalId": body["externalId"]}
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
        return FulfillerCall(**{**fixed, "order_id": "o-1", "input": asked, "priority": 1, **more})


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    there = StandIn()
    app = web.Application()
    app.router.add_get("/v4/reservation", there.list)
    app.router.add_post("/v4/reservation", there.create)
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
    assert (reference["id"], reference["reservation"]) == ("r-7", {"id": "no-1", "fulfiller": "carrier"})
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
