"""What Camunda 7 (and Activiti, Flowable) write into BPMN files. Of code it names, only the name is kept."""

import re
from typing import Any
from xml.etree.ElementTree import Element

from models.domain.durations import InvalidDuration, duration_seconds
from models.recipes import foreign
from models.recipes.elements import camunda, camunda_attribute, is_true, local, text_of
from models.recipes.people import person
from models.recipes.reader import Reader

_RETRIES = re.compile(r"R(\d{1,3})/(P[^/]+)")
_LISTENERS = ("executionListener", "taskListener")
_TYPES = {"boolean": "boolean", "long": "integer", "double": "number"}


def camunda_work(reader: Reader, element: Element) -> dict[str, Any]:
    """Return the attributes of `Work` that an element's attributes and extensions give."""
    found: dict[str, Any] = _kind_of_work(reader, element)
    found |= _person(reader, element)
    for holder in (*camunda(element, "inputOutput"), *_connector(reader, element, found)):
        found |= _mappings(reader, element, holder)
    found |= _variables(reader, element)
    decision = camunda_attribute(element, "decisionRef")
    if decision and not decision.startswith(("$", "#")):
        found["decision"] = decision
    result = camunda_attribute(element, "resultVariable") or camunda_attribute(element, "resultVariableName")
    if result:
        found["result"] = result
    for text in map(text_of, camunda(element, "failedJobRetryTimeCycle")):
        found |= _retry(text)
    for listener in _LISTENERS:
        if camunda(element, listener):
            reader.problem(element, "ignored", "remark", f"Its {listener} is code, and is left out.")
    return {name: value for name, value in found.items() if value is not None}


def _kind_of_work(reader: Reader, element: Element) -> dict[str, Any]:
    topic = camunda_attribute(element, "topic")
    if topic:
        return {"type": topic}
    for attribute, what in (
        ("class", "Java class"),
        ("delegateExpression", "delegate"),
        ("expression", "expression that calls code"),
    ):
        code = camunda_attribute(element, attribute)
        if code:
            reason = f"The {what} {code[:80]!r} is not run: name a capability or a fulfiller that does the same."
            reader.problem(element, "code", "incomplete", reason)
            return {"type": code}
    kind = camunda_attribute(element, "type")
    if kind == "dmn":
        return {"decision": _dmn(element)}
    return {"type": kind} if kind and kind != "external" else {}


def _dmn(element: Element) -> str | None:
    """The decision that a task of Flowable's type `dmn` asks."""
    for field in camunda(element, "field"):
        if field.get("name") == "decisionTableReferenceKey":
            return field.get("stringValue") or text_of(field) or None
    return None


def _connector(reader: Reader, element: Element, found: dict[str, Any]) -> list[Element]:
    holders = []
    for connector in camunda(element, "connector"):
        for part in connector:
            if local(part) == "connectorId":
                found["type"] = text_of(part)
                reason = f"The connector {text_of(part)!r} is not run: name a capability or a fulfiller."
                reader.problem(element, "code", "incomplete", reason)
            elif local(part) == "inputOutput":
                holders.append(part)
    return holders


def _person(reader: Reader, element: Element) -> dict[str, Any]:
    assignee, groups = (camunda_attribute(element, name) for name in ("assignee", "candidateGroups"))
    found = person(reader, element, assignee, groups)
    form = camunda_attribute(element, "formKey") or camunda_attribute(element, "formRef")
    if form:
        found["form"] = form
    holders = [one for data in camunda(element, "formData") for one in data if local(one) == "formField"]
    fields = {one.get("id", ""): _field(one) for one in (*holders, *camunda(element, "formProperty")) if one.get("id")}
    if fields:
        found["output_schema"] = {"type": "object", "properties": fields, "additionalProperties": True}
        required = [one.get("id", "") for one in camunda(element, "formProperty") if is_true(one, "required")]
        required += [one.get("id", "") for one in holders if one.get("id") and _is_required(one)]
        found["output_schema"] |= {"required": required} if required else {}
    return found


def _is_required(field: Element) -> bool:
    """Whether a field of a form says by a constraint that it has to be filled in."""
    return any(local(one) == "constraint" and one.get("name") == "required" for one in field.iter())


def _field(field: Element) -> dict[str, Any]:
    """A field of a form, as JSON Schema: its type, what people read, what can be chosen."""
    made: dict[str, Any] = {"type": _TYPES.get(field.get("type", ""), "string")}
    label = field.get("label") or field.get("name")
    if label:
        made["title"] = label
    if field.get("type") == "enum":
        choices = [value.get("id") for value in field if local(value) == "value" and value.get("id")]
        made |= {"enum": choices} if choices else {}
    return made


def _mappings(reader: Reader, element: Element, holder: Element) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for part, name in (("inputs", "inputParameter"), ("outputs", "outputParameter")):
        made = []
        for entry in holder:
            if local(entry) == name and entry.get("name"):
                try:
                    made.append((entry.get("name", ""), _value(entry)))
                except _LeftOutError as reason:
                    text = f"{name} {entry.get('name')} is left out: {reason}"
                    reader.problem(element, "code", "incomplete", text)
        if made:
            found[part] = tuple(made)
    return found


class _LeftOutError(Exception):
    pass


def _value(holder: Element) -> Any:
    """Return the template of a parameter: a text, a list or a map."""
    for part in holder:
        match local(part):
            case "script":
                raise _LeftOutError("scripts are not run.")
            case "list":
                return [_value(item) if len(item) else _text(text_of(item)) for item in part]
            case "map":
                return {entry.get("key", ""): _value(entry) for entry in part}
            case _:
                continue
    return _text(text_of(holder))


def _text(text: str) -> str:
    template, reason = foreign.value(text)
    if reason:
        raise _LeftOutError(reason)
    return template


def _variables(reader: Reader, element: Element) -> dict[str, Any]:
    """Return what a call activity passes and takes: nothing that is not named, unlike Camunda 8."""
    if local(element) != "callActivity":
        return {}
    given, taken = camunda(element, "in"), camunda(element, "out")
    if not given and not taken:
        return {}
    found: dict[str, Any] = {
        "passes": any(one.get("variables") == "all" for one in given),
        "returns": any(one.get("variables") == "all" for one in taken),
    }
    for part, entries in (("inputs", given), ("outputs", taken)):
        made = []
        for entry in entries:
            target, source = entry.get("target"), entry.get("source") or entry.get("sourceExpression")
            if target and source:
                feel = reader.expression(element, source, f"The variable {target}")
                made += [(target, f"={feel}")] if feel else []
        if made:
            found[part] = tuple(made)
    return found


def camunda_loop(reader: Reader, element: Element, characteristics: Element) -> dict[str, Any]:
    """Return the attributes of `Loop` that the loop's characteristics give."""
    collection = camunda_attribute(characteristics, "collection")
    found = {
        "collection": reader.expression(element, collection, "The collection"),
        "element": camunda_attribute(characteristics, "elementVariable"),
    }
    return {name: value for name, value in found.items() if value}


def _retry(text: str) -> dict[str, Any]:
    """`R3/PT10M` means three tries, ten minutes between: two delays."""
    match = _RETRIES.fullmatch(text)
    try:
        return {"retry": (duration_seconds(match[2]),) * max(int(match[1]) - 1, 0)} if match else {}
    except InvalidDuration:
        return {}
