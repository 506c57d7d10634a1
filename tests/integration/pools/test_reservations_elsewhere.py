"""Reservations in the pools of other systems become what is wanted of them, however often that has to be tried."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar

import pytest

from adapters.ports import Accepted, Done, Fulfiller, FulfillerCall, Holder, Outcome, Refused, Reserved, Unreachable
from models import outbox
from models.budgets import Budgets
from models.domain.caller import DEFAULT_TENANT
from models.domain.desired import link_of, ordered
from models.domain.repair import repair_of
from models.leases import Leases
from models.lost_reservations import LostReservations
from models.reservations_elsewhere import COLLECTION, ReservationsElsewhere
from models.service_releases import ServiceReleases
from models.slots import Slots
from scheduler.capacity import Capacity, EngineSettings
from scheduler.directory import Directory
from scheduler.places import Places
from scheduler.reservation_upkeep import ReservationUpkeep
from tests.integration.pools.stage import PoolStage

Document = dict[str, Any]
MINE = Holder(service="s-1", order="o-1", plan="o-1", task="prefix")


class Carrier(Fulfiller):
    """A system that answers what a test says, and remembers what it was asked."""

    kind: ClassVar[str] = "carrier"

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []
        self.answers: list[Outcome] = []
        self.until: datetime | None = None

    def answer(self, what: str, reservation: str) -> Outcome:
        self.asked.append((what, reservation))
        return self.answers.pop(0) if self.answers else Done({"gone": True} if what == "give back" else {})

    async def use(self, reservation: str, seconds: float) -> Outcome:
        return self.answer("use", reservation)

    async def extend(self, reservation: str, until: datetime, seconds: float) -> Outcome:
        self.until = until
        return self.answer("extend", reservation)

    async def give_back(self, reservation: str, seconds: float) -> Outcome:
        return self.answer("give back", reservation)

    async def engage(self, call: FulfillerCall) -> Outcome:
        return Refused("no work")

    async def poll(self, reference: Accepted, call: FulfillerCall) -> Outcome:
        return Refused("no work")

    async def aclose(self) -> None:
        pass


@dataclass
class Scene:
    stage: PoolStage
    carrier: Carrier
    elsewhere: ReservationsElsewhere
    upkeep: ReservationUpkeep

    async def reserved(self, *keys: str, ends: datetime | None = None) -> None:
        resources = [{"id": f"r-{key}", "reservation": {"id": key, "fulfiller": "carrier"}} for key in keys]
        await self.elsewhere.note(MINE, resources, None if ends is None else ends.isoformat())

    async def kept(self) -> dict[str, str]:
        found = self.stage.store.collection(COLLECTION).find({})
        return {one["reservation"]: one["wanted"] async for one in found}

    async def later(self, seconds: float) -> Sequence[tuple[str, str]]:
        """That much time passes; returns what the carrier was asked then."""
        self.stage.clock.ahead += timedelta(seconds=seconds)
        self.carrier.asked.clear()
        await self.upkeep.look()
        return list(self.carrier.asked)


@pytest.fixture
async def scene(stage: PoolStage) -> AsyncIterator[Scene]:
    carrier, store, clock = Carrier(), stage.store, stage.clock
    body = {"name": "carrier", "kind": "carrier", "capability": [{"specification": "x", "action": "allocate"}]}
    registered = outbox.first({"_id": "carrier", "tenant": DEFAULT_TENANT, "body": body}, [], clock.now())
    await store.insert("fulfiller", registered)
    slots = Slots(store, clock, "n1")
    places = Places(slots, Budgets(store, clock), Capacity(EngineSettings()).free)
    directory = Directory(store, lambda *_: carrier)
    elsewhere = ReservationsElsewhere(store, clock)
    upkeep = ReservationUpkeep(
        elsewhere, LostReservations(store, clock), clock, directory, places, Leases(store, clock, "n1", 60.0)
    )
    yield Scene(stage, carrier, elsewhere, upkeep)
    for name in ("fulfiller", COLLECTION, "serviceRelease", "service", "lease"):
        await store.collection(name).delete_many({})


async def test_what_is_provisioned_is_in_use_there_once_its_system_can_be_reached(scene: Scene) -> None:
    await scene.reserved("one")
    assert await scene.later(3600) == [], "a reservation without an end needs nothing"
    await scene.elsewhere.use(MINE)
    scene.carrier.answers = [Unreachable("down"), Unreachable("down"), Done()]
    assert await scene.later(0) == [("use", "one")]
    assert await scene.later(0.1) == [], "it is not asked all the time"
    assert [await scene.later(10) for _ in range(3)] == [[("use", "one")], [("use", "one")], []]
    await scene.elsewhere.use(MINE)
    assert await scene.later(10) == [], "it is in use already"


async def test_a_reservation_with_an_end_is_extended_in_time_until_it_is_in_use(scene: Scene) -> None:
    now = scene.stage.clock.now()
    await scene.reserved("one", ends=now + timedelta(hours=1))
    assert await scene.later(1000) == []
    ends = scene.stage.clock.now() + timedelta(hours=1)
    scene.carrier.answers = [Done({"endDateTime": ends.isoformat()})]
    assert await scene.later(1000) == [("extend", "one")]
    assert scene.carrier.until is not None
    assert scene.carrier.until - scene.stage.clock.now() >= timedelta(minutes=59)
    assert await scene.later(600) == []
    await scene.elsewhere.use(MINE)
    assert await scene.later(0) == [("use", "one")]
    assert await scene.later(7200) == [], "what is in use has no end"


async def test_one_that_ends_in_use_too_is_extended_for_as_long_as_it_is_used(scene: Scene) -> None:
    await scene.reserved("one", ends=scene.stage.clock.now() + timedelta(hours=1))
    await scene.elsewhere.use(MINE)
    end = (scene.stage.clock.now() + timedelta(hours=1)).isoformat()
    scene.carrier.answers = [Done({"endDateTime": end})] * 4
    assert await scene.later(0) == [("use", "one"), ("extend", "one")]
    assert await scene.later(2400) == [("use", "one"), ("extend", "one")]


async def test_one_that_is_gone_there_is_told_and_not_asked_for_any_more(scene: Scene) -> None:
    await scene.reserved("one")
    await scene.elsewhere.use(MINE)
    scene.carrier.answers = [Done({"gone": True})]
    assert await scene.later(0) == [("use", "one")]
    assert await scene.later(3600) == []
    (left,) = await scene.elsewhere.held(MINE)
    assert left["problem"]


async def having(scene: Scene, **more: Any) -> None:
    """A service that was ordered, and rests on the reservation `one`."""
    reference = {"id": "r-one", "reservation": {"id": "one", "fulfiller": "carrier"}}
    body = {"id": "s-1", "state": "active", "supportingResource": [{"id": "r-own"}, reference]}
    desired = ordered(body, "active", link_of("o-1", "1", "add"), None)
    document = {"_id": "s-1", "tenant": DEFAULT_TENANT, "body": body, "desired": desired, "hasDrift": False, **more}
    await scene.stage.store.insert("service", outbox.first(document, [], scene.stage.clock.now()))
    await scene.reserved("one")
    await scene.elsewhere.use(MINE)
    scene.carrier.answers = [Done({"gone": True})] * 3


async def service(scene: Scene) -> Document:
    found = await scene.stage.store.get("service", "s-1")
    assert found is not None
    return found


async def test_a_service_that_has_lost_what_it_rests_on_has_drift_and_owes_the_events(scene: Scene) -> None:
    await having(scene)
    await scene.later(0)
    stored = await service(scene)
    (found,) = stored["drift"]["difference"]
    assert (found["attribute"], found["name"], found["actual"], found["by"]) == (
        "supportingResource", "r-one", None, "carrier",
    )  # fmt: skip
    assert [(one["type"], one["order"], one["why"]) for one in stored["outbox"]] == [
        (f"Service{name}Event", "o-1", "carrier has no reservation one any more.")
        for name in ("AttributeValueChange", "DriftDetected")
    ]
    repair = repair_of(stored)
    assert repair is not None
    assert repair.order is not None
    assert await scene.later(3600) == [], "it is told once"
    (kept,) = await LostReservations(scene.stage.store, scene.stage.clock).of_services(DEFAULT_TENANT, ["s-1", "s-2"])
    assert kept["reservation"] == "one"


async def test_while_an_order_works_on_the_service_the_loss_is_told_until_it_lets_go(scene: Scene) -> None:
    await having(scene, owner={"order": "o-1", "item": "1", "plan": "o-1"})
    await scene.later(0)
    stored = await service(scene)
    assert ("drift" in stored, len(stored["outbox"])) == (False, 1)
    lost = stored["body"]["supportingResource"][1]["reservation"]["lost"]
    stale = {"$set": {"body.supportingResource.1.reservation": {"id": "one", "fulfiller": "carrier"}}}
    await scene.stage.store.update("service", {"_id": "s-1"}, {**stale, "$inc": {"rev": 1}})
    assert await scene.later(60) == [("use", "one")]
    again = (await service(scene))["body"]["supportingResource"][1]["reservation"]["lost"]
    assert again > lost, "what the order has overwritten is told anew"
    await scene.stage.store.update("service", {"_id": "s-1"}, {"$unset": {"owner": ""}, "$inc": {"rev": 1}})
    assert await scene.later(60) == [("use", "one")]
    assert await scene.later(3600) == []


async def test_what_a_deleted_service_holds_is_given_back_here_and_there_though_its_process_died(scene: Scene) -> None:
    stage = scene.stage
    await stage.vlans()
    await stage.get("mine", pool="vlans")
    await scene.reserved("one", "two")
    service = {"_id": "s-1", "tenant": DEFAULT_TENANT, "body": {"id": "s-1", "state": "reserved"}}
    await stage.store.collection("service").insert_one(service)
    releases = ServiceReleases(stage.store, stage.clock, stage.pools)
    await releases.promise(DEFAULT_TENANT, "s-1", "the service is deleted")
    assert await releases.look() == 0, "it is there still"
    await stage.store.collection("service").update_one({"_id": "s-1"}, {"$set": {"tenant": f"~{DEFAULT_TENANT}"}})
    assert await releases.look() == 1, "the process that deleted it has not come so far"
    assert await stage.pools.look("mine") is None
    scene.carrier.answers = [Unreachable("down"), Done({"gone": True})]
    assert sorted(await scene.later(0)) == [("give back", "one"), ("give back", "two")]
    assert list((await scene.kept()).values()) == ["released"]
    assert len(await scene.later(10)) == 1
    assert await scene.kept() == {}
    assert await releases.look() == 0


@pytest.mark.parametrize(("state", "given_up"), [("terminated", True), ("active", False)])
async def test_a_service_that_was_to_be_terminated_keeps_what_it_holds_unless_it_was(
    scene: Scene, state: str, given_up: bool
) -> None:
    stage = scene.stage
    await stage.vlans()
    await stage.get("mine", pool="vlans")
    service = {"_id": "s-1", "tenant": DEFAULT_TENANT, "body": {"id": "s-1", "state": state}}
    await stage.store.collection("service").insert_one(service)
    releases = ServiceReleases(stage.store, stage.clock, stage.pools)
    await releases.promise(DEFAULT_TENANT, "s-1", "the service is terminated")
    stage.clock.ahead += timedelta(minutes=10)
    assert await releases.look() == given_up
    assert isinstance(await stage.pools.look("mine"), Reserved) is not given_up
    await stage.store.collection("service").update_one({"_id": "s-1"}, {"$set": {"body.state": "terminated"}})
    assert await releases.look() == 0, "the wish is dropped"
