"""Decomposition of `modify`: the service itself, and those of its parts whose values follow from what changes."""

from collections.abc import Mapping
from typing import Any

from models.domain.additions import complete, described_parts, expand, nested_for, new_part, parts_by
from models.domain.builds import relationships_in, unrelate, wanted_count
from models.domain.desired import SIDES
from models.domain.draft import Draft, Node, as_seen, numbered
from models.domain.order_items import OrderItem
from models.domain.relations import Relation
from models.domain.reliances import rely_by
from models.domain.removals import name_in, reliances_of, remove_what_goes_with, removed_node
from models.domain.snapshot import BUNDLES, RELIES_ON, Body, characteristics_of
from models.domain.specification import Mapped, Specification
from models.domain.violations import Violation

MODIFIABLE = frozenset({"active", "inactive"})
NOT_IN_DELTA = frozenset({
    "id", "href", "state", "@type", "@baseType", "@schemaLocation", "@referredType", "serviceSpecification",
    "serviceOrderItem", *SIDES,
})  # fmt: skip
_NOTHING_MAPPED = Mapped({})


def refuse_modify(item: OrderItem, body: Body) -> Violation | None:
    """Return why a service cannot be modified in its present state, or None where it can."""
    if body.get("state") in MODIFIABLE:
        return None
    problem = f"The service {body['id']} is {body.get('state')}; only active and inactive ones can be modified."
    return Violation(f"{item.pointer}/service/id", "illegalState", problem)


def modify_item(draft: Draft, item: OrderItem, body: Body) -> None:
    """Plan an item that modifies, unless the item around it has done so already."""
    if item.path not in draft.roots:
        specification = draft.snapshot.specification_of(body) or draft.snapshot.specification(item.specification)
        node = changed_node(draft, item, body, specification, item.service)
        node.path = node.name = specification.name if specification else "service"
        draft.place_root(node)
        check_delta(draft, node)
        change_around(draft, node)


def changed_node(draft: Draft, item: OrderItem, body: Body, specification: Specification | None, delta: Body) -> Node:
    """Make the node of a service that changes; its body is the delta: named values, where null removes one."""
    delta = {key: value for key, value in delta.items() if key not in NOT_IN_DELTA}
    values = {**characteristics_of(body), **characteristics_of(delta)}
    known = {name: value for name, value in values.items() if value is not None}
    return Node(
        id=str(body["id"]),
        item=item,
        action="modify",
        specification=specification,
        reference=specification.reference if specification else body.get("serviceSpecification"),
        state=str(item.service.get("state") or body.get("state")),
        path="",
        name="",
        body=delta,
        base=body,
        relies_on=reliances_of(draft, body),
        seen={**body, **delta, "characteristic": known},
        was=as_seen(body),
        related=relationships_in(body),
        key=(item.path, str(body["id"])),
    )


def check_delta(draft: Draft, node: Node) -> None:
    """Refuse values that a service cannot have."""
    at = f"{node.item.pointer}/service/serviceCharacteristic"
    changed = node.body.get("serviceCharacteristic") or []
    for violation in node.specification.rules.check(changed, pointer=at, partial=True) if node.specification else ():
        if node.root and node.parent is None:
            draft.refuse(violation.pointer, violation.code, violation.message)
        else:
            draft.refuse(at, violation.code, f"For {node.path}: {violation.message}")


def change_around(draft: Draft, node: Node) -> None:
    """Plan what the change of a service means for what it is made of and relies on."""
    additions = [item for item in draft.inner.get(node.item.path, ()) if node.root and item.action == "add"]
    for relation in node.specification.bundled if node.specification else ():
        _change_by(draft, node, relation, additions)
    for item in additions:
        for described in list(described_parts(draft, item, node)):
            complete(draft, node, described)
    for other in draft.snapshot.related(node.base, RELIES_ON):
        draft.look_at_later(other, node.item, name_in(draft, node.base, other, "dependency"))
    _rely_anew(draft, node)
    for parts in node.children.values():
        for part in parts:
            part.awaits.extend((f"reliesOn:{name}", other) for other, name in part.relies_on.items()
                               if part.action == "modify")  # fmt: skip


def _change_by(draft: Draft, node: Node, relation: Relation, additions: list[OrderItem]) -> None:
    specification = draft.snapshot.specification(relation)
    if specification is None or node.specification is None:
        return
    mapped = node.specification.children.get(relation.name, _NOTHING_MAPPED)
    before, after = draft.context_before(node), draft.context(node)
    present = [part for part in draft.snapshot.related(node.base, BUNDLES)
               if name_in(draft, node.base, part, "bundles") == relation.name]  # fmt: skip
    more = wanted_count(draft, mapped, after, node.item) - wanted_count(draft, mapped, before, node.item)
    leaving = [str(part["id"]) for part in present if str(part["id"]) not in draft.named][more:] if more < 0 else []
    for index, part in enumerate(present, 1):
        if str(part["id"]) in leaving:
            _remove_part(draft, node, part, numbered(relation.name, index))
        else:
            changes = _changes(draft, node, part, mapped, ({**before, "index": index}, {**after, "index": index}))
            _change_part(draft, node, part, (relation.name, index), changes)
    if nested_for(draft, node, relation, additions):
        new_parts = list(parts_by(draft, node, relation, additions))
    else:
        new_parts = [new_part(draft, node, relation, specification, {**after, "index": len(present) + number})
                     for number in range(1, more + 1)]  # fmt: skip
    for part_to_build in new_parts:
        complete(draft, node, part_to_build)


def _changes(
    draft: Draft, node: Node, part: Body, mapped: Mapped, contexts: tuple[Mapping[str, Any], Mapping[str, Any]]
) -> dict[str, Any]:
    """Return the values handed down that come out differently than before, and that the part does not have yet."""
    present = characteristics_of(part)
    changes: dict[str, Any] = {}
    for name, template in mapped.characteristic.items():
        old, new = (draft.evaluate(template, context, node.item, f"characteristic {name}") for context in contexts)
        if new != old and present.get(name) != new:
            changes[name] = new
    return changes


def _change_part(draft: Draft, node: Node, part: Body, role: tuple[str, int], changes: Mapping[str, Any]) -> None:
    name = numbered(*role)
    item = draft.named.get(str(part["id"]))
    if item is not None and (item.action != "modify" or item.parent != node.item.path or refuse_modify(item, part)):
        return
    if item is None and (not changes or part.get("state") not in MODIFIABLE):
        looked_at = draft.look_at(part, node.item, name, node)
        if looked_at is not None:
            node.add_child(looked_at)
        return
    ordered = list(item.service.get("serviceCharacteristic") or ()) if item is not None else []
    named = {characteristic.get("name") for characteristic in ordered}
    ordered.extend({"name": key, "value": value} for key, value in changes.items() if key not in named)
    given = item.service if item is not None else {}
    changed = changed_node(draft, item or node.item, part, draft.snapshot.specification_of(part),
                            {**given, "serviceCharacteristic": ordered})  # fmt: skip
    changed.name, changed.role, changed.path = name, role[0], f"{node.path}/{name}"
    changed.parent, changed.level = node, node.level + 1
    if item is None:
        changed.state = str(part.get("state"))
        draft.place(changed)
    else:
        draft.place_root(changed)
    check_delta(draft, changed)
    node.add_child(changed)
    node.awaits.append((f"child:{changed.role}", changed.id))
    change_around(draft, changed)


def _remove_part(draft: Draft, node: Node, part: Body, name: str) -> None:
    """Plan the end of a part that is no longer wanted, after the service has been changed to do without it."""
    gone = removed_node(draft, node.item, part, name, node)
    gone.awaits.append(("after", node.id))
    unrelate(node, gone.id)
    draft.place(gone)
    remove_what_goes_with(draft, gone, part, frozenset({gone.id}))


def _rely_anew(draft: Draft, node: Node) -> None:
    """Find or make what the service relies on only since the change."""
    specification = node.specification
    for relation in specification.dependencies if specification else ():
        mapped = specification.reliances.get(relation.name) if specification else None
        if mapped is not None and mapped.condition is not None:
            before = draft.evaluate(mapped.condition, draft.context_before(node), node.item, "a condition")
            if before is not True:
                for made in rely_by(draft, node, relation, draft.context(node)):
                    expand(draft, made)
