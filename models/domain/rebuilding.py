"""An `add` that names a service which is gone: it is built again, and stays the service that it was. Pure.

A service is gone where somebody says that it is not there any more, and nobody has ordered that. Those who rely on it
and what it is part of know it by its id, which it keeps; what was allocated for it is still its own and not allocated
again. What it is made of stays as it is: a part that is gone as well has a repair of its own.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from models.domain.draft import AS_PLANNED_ONLY, Draft, numbered
from models.domain.modifications import changed_node, check_delta
from models.domain.order_items import OrderItem
from models.domain.removals import name_in
from models.domain.snapshot import BUNDLES, RELIES_ON, Body, Snapshot
from models.domain.violations import Violation


def refuse_rebuild(item: OrderItem, body: Body, snapshot: Snapshot) -> Iterator[Violation]:
    """Yield why a service that is gone cannot be built anew as an item asks for it."""
    specification = snapshot.specification_of(body)
    named = snapshot.specification(item.specification)
    if item.quantity != 1:
        text = "The item names one service to be built anew, so that its quantity is 1."
        yield Violation(f"{item.pointer}/quantity", "illegalQuantity", text)
    if item.service.get("state") in AS_PLANNED_ONLY:
        text = "What is built anew becomes active or inactive."
        yield Violation(f"{item.pointer}/service/state", "illegalTargetState", text)
    if specification is None:
        text = f"The catalogue does not have the specification of the service {body['id']} any more."
        yield Violation(f"{item.pointer}/service/serviceSpecification", "unknownSpecification", text)
    elif named is not None and named is not specification:
        text = f"The service {body['id']} is of {specification.name} ({specification.id}); it is built anew as that."
        yield Violation(f"{item.pointer}/service/serviceSpecification", "specificationChanged", text)
    else:
        given = specification.rules.with_defaults(item.service.get("serviceCharacteristic") or [])
        at = f"{item.pointer}/service/serviceCharacteristic"
        yield from specification.rules.check(given, pointer=at, partial=False)


def rebuild_item(draft: Draft, item: OrderItem, body: Body) -> None:
    """Plan an item that builds a service anew: by the tasks that build one, on the service as it is known."""
    specification = draft.snapshot.specification_of(body)
    delta = {**item.service, "supportingService": _what_is_left(body)}
    node = changed_node(draft, item, body, specification, delta)
    node.action, node.anew = "add", True
    node.state = str(item.service.get("state") or "active")
    node.path = node.name = specification.name if specification else "service"
    draft.place_root(node)
    check_delta(draft, node)
    counted: dict[str, int] = {}
    for part in draft.snapshot.related(body, BUNDLES):
        role = name_in(draft, body, part, "bundles")
        counted[role] = counted.get(role, 0) + 1
        looked_at = draft.look_at(part, item, numbered(role, counted[role]), node)
        if looked_at is not None:
            node.add_child(looked_at)
    for other in draft.snapshot.related(body, RELIES_ON):
        draft.look_at_later(other, item, name_in(draft, body, other, "dependency"))


def _what_is_left(body: Body) -> list[Mapping[str, Any]]:
    """The services below it that are ours: those of fulfillers are what has gone."""
    listed = body.get("supportingService") or ()
    return [one for one in listed if isinstance(one, Mapping) and "fulfiller" not in one]
