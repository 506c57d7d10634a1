"""What differs between two versions of a recipe: elements, mappings, flows, and what stands beside the drawing."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from models.domain.recipes.model import Event, Node, Recipe
from models.domain.releases.difference import Difference, things

Document = dict[str, Any]

_PARTS = (("decision table", "decisionTable"), ("form", "form"), ("test case", "testCase"))
_PLAIN = ("description", "binding")
_NOT_OF_THE_NODE = frozenset({"id", "incoming", "outgoing", "work", "default", "events"})
_MAPPINGS = (("input", "inputs"), ("output", "outputs"))


def difference(
    before: Mapping[str, Any] | None, after: Mapping[str, Any], old: Recipe | None, new: Recipe | None
) -> list[Document]:
    """Compare two versions.

    Args:
        before: body of the older one; None where everything is new.
        after: body of the newer one.
        old: drawing of the older one as read; None where it cannot be read, so that only the texts can be compared.
        new: drawing of the newer one, likewise.

    Returns:
        For each thing that differs {kind, what, name, element, attribute, before, after}: `element` is the id of an
        element of the drawing, which a reader can look up in it.
    """
    found = [*_drawing(old, new)] if new is not None and (old is not None or before is None) else []
    if new is None or (old is None and before is not None):
        found += _texts(before or {}, after)
    for what, attribute in _PARTS:
        found += [one.to_document() for one in things(what, _named(before, attribute), _named(after, attribute))]
    plain = ({name: body[name] for name in _PLAIN if name in body} for body in (before or {}, after))
    found += [one.to_document() for one in things("attribute", *plain)]
    return found


def _texts(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Document]:
    """Say that a drawing differs that cannot be read as one."""
    same = before.get("bpmn") == after.get("bpmn")
    return [] if same else [{"kind": "changed", "what": "drawing", "name": "bpmn"}]


def _drawing(old: Recipe | None, new: Recipe) -> Iterator[Document]:
    nodes = [_nodes(recipe) for recipe in (old, new)]
    titles = {key: node.title for known in nodes for key, node in known.items()}
    elements = ({key: _of_node(node, titles) for key, node in known.items()} for known in nodes)
    for one in things("element", *elements):
        yield _told(one, one.name, titles.get(one.name, one.name))
    for what, part in _MAPPINGS:
        for one in things(what, *(_mappings(known.values(), part) for known in nodes)):
            key, _, target = one.name.partition("\n")
            yield _told(one, key, f"{titles[key]}: {target}")
    drawn = _flows(new, titles)
    flows = [_with_ids_of(drawn, _flows(old, titles)), drawn]
    for one in things("flow", *flows):
        ends = next(known[one.name] for known in reversed(flows) if one.name in known)
        yield _told(one, one.name, ends["name"] or f"{ends['from']} → {ends['to']}")


def _told(one: Difference, element: str, name: str) -> Document:
    return {**one.to_document(), "element": element, "name": name}


def _nodes(recipe: Recipe | None) -> dict[str, Node]:
    if recipe is None:
        return {}
    return {key: node for process in recipe.processes.values() for key, node in process.nodes.items()}


def _of_node(node: Node, titles: Mapping[str, str]) -> Document:
    """What an element is, as far as people have said it."""
    made: Document = _plain(node, _NOT_OF_THE_NODE)
    made |= _plain(node.work, {part for _, part in _MAPPINGS})
    for number, event in enumerate(node.events, 1):
        of_several = f" {number}" if len(node.events) > 1 else ""
        made |= {f"event{of_several} {name}": value for name, value in _of_event(event).items()}
    if node.attached:
        made["attached"] = titles.get(node.attached, node.attached)
    return made


def _of_event(event: Event) -> Document:
    """What an event is, each thing that people have said of it by itself."""
    made: Document = _plain(event, ("timer",))
    if event.timer is not None:
        made[event.timer.kind] = event.timer.value
    return made


def _mappings(nodes: Iterable[Node], part: str) -> Document:
    """The mappings of all elements, by element and target."""
    return {f"{node.id}\n{target}": value for node in nodes for target, value in getattr(node.work, part) or ()}


def _flows(recipe: Recipe | None, titles: Mapping[str, str]) -> Document:
    if recipe is None:
        return {}
    made = {}
    for process in recipe.processes.values():
        defaults = {node.default for node in process.nodes.values() if node.default}
        for key, flow in process.flows.items():
            ends = {"from": titles.get(flow.source, flow.source), "to": titles.get(flow.target, flow.target)}
            condition = flow.condition or flow.unread
            made[key] = {"name": flow.name, **ends, "condition": condition, "default": key in defaults}
    return made


def _with_ids_of(new: Document, old: Document) -> Document:
    """The older flows, under the ids of newer ones that are the same: a drawing that is made anew has other ids."""
    free: dict[tuple[Any, ...], list[str]] = {}
    for key in reversed(new):
        if key not in old:
            free.setdefault(tuple(new[key].values()), []).append(key)
    made = {}
    for key, flow in old.items():
        same = free.get(tuple(flow.values())) if key not in new else None
        made[same.pop() if same else key] = flow
    return made


def _plain(value: Any, without: Iterable[str] = ()) -> Any:
    """A value of the model as JSON, without what was left open."""
    if is_dataclass(value):
        left_out = set(without)
        parts = {one.name: getattr(value, one.name) for one in fields(value) if one.name not in left_out}
        return {name: _plain(part) for name, part in parts.items() if part not in (None, (), "", False, {})}
    if isinstance(value, Mapping):
        return {str(name): _plain(part) for name, part in value.items()}
    return [_plain(one) for one in value] if isinstance(value, tuple | list) else value


def _named(body: Mapping[str, Any] | None, attribute: str) -> Document:
    entries = (body or {}).get(attribute) or ()
    return {str(one.get("name")): {name: part for name, part in one.items() if name != "name"} for one in entries}
