"""An inventory of others for the tests: TMF638 v4 as far as a sink needs it; it ignores idempotency keys."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web

Document = dict[str, Any]


class Inventory:
    """A stand-in for another product's inventory: what it is sent it keeps, under names of its own."""

    def __init__(self) -> None:
        self.services: dict[str, Document] = {}
        self.made = 0
        self.answers = 0
        self.url = ""

    def copies(self, ours: str) -> list[Document]:
        """The services there that bear the mark of one of ours."""
        return [one for one in self.services.values() if _bears(one, ours)]

    async def handle(self, request: web.Request) -> web.Response:
        self.answers += 1
        key = request.match_info.get("key")
        if key is not None and key not in self.services:
            return web.json_response({"code": "notFound"}, status=404)
        match request.method, key:
            case "GET", None:
                return web.json_response(self.copies(request.query["relatedEntity.id"]))
            case "POST", None:
                self.made += 1
                name = f"t{self.made}"
                self.services[name] = {**await request.json(), "id": name}
                return web.json_response(self.services[name], status=201)
            case "PATCH", str(name):
                self.services[name] |= await request.json()
                return web.json_response(self.services[name])
            case "DELETE", str(name):
                del self.services[name]
                return web.Response(status=204)
        return web.Response(status=405)


def _bears(service: Document, ours: str) -> bool:
    return any(entity["id"] == ours and entity["role"] == "source" for entity in service["relatedEntity"])


@asynccontextmanager
async def inventory() -> AsyncIterator[Inventory]:
    """One that listens."""
    made, app = Inventory(), web.Application()
    for path in ("/service", "/service/{key}"):
        app.router.add_route("*", path, made.handle)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    made.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield made
    finally:
        await runner.cleanup()
