"""A plan in the making: the services as they are found, before tasks are laid out between them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from models.domain.errors import InvalidRequest
from models.domain.expressions import ExpressionError, Template
from models.domain.fulfilment import TaskRule, first_rules
from models.domain.order_items import OrderItem, nesting_waits, waits_of
from models.domain.plan import Awaited, PlannedService
from models.domain.snapshot import Snapshot, Wish, characteristics_of
from models.domain.specification import Specification
from models.domain.violations import Violation

MAX_SERVICES = 20_000
"""Services of one plan: with five tasks each they fill some 12 MB of the 16 MB that MongoDB keeps in a document."""

AS_PLANNED_ONLY = frozenset({"feasibilityChecked", "designed", "reserved"})
"""Target states at which a plan stops before any fulfiller is called."""

MAX_DEPTH = 32
"""Levels of specifications made of others; the deepest real catalogues have seven."""


class Unplannable(InvalidRequest):
    """The order cannot be carried out as it stands."""

    code = "unplannable"


@dataclass(slots=True, eq=False)
class Node:
    """A service in the making.

    Attributes:
        reference: how the service refers to its specification.
        name: under which expressions find it; of several of a kind the second is `name[2]`.
        role: under which `needs` find all of a kind.
        path: specification path; see PlannedService.
        awaits: (label, service id) of the services whose tasks come before its own.
        relies_on: what it relies on: service id and the name by which it does.
        children: services it is made of, by the id of their specification.
        shared: made for whoever needs it, so that no order of items holds it up.
        listed: belongs to the item; otherwise it is only there to be looked at by expressions.
        key: what its tasks' identities are derived from: item path and specification path.
        root: the item itself is about it.
        level: how many services it is below: part of, or made for.
        seen: the service as expressions see it when the plan is made: body and values by name.
        was: the same before the order changes it; empty for a new one.
        base: the body in the inventory that the new one, a delta, changes.
        related: (relationship type, service id) of the relationships in its body.
        wish: for one that is made because there was none to share, what was asked for.
        anew: it is gone, and built again under its id.
    """

    id: str
    item: OrderItem
    action: str
    specification: Specification | None
    reference: Mapping[str, Any] | None
    state: str
    path: str
    name: str
    body: dict[str, Any] = field(default_factory=dict)
    parent: "Node | None" = None
    awaits: list[tuple[str, str]] = field(default_factory=list)
    relies_on: dict[str, str] = field(default_factory=dict)
    children: dict[str, list["Node"]] = field(default_factory=dict)
    shared: bool = False
    listed: bool = True
    key: tuple[str, str] = ("", "")
    level: int = 0
    role: str = ""
    root: bool = False
    seen: Mapping[str, Any] = field(default_factory=dict)
    was: Mapping[str, Any] = field(default_factory=dict)
    base: Mapping[str, Any] = field(default_factory=dict)
    related: set[tuple[str, str]] = field(default_factory=set)
    wish: str = ""
    anew: bool = False

    def planned(self) -> PlannedService:
        """Return it as the plan has it."""
        return PlannedService(
            id=self.id,
            item=self.item.path,
            action="modify" if self.anew else self.action,
            specification=self.reference,
            body=self.body,
            state=self.state,
            path=self.path,
            parent=self.parent.id if self.parent else None,
            relies_on=tuple(self.relies_on),
            name=self.name,
            share=self.wish if self.state not in AS_PLANNED_ONLY else "",
            anew=self.anew,
        )

    def add_child(self, child: "Node") -> None:
        """Note a part of it."""
        family = child.specification.id if child.specification else ""
        self.children.setdefault(family, []).append(child)


class Draft:
    """All services of a plan in the making, and what was found to be wrong.

    Attributes:
        waits: what each item waits for by its relationships, by path.
        nesting: (waiter, awaited) of items that stand inside each other.
        inner: the items nested in an item, by its path.
        named: the item that names an existing service, by the service's id; it alone decides what becomes of it.
        wishes: services to re-use that the inventory has to be asked for, by key.
        awaited: what another order is building, by the key of the wish.
    """

    def __init__(self, order_id: str, order: Mapping[str, Any], snapshot: Snapshot, items: Sequence[OrderItem]) -> None:
        self.order_id = order_id
        self.order = order
        self.snapshot = snapshot
        self.items = items
        self.by_id = {item.id: item for item in items}
        self.nodes: dict[str, Node] = {}
        self.roots: dict[str, list[Node]] = {}
        self.made: dict[str, Node] = {}
        self.violations: list[Violation] = []
        self.wishes: dict[str, Wish] = {}
        self.awaited: dict[str, Awaited] = {}
        self.waits = waits_of(items, order_id)
        self.nesting = tuple(nesting_waits(items))
        self._to_look_at: dict[str, tuple[Mapping[str, Any], OrderItem, str]] = {}
        self.inner: dict[str, list[OrderItem]] = {}
        self.named: dict[str, OrderItem] = {}
        for item in items:
            if item.parent is not None:
                self.inner.setdefault(item.parent, []).append(item)
            if item.service.get("id") and (item.action != "add" or snapshot.builds_anew(item)):
                self.named[str(item.service["id"])] = item

    def place(self, node: Node) -> Node:
        """Take a service in.

        Raises:
            Unplannable: the plan grows beyond what can be stored.
        """
        if len(self.nodes) >= MAX_SERVICES or node.level > MAX_DEPTH:
            limit = f"{MAX_SERVICES} services or {MAX_DEPTH} levels"
            raise Unplannable([Violation(node.item.pointer, "planTooLarge", f"The order grows beyond {limit}.")])
        node.role = node.role or node.name
        node.key = node.key if node.key != ("", "") else (node.item.path, node.path)
        self.nodes[node.id] = node
        return node

    def place_root(self, node: Node) -> Node:
        """Take in a service that the item itself is about."""
        node.root = True
        self.roots.setdefault(node.item.path, []).append(node)
        return self.place(node)

    def look_at(self, body: Mapping[str, Any], item: OrderItem, name: str, parent: Node) -> Node | None:
        """Take in an existing part that stays as it is, so that expressions can look at it.

        None where the plan has it already, or an item of its own decides what becomes of it.
        """
        if str(body["id"]) in self.nodes or str(body["id"]) in self.named:
            return None
        return self.place(_unchanged(self.snapshot, body, item, name, parent))

    def look_at_later(self, body: Mapping[str, Any], item: OrderItem, name: str) -> None:
        """Note a service relied on; it is taken in at the end, unless something else becomes of it by then."""
        self._to_look_at.setdefault(str(body["id"]), (body, item, name))

    def look_at_the_rest(self) -> None:
        """Take in what was noted for later."""
        for service_id, (body, item, name) in self._to_look_at.items():
            if service_id not in self.nodes and service_id not in self.named:
                self.place(_unchanged(self.snapshot, body, item, name, None))

    def refuse(self, at: str, code: str, message: str) -> None:
        """Note what cannot be planned."""
        self.violations.append(Violation(at, code, message))

    def evaluate(self, template: Template, context: Mapping[str, Any], item: OrderItem, what: str) -> Any:
        """Return a template's value; None, and a note of what is wrong, where it cannot be evaluated."""
        try:
            return template.evaluate(context)
        except ExpressionError as error:
            self.refuse(f"{item.pointer}/service", error.code, f"The value of {what} cannot be worked out: {error}")
            return None

    def context(self, node: Node) -> dict[str, Any]:
        """Return what expressions of a service's specification see when the plan is made."""
        parent = node.parent.seen if node.parent else None
        return {"order": self.order, "item": node.item.body, "service": node.seen, "parent": parent, "index": 1}

    def context_before(self, node: Node) -> dict[str, Any]:
        """Return the same as it was before the order changes the service."""
        parent = node.parent.was if node.parent else None
        return {**self.context(node), "service": node.was, "parent": parent}


def _unchanged(snapshot: Snapshot, body: Mapping[str, Any], item: OrderItem, name: str, parent: Node | None) -> Node:
    return Node(
        id=str(body["id"]),
        item=item,
        action="noChange",
        specification=snapshot.specification_of(body),
        reference=body.get("serviceSpecification"),
        state=str(body.get("state", "")),
        path=f"{parent.path}/{name}" if parent else name,
        name=name,
        parent=parent,
        listed=False,
        level=parent.level + 1 if parent else 0,
    )


def reservations(node: Node) -> Mapping[str, TaskRule]:
    """The tasks of a new service that shall only be reserved: what is allocated before any fulfiller is called."""
    if node.state != "reserved" or node.specification is None:
        return {}
    rules = node.specification.tasks("add")
    return {name: rules[name] for name in rules if name in first_rules(rules)}


def as_seen(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return a service as expressions see it: its body, and its values by name."""
    return {**body, "characteristic": characteristics_of(body)}


def numbered(name: str, number: int) -> str:
    """Return the name of the first, second, third of a kind."""
    return name if number == 1 else f"{name}[{number}]"
