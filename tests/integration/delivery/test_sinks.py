"""Deliveries to other inventories, by notifiers that die: every instance is there once, as it is here."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any

import aiohttp
import pytest

from adapters.foreign_inventories import ForeignInventories
from adapters.http_session import open_session
from adapters.webhook import Webhook, WebhookSettings
from models import outbox, sinks
from models.domain.delivery import Answer, Inventories
from models.domain.sinks import Sink
from models.ids import new_id
from models.store import Store
from scheduler.delivery.notifier import Notifier
from scheduler.ending import end
from tests.integration.delivery.conftest import QUICK, SEALER, World
from tests.integration.delivery.inventories import Inventory, inventory
from tests.integration.delivery.subscribers import listening
from tests.integration.engine.crash_points import MortalStore

pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # sockets of the dead

SECONDS = 10.0
Document = dict[str, Any]


class MortalInventories(Inventories):
    """What is told to others counts as a write of a mortal store: its owner does not hear of the last one either."""

    def __init__(self, inventories: Inventories, store: MortalStore) -> None:
        self._inventories = inventories
        self._store = store

    async def put(  # noqa: PLR0917 - the port's signature
        self, sink: Sink, ours: str, theirs: str | None, body: Mapping[str, Any] | None, key: str, seconds: float
    ) -> tuple[Answer, str | None]:
        return await self._store.count(self._inventories.put(sink, ours, theirs, body, key, seconds))


class Estate:
    """Services of ours, a sink that leads to another inventory, and notifiers that die."""

    def __init__(self, world: World, there: Inventory, session: aiohttp.ClientSession, webhook: Webhook) -> None:
        self.world = world
        self.there = there
        self._session = session
        self._webhook = webhook
        self.settings = QUICK

    async def put(self, speed: int) -> str:
        """A service of ours that has just become active."""
        key = new_id()
        values = [{"name": "speed", "value": speed}]
        body = {"id": key, "@type": "Service", "state": "active", "serviceCharacteristic": values}
        stub = outbox.stub("ServiceStateChangeEvent", state="active", who="somebody")
        document = outbox.first({"_id": key, "tenant": "default", "body": body}, [stub], self.world.clock.now())
        await self.world.store.insert("service", document)
        return key

    async def change(self, key: str, speed: int) -> None:
        stored = await self.world.store.get("service", key)
        assert stored is not None
        values = [{"name": "speed", "value": speed}]
        after = {"serviceCharacteristic": values}
        stub = outbox.stub("ServiceAttributeValueChangeEvent", state="active", who="somebody", after=after)
        change = outbox.change(stored, {"body.serviceCharacteristic": values}, [stub], self.world.clock.now())
        assert await self.world.store.update("service", {"_id": key, "rev": stored["rev"]}, change)

    async def quiet(self, *, state: str = "active", **attributes: Any) -> str:
        """A service of ours that was there before anybody was told of it."""
        key = new_id()
        values = [{"name": "speed", "value": 2}]
        body = {"id": key, "@type": "Service", "state": state, "serviceCharacteristic": values, **attributes}
        document = outbox.first({"_id": key, "tenant": "default", "body": body}, [], self.world.clock.now())
        await self.world.store.insert("service", document)
        return key

    async def copied(self) -> Document:
        """The sink's copy of the inventory, once it has been queued and nothing waits."""
        async with asyncio.timeout(SECONDS):
            while True:
                found = await self.world.store.collection("subscription").find_one({"copy.state": "done"})
                if found is not None:
                    await self.world.nothing_pending()
                    copy: Document = found["copy"]
                    return copy
                await asyncio.sleep(0.01)

    def notifier(self, store: Store) -> asyncio.Task[None]:
        url, by = "http://som.example", "one"
        inventories: Inventories = ForeignInventories(self._session)
        if isinstance(store, MortalStore):
            inventories = MortalInventories(inventories, store)
        made = Notifier(
            store, self.world.clock, self._webhook, self.settings, url, by, lambda _: None, SEALER, inventories
        )
        return asyncio.create_task(made.run(), name="notifier under test")

    async def until(self, check: Callable[[], bool]) -> None:
        async with asyncio.timeout(SECONDS):
            while not check():
                await asyncio.sleep(0.01)

    async def kill(self) -> None:
        """As kill -9: nothing is handed back."""
        mine, spared = asyncio.current_task(), ("group-commit", "Task-", "pymongo")
        await end([one for one in asyncio.all_tasks() if one is not mine and not one.get_name().startswith(spared)])

    async def die_at_every_write(self, happen: Callable[[], Awaitable[str]]) -> int:
        """Let something happen, and a notifier of one write, of two … tell of it, and its successor."""
        for lives in range(1, 60):
            ours = await happen()
            store = MortalStore(self.world.store, lives)
            self.notifier(store)
            told = asyncio.create_task(self._told(ours), name="Task-told")
            death = asyncio.create_task(store.died.wait(), name="Task-death")
            await asyncio.wait([told, death], return_when=asyncio.FIRST_COMPLETED, timeout=SECONDS)
            await self.kill()
            await end([told, death])
            self.notifier(self.world.store)
            await self._told(ours)
            await self.kill()
            [copy] = self.there.copies(ours)
            assert copy["serviceCharacteristic"] == [{"name": "speed", "value": 2}], lives
            if not store.died.is_set():
                return lives - 1
        raise AssertionError("it never stopped writing")

    async def _told(self, ours: str) -> None:
        """Until nothing is owed of a service, and nothing waits to be delivered."""
        owing = {"_id": ours, "owed": {"$exists": True}}
        async with asyncio.timeout(SECONDS):
            while await self.world.store.collection("service").count_documents(owing):
                await asyncio.sleep(0.01)
            await self.world.nothing_pending()


async def run(world: World, story: Callable[[Estate], Awaitable[None]]) -> None:
    settings = WebhookSettings(timeout=2.0, loopback_allowed=True)
    async with inventory() as there, open_session() as session, Webhook(settings) as webhook:
        sink = {"kind": "tmf638", "address": there.url}
        await world.subscribe(there.url, api="tmf638", sink=sink, secret=None)
        await story(Estate(world, there, session, webhook))


async def test_wherever_a_notifier_dies_an_instance_is_made_once_and_is_what_it_is_here(world: World) -> None:
    async def story(estate: Estate) -> None:
        async def made_and_changed() -> str:
            ours = await estate.put(1)
            await estate.change(ours, 2)
            return ours

        deaths = await estate.die_at_every_write(made_and_changed)
        assert deaths >= 6  # leases, the calls, the name of the instance there, and what came of each delivery
        assert estate.there.made == deaths + 1

    await run(world, story)


async def test_an_instance_that_was_removed_there_is_made_anew_once_wherever_a_notifier_dies(world: World) -> None:
    async def story(estate: Estate) -> None:
        async def removed_there_and_changed_here() -> str:
            ours = await estate.put(1)
            estate.notifier(world.store)
            await estate.until(lambda: len(estate.there.copies(ours)) == 1)
            await world.nothing_pending()
            await estate.kill()
            estate.there.services.clear()
            await estate.change(ours, 2)
            return ours

        deaths = await estate.die_at_every_write(removed_there_and_changed_here)
        assert deaths >= 4
        assert estate.there.made == 2 * (deaths + 1)

    await run(world, story)


COUNT = 3


async def test_the_whole_inventory_is_copied_once_in_slices_wherever_a_notifier_dies(world: World) -> None:
    async def story(estate: Estate) -> None:
        estate.settings = replace(QUICK, copy_batch=2, copy_waiting=3)
        ours = [await estate.quiet() for _ in range(COUNT)]
        mark = [{"id": "x", "role": "source", "name": "x", "@referredType": "Service"}]
        for left_out in ({"state": "designed"}, {"state": "terminated"}, {"relatedEntity": mark}):
            await estate.quiet(**left_out)
        [sink] = await world.store.collection("subscription").find({}).to_list()
        for number, lives in enumerate(range(1, 60, 2), 1):
            await sinks.begin_copy(world.store, world.clock, "default", sink["_id"])
            store = MortalStore(world.store, lives)
            estate.notifier(store)
            told = asyncio.create_task(estate.copied(), name="Task-told")
            death = asyncio.create_task(store.died.wait(), name="Task-death")
            await asyncio.wait([told, death], return_when=asyncio.FIRST_COMPLETED, timeout=SECONDS)
            await estate.kill()
            await end([told, death])
            estate.notifier(world.store)
            copy = await estate.copied()
            await estate.kill()
            there = [entity["id"] for one in estate.there.services.values() for entity in one["relatedEntity"]]
            # Another copy tells again, and also of what has ended meanwhile, which was never there.
            assert (copy["number"], copy["copied"]) == (number, COUNT + (number > 1)), lives
            assert sorted(there) == sorted(ours), lives
            if not store.died.is_set():
                assert lives > 7
                return
        raise AssertionError("it never stopped writing")

    await run(world, story)


async def test_a_webhook_is_told_what_an_instance_is_when_the_copy_is_sent_and_nothing_of_what_is_gone(
    world: World,
) -> None:
    async def story(estate: Estate) -> None:
        away = True
        async with listening(lambda _: 503 if away else 204) as subscriber:
            sink = {"kind": "webhook", "address": subscriber.url}
            query = "eventType=ServiceStateChangeEvent&service.category.ne=hidden"  # of which types does not matter
            kept, gone, _ = await estate.quiet(), await estate.quiet(), await estate.quiet(category="hidden")
            key = await world.subscribe(subscriber.url, query, api="tmf638", sink=sink)
            await sinks.begin_copy(world.store, world.clock, "default", key)
            estate.notifier(world.store)
            await estate.until(lambda: len({call.event for call in subscriber.calls}) == 2)
            values = [{"name": "speed", "value": 3}]
            change = {"$set": {"body.serviceCharacteristic": values}}
            await world.store.update("service", {"_id": kept}, change)
            await world.store.delete("service", {"_id": gone})
            away = False
            await world.nothing_pending()
            await estate.kill()
        [told] = [call.envelope for call in subscriber.taken]
        assert (told["eventType"], told["copy"]) == ("ServiceAttributeValueChangeEvent", True)
        assert (told["event"]["service"]["id"], told["event"]["service"]["serviceCharacteristic"]) == (kept, values)
        states = {row["lane"]: row["state"] for row in await world.deliveries(subscription=key)}
        assert states == {kept: "delivered", gone: "delivered"}
        assert await world.store.collection("event").count_documents({}) == 0  # it is no event of the service

    await run(world, story)


async def test_a_sink_that_is_moved_to_another_inventory_makes_its_instances_there(world: World) -> None:
    async def story(estate: Estate) -> None:
        ours = await estate.put(1)
        estate.notifier(world.store)
        await estate.until(lambda: len(estate.there.copies(ours)) == 1)
        [stored] = await world.store.collection("subscription").find({}).to_list()
        async with inventory() as other:
            other.made = 1  # so that its names are others
            body = {**sinks.body_of(stored), "address": other.url}
            assert await sinks.change(world.store, world.clock, SEALER, stored, body, {"address": other.url})
            await estate.kill()
            estate.notifier(world.store)
            await estate.change(ours, 2)
            await estate.until(lambda: len(other.copies(ours)) == 1)
            await world.nothing_pending()
            await estate.kill()
            assert (other.made, list(other.services)) == (2, ["t2"])
            [former] = estate.there.copies(ours)
            assert former["serviceCharacteristic"] == [{"name": "speed", "value": 1}]

    await run(world, story)
