"""The floors of HTTP: an empty server, and one that does nothing but talk to the database.

    python -m bench.floors empty --port 9000
    python -m bench.floors bare --port 9000 --mongodb-url … --database …

The bare one writes and reads documents of the same shape, one by one, without looking at what they say.
"""

import argparse
import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import orjson
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from models import outbox
from models.clock import to_text
from models.counts import Counts
from models.ids import new_id
from models.store import Store, connect

Document = dict[str, Any]
Message = dict[str, Any]

TENANT = "default"
ORDERS = "/tmf-api/serviceOrdering/v4/serviceOrder"


async def empty(
    scope: Message, receive: Callable[[], Awaitable[Message]], send: Callable[..., Awaitable[None]]
) -> None:
    """Take the body, answer nothing."""
    if scope["type"] != "http":
        return
    while (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"{}"})


class Bare:
    """Orders, written and read without a thought."""

    def __init__(self, store: Store) -> None:
        """Use this database."""
        self._orders = store.collection("serviceOrder")
        self._counts = Counts()

    async def create(self, request: Request) -> Response:
        """POST."""
        body, now, key = orjson.loads(await request.body()), datetime.now(UTC), new_id()
        body = {"id": key, **body, "@type": "ServiceOrder", "state": "acknowledged", "orderDate": to_text(now)}
        document = {"_id": key, "tenant": TENANT, "body": body, "priority": 4, "due": now, "fence": 0, "wt": [1]}
        created = outbox.stub("ServiceOrderCreateEvent", state="acknowledged", who="anonymous")
        await self._orders.insert_one(outbox.first(document, [created], now))
        return _reply(request, 201, document)

    async def retrieve(self, request: Request) -> Response:
        """GET by id."""
        found = await self._orders.find_one({"_id": request.path_params["id"], "tenant": TENANT})
        return _reply(request, 200, found) if found else Response(status_code=404)

    async def list(self, request: Request) -> Response:
        """GET of twenty by state; the total is kept for as long as ours."""
        wanted = {"tenant": TENANT, "body.state": request.query_params["state"]}
        order = [("created", 1), ("_id", 1)]
        found = await self._orders.find(wanted, sort=order, limit=20, batch_size=21).to_list()
        total = await self._counts.get(repr(wanted), lambda: self._orders.count_documents(wanted))
        bodies = [_shown(request, document) for document in found]
        return Response(orjson.dumps(bodies), headers={"x-total-count": str(total)}, media_type="application/json")


def _shown(request: Request, document: Document) -> Document:
    return {"href": f"{request.url.scheme}://{request.url.netloc}{ORDERS}/{document['_id']}", **document["body"]}


def _reply(request: Request, status: int, document: Document) -> Response:
    return Response(orjson.dumps(_shown(request, document)), status, media_type="application/json")


def application(store: Store) -> Starlette:
    """The bare handler as an application."""
    bare = Bare(store)
    return Starlette(
        routes=[
            Route(ORDERS, bare.create, methods=["POST"]),
            Route(ORDERS, bare.list, methods=["GET"]),
            Route(ORDERS + "/{id}", bare.retrieve, methods=["GET"]),
            Route("/readyz", lambda _: Response(status_code=200)),
        ]
    )


async def _serve(options: argparse.Namespace) -> None:
    client = connect(options.mongodb_url) if options.floor == "bare" else None
    app = empty if client is None else application(Store(client, options.database))
    # What `som serve` gives to uvicorn, so that the difference is the program's.
    config = uvicorn.Config(
        app,
        host="127.0.0.1",
        port=options.port,
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=False,
        timeout_keep_alive=30,
        h11_max_incomplete_event_size=64_000,
        lifespan="off",
    )
    await uvicorn.Server(config).serve()
    if client is not None:
        await client.close()


def main() -> None:
    """Serve until ended."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("floor", choices=["empty", "bare"])
    options.add_argument("--port", type=int, required=True)
    options.add_argument("--mongodb-url", default="")
    options.add_argument("--database", default="")
    asyncio.run(_serve(options.parse_args()))


if __name__ == "__main__":
    main()
