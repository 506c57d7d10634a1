"""The snapshot that checking and decomposing an order need: read once, then all is pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from models.catalogue import Catalogue, Reference
from models.domain.caller import Caller
from models.domain.decomposition import decompose_steps
from models.domain.draft import MAX_SERVICES, Unplannable
from models.domain.order_items import OrderItem, items_of
from models.domain.plan import Plan
from models.domain.recipe_choice import RecipeWish
from models.domain.snapshot import BUNDLES, RELIES_ON, MoreToSee, Snapshot, related_ids
from models.domain.specification import Specification
from models.domain.violations import Violation
from models.inventory import Inventory
from models.slices import in_slices

Body = Mapping[str, Any]
MAX_SPECIFICATIONS = 2_000


async def load_surface(
    caller: Caller, items: Sequence[OrderItem], catalogue: Catalogue, inventory: Inventory, at: str
) -> Snapshot:
    """Return what the surface check needs: the specifications and services that the items of an order name.

    Of services to be deleted also who relies on them; where somebody does, what goes with them: it may be just that.
    `at` is the present moment, as text in the canonical form.

    Raises:
        Unavailable: the database cannot be reached.
    """
    reading = _Reading(caller.tenant, catalogue, inventory)
    await reading.read_services(str(item.service["id"]) for item in items if item.service.get("id"))
    await reading.read_specifications(_referred(items), follow=False)
    going = [str(item.service["id"]) for item in items if item.action == "delete" and item.service.get("id")]
    dependents = await inventory.dependents(caller.tenant, going) if going else {}
    if dependents:
        await reading.read_parts(set(going))
    gone = await reading.gone(items)
    return Snapshot(at, reading.specifications, reading.services, {}, dependents, gone=gone)


async def load_snapshot(caller: Caller, order: Body, catalogue: Catalogue, inventory: Inventory, at: str) -> Snapshot:
    """Return what decomposition needs: also everything that is made of, relied on, shared, or relying on it.

    `at` is the present moment, as text in the canonical form.

    Raises:
        Unplannable: there is more of it than a plan can hold.
        Unavailable: the database cannot be reached.
    """
    reading = _Reading(caller.tenant, catalogue, inventory)
    items = items_of(order)
    await reading.read_specifications(_referred(items), follow=True)
    await reading.read_services(_named_services(items))
    changed = {str(item.service.get("id")) for item in items if item.action in {"modify", "delete"}}
    gone = await reading.gone(items)
    await reading.read_parts(changed | gone)
    dependents = await inventory.dependents(caller.tenant, reading.parts) if changed else {}
    beyond = frozenset(reading.reusable())
    return Snapshot(at, reading.specifications, reading.services, {}, dependents, beyond, gone=gone)


async def plan_order(  # noqa: PLR0913, PLR0917 - what a plan is made from
    order_id: str,
    caller: Caller,
    order: Body,
    catalogue: Catalogue,
    inventory: Inventory,
    at: str,
    chosen: Mapping[str, Sequence[RecipeWish]] | None = None,
) -> tuple[Plan, Snapshot]:
    """Return the plan of an order, from what catalogue and inventory say now, and what they said.

    What could be re-used is found by asking the inventory for the very values that are wanted, after which the order is
    decomposed again: once for each level of specifications at most. So it costs the same however many there are.
    `chosen` are the recipes that policies want, by the path of the item.

    Raises:
        Unplannable: the order cannot be carried out.
        Unavailable: the database cannot be reached.
    """
    snapshot = replace(await load_snapshot(caller, order, catalogue, inventory, at), chosen=chosen or {})
    while True:
        try:
            return await in_slices(decompose_steps(order_id, order, snapshot)), snapshot
        except MoreToSee as more:
            asking = _Asking(caller.tenant, inventory, order_id, _to_delete(order))
            snapshot = await asking.answered(snapshot, more)


def _to_delete(order: Body) -> int:
    return sum(1 for item in items_of(order) if item.action == "delete")


@dataclass(frozen=True, slots=True)
class _Asking:
    """Asks the inventory for services to re-use, on behalf of an order that deletes some."""

    tenant: str
    inventory: Inventory
    order: str
    deletes: int

    async def answered(self, snapshot: Snapshot, more: MoreToSee) -> Snapshot:
        """Return the snapshot with what the inventory says: the oldest in use, else who builds one."""
        shared, services, building = dict(snapshot.shared), dict(snapshot.services), dict(snapshot.building)
        claimed = await self.inventory.claimed(self.tenant, [wish.key for wish in more.wishes], self.order)
        for wish in more.wishes:
            # What the order itself deletes cannot be re-used by it, so that one more has to be seen for each.
            found = await self.inventory.shared_with(self.tenant, wish, 1 + self.deletes)
            shared[wish.specification] = [*shared.get(wish.specification, ()), *found]
            services.update((str(body["id"]), body) for body in found if str(body["id"]) not in services)
            if not found:
                builder = claimed.get(wish.key) or await self.inventory.being_built(self.tenant, wish, self.order)
                if builder is not None:
                    building[wish.key] = builder
        answered = snapshot.answered | {wish.key for wish in more.wishes}
        return replace(snapshot, shared=shared, services=services, answered=answered, building=building)


async def load_services(  # noqa: PLR0913, PLR0917 - what a snapshot is made from
    order: str, caller: Caller, ids: Iterable[str], catalogue: Catalogue, inventory: Inventory, at: str
) -> Snapshot:
    """Return what is needed to delete services that an order has built: them, and who else relies on them.

    Raises:
        Unavailable: the database cannot be reached.
    """
    reading = _Reading(caller.tenant, catalogue, inventory)
    wanted = list(ids)
    await reading.read_services(wanted)
    dependents = await inventory.dependents(caller.tenant, wanted, besides=order)
    return Snapshot(at, reading.specifications, reading.services, {}, dependents)


async def load_relations(caller: Caller, body: Body, catalogue: Catalogue, at: str) -> Snapshot:
    """Return what publishing a specification needs: everything that it is made of and relies on.

    Raises:
        Unavailable: the database cannot be reached.
    """
    reading = _Reading(caller.tenant, catalogue, None)
    raw = [relation for relation in body.get("serviceSpecRelationship") or () if isinstance(relation, Mapping)]
    await reading.read_specifications((Reference.of(relation) for relation in raw), follow=True)
    return Snapshot(at, reading.specifications)


class _Reading:
    """Reads specifications and services, level by level, each once."""

    def __init__(self, tenant: str, catalogue: Catalogue, inventory: Inventory | None) -> None:
        self._tenant = tenant
        self._catalogue = catalogue
        self._inventory = inventory
        self.specifications: dict[str, Specification] = {}
        self.services: dict[str, Body] = {}
        self.parts: set[str] = set()
        self._asked: set[Reference] = set()

    async def read_specifications(self, references: Iterable[Reference], *, follow: bool) -> None:
        """Read specifications, and with `follow` everything that they are made of and rely on."""
        waiting = list(references)
        while waiting:
            reference = waiting.pop()
            if reference in self._asked:
                continue
            self._asked.add(reference)
            found = await self._catalogue.compiled(self._tenant, reference)
            if found is None or found.id in self.specifications:
                continue
            self.specifications[found.id] = found
            if len(self.specifications) > MAX_SPECIFICATIONS:
                raise _too_large(f"{MAX_SPECIFICATIONS} specifications")
            if follow:
                waiting.extend(Reference.of(relation) for relation in (*found.bundled, *found.dependencies))

    async def read_services(self, ids: Iterable[str]) -> set[str]:
        """Read services and their specifications; return the ids of those that exist."""
        wanted = [service_id for service_id in dict.fromkeys(ids) if service_id not in self.services]
        if not wanted or self._inventory is None:
            return set()
        found = await self._inventory.services(self._tenant, wanted)
        self.services.update(found)
        if len(self.services) > MAX_SERVICES:
            raise _too_large(f"{MAX_SERVICES} services")
        references = (body.get("serviceSpecification") for body in found.values())
        known = (Reference.of(reference) for reference in references if isinstance(reference, Mapping))
        await self.read_specifications(known, follow=True)
        return set(found)

    async def gone(self, items: Iterable[OrderItem]) -> frozenset[str]:
        """Return the ids of the services that items shall build anew: read already, and gone without an order."""
        named = (str(item.service["id"]) for item in items if item.action == "add" and item.service.get("id"))
        ended = [key for key in named if self.services.get(key, {}).get("state") == "terminated"]
        return await self._inventory.gone(self._tenant, ended) if ended and self._inventory else frozenset()

    async def read_parts(self, ids: Iterable[str]) -> None:
        """Read what services are made of and rely on, down to the last."""
        level = {service_id for service_id in ids if service_id in self.services}
        while level:
            self.parts |= level
            below = {other for service_id in level for kind in (BUNDLES, RELIES_ON)
                     for other in related_ids(self.services[service_id], kind)}  # fmt: skip
            await self.read_services(below)
            level = {service_id for service_id in below if service_id in self.services} - self.parts

    def reusable(self) -> set[str]:
        """Return the ids of the specifications whose services may be re-used by those that the order is about."""
        found: set[str] = set()
        for specification in self.specifications.values():
            for relation in specification.dependencies:
                rule = specification.fulfilment.relies_on.get(relation.name)
                target = relation.id if rule is None or rule.reuse else None
                if target is not None and target in self.specifications:
                    found.add(target)
                elif target is None and relation.id is None and (rule is None or rule.reuse):
                    found.update(other.id for other in self.specifications.values() if other.name == relation.family)
        return found


def _referred(items: Iterable[OrderItem]) -> Iterator[Reference]:
    for item in items:
        if item.specification is not None:
            yield Reference.of(item.specification)


def _named_services(items: Iterable[OrderItem]) -> Iterator[str]:
    for item in items:
        if item.service.get("id"):
            yield str(item.service["id"])
        yield from related_ids(item.service)
        for supporting in item.service.get("supportingService") or ():
            if isinstance(supporting, Mapping) and supporting.get("id"):
                yield str(supporting["id"])


def _too_large(what: str) -> Unplannable:
    return Unplannable([Violation("/serviceOrderItem", "planTooLarge", f"The order is about more than {what}.")])
