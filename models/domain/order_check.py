"""The surface check of a submitted order: what can be said at once, before it is accepted. Pure.

What needs more than the order, the catalogue and the services it names (such as values that flow down) is found when
the order is decomposed, and rejects it then.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from models.domain.draft import Draft
from models.domain.modifications import refuse_modify
from models.domain.order_items import OrderItem, cycle_steps, items_of, references_of, waits_of
from models.domain.rebuilding import refuse_rebuild
from models.domain.removals import doomed_services, refuse_delete, refuse_used, users_of
from models.domain.slices import at_once
from models.domain.snapshot import Body, Snapshot
from models.domain.specification import Specification
from models.domain.transients import inputs_of
from models.domain.violations import Violation

TARGETS: Mapping[str, tuple[str, ...]] = {
    "add": ("designed", "reserved", "inactive", "active"),
    "modify": ("inactive", "active"),
    "delete": ("terminated",),
}
"""Target states that an item may name, by action; noChange may repeat the present one."""

MAX_QUANTITY = 10_000


def check_order(order: Mapping[str, Any], snapshot: Snapshot, *, catalog_check: bool = True) -> list[Violation]:
    """Return everything that is wrong with a submitted order.

    Args:
        order: the body, which fits the schema.
        snapshot: of catalogue and inventory, for this order.
        catalog_check: whether each `add` must name a specification that exists and can be ordered.
    """
    return check_items(items_of(order), snapshot, catalog_check=catalog_check)


def check_items(items: Sequence[OrderItem], snapshot: Snapshot, *, catalog_check: bool = True) -> list[Violation]:
    """Do the same for the items of an order."""
    related = [item for item in items if item.body.get("serviceOrderItemRelationship")]
    found = [*_identities(items), *_references(items, related)]
    # Items that neither wait nor stand inside each other, as in most orders, need no search.
    if not found and (related or any(item.parent is not None for item in items)):
        cycle = at_once(cycle_steps(items, waits_of(items)))
        if cycle is not None:
            text = f"Items wait for each other, so that none could begin: {' → '.join(cycle)}."
            found.append(Violation("/serviceOrderItem", "cycle", text))
    check = _ItemCheck(snapshot, catalog_check, items)
    for item in items:
        found.extend(check.violations(item))
    if snapshot.dependents and not found:
        found.extend(_used(items, snapshot))
    return found


def _used(items: Sequence[OrderItem], snapshot: Snapshot) -> Iterator[Violation]:
    """Yield which services cannot be deleted, because others rely on them that the order does not take out of use."""
    draft = Draft("", {}, snapshot, items)
    doomed = doomed_services(draft)
    for item in items:
        if item.action == "delete":
            service = str(item.service["id"])
            refused = refuse_used(item, service, users_of(draft, service, doomed))
            if refused is not None:
                yield refused


def _identities(items: Sequence[OrderItem]) -> Iterator[Violation]:
    seen: dict[str, OrderItem] = {}
    for item in items:
        first = seen.setdefault(item.id, item)
        if not item.id:
            yield Violation(f"{item.pointer}/id", "missingId", "Each item needs an id.")
        elif first is not item:
            text = (
                f"The id {item.id!r} is taken by {first.pointer} already; ids are unique over all levels of an order."
            )
            yield Violation(f"{item.pointer}/id", "duplicateItemId", text)


def _references(items: Sequence[OrderItem], related: Sequence[OrderItem]) -> Iterator[Violation]:
    known = {item.id for item in items} if related else set()
    for item in related:
        for reference in references_of(item):
            if reference.item_id not in known:
                text = f"The order has no item {reference.item_id!r}."
                yield Violation(f"{reference.pointer}/orderItem/itemId", "unknownItem", text)
            elif reference.item_id == item.id:
                text = f"Item {item.id!r} cannot be related to itself."
                yield Violation(f"{reference.pointer}/orderItem/itemId", "cycle", text)


class _ItemCheck:
    """Checks one item after the other."""

    def __init__(self, snapshot: Snapshot, catalog_check: bool, items: Sequence[OrderItem]) -> None:
        self._snapshot = snapshot
        self._catalog_check = catalog_check
        self._outer = {item.parent for item in items}
        self._named: dict[str, OrderItem] = {}
        self._not_orderable: dict[str, str | None] = {}

    def violations(self, item: OrderItem) -> Iterator[Violation]:
        """Yield what is wrong with an item, but not with those nested in it."""
        if item.quantity != 1:
            yield from self._quantity(item)
        state = item.service.get("state")
        if state is not None and item.action in TARGETS and state not in TARGETS[item.action]:
            allowed = ", ".join(TARGETS[item.action])
            text = f"With {item.action} the target state can be {allowed}; {state!r} was given."
            yield Violation(f"{item.pointer}/service/state", "illegalTargetState", text)
        if item.operation is not None and item.action != "modify":
            text = f"An operation is asked for with modify, not with {item.action}."
            yield Violation(f"{item.pointer}/operation", "illegalOperation", text)
        if self._snapshot.builds_anew(item):
            yield from self._rebuilding(item)
        elif item.action == "add":
            yield from self._addition(item)
        else:
            yield from self._existing(item)

    def _quantity(self, item: OrderItem) -> Iterator[Violation]:
        at = f"{item.pointer}/quantity"
        if not 1 <= item.quantity <= MAX_QUANTITY:
            yield Violation(at, "illegalQuantity", f"A quantity is 1 to {MAX_QUANTITY}; {item.quantity} was given.")
        elif item.action != "add":
            yield Violation(at, "illegalQuantity", f"With {item.action} the quantity is 1, since it names one service.")
        elif item.path in self._outer:
            text = "An item with items inside it has the quantity 1, since they describe the parts of one service."
            yield Violation(at, "illegalQuantity", text)

    def _addition(self, item: OrderItem) -> Iterator[Violation]:
        service_id = item.service.get("id")
        if service_id and str(service_id) in self._snapshot.services:
            text = f"The service {service_id} exists already; a new one gets its id from the inventory."
            yield Violation(f"{item.pointer}/service/id", "serviceExists", text)
        specification = self._snapshot.specification(item.specification)
        if specification is None:
            if self._catalog_check:
                yield _missing_specification(item, f"{item.pointer}/service/serviceSpecification")
            return
        reason = self._reason_against(specification) if self._catalog_check else None
        if reason is not None:
            text = f"{specification.name} ({specification.id}) cannot be ordered: {reason}."
            yield Violation(f"{item.pointer}/service/serviceSpecification", "notOrderable", text)
        given = item.service.get("serviceCharacteristic") or []
        # Values of a nested item may still be handed down from the outer one.
        nested = item.parent is not None
        if not specification.rules.plainly_fit(given, partial=nested):
            complete = given if nested else specification.rules.with_defaults(given)
            yield from specification.rules.check(complete, pointer=_values_of(item), partial=nested)

    def _rebuilding(self, item: OrderItem) -> Iterator[Violation]:
        service_id = str(item.service["id"])
        first = self._named.setdefault(service_id, item)
        if first is not item:
            text = f"{first.pointer} is about the service {service_id} already."
            yield Violation(f"{item.pointer}/service/id", "duplicateService", text)
        yield from refuse_rebuild(item, self._snapshot.services[service_id], self._snapshot)

    def _reason_against(self, specification: Specification) -> str | None:
        """Return why a specification cannot be ordered; asked once, since many items may name it."""
        if specification.id not in self._not_orderable:
            self._not_orderable[specification.id] = specification.not_orderable(self._snapshot.at)
        return self._not_orderable[specification.id]

    def _existing(self, item: OrderItem) -> Iterator[Violation]:
        at = f"{item.pointer}/service/id"
        service_id = item.service.get("id")
        if not service_id:
            yield Violation(at, "missingService", f"An item with {item.action} names the service that it is about.")
            return
        body = self._snapshot.services.get(str(service_id))
        if body is None:
            yield Violation(at, "unknownService", f"The inventory has no service {service_id!r}.")
            return
        first = self._named.setdefault(str(service_id), item)
        if first is not item:
            yield Violation(at, "duplicateService", f"{first.pointer} is about the service {service_id} already.")
        refused = {"modify": refuse_modify, "delete": refuse_delete}.get(item.action, _refuse_gone)(item, body)
        if refused is not None:
            yield refused
        if item.action == "modify":
            yield from self._delta(item, body)

    def _delta(self, item: OrderItem, body: Body) -> Iterator[Violation]:
        present = self._snapshot.specification_of(body)
        named = self._snapshot.specification(item.specification)
        at = f"{item.pointer}/service/serviceSpecification"
        if item.specification is not None and named is None and self._catalog_check:
            yield _missing_specification(item, at)
        elif present is not None and named is not None and named is not present:
            text = f"The service {body['id']} is of {present.name} ({present.id}); a modify cannot change that."
            yield Violation(at, "specificationChanged", text)
        specification = present or named
        if item.operation is not None:
            yield from _operation(item, specification)
        if specification is not None:
            given = item.service.get("serviceCharacteristic") or []
            yield from specification.rules.check(given, pointer=_values_of(item), partial=True)


def _operation(item: OrderItem, specification: Specification | None) -> Iterator[Violation]:
    """Yield what is wrong with the operation that an item asks for; it changes nothing of the service besides."""
    at = f"{item.pointer}/operation"
    known = specification.operations if specification is not None else {}
    rules = known.get(item.operation or "")
    if rules is None:
        text = f"There is no operation {item.operation!r}; there are {', '.join(known) or 'none'}."
        yield Violation(f"{at}/name", "unknownOperation", text)
        return
    beyond = sorted(item.service.keys() - {"id", "href", "@type", "@referredType", "serviceSpecification", "name"})
    if beyond:
        text = "An item that asks for an operation changes nothing of its service; give that an item of its own."
        yield Violation(f"{item.pointer}/service/{beyond[0]}", "operationAlone", text)
    yield from rules.check(inputs_of(item.body), pointer=f"{at}/input", partial=False)


def _values_of(item: OrderItem) -> str:
    return f"{item.pointer}/service/serviceCharacteristic"


def _missing_specification(item: OrderItem, at: str) -> Violation:
    reference = item.specification
    if reference is None:
        text = "An item with add names the specification of the service that shall be built, by its id."
        return Violation(at, "missingSpecification", text)
    named = reference.get("id") or " ".join(str(reference[key]) for key in ("name", "version") if reference.get(key))
    return Violation(at, "unknownSpecification", f"The catalogue has no service specification {named!r}.")


def _refuse_gone(item: OrderItem, body: Body) -> Violation | None:
    if body.get("state") != "terminated":
        return None
    text = f"The service {body['id']} is terminated."
    return Violation(f"{item.pointer}/service/id", "illegalState", text)
