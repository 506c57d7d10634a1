"""Our own extension elements, in the namespace `urn:som:recipe:1`; docs/reference/recipes.md describes them."""

from typing import Any, get_args
from xml.etree.ElementTree import Element

from models.domain.durations import InvalidDuration, duration_seconds
from models.domain.expressions import ExpressionError, compile_template
from models.domain.outcomes import why_unstorable
from models.domain.recipes.model import Undoing
from models.recipes.elements import SOM, extensions, own, read_json, text_of
from models.recipes.reader import Reader

_TASK = {"specification", "action", "fulfiller", "type", "form", "queue", "assignee", "deadline", "retry", "groups"}
_TASK |= {"compensation"}


def own_work(reader: Reader, element: Element) -> dict[str, Any]:
    """Return the attributes of `Work` that our extensions of an element give."""
    found: dict[str, Any] = {}
    task = own(element, "task")
    if task is not None:
        found |= {name: value.strip() for name, value in task.attrib.items() if name in _TASK and value.strip()}
        _times(reader, element, found)
        _undoing(reader, element, found)
        if "groups" in found:
            found["groups"] = tuple(group.strip() for group in found["groups"].split(",") if group.strip())
    decision = own(element, "decision")
    if decision is not None:
        found |= {"decision": decision.get("ref") or None, "result": decision.get("result") or None}
    call = own(element, "call")
    if call is not None:
        found |= {"process": call.get("recipe") or None, "versions": call.get("versions") or None}
        found |= {"passes": call.get("passes") == "all", "returns": call.get("returns") == "all"}
    script = own(element, "script")
    if script is not None:
        found["script"] = reader.expression(element, script.get("expression"), "The script")
        found["result"] = script.get("result") or None
    for part, name in (("inputs", "input"), ("outputs", "output")):
        mapping = _mapping(reader, element, name)
        if mapping:
            found[part] = mapping
    for part, name in (("input_schema", "inputSchema"), ("output_schema", "outputSchema")):
        schema = reader.schema(element, text_of(own(element, name)), name)
        if schema is not None:
            found[part] = schema
    return {name: value for name, value in found.items() if value is not None}


def own_milestone(element: Element) -> str | None:
    """The milestone that is reached at an element."""
    milestone = own(element, "milestone")
    return (milestone.get("name") or None) if milestone is not None else None


def own_loop(reader: Reader, element: Element, characteristics: Element) -> dict[str, Any]:
    """Return the attributes of `Loop` that our extension of the loop's characteristics gives."""
    loop = own(characteristics, "loop")
    if loop is None:
        return {}
    found = {
        "collection": reader.expression(element, loop.get("collection"), "The collection"),
        "element": loop.get("element"),
        "collected": loop.get("collected"),
        "result": reader.expression(element, loop.get("result"), "The result of a round"),
    }
    return {name: value for name, value in found.items() if value}


def own_correlation(reader: Reader, element: Element, holder: Element) -> str | None:
    """What a message has to carry to be meant, at the message or at the event."""
    found = own(holder, "correlation")
    return reader.expression(element, found.get("key"), "The correlation") if found is not None else None


def _mapping(reader: Reader, element: Element, name: str) -> tuple[tuple[str, Any], ...] | None:
    entries = [one for one in extensions(element) if one.tag == SOM + name]
    made = []
    for entry in entries:
        target, source = (entry.get("name") or "").strip(), entry.get("value")
        if not target:
            reader.problem(element, "expression", "incomplete", f"An {name} has no name.")
            continue
        if (why := why_unstorable(dict.fromkeys(target.split(".")))) is not None:
            reader.problem(element, "expression", "incomplete", f"The {name} {target!r} cannot be kept: {why}.")
            continue
        value: Any = source if source is not None else _json(reader, element, text_of(entry), target)
        try:
            compile_template(value)
        except ExpressionError as error:
            reader.problem(element, "expression", "incomplete", f"The {name} {target}: {error}")
            continue
        made.append((target, value))
    return tuple(made) if entries else None


def _json(reader: Reader, element: Element, text: str, target: str) -> Any:
    """Read a value that is written between the tags: JSON, whose texts may be expressions."""
    try:
        value = read_json(text) if text else ""
    except ValueError as error:
        reader.problem(element, "expression", "incomplete", f"The value of {target} is no JSON: {error}.")
        return None
    if (why := why_unstorable(value)) is not None:
        reader.problem(element, "expression", "incomplete", f"The value of {target} cannot be kept: {why}.")
        return None
    return value


def _undoing(reader: Reader, element: Element, found: dict[str, Any]) -> None:
    """Leave out a way of undoing that there is not."""
    if found.get("compensation", "none") not in get_args(Undoing):
        known = ", ".join(get_args(Undoing))
        reason = f"{found.pop('compensation')!r} is no way to undo it; there are: {known}."
        reader.problem(element, "expression", "incomplete", reason)


def _times(reader: Reader, element: Element, found: dict[str, Any]) -> None:
    """Make seconds of durations."""
    try:
        if "deadline" in found:
            found["deadline"] = duration_seconds(found["deadline"])
        if "retry" in found:
            found["retry"] = tuple(duration_seconds(part.strip()) for part in found["retry"].split(","))
    except InvalidDuration as error:
        reader.problem(element, "expression", "incomplete", str(error))
        found.pop("deadline", None) if isinstance(found.get("deadline"), str) else None
        found.pop("retry", None) if isinstance(found.get("retry"), str) else None
