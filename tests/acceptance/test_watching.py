"""Services are watched by systems of others: by thresholds as the documents tell, and by performance jobs (TMF628).

Both systems are stand-ins, named as such.
"""

import asyncio
import re
import shlex
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web

from tests.acceptance.federation import ORDERS, Side, eventually
from tests.acceptance.server_process import ROOT, ServerProcess, free_port, som
from tests.integration.adapters.performance_stand_in import PerformanceManagement

Document = dict[str, Any]
PAGE = ROOT / "docs" / "how-to" / "watch-with-thresholds.md"


class Thresholds:
    """Stands in for a system that keeps thresholds: a collection with ids, filters and merge patches."""

    def __init__(self) -> None:
        self.kept: dict[str, Document] = {}
        self.asked: list[str] = []

    async def collection(self, request: web.Request) -> web.Response:
        self.asked.append(request.method)
        if request.method == "POST":
            made = {**await request.json(), "id": f"t {len(self.asked)}"}
            self.kept[made["id"]] = made
            return web.json_response(made, status=201)
        fits = [one for one in self.kept.values() if request.query.items() <= one.items()]
        return web.json_response(fits)

    async def one(self, request: web.Request) -> web.Response:
        self.asked.append(request.method)
        key = request.match_info["key"]
        if key not in self.kept:
            return web.json_response({"reason": "unknown"}, status=404)
        if request.method == "DELETE":
            del self.kept[key]
            return web.Response(status=204)
        self.kept[key] |= await request.json()
        return web.json_response(self.kept[key])


@asynccontextmanager
async def served(*routes: tuple[str, Any]) -> AsyncIterator[str]:
    app = web.Application()
    for path, handler in routes:
        app.router.add_route("*", path, handler)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


def told_to_type() -> list[str]:
    """The commands of the page, one by one."""
    blocks = re.findall(r"```sh\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    return [line for block in blocks for line in block.splitlines() if line]


async def test_a_threshold_is_made_changed_and_removed_with_its_service_as_the_page_tells(
    server: ServerProcess,
) -> None:
    thresholds, port, side = Thresholds(), free_port(), Side(server)
    begin, load, add, change, delete = told_to_type()
    async with served(("/api/threshold", thresholds.collection), ("/api/threshold/{key}", thresholds.one)) as url:
        begin = begin.replace("http://thresholds.example", url).replace("9005", str(port)).removesuffix(" &")
        started = [sys.executable, *shlex.split(begin)[1:]]
        bridge = await asyncio.to_thread(subprocess.Popen, started, cwd=ROOT)
        try:

            async def typed(command: str, line: str = "") -> str:
                words = shlex.split(command.replace("9005", str(port)).replace("…", line))
                assert words[0] == "som"
                return await asyncio.to_thread(som, server, *words[1:])

            await typed(load)
            assert "completed" in await typed(add)
            [made] = thresholds.kept.values()
            orders = f"{ORDERS}?serviceOrderItem.service.serviceSpecification.id=watched-line"
            [placed] = await asyncio.to_thread(side.call, "GET", orders)
            service = await asyncio.to_thread(side.service, placed["id"])
            [reference] = service["supportingResource"]
            assert (reference["id"], reference["@referredType"]) == (made["id"], "Threshold")
            assert made["name"] == f"{service['id']}/watch"
            assert made["rule"] == [{"metric": "utilisation", "atLeast": 80}]
            assert "completed" in await typed(change, service["id"])
            assert thresholds.kept == {made["id"]: {**made, "rule": [{"metric": "utilisation", "atLeast": 90}]}}
            assert "completed" in await typed(delete, service["id"])
            assert thresholds.kept == {}
        finally:
            bridge.terminate()
            await asyncio.to_thread(bridge.wait, 30)


async def test_a_performance_job_comes_changes_and_goes_with_the_service_of_an_order(server: ServerProcess) -> None:
    performance, side, name = PerformanceManagement(), Side(server), "metered-line"
    job = {"granularity": "=service.characteristic.every", "fileTransferData": [{"transportProtocol": "SFTP"}]}
    watch = {"kind": "monitor", "needs": ["build"], "input": job}
    rules: Document = {
        "add": {"tasks": {"build": {}, "watch": watch}},
        "modify": {"tasks": {"watch": {"kind": "monitor", "input": job}}},
        "delete": {"tasks": {"unwatch": {"kind": "monitor"}}},
    }
    async with served(*performance.routes) as url:

        def call(method: str, path: str, body: Any = None) -> Any:
            return asyncio.to_thread(side.call, method, path, body)

        await call("POST", "/tmf-api/serviceCatalogManagement/v4/serviceSpecification",
                   {"id": name, "name": name, "version": "1", "fulfilment": rules})  # fmt: skip
        kinds: Document = {
            "*": {"kind": "simulator"},
            "monitor": {"kind": "tmf628", "endpoint": url + performance.base},
        }
        for action, kind in kinds.items():
            able = [{"specification": name, "action": action}]
            await call("POST", "/som/v1/fulfiller", {"name": f"{name} {kind['kind']}", "capability": able, **kind})
        order = await asyncio.to_thread(side.order, name, every="g_15mn")
        await asyncio.to_thread(side.until, order, "completed")
        [made] = performance.jobs.values()
        service = await asyncio.to_thread(side.service, order)
        [reference] = service["supportingResource"]
        assert (reference["id"], reference["@referredType"]) == (made["id"], "MeasurementCollectionJob")
        assert made["granularity"] == "g_15mn"
        changing = await asyncio.to_thread(side.order, name, "modify", service["id"], every="g_1h")
        await asyncio.to_thread(side.until, changing, "completed")
        assert [(one["id"], one["granularity"]) for one in performance.jobs.values()] == [(made["id"], "g_1h")]
        gone = {"id": "1", "action": "delete", "service": {"id": service["id"]}}
        deleting = (await call("POST", ORDERS, {"serviceOrderItem": [gone]}))["id"]
        await asyncio.to_thread(side.until, deleting, "completed")
        await asyncio.to_thread(eventually, lambda: performance.jobs == {})
