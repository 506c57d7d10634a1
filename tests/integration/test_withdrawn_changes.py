"""A change request that is withdrawn while its order is under way, on a real database, with workers that die."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import Any

import pytest

from models import changes, migrations, outbox
from models.catalogue import Catalogue
from models.clock import Clock
from models.domain.merge_patch import merged
from models.inventory import Inventory
from models.leases import Leases
from models.order_placing import OrderPlacing
from models.patterns import Re2Patterns
from models.store import Store, connect
from models.surface import Surface
from scheduler.cancellation import move_cancellation
from scheduler.changes import ChangeParts, ChangeRequestOrders
from scheduler.direct_cancellation import cancel_unplanned
from tests.integration.engine.crash_points import MortalStore
from tests.unit.planning.examples import specification

Document = dict[str, Any]
TENANT, SOURCE = "default", "board"
TARGET = [{"id": "line", "role": "wanted", "@referredType": "ServiceSpecification"}]


class Board:
    """A server of change requests, after the port."""

    tells = True

    def __init__(self) -> None:
        self.requests: dict[str, Document] = {}

    async def subscribe(self) -> None:
        """Nobody has to ask: the test tells."""

    async def approved(self, statuses: Sequence[str]) -> list[str]:
        return [key for key, one in self.requests.items() if one["status"] in statuses]

    async def read(self, key: str) -> Document | None:
        return self.requests.get(key)

    async def write(self, key: str, patch: Mapping[str, Any], once: str) -> None:
        self.requests[key] = merged(self.requests[key], patch)


class Office:
    """A source of change requests, and workers that follow them."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self.store, self.clock, self.board = store, clock, Board()

    def worker(self, name: str, store: Store | None = None) -> ChangeRequestOrders:
        store, patterns = store or self.store, Re2Patterns()
        surface = Surface(Catalogue(store, patterns), Inventory(store), patterns, self.clock, catalogue_check=True)
        placing = OrderPlacing(store, self.clock, surface, lambda _: None)
        leases = Leases(store, self.clock, name, 0.05)
        return ChangeRequestOrders(ChangeParts(store, self.clock, leases, placing, lambda _: self.board, "http://us"))

    def put(self, key: str, status: str = "approved") -> None:
        self.board.requests[key] = {"id": key, "status": status, "targetEntity": TARGET}

    async def tell(self, *keys: str) -> None:
        await changes.note(self.store, self.clock, TENANT, SOURCE, keys)

    async def begin_anew(self) -> None:
        for collection in (changes.CHANGES, "serviceOrder", "cancelServiceOrder"):
            await self.store.collection(collection).delete_many({})

    async def withdraw(self, key: str) -> None:
        """Somebody takes a change request back once there is an order of it, which is told twice."""
        await self.until(None, self.order)
        self.board.requests[key] |= {"status": "cancelled", "statusChangeReason": "Budget is gone."}
        await self.tell(key, key)

    async def change_in(self, state: str) -> Document | None:
        """The change request, once it is in this state and has been told all that it is owed."""
        return await self.store.collection(changes.CHANGES).find_one({"body.state": state, "owes": []})

    async def order(self) -> Document:
        orders = await self.store.collection("serviceOrder").find().to_list()
        assert len(orders) <= 1
        return orders[0] if orders else {}

    async def cancellations(self) -> list[Document]:
        return await self.store.collection("cancelServiceOrder").find().to_list()

    async def until(self, worker: ChangeRequestOrders | None, look: Callable[[], Awaitable[Any]]) -> Any:
        """Have a worker look until there is something to be seen."""
        async with asyncio.timeout(60):
            while not (found := await look()):
                if worker is not None:
                    await worker.look()
                await asyncio.sleep(0.02)
        return found


@pytest.fixture
async def office(mongodb_url: str, database_name: str) -> AsyncIterator[Office]:
    client = connect(mongodb_url)
    async with client:
        store, clock = Store(client, database_name), Clock()
        await clock.synchronise(store.database)
        await migrations.run(store.database, clock, "test")
        line = {**specification("line"), "id": "line"}
        source = {"id": SOURCE, "name": "The board", "status": ["approved"], "pollInterval": 60, "catchUpInterval": 600}
        for collection, body in (("serviceSpecification", line), (changes.SOURCES, source)):
            document = {"_id": body["id"], "tenant": TENANT, "body": body}
            await store.insert(collection, outbox.first(document, [], clock.now()))
        yield Office(store, clock)


async def test_the_order_of_a_withdrawn_change_is_cancelled_once_wherever_a_worker_dies(office: Office) -> None:
    for lives in range(1, 6):  # the order, that it is placed, that it is withdrawn, its cancellation; and one besides
        await office.begin_anew()
        await _dies_in_between(office, lives)


async def _dies_in_between(office: Office, lives: int) -> None:
    mortal = MortalStore(office.store, lives)

    async def work() -> None:
        dying = office.worker("one", mortal)
        while not await office.cancellations():
            await dying.look()
            await asyncio.sleep(0.02)

    office.put("C-1")
    await office.tell("C-1")
    withdrawing, task = asyncio.create_task(office.withdraw("C-1")), asyncio.create_task(work())
    dies = asyncio.create_task(mortal.died.wait())
    await asyncio.wait([task, dies], return_when=asyncio.FIRST_COMPLETED)
    for one in (task, dies):
        one.cancel()
    await asyncio.wait([task, dies])
    living = office.worker("two")
    await office.until(living, office.cancellations)
    await withdrawing
    order, [cancellation] = await office.order(), await office.cancellations()
    reason = "The change request C-1 is cancelled: Budget is gone."
    assert cancellation["body"]["cancellationReason"] == reason
    assert cancellation["body"]["serviceOrder"]["id"] == order["_id"]
    assert await cancel_unplanned(office.store, office.clock, order, cancellation)
    await office.tell("C-1", "C-1")  # it is told again, and late
    ended = await office.until(living, lambda: office.change_in("ended"))
    assert ended["body"]["withdrawn"] == reason
    assert [one["what"] for one in ended["body"]["told"]] == ["end"]
    assert await office.cancellations() == [await office.store.get("cancelServiceOrder", cancellation["_id"])]
    told = office.board.requests["C-1"]
    assert (told["status"], told["statusChangeReason"]) == ("cancelled", "Budget is gone.")
    assert told["resolution"]["code"] == "cancelled"


async def test_an_order_that_cannot_be_cancelled_any_more_is_told_on_the_change_request(office: Office) -> None:
    worker = office.worker("one")
    office.put("C-1")
    await office.tell("C-1")
    await office.until(worker, lambda: office.change_in("placed"))
    await office.withdraw("C-1")
    [cancellation] = await office.until(worker, office.cancellations)
    denied = {"completionMessage": "The cancellation is denied: item 1: build cannot be undone."}
    await move_cancellation(office.store, office.clock, cancellation["_id"], "done", denied)
    await office.tell("C-1")

    async def told() -> Document | None:
        found = await office.change_in("placed")
        return found if found is not None and "told" in found["body"] else None

    found = await office.until(worker, told)
    assert [one["what"] for one in found["body"]["told"]] == ["denial"]
    [note] = office.board.requests["C-1"]["note"]
    assert "goes on" in note["text"]
    assert "build cannot be undone" in note["text"]
    await office.tell("C-1")
    for _ in range(5):
        await worker.look()
    assert len(await office.cancellations()) == 1
    assert office.board.requests["C-1"]["note"] == [note]


async def test_one_that_is_approved_still_or_not_known_any_more_keeps_its_order(office: Office) -> None:
    worker = office.worker("one")
    office.put("C-1")
    await office.tell("C-1")
    await office.until(worker, lambda: office.change_in("placed"))

    async def heard() -> Document | None:
        found = await office.change_in("placed")
        return found if found is not None and "heard" not in found else None

    for forgotten in (False, True):
        if forgotten:
            office.board.requests.clear()
        await changes.hear_of_all(office.store, office.clock, {"tenant": TENANT, "_id": SOURCE})
        found = await office.until(worker, heard)
        assert "withdrawn" not in found["body"]
    assert await office.cancellations() == []
