"""What a new service relies on: found in the order, in the bundle around it or in the inventory, or made."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from models.domain.builds import Part, Wanted, fill, mapped_values, new_node, relate
from models.domain.draft import AS_PLANNED_ONLY, Draft, Node, numbered
from models.domain.fulfilment import RelianceRule
from models.domain.ids import derived_id
from models.domain.order_items import RELIES, OrderItem, references_of
from models.domain.plan import Awaited
from models.domain.relations import Relation
from models.domain.snapshot import RELIES_ON, Body, Wish, characteristics_of, related_ids
from models.domain.specification import Mapped, Specification

_NO_RULE = RelianceRule()
_NOTHING_MAPPED = Mapped({})
_RELIES_ON = frozenset({"relieson"})


def rely(draft: Draft, node: Node) -> list[Node]:
    """Find what a service relies on, one relationship after the other; return what had to be made."""
    made: list[Node] = []
    if node.specification is not None:
        context = draft.context(node)
        for relation in node.specification.dependencies:
            made.extend(rely_by(draft, node, relation, context))
    if node.root:
        for item in _related_items(draft, node.item, _RELIES_ON):
            for root, family in roots_of(draft, item):
                note_reliance(draft, node, family or root, root)
    return made


def rely_by(draft: Draft, node: Node, relation: Relation, context: Mapping[str, Any]) -> list[Node]:
    """Find what a service relies on by one relationship of its specification; return what had to be made.

    In this order: what the order names, a sibling, what the same order makes for another, what stands in the
    inventory, a new one.
    """
    specification = node.specification
    target = draft.snapshot.specification(relation)
    if target is None or specification is None:
        refuse_unknown(draft, node, relation)
        return []
    mapped = specification.reliances.get(relation.name, _NOTHING_MAPPED)
    if mapped.condition is not None and draft.evaluate(mapped.condition, context, node.item, "a condition") is not True:
        return []
    found = _named_by_order(draft, node, target) or _siblings(node, target)
    if not found:
        rule = specification.fulfilment.relies_on.get(relation.name, _NO_RULE)
        return _Search(draft, node, relation.name, target, rule, mapped, context).found_or_made()
    for other in found:
        note_reliance(draft, node, relation.name, other)
    return []


@dataclass(frozen=True, slots=True)
class _Search:
    """The search for a service to rely on that neither the order nor the bundle around names."""

    draft: Draft
    node: Node
    name: str
    target: Specification
    rule: RelianceRule
    mapped: Mapped
    context: Mapping[str, Any]

    def found_or_made(self) -> list[Node]:
        """Note what is found, or make it; return what was made."""
        draft, node = self.draft, self.node
        match = {key: draft.evaluate(template, self.context, node.item, f"characteristic {key}")
                 for key, template in (self.mapped.match or {}).items()}  # fmt: skip
        path = self.target.id + "".join(f"[{key}={json.dumps(match[key], sort_keys=True)}]" for key in sorted(match))
        if self.rule.reuse:
            already, existing = draft.made.get(path), _existing(draft, self.target, match)
            if already is not None:
                if node.state not in AS_PLANNED_ONLY:
                    _build_fully(already)
                note_reliance(draft, node, self.name, already.id)
                return []
            if existing is not None:
                note_reliance(draft, node, self.name, str(existing["id"]))
                return []
            if self.target.id in draft.snapshot.beyond and path not in draft.snapshot.answered:
                draft.wishes[path] = Wish(self.target.id, match, path)
            elif (builder := draft.snapshot.building.get(path)) is not None:
                if node.state not in AS_PLANNED_ONLY:
                    draft.awaited[path] = Awaited(path, builder.service, builder.order)
                note_reliance(draft, node, self.name, builder.service)
                return []
        if self.rule.create:
            return [self._made(path if self.rule.reuse else f"{node.path}/{self.name}")]
        wanted = "".join(f", {key} {value!r}" for key, value in match.items())
        problem = f"{node.path} relies on an active {self.target.name}{wanted}, and the inventory has none."
        draft.refuse(f"{node.item.pointer}/service", "noSharedService", problem)
        return []

    def _made(self, path: str) -> Node:
        draft, node, shared = self.draft, self.node, self.rule.reuse
        wanted = Wanted(
            item=node.item,
            specification=self.target,
            reference=self.target.reference,
            path=path,
            name=self.name,
            # A service that others share is in use, whatever state the one is ordered in that needs it first.
            state=node.state if node.state in AS_PLANNED_ONLY or not shared else "active",
            level=node.level + 1,
            shared=shared or node.shared,
        )
        made = draft.place(new_node(draft, wanted))
        if shared:
            made.wish = path
            draft.made[path] = made
        fill(draft, Part(made, values=mapped_values(draft, self.mapped, self.context, node.item)))
        note_reliance(draft, node, self.name, made.id)
        return made


def _build_fully(node: Node) -> None:
    """Let a shared service that was only designed be built, since somebody needs it in use."""
    if node.state in AS_PLANNED_ONLY:
        node.state = "active"
        node.body["state"] = "designed"
        for parts in node.children.values():
            for part in parts:
                _build_fully(part)


def _named_by_order(draft: Draft, node: Node, target: Specification) -> list[str]:
    """Return services of the wanted family that the ordered service, or a related item, names."""
    if not node.root:
        return []
    named = [*related_ids(node.body, RELIES_ON), *_ids(node.body.get("supportingService"))]
    found = [other for other in named if _is_of(draft, draft.snapshot.services.get(other), target)]
    for item in _related_items(draft, node.item, RELIES):
        found.extend(root for root, family in roots_of(draft, item) if family == target.name)
    return list(dict.fromkeys(found))


def _related_items(draft: Draft, item: OrderItem, kinds: frozenset[str]) -> Iterator[OrderItem]:
    for reference in references_of(item, draft.order_id):
        other = draft.by_id.get(reference.item_id)
        if other is not None and other is not item and reference.type.lower() in kinds and other.action != "delete":
            yield other


def roots_of(draft: Draft, item: OrderItem) -> Iterator[tuple[str, str | None]]:
    """Yield id and family of the services that an item is about, before or after it is planned."""
    if item.action == "add":
        family = item_name(draft, item)
        for number in range(1, item.quantity + 1):
            yield derived_id(draft.order_id, item.path, numbered(family, number)), family
    elif item.service.get("id"):
        body = draft.snapshot.services.get(str(item.service["id"]))
        specification = draft.snapshot.specification_of(body) if body else None
        yield str(item.service["id"]), specification.name if specification else None


def item_name(draft: Draft, item: OrderItem) -> str:
    """Return under which name an item's service is found: its family's."""
    specification = draft.snapshot.specification(item.specification)
    reference = item.specification or {}
    return specification.name if specification else str(reference.get("name") or reference.get("id") or "service")


def _siblings(node: Node, target: Specification) -> list[str]:
    """Return the parts of the nearest bundle around a service that are of the wanted specification."""
    inside, around = node, node.parent
    while around is not None:
        found = [part.id for part in around.children.get(target.id, ())
                 if part is not inside and part.action != "delete"]  # fmt: skip
        if found:
            return found
        inside, around = around, around.parent
    return []


def _existing(draft: Draft, target: Specification, match: Mapping[str, Any]) -> Body | None:
    for body in draft.snapshot.shared.get(target.id, ()):
        leaving = draft.named.get(str(body["id"]))
        if body.get("state") == "active" and not (leaving and leaving.action == "delete"):
            values = characteristics_of(body)
            if all(key in values and values[key] == value for key, value in match.items()):
                return body
    return None


def note_reliance(draft: Draft, node: Node, name: str, other: str) -> None:
    """Note that a service relies on another, and waits for it where it is being built."""
    if other == node.id or other in node.relies_on:
        return
    node.relies_on[other] = name
    relate(node, RELIES_ON, other, name)
    body = draft.snapshot.services.get(other)
    if body is None:
        node.awaits.append((f"reliesOn:{name}", other))
    else:
        draft.look_at_later(body, node.item, name)


def _is_of(draft: Draft, body: Body | None, target: Specification) -> bool:
    specification = draft.snapshot.specification_of(body) if body else None
    return specification is not None and specification.name == target.name


def _ids(references: Any) -> Iterator[str]:
    for reference in references or ():
        if isinstance(reference, Mapping) and reference.get("id"):
            yield str(reference["id"])


def refuse_unknown(draft: Draft, node: Node, relation: Relation) -> None:
    """Note that the catalogue does not have a specification that another needs."""
    family = node.specification.name if node.specification else node.name
    problem = f"{family} is related to {relation.name} ({relation.id}), which the catalogue does not have."
    draft.refuse(f"{node.item.pointer}/service/serviceSpecification", "unknownSpecification", problem)
