"""A client that does what a careful client does: it repeats what was not answered, under the same key."""

import asyncio
import time
from collections import Counter
from typing import Any

import aiohttp

Document = dict[str, Any]

ORDERS = "/tmf-api/serviceOrdering/v4/serviceOrder"
SERVICES = "/tmf-api/serviceInventory/v4/service"
SPECIFICATIONS = "/tmf-api/serviceCatalogManagement/v4/serviceSpecification"
ADMINISTRATION = "/som/v1"
PAGE = 500
PAUSE = 0.2


class Client:
    """Speaks with one server, which may be dead at any moment.

    Attributes:
        odd: answers that a server should not give, whatever happened to it: faults that are not 503.
        repeats: requests that had to be made again.
    """

    def __init__(self, session: aiohttp.ClientSession, url: str, patience: float = 120.0) -> None:
        self._session = session
        self._url = url
        self._patience = patience
        self.odd: Counter[str] = Counter()
        self.repeats = 0

    async def call(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
        """Make a request until it is answered with anything but a fault of the server."""
        give_up = time.monotonic() + self._patience
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        while True:
            trouble = ""
            try:
                async with self._session.request(method, self._url + path, json=body, headers=named) as answer:
                    if answer.status < 500:
                        return answer.status, await answer.json() if answer.content_length != 0 else None
                    trouble = f"{method} {path}: {answer.status} {(await answer.text())[:200]}"
                    if answer.status != 503:
                        self.odd[trouble] += 1
            except (aiohttp.ClientError, TimeoutError, OSError) as error:
                trouble = f"{method} {path}: {type(error).__name__}: {error}"
            assert time.monotonic() < give_up, trouble
            self.repeats += 1
            await asyncio.sleep(PAUSE)

    async def make(self, path: str, body: Document, key: str | None = None) -> Document:
        """POST until it is there; 409 means that an earlier attempt, whose answer was lost, has made it."""
        status, answer = await self.call("POST", path, body, **({"Idempotency_Key": key} if key else {}))
        assert status == 201 or (status == 409 and key is None), f"POST {path}: {status} {answer}"
        return dict(answer)

    async def get(self, path: str) -> Document:
        status, answer = await self.call("GET", path)
        assert status == 200, f"GET {path}: {status} {answer}"
        return dict(answer)

    async def find(self, path: str) -> Document | None:
        status, answer = await self.call("GET", path)
        return dict(answer) if status == 200 else None

    async def patch(self, path: str, body: Document) -> Document:
        status, answer = await self.call("PATCH", path, body, Content_Type="application/merge-patch+json")
        assert status == 200, f"PATCH {path}: {status} {answer}"
        return dict(answer)

    async def all(self, path: str) -> list[Document]:
        """Every page of a list."""
        found: list[Document] = []
        while True:
            mark = "&" if "?" in path else "?"
            status, page = await self.call("GET", f"{path}{mark}offset={len(found)}&limit={PAGE}")
            assert status in (200, 206), f"GET {path}: {status} {page}"
            found += page
            if not page or (status == 200 and len(page) < PAGE):
                return found

    async def until(self, order: str, *states: str, seconds: float = 120.0) -> Document:
        """The order, once it is in one of these states."""
        give_up = time.monotonic() + seconds
        while True:
            found = await self.get(f"{ORDERS}/{order}")
            if found["state"] in states:
                return found
            assert time.monotonic() < give_up, f"order {order} is {found['state']}: {found}"
            await asyncio.sleep(PAUSE)
