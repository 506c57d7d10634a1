"""A stand-in for a system with resource pools (TMF685); no real one was met."""

import asyncio
import time
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from tests.integration.fulfiller_suite import Behaviour

Document = dict[str, Any]

BLOCK = {"id": "r-7", "href": "http://there/resource/r-7", "name": "block 7", "value": "10.0.7.0/29",
         "characteristic": {"gateway": "10.0.7.1"}}  # fmt: skip


@dataclass
class StandIn:
    """A system with pools: what it holds, and what it was asked.

    It gives as many blocks as are wanted where it is `exact`, else always the same one; `changes` whether it has PATCH.
    Every reservation is in this `state`, in which one that is accepted comes after `seconds`.
    """

    behaviour: Behaviour = "done"
    state: str = "completed"
    why: str = "no block is left"
    seconds: float = 0.0
    exact: bool = False
    changes: bool = True
    held: dict[str, Document] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    posted: list[Document] = field(default_factory=list)
    made: dict[str, float] = field(default_factory=dict)

    def route(self, app: web.Application) -> None:
        """Answer under /v4."""
        app.router.add_get("/v4/reservation", self.list)
        app.router.add_post("/v4/reservation", self.create)
        app.router.add_get("/v4/reservation/{id}", self.retrieve)
        app.router.add_patch("/v4/reservation/{id}", self.change)
        app.router.add_delete("/v4/reservation/{id}", self.delete)

    def behave(self, behaviour: Behaviour) -> None:
        """Be like that from now on."""
        self.behaviour = behaviour
        self.seconds = 0.4 if behaviour == "accepting" else 0.0
        if behaviour == "refusing":
            self.state, self.why = "rejected", "The rack is full."

    def shown(self, reservation: Document) -> Document:
        is_early = time.monotonic() < self.made[reservation["id"]] + self.seconds
        state = "inProgress" if is_early else self.state
        item: Document = {"id": "1", "stateChangeReason": self.why}
        if state == "completed":
            item["appliedCapacity"] = {"resource": self.blocks(reservation)}
        return {**reservation, "state": state, "ahead": 2, "reservationItem": [item]}

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
        if self.behaviour == "throttling":
            return web.Response(status=429, headers={"Retry-After": "17"})
        if self.behaviour == "garbling":
            return web.Response(text="<html>It works!", content_type="text/html")
        if self.behaviour == "slow":
            await asyncio.sleep(30)
        body = await request.json()
        self.posted.append(body)
        made = {"id": f"no-{len(self.posted)}", "externalId": body["externalId"]}
        made["quantity"] = body["reservationItem"][0]["quantity"]
        self.held[made["id"]], self.made[made["id"]] = made, time.monotonic()
        if self.behaviour == "late" and len(self.posted) == 1:
            await asyncio.sleep(2)
        return web.json_response(self.shown(made), status=201)

    async def delete(self, request: web.Request) -> web.Response:
        self.asked.append("DELETE")
        gone = self.held.pop(request.match_info["id"], None)
        return web.Response(status=204 if gone else 404)
