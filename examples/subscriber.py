"""An example of a subscriber: takes notifications, checks their signatures, and remembers each event once.

    python examples/subscriber.py --port 9100 --secret-file secret.txt --record notifications.jsonl

It is what a receiver of Standard Webhooks does: the signature covers the id, the time and the very bytes of the body,
so it is checked before the body is parsed; an event that comes again (the same id) is answered 204 and not counted.

GET /notifications lists what was taken, GET /stats counts it.
"""

import argparse
import asyncio
import base64
import binascii
import hashlib
import hmac
import json
import time
from pathlib import Path
from typing import Any

from aiohttp import web

TOLERANCE_SECONDS = 300  # an older notification may be one that somebody recorded and plays back


def key_of(secret: str) -> bytes:
    """The bytes that sign: what follows `whsec_` is base64, any other text stands for itself."""
    return base64.b64decode(secret.removeprefix("whsec_")) if secret.startswith("whsec_") else secret.encode()


def why_untrusted(key: bytes, headers: Any, body: bytes, now: float) -> str | None:
    """What is wrong with the signature of a notification, or None when it is genuine."""
    event, moment, signatures = (headers.get(f"webhook-{name}", "") for name in ("id", "timestamp", "signature"))
    if not event or not moment.isdecimal() or abs(now - int(moment)) > TOLERANCE_SECONDS:
        return "no id, or no time near ours"
    expected = hmac.digest(key, f"{event}.{moment}.".encode() + body, hashlib.sha256)
    for signature in signatures.split():  # several while a secret is being replaced
        version, _, value = signature.partition(",")
        try:
            given = base64.b64decode(value, validate=True)
        except binascii.Error:
            continue
        if version == "v1" and hmac.compare_digest(given, expected):
            return None
    return "no signature fits"


class Subscriber:
    """Everything that was received, by event id."""

    def __init__(self, key: bytes, record: Path | None) -> None:
        """Take up what a former run has recorded."""
        self.key = key
        self.record = record
        self.events: dict[str, dict[str, Any]] = {}
        self.repeated = 0
        self.refused = 0
        if record is not None and record.exists():
            for line in record.read_text(encoding="utf-8").splitlines():
                event = json.loads(line)
                self.events[event["eventId"]] = event

    async def take(self, request: web.Request) -> web.Response:
        """POST at any path: a notification."""
        body = await request.read()
        trouble = why_untrusted(self.key, request.headers, body, time.time())
        if trouble:
            self.refused += 1
            return web.json_response({"reason": trouble}, status=401)
        notification = json.loads(body)
        if notification["eventId"] in self.events:
            self.repeated += 1
        else:
            self.remember(notification)
        return web.Response(status=204)

    def remember(self, notification: dict[str, Any]) -> None:
        """Keep what matters: on disk before it is acknowledged, since it is not sent again after that."""
        kind, resource = next(iter(notification["event"].items()))
        kept = {
            "eventId": notification["eventId"],
            "eventType": notification["eventType"],
            "eventTime": notification.get("eventTime"),
            "resource": kind,
            "resourceId": resource.get("id"),
            "state": resource.get("state"),
            "number": len(self.events) + 1,
        }
        if self.record is not None:
            with self.record.open("a", encoding="utf-8") as file:
                file.write(json.dumps(kept) + "\n")
        self.events[kept["eventId"]] = kept

    async def notifications(self, request: web.Request) -> web.Response:
        """GET /notifications: in the order of arrival; `after` leaves out the first ones."""
        after = int(request.query.get("after", "0"))
        return web.json_response(list(self.events.values())[after:])

    async def stats(self, _: web.Request) -> web.Response:
        """GET /stats."""
        counts = {"received": len(self.events), "repeated": self.repeated, "refused": self.refused}
        return web.json_response(counts)


def application(subscriber: Subscriber) -> web.Application:
    """The subscriber as an application."""
    app = web.Application(client_max_size=20_000_000)
    app.router.add_get("/notifications", subscriber.notifications)
    app.router.add_get("/stats", subscriber.stats)
    app.router.add_post("/{path:.*}", subscriber.take)
    return app


async def serve(options: argparse.Namespace) -> None:
    """Serve until the process is ended."""
    secret = options.secret_file.read_text(encoding="utf-8").strip()
    runner = web.AppRunner(application(Subscriber(key_of(secret), options.record)), access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, options.host, options.port).start()
        host, port = runner.addresses[0][:2]
        print(f"listening on http://{host}:{port}", flush=True)
        await asyncio.Event().wait()
    finally:
        await runner.cleanup()


def parser() -> argparse.ArgumentParser:
    """The options of the command line."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--host", default="127.0.0.1", help="address to listen at")
    options.add_argument("--port", type=int, default=0, help="port to listen at; 0 takes a free one")
    options.add_argument("--secret-file", type=Path, required=True, help="file with the secret given at POST /hub")
    options.add_argument("--record", type=Path, help="file that remembers the events over restarts")
    return options


if __name__ == "__main__":
    try:
        asyncio.run(serve(parser().parse_args()))
    except KeyboardInterrupt:
        print("ended", flush=True)
