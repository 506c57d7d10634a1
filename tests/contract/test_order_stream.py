"""Following an order by server-sent events.

httpx's in-process transport answers only when a response is complete, so these tests speak ASGI themselves.
"""

import asyncio
import re
from typing import Any

import pytest

from handlers.dependencies import Dependencies
from handlers.settings import HttpSettings
from models.store import Store
from tests.contract.client import ContractClient
from tests.contract.plans import store_events
from tests.contract.samples import SOM, place, publish, set_state
from tests.contract.server import serve


class Reader:
    """A client that reads a stream as it comes, and may leave."""

    def __init__(self, application: Any, order: str, last: str | None = None) -> None:
        path = f"{SOM}/order/{order}/stream"
        headers = [(b"host", b"testserver")] + ([(b"last-event-id", last.encode())] if last else [])
        scope = {
            "type": "http",
            "method": "GET",
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
            "root_path": "",
            "scheme": "http",
            "headers": headers,
            "server": ("testserver", 80),
        }
        self.text = ""
        self.started: dict[str, Any] = {}
        self._asked = False
        self._gone = asyncio.Event()
        self._news = asyncio.Event()
        self.task = asyncio.ensure_future(application(scope, self._receive, self._send))

    async def _receive(self) -> dict[str, Any]:
        if not self._asked:
            self._asked = True
            return {"type": "http.request", "body": b""}
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            self.started = message
        self.text += message.get("body", b"").decode()
        self._news.set()

    @property
    def numbers(self) -> list[int]:
        return [int(number) for number in re.findall(r"^id: (\d+)$", self.text, re.MULTILINE)]

    async def until(self, numbers: list[int]) -> None:
        async with asyncio.timeout(10):
            while self.numbers != numbers:
                self._news.clear()
                await self._news.wait()

    async def leave(self) -> None:
        self._gone.set()
        async with asyncio.timeout(5):
            await self.task


@pytest.fixture
async def order_id(client: ContractClient) -> str:
    await publish(client)
    key: str = (await place(client))["id"]
    return key


@pytest.fixture
def application(dependencies: Dependencies) -> Any:
    return serve(dependencies, HttpSettings(heartbeat_seconds=0.2))


async def test_a_stream_tells_what_was_and_then_what_comes(application: Any, store: Store, order_id: str) -> None:
    await store_events(store, order_id, 2)
    reader = Reader(application, order_id)
    await reader.until([1, 2])
    await store_events(store, order_id, 1, start=3)
    await reader.until([1, 2, 3])
    assert dict(reader.started["headers"])[b"content-type"] == b"text/event-stream"
    assert "event: ServiceOrderStateChangeEvent" in reader.text
    assert not reader.task.done()
    await reader.leave()


async def test_a_reader_that_comes_back_is_told_only_what_it_missed(
    application: Any, store: Store, order_id: str
) -> None:
    await store_events(store, order_id, 4)
    reader = Reader(application, order_id, last="2")
    await reader.until([3, 4])
    await reader.leave()


async def test_a_silent_stream_gives_signs_of_life(application: Any, order_id: str) -> None:
    reader = Reader(application, order_id)
    async with asyncio.timeout(5):
        while ": alive" not in reader.text:
            await asyncio.sleep(0.05)
    await reader.leave()


async def test_a_stream_ends_when_the_order_has_and_all_is_told(application: Any, store: Store, order_id: str) -> None:
    reader = Reader(application, order_id)
    await set_state(store, order_id, "completed", seq=2)
    await store_events(store, order_id, 2)
    async with asyncio.timeout(10):
        await reader.task
    assert reader.numbers == [1, 2]


async def test_a_stream_ends_when_the_server_stops(dependencies: Dependencies, order_id: str) -> None:
    stopping = asyncio.Event()
    reader = Reader(serve(dependencies, stopping=stopping), order_id)
    async with asyncio.timeout(5):
        while not reader.text:
            await asyncio.sleep(0.01)
        stopping.set()
        await reader.task


async def test_a_stream_wants_an_order_a_number_and_its_media_type(client: ContractClient, order_id: str) -> None:
    assert (await client.get(f"{SOM}/order/nothing/stream")).status_code == 404
    for last in ("x", "-1", "9" * 30):
        answer = await client.get(f"{SOM}/order/{order_id}/stream", headers={"last-event-id": last})
        assert answer.status_code == 400, last
    refused = await client.get(f"{SOM}/order/{order_id}/stream", headers={"accept": "application/json"})
    assert refused.status_code == 406
