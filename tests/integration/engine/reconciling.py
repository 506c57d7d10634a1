"""Services that are read: the one who is asked about them, and who asks."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from adapters.ports import FulfillerCall
from handlers.placing import new_order_check
from models.budgets import Budgets
from models.catalogue import Catalogue
from models.domain.desired import link_of, ordered
from models.domain.fulfiller import FulfillerDefinition
from models.domain.outcomes import Done, Outcome
from models.inventory import Inventory
from models.leases import Leases
from models.order_placing import OrderPlacing
from models.patterns import Re2Patterns
from models.sealing import Sealer
from models.slots import Slots
from models.store import Store
from models.surface import Surface
from scheduler.directory import Directory
from scheduler.health import Health
from scheduler.places import Places
from scheduler.reconciliation import Reconciliation, ReconciliationParts
from tests.integration.engine.harness import Document, Harness, Scripted

SPEED = [{"name": "speed", "value": 100}]


class Mirror(Scripted):
    """A fulfiller that knows what is, and says so when it is asked."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[FulfillerCall] = []
        self.says: Outcome = Done()
        self.meanwhile: Callable[[], Awaitable[Any]] | None = None

    async def read(self, call: FulfillerCall) -> Outcome:
        self.asked.append(call)
        if self.meanwhile is not None:
            await self.meanwhile()
        return self.says


def speed(value: Any) -> Done:
    return Done(service_characteristic=({"name": "speed", "value": value},))


@dataclass
class World:
    """Services, the one who is asked about them, and who asks."""

    harness: Harness
    mirror: Mirror
    mirrors: dict[str, Mirror]
    parts: ReconciliationParts
    reconciliation: Reconciliation

    async def specification(self, **reconcile: Any) -> None:
        body = {"id": "s1", "name": "Access", "version": "1", "fulfilment": {"reconcile": reconcile}}
        document = {"_id": "s1", "tenant": "default", "rev": 1, "body": body}
        await self.harness.store.collection("serviceSpecification").replace_one({"_id": "s1"}, document, upsert=True)
        self.parts.catalogue.invalidate()

    async def service(self, key: str = "x", *, due: bool = True, **attributes: Any) -> None:
        now = self.harness.clock.now()
        body = {"id": key, "state": "active", "serviceSpecification": {"id": "s1"}, "serviceCharacteristic": SPEED}
        sides = {"desired": ordered(body, "active", link_of("o1", "1", "add"), "2026-01-01T00:00:00.000Z")}
        document = {"_id": key, "tenant": "default", "rev": 1, "seq": 0, "created": now, "updated": now, "body": body,
                    "hasDrift": False, "builtBy": [{"specification": "s1", "fulfiller": "f-mirror"}], **sides,
                    **({"readDue": now} if due else {}), **attributes}  # fmt: skip
        await self.harness.store.insert("service", document)

    async def get(self, key: str = "x") -> Document:
        return await self.harness.get("service", key)

    async def orders(self) -> list[Document]:
        return await self.harness.store.collection("serviceOrder").find({}).to_list()

    async def again(self, key: str = "x") -> Document:
        """The service once it has been read once more."""
        await self.harness.store.update("service", {"_id": key}, {"$set": {"readDue": self.harness.clock.now()}})
        await self.reconciliation.look()
        return await self.get(key)


def reconciling(harness: Harness, mirrors: Mapping[str, Mirror], store: Store | None = None) -> ReconciliationParts:
    """What reconciling takes, on a store of its own where one is given."""
    store, clock = store or harness.store, harness.clock
    catalogue = Catalogue(store, Re2Patterns())
    surface = Surface(catalogue, Inventory(store), Re2Patterns(), clock, catalogue_check=True, sealer=Sealer())
    placing = OrderPlacing(store, clock, surface, new_order_check().check)
    places = Places(Slots(store, clock, "n1/r"), Budgets(store, clock))

    def make(definition: FulfillerDefinition, _: Document) -> Any:
        return mirrors.get(definition.id, harness.fulfiller)

    directory = Directory(store, make)
    health, leases = Health(store, clock, places), Leases(store, clock, "n1/r", 60)
    return ReconciliationParts(store, clock, directory, catalogue, places, health, placing, leases)


async def world_of(harness: Harness) -> World:
    """A fulfiller that can be asked, and a specification."""
    mirror = Mirror()
    mirrors = {"f-mirror": mirror}
    parts = reconciling(harness, mirrors)
    made = World(harness, mirror, mirrors, parts, Reconciliation(parts))
    harness.others["f-mirror"] = mirror
    await harness.register(name="mirror", reads=True, readInterval=3600)
    await made.specification()
    return made
