"""An example of a REST fulfiller: takes tasks as api_specs/fulfiller/v1.yaml writes, and can be told to misbehave.

    python examples/fulfillers/rest_fulfiller.py --port 9001 --mode callback --latency 0.5

Each Idempotency-Key takes effect once, also over restarts when --data names a file. GET /effects lists the effects.
"""

import argparse
import asyncio
import hashlib
import json
import time
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any
from urllib.parse import quote

from aiohttp import ClientError, ClientSession, ClientTimeout, web
from ledger import Ledger  # stands beside this script


class RestFulfiller:
    """Takes tasks, does nothing with them, and keeps exact accounts of that."""

    def __init__(self, options: argparse.Namespace) -> None:
        """Behave as the options say."""
        self.options = options
        self.ledger = Ledger(options.data, options.effects)
        self.answers: dict[str, Any] = json.loads(options.answers.read_text()) if options.answers else {}
        self.calls: Counter[str] = Counter()
        self.mismatches = 0
        self.locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self.running: set[asyncio.Task[None]] = set()

    async def take(self, request: web.Request) -> web.StreamResponse:
        """POST: a task."""
        key, raw = request.headers.get("Idempotency-Key"), await request.read()
        try:
            body = json.loads(raw)
            operation, task = body["operation"], body["taskId"]
            body["service"].get("id")
        except (ValueError, KeyError, TypeError, AttributeError):
            return web.json_response({"reason": "The body is no task."}, status=400)
        if not key or operation not in ("fulfil", "compensate", "cancel"):
            return web.json_response({"reason": f"No key, or an unknown operation: {operation}."}, status=400)
        self.calls[key] += 1
        early = self.misbehave(self.calls[key])
        if early is not None:
            return early
        async with self.locks[key]:
            answer = await self.answered(key, hashlib.sha256(raw).hexdigest(), body, task)
        return await self.misbehave_late(request, self.calls[key], answer)

    async def answered(self, key: str, digest: str, body: dict[str, Any], task: str) -> web.Response:
        """Begin or do the work, or say again what was said before."""
        known = self.ledger.known(key)
        if known is not None and known[0] != digest:
            self.mismatches += 1
            return web.json_response({"reason": "This key came with another body before."}, status=422)
        if self.options.refuse and body["operation"] == "fulfil":
            return web.json_response({"reason": self.options.refuse}, status=422)
        if known is None:
            if body["operation"] == "cancel":
                self.ledger.call_off(task)
            self.ledger.begin(key, digest, body, time.time() + self.options.latency)
        if self.options.mode == "sync" or body["operation"] != "fulfil":
            if known is None or known[1] == "begun":
                await asyncio.sleep(self.options.latency if body["operation"] == "fulfil" else 0)
                self.ledger.finish(key, body, self.result(body))
            return web.json_response((self.ledger.known(key) or known or ("", "", {}))[2])
        if known is None:
            self.start(self.work(key, body, time.time() + self.options.latency))
        receipt = {"reference": key, "retryAfter": self.options.latency}
        return web.json_response(
            receipt | ({"pollUrl": f"/task/{quote(key, safe='')}"} if self.options.mode == "poll" else {}), status=202
        )

    async def work(self, key: str, body: dict[str, Any], due: float) -> None:
        """Do accepted work when it is due, and report it until somebody has heard."""
        await asyncio.sleep(max(0.0, due - time.time()))
        self.ledger.finish(key, body, self.result(body))
        known = self.ledger.known(key)
        if known is None or known[1] not in ("done", "told") or self.options.mode != "callback":
            return
        await asyncio.sleep(self.options.late)
        for _ in range(1 + self.options.duplicate_callbacks):
            await self.report(str(body.get("callbackUrl")), {"status": "done", **known[2]})
        self.ledger.told(key)

    async def report(self, address: str, report: dict[str, Any]) -> None:
        """POST the report; while the other side is away or has a fault, again and again for an hour."""
        pause, give_up = 0.1, time.monotonic() + 3600
        while time.monotonic() < give_up:
            try:
                async with self.session.post(address, json=report) as response:
                    if response.status < 500 and response.status not in (408, 425, 429):
                        return
            except (ClientError, TimeoutError, OSError) as error:
                print(f"callback: {type(error).__name__}, again in {pause:.1f} s", flush=True)
            await asyncio.sleep(pause)
            pause = min(2.0, pause * 2)

    async def look(self, request: web.Request) -> web.Response:
        """GET /task/{key}: how accepted work is."""
        known = self.ledger.known(request.match_info["key"])
        if known is None:
            return web.json_response({"reason": "Nothing is known of it."}, status=404)
        if known[1] == "begun":
            return web.json_response({"status": "progress", "milestone": "underWay"})
        if known[1] == "cancelled":
            return web.json_response({"status": "refused", "reason": "It was called off."})
        return web.json_response({"status": "done", **known[2]})

    def result(self, body: dict[str, Any]) -> dict[str, Any]:
        """The facts of finished work: of the specification's entry in --answers, with its {placeholders} filled in."""
        specification = (body["service"].get("serviceSpecification") or {}).get("name", "")
        template = self.answers.get(specification, self.answers.get("*", {"output": {"reference": "work-{number}"}}))
        if body["operation"] != "fulfil":
            return {}
        names = {"number": self.ledger.number(), "serviceId": body["service"].get("id"), "taskId": body["taskId"]}
        filled: dict[str, Any] = _filled(template, names)
        return filled

    def misbehave(self, call: int) -> web.Response | None:
        """Faults before anything is done."""
        if call <= self.options.fail_first:
            return web.json_response({"reason": "told to fail"}, status=500)
        if call <= self.options.garbage_first:
            return web.Response(text="<html>It works!", content_type="text/html")
        return None

    async def misbehave_late(self, request: web.Request, call: int, answer: web.Response) -> web.Response:
        """Faults after the work was done or begun: the answer is lost or comes late."""
        if call <= self.options.hang_first:
            await asyncio.sleep(3600)
        if call <= self.options.drop_first and request.transport is not None:
            request.transport.abort()
        if self.options.mode == "sync":
            await asyncio.sleep(self.options.late)
        return answer

    async def effects(self, _: web.Request) -> web.Response:
        """GET /effects."""
        return web.json_response(self.ledger.effects())

    async def stats(self, _: web.Request) -> web.Response:
        """GET /stats: calls, distinct keys, effects, and keys that came with different bodies."""
        counts = {"calls": self.calls.total(), "keys": len(self.calls), "effects": len(self.ledger.effects())}
        return web.json_response({**counts, "mismatches": self.mismatches})

    def start(self, work: Any) -> None:
        """Let work run beside the calls."""
        task = asyncio.create_task(work)
        self.running.add(task)
        task.add_done_callback(self.running.discard)

    async def life(self, _: web.Application) -> Any:
        """Open the client, take up what a former run left, and tidy up in the end."""
        async with ClientSession(timeout=ClientTimeout(total=10)) as self.session:
            for key, body, due in self.ledger.open_work():
                if self.options.mode != "sync":
                    self.start(self.work(key, body, due))
            yield
            for task in list(self.running):
                task.cancel()
            await asyncio.gather(*self.running, return_exceptions=True)


def _filled(template: Any, names: dict[str, Any]) -> Any:
    match template:
        case dict():
            return {name: _filled(part, names) for name, part in template.items()}
        case list():
            return [_filled(part, names) for part in template]
        case str():
            return template.format_map(names)
    return template


def application(options: argparse.Namespace) -> web.Application:
    """The fulfiller as an application; tasks are taken at every path."""
    fulfiller = RestFulfiller(options)
    app = web.Application(client_max_size=16 * 1024**2)
    app.cleanup_ctx.append(fulfiller.life)
    app.router.add_get("/effects", fulfiller.effects)
    app.router.add_get("/stats", fulfiller.stats)
    app.router.add_get("/task/{key}", fulfiller.look)
    app.router.add_post("/{path:.*}", fulfiller.take)
    return app


def parser() -> argparse.ArgumentParser:
    """The options of the command line."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = options.add_argument
    add("--host", default="127.0.0.1", help="address to listen at")
    add("--port", type=int, default=0, help="port to listen at; 0 takes a free one; the first line of output names it")
    add("--mode", choices=["sync", "callback", "poll"], default="sync", help="how outcomes are told")
    add("--latency", type=float, default=0.0, metavar="S", help="seconds that work takes")
    add("--data", default=":memory:", metavar="FILE", help="SQLite file that remembers keys and effects over restarts")
    add("--effects", type=Path, metavar="FILE", help="write each effect as a JSON line into this file")
    add("--answers", type=Path, metavar="FILE", help="JSON: what is answered, by name of the specification or *")
    add("--refuse", metavar="REASON", help="refuse all work")
    add("--late", type=float, default=0.0, metavar="S", help="tell outcomes this much later than they are there")
    add("--duplicate-callbacks", type=int, default=0, metavar="N", help="tell each outcome N times more")
    add("--fail-first", type=int, default=0, metavar="N", help="answer 500 to the first N calls with each key")
    add("--garbage-first", type=int, default=0, metavar="N", help="answer HTML to the first N calls with each key")
    add("--hang-first", type=int, default=0, metavar="N", help="do the work, but do not answer the first N calls")
    add("--drop-first", type=int, default=0, metavar="N", help="do the work, but break the connection N times")
    return options


async def serve(options: argparse.Namespace) -> None:
    """Serve until the process is ended."""
    runner = web.AppRunner(application(options), access_log=None)
    await runner.setup()
    try:
        site = web.TCPSite(runner, options.host, options.port, backlog=1024)
        await site.start()
        host, port = runner.addresses[0][:2]
        print(f"listening on http://{host}:{port}", flush=True)
        await asyncio.Event().wait()
    finally:
        await runner.cleanup()


if __name__ == "__main__":
    try:
        asyncio.run(serve(parser().parse_args()))
    except KeyboardInterrupt:
        print("ended", flush=True)
