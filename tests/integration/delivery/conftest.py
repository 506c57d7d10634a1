"""A database with its indexes, resources that owe events, and notifiers."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from adapters.webhook import Webhook, WebhookSettings
from models import outbox
from models.clock import Clock
from models.domain.events import event_type
from models.ids import new_id
from models.indexes import create_all
from models.sealing import Sealer
from models.store import Store, connect
from scheduler.delivery.notifier import Notifier
from scheduler.delivery.settings import DeliverySettings

Document = dict[str, Any]

SEALER = Sealer(["the key of these tests, which is long enough"])
QUICK = DeliverySettings(
    retry_schedule=(0.05, 0.05, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1),
    circuit_pause=0.05,
    circuit_longest_pause=0.2,
    sweep_seconds=0.1,
    linger_seconds=0.3,
    grace_seconds=1.0,
    refresh_seconds=1.0,
    copy_seconds=0.1,
)
STATES = ("acknowledged", "inProgress", "held", "inProgress", "completed")


@dataclass
class World:
    """The store, and what the tests do to it."""

    store: Store
    clock: Clock
    url: str
    notifiers: list[Notifier] = field(default_factory=list)
    counted: list[str] = field(default_factory=list)

    async def order(self, states: tuple[str, ...] = ("acknowledged",), **attributes: Any) -> str:
        """An order that has gone through these states and owes an event for each."""
        return (await self.orders(1, states, **attributes))[0]

    async def orders(self, count: int, states: tuple[str, ...] = ("acknowledged",), **attributes: Any) -> list[str]:
        made = [self._order(states, attributes) for _ in range(count)]
        await self.store.insert_missing("serviceOrder", made)
        self._tell("serviceOrder", [document["_id"] for document in made])
        return [document["_id"] for document in made]

    def _order(self, states: tuple[str, ...], attributes: Document) -> Document:
        body = {"id": new_id(), "@type": "ServiceOrder", "state": states[-1], **attributes}
        kinds = ["Create", *["StateChange"] * (len(states) - 1)]
        stubs = [
            outbox.stub(event_type("serviceOrder", kind), state=state, who="somebody")
            for kind, state in zip(kinds, states, strict=True)
        ]
        return outbox.first({"_id": body["id"], "tenant": "default", "body": body}, stubs, self.clock.now())

    async def move(self, order: str, state: str) -> None:
        stored = await self.store.get("serviceOrder", order)
        assert stored is not None
        stubs = [outbox.stub("ServiceOrderStateChangeEvent", state=state, who="somebody")]
        change = outbox.change(stored, {"body.state": state}, stubs, self.clock.now())
        assert await self.store.update("serviceOrder", {"_id": order, "rev": stored["rev"]}, change)
        self._tell("serviceOrder", [order])

    async def subscribe(self, callback: str, query: str | None = None, **more: Any) -> str:
        key = new_id()
        document = {
            "_id": key,
            "tenant": "default",
            "rev": 1,
            "created": self.clock.now(),
            "api": "tmf641",
            "version": "v4",
            "callback": callback,
            "query": query,
            "secret": "whsec_" + "c2VjcmV0" * 4,
            "state": "active",
            **more,
        }
        await self.store.insert("subscription", document)
        for notifier in self.notifiers:
            notifier.subscriptions_changed()
        return key

    def _tell(self, collection: str, keys: list[str]) -> None:
        for notifier in self.notifiers:
            for key in keys:
                notifier.owed(collection, key)

    async def deliveries(self, **query: Any) -> list[Document]:
        return await self.store.collection("delivery").find(query).sort([("lane", 1), ("seq", 1)]).to_list()

    async def nothing_pending(self, seconds: float = 10.0) -> None:
        end = asyncio.get_running_loop().time() + seconds
        while await self.store.collection("delivery").count_documents({"state": "pending"}):
            assert asyncio.get_running_loop().time() < end, await self.deliveries(state="pending")
            await asyncio.sleep(0.02)

    async def nothing_owed(self, seconds: float = 10.0) -> None:
        end = asyncio.get_running_loop().time() + seconds
        while await self.store.collection("serviceOrder").count_documents({"owed": {"$exists": True}}):
            assert asyncio.get_running_loop().time() < end
            await asyncio.sleep(0.02)

    @asynccontextmanager
    async def notifier(
        self, by: str = "one", settings: DeliverySettings = QUICK, *, patience: float = 2.0
    ) -> AsyncIterator[Notifier]:
        """A notifier at work; stopped in peace at the end."""
        async with Webhook(WebhookSettings(timeout=patience, loopback_allowed=True)) as webhook:
            url = "http://som.example"
            notifier = Notifier(self.store, self.clock, webhook, settings, url, by, self.counted.append, SEALER)
            self.notifiers.append(notifier)
            task = asyncio.create_task(notifier.run())
            try:
                yield notifier
            finally:
                self.notifiers.remove(notifier)
                task.cancel()
                await asyncio.wait([task])
                assert task.cancelled(), task.exception()


@pytest.fixture
async def world(mongodb_url: str, database_name: str) -> AsyncIterator[World]:
    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(connect(mongodb_url))
        store = Store(client, database_name)
        await create_all(store.database)
        yield World(store, Clock(), mongodb_url)
