"""A STAND-IN, named as such, for a change management system (TMF655), in memory.

It holds every request against TM Forum's published document, and knows neither Idempotency-Key nor ETag.
"""

import asyncio
import uuid
from contextlib import suppress
from typing import Any

import aiohttp
from aiohttp import web

from models.domain.merge_patch import merged
from tests.integration.tmforum.stand_in import Document, StandIn, fault, spoilt

CHANGE = "ChangeRequest"


class ChangeManagement(StandIn):
    """Keeps change requests.

    Attributes:
        requests: by their ids.
        patches: what was written to them, in order: (id, body).
        away: answers 503 to everything.
        keeps_status: refuses PATCHes that change a status.
        decides: what becomes of those that are opened here, after `seconds`; None leaves them alone.
    """

    api = "tmf655"
    base = "/tmf-api/ChangeManagement/v4"

    def __init__(self) -> None:
        super().__init__()
        self.requests: dict[str, Document] = {}
        self.patches: list[tuple[str, Document]] = []
        self.away = False
        self.keeps_status = False
        self.decides: str | None = "approved"

    def route(self, router: web.UrlDispatcher) -> None:
        for method, path, handler in (
            ("POST", "", self.create),
            ("GET", "", self.list),
            ("GET", "/{id}", self.retrieve),
            ("PATCH", "/{id}", self.patch),
        ):
            router.add_route(method, f"{self.base}/changeRequest{path}", handler)

    def put(self, key: str, status: str = "waitForApproval", **attributes: Any) -> None:
        """Somebody has opened a change request here."""
        self.requests[key] = {
            "id": key,
            "href": f"{self.url}/changeRequest/{key}",
            "description": "More speed for the office",
            "priority": "1",
            "requestType": "normal",
            "specification": {"id": "standard-change"},
            "targetEntity": [{"id": "office", "role": "site", "@referredType": "Place"}],
            "plannedStartTime": "2026-01-01T00:00:00.000Z",
            "plannedEndTime": "2027-01-01T00:00:00.000Z",
            "note": [{"author": "Ann", "date": "2026-01-01T00:00:00.000Z", "text": "Please hurry."}],
            **attributes,
            "status": status,
        }
        self.hold_against(CHANGE, self.requests[key])

    async def decide(self, key: str, status: str = "approved", *, times: int = 1) -> None:
        """The board decides; the hub tells of it as often as given, if anybody listens."""
        self.requests[key] = {**self.requests[key], "status": status}
        for _ in range(times):
            await self.announce(key)

    async def announce(self, key: str, kind: str = "StatusChange") -> None:
        with suppress(aiohttp.ClientError):
            await self.tell(f"ChangeRequest{kind}Event", {"changeRequest": self.requests[key]})

    async def create(self, request: web.Request) -> web.Response:
        body = await request.json()
        odd = self.odd()
        early = await spoilt(odd)
        if early is not None:
            return early
        self.hold_against("ChangeRequest_Create", body)
        if self.refuse:
            return fault(422, self.refuse)
        key = uuid.uuid4().hex
        kept = {**body, "id": key, "href": f"{self.url}/changeRequest/{key}", "status": "waitForApproval"}
        self.requests[key] = kept
        if self.decides is not None:
            self.later(self._decide_later(key, self.decides))
            if not self.seconds:
                kept["status"] = self.decides
        if odd == "silence":
            await asyncio.sleep(30)
        return web.json_response(kept, status=201)

    async def _decide_later(self, key: str, status: str) -> None:
        await asyncio.sleep(self.seconds)
        if self.requests[key]["status"] in ("waitForApproval", status):
            await self.decide(key, status)

    async def list(self, request: web.Request) -> web.Response:
        if self.away:
            return fault(503, "away")
        wanted = [status for status in request.query.get("status", "").split(",") if status]
        named = request.query.get("externalReference.name")
        found = [
            one
            for one in self.requests.values()
            if (not wanted or one["status"] in wanted)
            and (named is None or any(entry.get("name") == named for entry in one.get("externalReference", ())))
        ]
        start, count = int(request.query.get("offset", 0)), int(request.query.get("limit", 100))
        return web.json_response(found[start : start + count])

    async def retrieve(self, request: web.Request) -> web.Response:
        if self.away:
            return fault(503, "away")
        found = self.requests.get(request.match_info["id"])
        return fault(404, "unknown") if found is None else web.json_response(found)

    async def patch(self, request: web.Request) -> web.Response:
        if self.away:
            return fault(503, "away")
        key, body = request.match_info["id"], await request.json()
        if key not in self.requests:
            return fault(404, "unknown")
        self.hold_against("ChangeRequest_Update", body)
        if self.keeps_status and "status" in body:
            return fault(403, "The status is not yours to change.")
        before = self.requests[key]
        self.requests[key] = merged(before, body)
        self.hold_against(CHANGE, self.requests[key])
        self.patches.append((key, body))
        changed = before["status"] != self.requests[key]["status"]
        self.later(self.announce(key, "StatusChange" if changed else "AttributeValueChange"))
        return web.json_response(self.requests[key])
