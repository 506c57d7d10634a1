"""What goes into an activity and comes out of it, drawn as data: associations, assignments, what a loop goes over."""

import re
from collections import Counter
from typing import Any
from xml.etree.ElementTree import Element

from models.recipes.elements import child, children, local, named, text_of
from models.recipes.reader import Reader

_SIMPLE = re.compile(r"[^\W\d]\w*")
_ITEMS = ("inputDataItem", "outputDataItem")


def data_name(reader: Reader, reference: str) -> str | None:
    """Return the variable that a data object is: its name, else that of the object it refers to."""
    element = reader.referred(reference)
    if element is None or not (local(element).startswith(("data", "property")) or local(element) in _ITEMS):
        return None
    behind = reader.referred(element.get("dataObjectRef") or element.get("dataStoreRef"))
    found = named(element) or (named(behind) if behind is not None else "")
    return " ".join(found.split()) or None


def drawn(reader: Reader, element: Element) -> dict[str, Any]:
    """Return the attributes of `Work` that an activity's data associations give.

    Objects that keep their names are values by these names (a schema); what is renamed or assigned is a mapping.
    """
    several = child(element, "multiInstanceLoopCharacteristics")
    looped = (
        {text_of(child(several, f"loopData{end}Ref")) for end in ("Input", "Output")} if several is not None else set()
    )
    found: dict[str, Any] = {}
    for part, schema, name, near in (
        ("inputs", "input_schema", "dataInputAssociation", "targetRef"),
        ("outputs", "output_schema", "dataOutputAssociation", "sourceRef"),
    ):
        associations = [one for one in children(element, name) if text_of(child(one, near)) not in looped]
        mapped = _apart(
            [entry for one in associations for entry in _entries(reader, element, one, into=part == "inputs")]
        )
        if any(source is None or source != _name(target) for target, source in mapped):
            found[part] = tuple((target, source) for target, source in mapped if source is not None)
        elif mapped:
            properties: dict[str, Any] = {target: {} for target, _ in mapped}
            found[schema] = {"type": "object", "properties": properties, "additionalProperties": True}
    return found


def _apart(mapped: list[tuple[str, Any]]) -> list[tuple[str, Any]]:
    """Let values that are drawn into one place keep their own names: none may take the place of another."""
    places = Counter(target for target, _ in mapped)
    return [
        (source[1:].strip("`"), source)
        if places[target] > 1 and isinstance(source, str) and source.startswith("=")
        else (target, source)
        for target, source in mapped
    ]


def _entries(reader: Reader, element: Element, association: Element, *, into: bool) -> list[tuple[str, Any]]:
    """Return the mapping entries of one association; a source is None where it cannot be read."""
    target = data_name(reader, text_of(child(association, "targetRef")))
    sources = [name for one in children(association, "sourceRef") if (name := data_name(reader, text_of(one)))]
    assigned = []
    for one in children(association, "assignment"):
        to = data_name(reader, text_of(child(one, "to"))) or target
        if to:
            assigned.append((to, _assigned(reader, element, child(one, "from"), to)))
    if assigned:
        return assigned
    if not into:
        sources, target = ([target] if target else []), (sources[0] if sources else None)
    # From here on `sources` are the objects that are drawn, and `target` what the activity itself calls them.
    if len(sources) != 1 or target is None or target in sources:
        return [(name, _name(name)) for name in sources]
    return [(target, _name(sources[0]))] if into else [(sources[0], _name(target))]


def _assigned(reader: Reader, element: Element, holder: Element | None, target: str) -> Any:
    text = text_of(holder)
    if (name := data_name(reader, text)) is not None:
        return _name(name)
    if text.startswith(("=", "${", "#{")) or (holder is not None and holder.get("language")):
        feel = reader.condition(element, holder, f"What is assigned to {target}")
        return None if feel is None else f"={feel}"
    return text


def _name(name: str) -> str:
    return f"={name}" if _SIMPLE.fullmatch(name) or "`" in name else f"=`{name}`"


def drawn_loop(reader: Reader, element: Element, several: Element) -> dict[str, Any]:
    """Return what the loop goes over, drawn as data: an object, or what is associated with an input of the activity."""
    collection = _outside(reader, element, text_of(child(several, "loopDataInputRef")), "dataInputAssociation")
    collected = _outside(reader, element, text_of(child(several, "loopDataOutputRef")), "dataOutputAssociation")
    items = {name: child(several, name) for name in _ITEMS}
    found = {
        "collection": f"`{collection}`" if collection and "`" not in collection else None,
        "collected": collected,
        "element": named(items["inputDataItem"]) if items["inputDataItem"] is not None else None,
        "result": f"`{named(items['outputDataItem'])}`" if items["outputDataItem"] is not None else None,
    }
    return {name: value for name, value in found.items() if value and value != "``"}


def _outside(reader: Reader, element: Element, reference: str, name: str) -> str | None:
    """The variable behind what a loop refers to, which may be an input or output of the activity itself."""
    near, far = ("targetRef", "sourceRef") if name == "dataInputAssociation" else ("sourceRef", "targetRef")
    for association in children(element, name):
        if reference and text_of(child(association, near)) == reference:
            outside = data_name(reader, text_of(child(association, far)))
            if outside:
                return outside
    if reader.referred(reference) is None and _SIMPLE.fullmatch(reference):
        return reference  # Camunda 7 and Activiti write the name of a variable
    return data_name(reader, reference)
