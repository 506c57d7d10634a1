"""Services are read, drift is told of, and repaired where the specification says so."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from adapters.ports import FulfillerCall
from handlers.placing import new_order_check
from models import readings, repairs
from models.budgets import Budgets
from models.catalogue import Catalogue
from models.domain.caller import ANONYMOUS
from models.domain.desired import link_of, ordered
from models.domain.errors import Conflict
from models.domain.fulfiller import FulfillerDefinition
from models.domain.outcomes import Done, Outcome, Refused, Unreachable
from models.inventory import Inventory
from models.leases import Leases
from models.order_placing import OrderPlacing
from models.patterns import Re2Patterns
from models.sealing import Sealer
from models.slots import Slots
from models.surface import Surface
from scheduler.directory import Directory
from scheduler.health import Health
from scheduler.places import Places
from scheduler.read_adoption import Adoption
from scheduler.reconciliation import Reconciliation, ReconciliationParts
from tests.integration.engine.harness import Document, Harness, Scripted, plan_of

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
    harness: Harness
    mirror: Mirror
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


@pytest.fixture
async def world(harness: Harness) -> World:
    store, clock, mirror = harness.store, harness.clock, Mirror()
    catalogue = Catalogue(store, Re2Patterns())
    surface = Surface(catalogue, Inventory(store), Re2Patterns(), clock, catalogue_check=True, sealer=Sealer())
    placing = OrderPlacing(store, clock, surface, new_order_check().check)
    places = Places(Slots(store, clock, "n1/r"), Budgets(store, clock))

    def make(definition: FulfillerDefinition, _: Document) -> Any:
        return mirror if definition.reads else harness.fulfiller

    directory = Directory(store, make)
    health, leases = Health(store, clock, places), Leases(store, clock, "n1/r", 60)
    parts = ReconciliationParts(store, clock, directory, catalogue, places, health, placing, leases)
    made = World(harness, mirror, parts, Reconciliation(parts))
    harness.others["f-mirror"] = mirror
    await harness.register(name="mirror", reads=True, readInterval=3600)
    await made.specification()
    return made


async def test_what_a_fulfiller_says_is_the_actual_side_and_the_difference_is_drift(world: World) -> None:
    await world.service()
    world.mirror.says = speed(50)
    assert await world.reconciliation.look() == 1
    document = await world.get()
    [value] = document["actual"]["serviceCharacteristic"]
    assert (value["value"], value["source"], value["by"]) == (50, "reported", "f-mirror")
    assert document["body"]["serviceCharacteristic"] == [{"name": "speed", "value": 50}]
    assert document["hasDrift"]
    told = [(stub["type"], stub["why"]) for stub in document["outbox"]]
    why = "The fulfiller f-mirror was asked what is."
    assert told == [("ServiceAttributeValueChangeEvent", why), ("ServiceDriftDetectedEvent", why)]
    assert await world.orders() == []  # proposed, not placed
    [call] = world.mirror.asked
    assert (call.operation, call.action, call.service["id"], call.callback_url) == ("read", "noChange", "x", None)
    left = document["readDue"] - world.harness.clock.now()
    assert timedelta(minutes=58) < left <= timedelta(hours=1)


async def test_a_service_that_is_as_ordered_is_read_without_a_trace_in_its_history(world: World) -> None:
    await world.service()
    world.mirror.says = speed(100)
    await world.reconciliation.look()
    document = await world.get()
    assert (document["rev"], document.get("outbox"), document["read"]["answer"][0]["outcome"]) == (1, None, "told")


async def test_drift_that_has_gone_by_itself_is_told_too(world: World) -> None:
    await world.service()
    world.mirror.says = speed(50)
    await world.reconciliation.look()
    world.mirror.says = speed(100)
    document = await world.again()
    assert not document["hasDrift"]
    assert document["outbox"][-1]["type"] == "ServiceDriftResolvedEvent"


async def test_a_service_that_is_not_there_any_more_cannot_be_repaired_by_an_order(world: World) -> None:
    await world.service()
    world.mirror.says = Done(state="terminated")
    await world.reconciliation.look()
    document = await world.get()
    assert (document["body"]["state"], document["hasDrift"]) == ("terminated", True)
    with pytest.raises(repairs.NothingToRepair, match="Order it anew"):
        await repairs.place(world.harness.store, world.parts.placing, ANONYMOUS, document, again=True)


@pytest.mark.parametrize("says", [Refused("what is that?"), Unreachable("no answer")])
async def test_who_cannot_say_changes_nothing_and_the_reason_is_kept(world: World, says: Outcome) -> None:
    await world.service()
    world.mirror.says = says
    await world.reconciliation.look()
    document = await world.get()
    assert document["rev"] == 1
    assert document["read"]["answer"] == [
        {"fulfiller": "f-mirror", "outcome": type(says).__name__.lower(), "reason": says.reason}  # type: ignore[union-attr]
    ]
    assert document["readDue"] > world.harness.clock.now()


async def test_a_policy_of_repair_places_one_order_for_one_drift_and_then_the_drift_is_gone(world: World) -> None:
    await world.specification(policy="repair", interval="PT10M")
    await world.service()
    world.mirror.says = speed(50)
    await world.reconciliation.look()
    [order] = await world.orders()
    [item] = order["body"]["serviceOrderItem"]
    assert (item["action"], item["service"]["serviceCharacteristic"]) == ("modify", SPEED)
    assert order["body"]["category"] == "reconciliation"
    assert "speed is 50 and was ordered as 100" in order["body"]["note"][0]["text"]
    assert (await world.again())["repair"]["order"] == order["_id"]
    assert len(await world.orders()) == 1  # the same drift, the same order
    # The repair has ended, and another drift comes: another order.
    await world.harness.store.update("serviceOrder", {"_id": order["_id"]}, {"$set": {"body.state": "completed"}})
    world.mirror.says = speed(100)
    await world.again()
    world.mirror.says = speed(50)
    await world.again()
    assert len(await world.orders()) == 2


async def test_a_repair_that_did_not_help_is_not_repeated_until_a_person_wants_it(world: World) -> None:
    await world.specification(policy="repair")
    await world.service()
    world.mirror.says = speed(50)
    await world.reconciliation.look()
    [order] = await world.orders()
    await world.harness.store.update("serviceOrder", {"_id": order["_id"]}, {"$set": {"body.state": "completed"}})
    document = await world.again()
    assert len(await world.orders()) == 1
    first = await repairs.place(world.harness.store, world.parts.placing, ANONYMOUS, document, again=True)
    second = await repairs.place(world.harness.store, world.parts.placing, ANONYMOUS, document, again=True)
    assert (first.new, second.new, second.id) == (True, False, first.id)


async def test_off_is_off_but_whoever_asks_is_answered(world: World) -> None:
    await world.specification(policy="off")
    await world.service()
    await world.reconciliation.look()
    assert world.mirror.asked == []
    assert "readDue" not in await world.get()
    await readings.ask(world.harness.store, world.harness.clock, "default", "x", "noc")
    world.mirror.says = speed(50)
    await world.reconciliation.look()
    document = await world.get()
    assert document["hasDrift"]
    assert "asked" not in document
    assert "readDue" not in document


async def test_while_an_order_works_on_a_service_nobody_is_asked(world: World) -> None:
    await world.service(owner={"order": "o2", "item": "1", "plan": "o2"})
    await world.reconciliation.look()
    assert world.mirror.asked == []
    assert (await world.get())["readDue"] > world.harness.clock.now()
    with pytest.raises(Conflict, match="o2"):
        await readings.ask(world.harness.store, world.harness.clock, "default", "x", "noc")


async def test_what_is_said_of_a_service_that_an_order_takes_meanwhile_is_not_taken_in(world: World) -> None:
    await world.service()
    owner = {"owner": {"order": "o2", "item": "1", "plan": "o2"}}
    world.mirror.says = speed(50)

    async def taken() -> None:
        await world.harness.store.update("service", {"_id": "x"}, {"$set": owner, "$inc": {"rev": 1}})

    world.mirror.meanwhile = taken
    await world.reconciliation.look()
    document = await world.get()
    assert (document["hasDrift"], document["body"]["serviceCharacteristic"]) == (False, SPEED)


async def test_who_was_built_before_its_fulfiller_could_be_asked_is_found_piece_by_piece(world: World) -> None:
    for number in range(7):
        await world.service(f"x{number}", due=False)
    await world.service("other", due=False, builtBy=[{"specification": "s1", "fulfiller": "f-scripted"}])
    adoption = Adoption(world.parts)
    adoption.PIECE = 3
    for _ in range(4):
        await adoption.look()
    due = {one["_id"] async for one in world.harness.store.collection("service").find({"readDue": {"$exists": True}})}
    assert due == {f"x{number}" for number in range(7)}


async def test_what_an_order_has_built_is_due_to_be_read_soon_after(world: World) -> None:
    world.harness.start()
    order = await world.harness.order(plan_of("1/build"))
    await world.harness.until(order, "completed")

    async def due() -> bool:
        found = await world.harness.store.collection("service").find_one({"owner": {"$exists": False}})
        return found is not None and "readDue" in found

    await world.harness.until_true(due)
