"""The items of an order as a tree and as a graph: which stand inside which, and which wait for which."""

from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from models.domain.graph import Cyclic, in_order
from models.domain.pointers import escaped

WAITS = frozenset({"dependency", "dependson", "isdependenton", "relieson", "requires", "after", "finishtostart"})
"""Relationship types (any case) by which an item waits for the one it names. TMF641 defines `dependency` so."""

WAITED_FOR = frozenset({"isreliedonby", "supports", "isrequiredby", "requiredby", "before", "precedes"})
"""The same, seen from the other end."""

RELIES = frozenset({"relieson", "dependency", "dependson", "isdependenton", "requires"})
"""Of these, the types that also say that the service of the item relies on the service of the one it names."""


@dataclass(slots=True, eq=False)
class OrderItem:
    """One item of an order, nested or not; not to be changed.

    Attributes:
        path: ids from the top, joined by `/`; identifies it in the order.
        indexes: list indexes from the top.
        parent: path of the item it is nested in.
        body: as in the order.
        id: as the order's client chose it.
        action: what shall be done: add, modify, delete or noChange.
        service: as ordered.
        specification: the reference to its specification, or None.
    """

    path: str
    indexes: tuple[int, ...]
    parent: str | None
    body: dict[str, Any]
    id: str = field(init=False)
    action: str = field(init=False)
    service: Mapping[str, Any] = field(init=False)
    specification: Mapping[str, Any] | None = field(init=False)

    def __post_init__(self) -> None:
        """Look once at what is asked for again and again."""
        body = self.body
        self.id = str(body.get("id", ""))
        self.action = str(body.get("action", ""))
        service = body.get("service")
        self.service = service if type(service) is dict else {}
        reference = self.service.get("serviceSpecification")
        named = type(reference) is dict and (reference.get("id") or reference.get("name"))
        self.specification = reference if named else None

    @property
    def operation(self) -> str | None:
        """The name of the operation that it asks for; None where it changes values."""
        given = self.body.get("operation")
        return str(given.get("name") or "") if isinstance(given, Mapping) else None

    @property
    def quantity(self) -> int:
        """How many services."""
        given = self.body.get("quantity")
        return given if type(given) is int else 1

    @property
    def pointer(self) -> str:
        """Where it stands in the order."""
        return "".join([f"/serviceOrderItem/{index}" for index in self.indexes])


def items_of(order: Mapping[str, Any]) -> list[OrderItem]:
    """Return all items, each before those nested in it."""
    return list(_walk(order.get("serviceOrderItem"), "", (), None))


def _walk(items: Any, prefix: str, indexes: tuple[int, ...], parent: str | None) -> Iterator[OrderItem]:
    for index, body in enumerate(items if isinstance(items, list) else ()):
        if isinstance(body, dict):
            path = prefix + escaped(str(body.get("id", "")))
            item = OrderItem(path, (*indexes, index), parent, body)
            yield item
            if "serviceOrderItem" in body:
                yield from _walk(body["serviceOrderItem"], f"{path}/", item.indexes, path)


@dataclass(frozen=True, slots=True)
class Reference:
    """A relationship from one item to another of the same order.

    Attributes:
        type: as given.
        item_id: the id it names.
        pointer: where it stands.
    """

    type: str
    item_id: str
    pointer: str


def references_of(item: OrderItem, order_id: str | None = None) -> Iterator[Reference]:
    """Yield the relationships of an item to items of this order; what names another order is information only."""
    for index, raw in enumerate(item.body.get("serviceOrderItemRelationship") or ()):
        other = raw.get("orderItem") or {}
        # v4's schema demands `id` by mistake although the key is `itemId`.
        item_id = other.get("itemId") or other.get("id")
        order = other.get("serviceOrderId")
        if item_id and (not order or order == order_id):
            at = f"{item.pointer}/serviceOrderItemRelationship/{index}"
            yield Reference(str(raw.get("relationshipType") or "dependency"), str(item_id), at)


def waits_of(items: Sequence[OrderItem], order_id: str | None = None) -> dict[str, tuple[str, ...]]:
    """Return for every item (by path) the paths of the items that it waits for by relationships.

    Between two items that both delete, what relies on the other goes first: `reliesOn` speaks of the services, and
    their order of work turns around; `dependency` speaks of the work itself and stays. That an outer item waits for
    one inside it goes without saying and is left out.
    """
    by_id = {item.id: item for item in items}
    waits: dict[str, dict[str, None]] = {item.path: {} for item in items}
    for item in items:
        for reference in references_of(item, order_id):
            other = by_id.get(reference.item_id)
            kind = reference.type.lower()
            if other is None or kind not in WAITS | WAITED_FOR:
                continue
            forwards = kind in WAITS
            if kind in _OF_SERVICES and item.action == other.action == "delete":
                forwards = not forwards
            waiter, awaited = (item, other) if forwards else (other, item)
            if not _is_inside(awaited, waiter) or _outer_first(waiter, awaited):
                waits[waiter.path][awaited.path] = None
    return {path: tuple(awaited) for path, awaited in waits.items()}


def nesting_waits(items: Sequence[OrderItem]) -> Iterator[tuple[OrderItem, OrderItem]]:
    """Yield (waiter, awaited): an outer item waits for those inside it; where both delete, the outer one goes first."""
    by_path = {item.path: item for item in items}
    for item in items:
        if item.parent is not None:
            outer = by_path[item.parent]
            yield (item, outer) if _outer_first(outer, item) else (outer, item)


def cycle_steps(
    items: Sequence[OrderItem], waits: Mapping[str, Sequence[str]]
) -> Generator[None, None, list[str] | None]:
    """Return, in small steps, the paths of items that wait for each other, the first one again at the end, or None.

    An item has a beginning, its own work and an end, since what it waits for is also waited for by all inside it.
    """
    graph: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for item in items:
        graph[BEGIN, item.path] = [(BEGIN, item.parent)] if item.parent is not None else []
        graph[_WORK, item.path] = [(BEGIN, item.path)]
        graph[END, item.path] = [(_WORK, item.path)]
    yield
    for item in items:
        if item.parent is not None:
            graph[END, item.parent].append((END, item.path))
    for waiter, awaited in nesting_waits(items):
        graph[_WORK, waiter.path].append((_WORK if waiter.parent == awaited.path else END, awaited.path))
    for path, others in waits.items():
        graph[BEGIN, path].extend((END, other) for other in others)
    yield
    try:
        for _ in in_order(graph):
            yield
    except Cyclic as cyclic:
        paths = list(dict.fromkeys(str(member[1]) for member in cyclic.members if isinstance(member, tuple)))
        return [*paths, paths[0]]
    return None


def _outer_first(outer: OrderItem, inner: OrderItem) -> bool:
    return outer.action == inner.action == "delete"


def _is_inside(item: OrderItem, outer: OrderItem) -> bool:
    return item.path.startswith(f"{outer.path}/")


BEGIN, _WORK, END = "begin", "work", "end"
_OF_SERVICES = frozenset({"relieson", "isreliedonby", "supports"})
