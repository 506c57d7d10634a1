"""STAND-INS, named as such: a resource order manager (TMF652), a seller of products (TMF622) and an activation system
(TMF640), in memory.

No product that speaks these APIs can be had here. The stand-ins hold every request against TM Forum's published
document where SOM_REFERENCE_DIR names the folder that has it, less the rules of it that TM Forum's own samples break.
"""

import asyncio
import json
import os
import time
import uuid
from abc import ABC, abstractmethod
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any, Self

import aiohttp
import jsonschema_rs
from aiohttp import web

from handlers.documents import load
from handlers.validation import schema_check

Document = dict[str, Any]

# A resource that is to be made has no id and no address yet; the published sample order has neither.
_RELAXED = {"tmf652": ("ResourceRefOrValue",), "tmf640": (), "tmf655": ()}


@cache
def _reference(api: str) -> Document | None:
    file = Path(os.environ.get("SOM_REFERENCE_DIR", "/nonexistent")) / "reference" / f"{api}-v4.json"
    if not file.is_file():
        return None
    document: Document = json.loads(file.read_text())
    for name in _RELAXED[api]:
        document["definitions"][name].pop("required", None)
    document["definitions"]["Any"] = {}  # a value may be anything; as published it is an object
    return document


def violations(api: str, schema: str, body: Any) -> list[str]:
    """What TM Forum's document has against a body; nothing where the document is not at hand."""
    document = _reference(api)
    if document is None:
        return []
    root = {"$ref": f"#/definitions/{schema}", "definitions": document["definitions"]}
    return [
        f"{list(error.instance_path)}: {error.message}"
        for error in jsonschema_rs.Draft4Validator(root).iter_errors(body)
    ]


class StandIn(ABC):
    """What both have in common: one effect a key, and a hub.

    Attributes:
        seconds: how long work takes.
        refuse: the reason for which everything is refused.
        answers: to the first POSTs instead of the right one: throttle, garbage, silence (after the work was taken on).
        broken: requests that broke the published document.
    """

    api: str
    base: str

    def __init__(self) -> None:
        self.seconds = 0.0
        self.refuse: str | None = None
        self.answers: list[str] = []
        self.broken: list[str] = []
        self.hub: dict[str, str] = {}

    async def __aenter__(self) -> Self:
        app = web.Application()
        self.route(app.router)
        app.router.add_post(f"{self.base}/hub", self.subscribe)
        self._session = aiohttp.ClientSession()
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self._work: set[asyncio.Task[None]] = set()
        return self

    async def __aexit__(self, *_: object) -> None:
        for work in self._work:
            work.cancel()
        await self._runner.cleanup()
        await self._session.close()

    @abstractmethod
    def route(self, router: web.UrlDispatcher) -> None:
        """Say what answers to which request, besides the hub."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._runner.addresses[0][1]}{self.base}"

    async def subscribe(self, request: web.Request) -> web.Response:
        callback = (await request.json())["callback"]
        if callback in self.hub.values():
            return fault(409, "It is registered.")
        key = uuid.uuid4().hex
        self.hub[key] = callback
        return web.json_response({"id": key, "callback": callback}, status=201)

    async def tell(self, event: str, payload: Document) -> None:
        for callback in list(self.hub.values()):
            body = {"eventId": uuid.uuid4().hex, "eventType": event, "event": payload}
            async with self._session.post(callback, json=body):
                pass

    def later(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self._work.add(task)
        task.add_done_callback(self._work.discard)

    def hold_against(self, schema: str, body: Any) -> None:
        self.broken += violations(self.api, schema, body)

    def odd(self) -> str | None:
        return self.answers.pop(0) if self.answers else None


def fault(status: int, reason: str, **headers: str) -> web.Response:
    body = {"code": "fault", "reason": reason, "status": str(status), "@type": "Error"}
    return web.json_response(
        body, status=status, headers={name.replace("_", "-"): text for name, text in headers.items()}
    )


async def spoilt(odd: str | None) -> web.Response | None:
    match odd:
        case "throttle":
            return fault(429, "slowly", Retry_After="17")
        case "garbage":
            return web.Response(text="<html>It works!", content_type="text/html", status=201)
        case "hang":
            await asyncio.sleep(30)
    return None


class Orders(StandIn):
    """What stand-ins for order managers have in common. They know no Idempotency-Key.

    Attributes:
        order, items, subject, characteristics, cancel_path: what the API calls things.
        orders, cancellations: by their ids.
        built: what was ordered and stands, by its id.
        reads: how often each order was read, by its id.
        first_state: of the orders that are placed.
    """

    order: str
    items: str
    subject: str
    characteristics: str
    cancel_path: str

    def __init__(self) -> None:
        super().__init__()
        self.orders: dict[str, Document] = {}
        self.cancellations: dict[str, Document] = {}
        self.built: dict[str, Document] = {}
        self.reads: Counter[str] = Counter()
        self.first_state = "inProgress"

    def route(self, router: web.UrlDispatcher) -> None:
        router.add_post(f"{self.base}/{self.order}", self.create)
        router.add_get(f"{self.base}/{self.order}", self.list)
        router.add_get(f"{self.base}/{self.order}/{{id}}", self.retrieve)
        router.add_post(f"{self.base}/{self.cancel_path}", self.cancel)
        router.add_get(f"{self.base}/{self.cancel_path}", self.list_cancellations)
        router.add_get(f"{self.base}/{self.cancel_path}/{{id}}", self.retrieve_cancellation)

    @classmethod
    def schema(cls, name: str) -> str:
        return f"{name[0].upper()}{name[1:]}_Create"

    async def create(self, request: web.Request) -> web.Response:
        body = await request.json()
        odd = self.odd()
        early = await spoilt(odd)
        if early is not None:
            return early
        self.hold_against(self.schema(self.order), body)
        if self.refuse:
            return fault(422, self.refuse)
        key = uuid.uuid4().hex
        self.orders[key] = {**body, "id": key, "href": f"{self.url}/{self.order}/{key}", "state": self.first_state}
        self.later(self.work(key))
        if odd == "silence":
            await asyncio.sleep(30)
        return web.json_response(self.orders[key], status=201)

    async def work(self, key: str) -> None:
        await asyncio.sleep(self.seconds)
        if self.orders[key]["state"] == "inProgress":
            await self.complete(key)

    async def complete(self, key: str) -> None:
        order = self.orders[key]
        item = order[self.items][0]
        subject = item[self.subject]
        if item["action"] == "add":
            subject["id"] = uuid.uuid4().hex
            subject.setdefault(self.characteristics, []).append({"name": "port", "value": 7})
            self.built[subject["id"]] = subject
        elif item["action"] == "delete":
            self.built.pop(subject["id"])
        order["state"] = item["state"] = "completed"
        await self.tell(f"{self.order[0].upper()}{self.order[1:]}StateChangeEvent", {self.order: order})

    async def list(self, request: web.Request) -> web.Response:
        wanted = request.query.get("externalId")
        return web.json_response([order for order in self.orders.values() if order.get("externalId") == wanted])

    async def retrieve(self, request: web.Request) -> web.Response:
        self.reads[request.match_info["id"]] += 1
        order = self.orders.get(request.match_info["id"])
        return web.json_response(order) if order else fault(404, "There is no such order.")

    async def cancel(self, request: web.Request) -> web.Response:
        body = await request.json()
        self.hold_against(self.schema(self.cancel_path), body)
        order, key = self.orders[body[self.order]["id"]], uuid.uuid4().hex
        if order["state"] == "inProgress":
            order["state"] = "cancelled"
        made = {**body, "id": key, "href": f"{self.url}/{self.cancel_path}/{key}", "state": "done"}
        self.cancellations[key] = made
        return web.json_response({**made, "state": "acknowledged"}, status=201)

    async def list_cancellations(self, request: web.Request) -> web.Response:
        wanted = request.query.get(f"{self.order}.id")
        return web.json_response([one for one in self.cancellations.values() if one[self.order]["id"] == wanted])

    async def retrieve_cancellation(self, request: web.Request) -> web.Response:
        found = self.cancellations.get(request.match_info["id"])
        return web.json_response(found) if found else fault(404, "There is no such request.")


class ResourceOrders(Orders):
    """The stand-in for a resource order manager."""

    api = "tmf652"
    base = "/tmf-api/resourceOrderingManagement/v4"
    order, items, cancel_path = "resourceOrder", "orderItem", "cancelResourceOrder"
    subject, characteristics = "resource", "resourceCharacteristic"


class ProductOrders(Orders):
    """The stand-in for a seller of products. TM Forum's document is not at hand: ours of the client is held against."""

    api = "tmf622"
    base = "/tmf-api/productOrderingManagement/v4"
    order, items, cancel_path = "productOrder", "productOrderItem", "cancelProductOrder"
    subject, characteristics = "product", "productCharacteristic"

    def hold_against(self, schema: str, body: Any) -> None:
        self.broken += [f"{one.pointer}: {one.message}" for one in schema_check(self.api, schema)(body)]
        strange = body.keys() - load(self.api).node["components"]["schemas"][schema]["properties"].keys()
        self.broken += [f"/{name} is not of this API" for name in strange]


class Activation(StandIn):
    """The stand-in for an activation system; work that takes time is answered 202 with a monitor."""

    api = "tmf640"
    base = "/tmf-api/ServiceActivationAndConfiguration/v4"

    def __init__(self) -> None:
        super().__init__()
        self.services: dict[str, Document] = {}
        self.monitors: dict[str, tuple[float, Document]] = {}
        self.done: dict[str, tuple[int, Document]] = {}

    def route(self, router: web.UrlDispatcher) -> None:
        router.add_post(f"{self.base}/service", self.create)
        router.add_get(f"{self.base}/service/{{id}}", self.retrieve)
        router.add_patch(f"{self.base}/service/{{id}}", self.change)
        router.add_delete(f"{self.base}/service/{{id}}", self.remove)
        router.add_get(f"{self.base}/monitor/{{id}}", self.monitor)

    async def create(self, request: web.Request) -> web.Response:
        body = await request.json()
        odd = self.odd()
        early = await spoilt(odd)
        if early is not None:
            return early
        self.hold_against("Service_Create", body)
        if self.refuse:
            return fault(422, self.refuse)
        idempotency = request.headers["Idempotency-Key"]
        if idempotency not in self.done:
            key = uuid.uuid4().hex
            made = {**body, "id": key, "href": f"{self.url}/service/{key}"}
            made.setdefault("serviceCharacteristic", []).append({"name": "port", "value": 7})
            self.services[key] = made
            self.done[idempotency] = self.answer("POST", made)
        if odd == "silence":
            await asyncio.sleep(30)
        status, answer = self.done[idempotency]
        return web.json_response(answer, status=status)

    def answer(self, method: str, service: Document) -> tuple[int, Document]:
        if not self.seconds:
            return (201 if method == "POST" else 200), service
        key = uuid.uuid4().hex
        made = {
            "id": key, "href": f"{self.url}/monitor/{key}", "sourceHref": service["href"], "@type": "Monitor",
            "request": {"method": method, "to": service["href"], "body": "", "header": [{"name": "h", "value": "v"}]},
        }  # fmt: skip
        assert not violations(self.api, "Monitor", made)
        self.monitors[key] = (time.monotonic() + self.seconds, made)
        return 202, {**made, "state": "inProgress"}

    async def retrieve(self, request: web.Request) -> web.Response:
        service = self.services.get(request.match_info["id"])
        return web.json_response(service) if service else fault(404, "There is no such service.")

    async def change(self, request: web.Request) -> web.Response:
        body = await request.json()
        self.hold_against("Service_Update", body)
        service = self.services[request.match_info["id"]]
        service.update(body)
        status, answer = self.answer("PATCH", service)
        return web.json_response(answer, status=status)

    async def remove(self, request: web.Request) -> web.Response:
        service = self.services.pop(request.match_info["id"], None)
        if service is None:
            return fault(404, "There is no such service.")
        if not self.seconds:
            return web.Response(status=204)
        status, answer = self.answer("DELETE", service)
        return web.json_response(answer, status=status)

    async def monitor(self, request: web.Request) -> web.Response:
        due, made = self.monitors[request.match_info["id"]]
        state = "completed" if time.monotonic() >= due else "inProgress"
        return web.json_response({"state": state, **made})
