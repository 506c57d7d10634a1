"""What Camunda 8 (Zeebe) writes into BPMN files: job types, FEEL mappings, forms, called processes and decisions."""

import json
from collections.abc import Mapping
from typing import Any
from xml.etree.ElementTree import Element

from models.recipes.elements import ZEEBE, is_true, local, text_of, zeebe
from models.recipes.reader import Reader


def zeebe_work(reader: Reader, element: Element, forms: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Return the attributes of `Work` that an element's extensions give; `forms` has schemas of forms by id."""
    found: dict[str, Any] = {}
    task = zeebe(element, "taskDefinition")
    if task is not None:
        found["type"] = _static(task.get("type"))
    _mapping(reader, element, found)
    called = zeebe(element, "calledElement")
    if called is not None:
        found["process"] = _static(called.get("processId"))
        found["passes"] = is_true(called, "propagateAllParentVariables", default=True)
        found["returns"] = is_true(called, "propagateAllChildVariables", default=True)
        if found["process"] is None:
            reader.problem(element, "unknownCall", "incomplete", "It calls a process by an expression.")
    decision = zeebe(element, "calledDecision")
    if decision is not None:
        found |= {"decision": _static(decision.get("decisionId")), "result": decision.get("resultVariable")}
    script = zeebe(element, "script")
    if script is not None:
        found["script"] = reader.expression(element, script.get("expression"), "The script")
        found["result"] = script.get("resultVariable")
    found |= _person(element, forms)
    return {name: value for name, value in found.items() if value is not None}


def _person(element: Element, forms: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    assignment = zeebe(element, "assignmentDefinition")
    if assignment is not None:
        found["assignee"] = assignment.get("assignee")
        groups = assignment.get("candidateGroups") or ""
        if not groups.startswith("="):
            found["groups"] = tuple(group.strip() for group in groups.split(",") if group.strip())
    form = zeebe(element, "formDefinition")
    if form is not None:
        key = form.get("formId") or form.get("externalReference") or form.get("formKey") or ""
        found["form"] = key or None
        found["output_schema"] = forms.get(key.rpartition(":")[2])
    return found


def zeebe_forms(process: Element) -> dict[str, Mapping[str, Any]]:
    """Return JSON Schemas of what the forms that are embedded in a process ask for, by the forms' ids."""
    found: dict[str, Mapping[str, Any]] = {}
    for holder in process.iter(ZEEBE + "userTaskForm"):
        try:
            form = json.loads(text_of(holder))
        except ValueError:
            continue
        components = form.get("components", []) if isinstance(form, dict) else []
        fields = {
            one["key"]: {"type": _TYPES.get(str(one.get("type")), "string")}
            for one in components
            if isinstance(one, dict) and isinstance(one.get("key"), str)
        }
        found[holder.get("id", "")] = {"type": "object", "properties": fields, "additionalProperties": True}
    return found


_TYPES = {"checkbox": "boolean", "number": "number", "checklist": "array", "taglist": "array"}


def zeebe_loop(reader: Reader, element: Element, characteristics: Element) -> dict[str, Any]:
    """Return the attributes of `Loop` that the loop's characteristics give."""
    loop = zeebe(characteristics, "loopCharacteristics")
    if loop is None:
        return {}
    found = {
        "collection": reader.expression(element, loop.get("inputCollection"), "The collection"),
        "element": loop.get("inputElement"),
        "collected": loop.get("outputCollection"),
        "result": reader.expression(element, loop.get("outputElement"), "The result of a round"),
    }
    return {name: value for name, value in found.items() if value}


def zeebe_correlation(reader: Reader, element: Element, message: Element) -> str | None:
    """What a message has to carry to be meant."""
    subscription = zeebe(message, "subscription")
    if subscription is None:
        return None
    key = subscription.get("correlationKey") or ""
    if key.startswith("="):
        digits = key[1:].strip()
        # `=01` is written by the modeler's own examples: FEEL has no such number, a text is meant.
        return json.dumps(digits) if digits.isdecimal() else reader.expression(element, key, "The correlation")
    return json.dumps(key) if key else None


def _mapping(reader: Reader, element: Element, found: dict[str, Any]) -> None:
    mapping = zeebe(element, "ioMapping")
    if mapping is None:
        return
    for part, name in (("inputs", "input"), ("outputs", "output")):
        made = []
        for entry in mapping:
            if local(entry) != name or not entry.get("target"):
                continue
            target = entry.get("target", "")
            source = reader.template(element, entry.get("source") or "", f"The {name} {target}")
            if source is not None:
                made.append((target, source))
        if made:
            found[part] = tuple(made)


def _static(value: str | None) -> str | None:
    """A value that is written there; None for an expression."""
    value = (value or "").strip()
    return None if not value or value.startswith("=") else value
