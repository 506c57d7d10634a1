"""A policy service of the tests: a real Rego engine (regorus) behind the data API of Open Policy Agent."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import orjson
import regorus
from aiohttp import web


class RegoServer:
    """Decides by a text of Rego, which a test may replace.

    Attributes:
        url: where it is.
        inputs: what it was asked, the oldest first.
        authorizations: what those who asked proved themselves with.
        status: of its answers.
    """

    def __init__(self, rego: str) -> None:
        """Decide by this text."""
        self.rego = rego
        self.url = ""
        self.inputs: list[Any] = []
        self.authorizations: list[str] = []
        self.status = 200

    async def decide(self, request: web.Request) -> web.Response:
        """Answer as `POST /v1/data/<path>` does: `result` is missing where the rule is undefined."""
        asked = (await request.json())["input"]
        self.inputs.append(asked)
        if "Authorization" in request.headers:
            self.authorizations.append(request.headers["Authorization"])
        rule = "data." + request.match_info["path"].replace("/", ".")
        answer = await asyncio.to_thread(self._evaluate, asked, rule)
        return web.Response(status=self.status, body=orjson.dumps(answer), content_type="application/json")

    async def moved(self, request: web.Request) -> web.Response:
        """Send whoever asks to where it is decided."""
        raise web.HTTPTemporaryRedirect(f"{self.url}/v1/data/{request.match_info['path']}")

    def _evaluate(self, asked: Any, rule: str) -> dict[str, Any]:
        engine = regorus.Engine()
        engine.add_policy("policy.rego", self.rego)
        engine.set_input_json(orjson.dumps(asked).decode())
        found = engine.eval_query(rule)["result"]
        return {"result": found[0]["expressions"][0]["value"]} if found else {}


@asynccontextmanager
async def rego_server(rego: str, secured: ssl.SSLContext | None = None) -> AsyncIterator[RegoServer]:
    """One that is listening, on a free port of this host; `secured` has its certificate.

    What is asked below `/moved` is sent elsewhere, where it would be decided.
    """
    server = RegoServer(rego)
    app = web.Application()
    app.router.add_post("/moved/v1/data/{path:.+}", server.moved)
    app.router.add_post("/v1/data/{path:.+}", server.decide)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=secured)
        await site.start()
        host, port = runner.addresses[0][:2]
        server.url = f"{'https' if secured else 'http'}://{host}:{port}"
        yield server
    finally:
        await runner.cleanup()
