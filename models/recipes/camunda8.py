"""What Camunda 8 (Zeebe) writes into BPMN files: job types, FEEL mappings, forms, called processes and decisions."""

import json
import re
from collections.abc import Mapping
from typing import Any
from xml.etree.ElementTree import Element

from models.recipes.elements import ZEEBE, is_true, local, read_json, text_of, zeebe
from models.recipes.people import person
from models.recipes.reader import Reader


def zeebe_work(reader: Reader, element: Element, forms: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Return the attributes of `Work` that an element's extensions give; `forms` has schemas of forms by id."""
    found: dict[str, Any] = {}
    task = zeebe(element, "taskDefinition")
    if task is not None:
        found["type"] = reader.fixed(element, task.get("type"), "Its job type")
        if (task.get("retries") or "").strip() == "1":
            found["retry"] = ()
    _mapping(reader, element, found)
    called = zeebe(element, "calledElement")
    if called is not None:
        found["process"] = reader.fixed(element, called.get("processId"), "The process that it calls")
        found["passes"] = is_true(called, "propagateAllParentVariables", default=True)
        found["returns"] = is_true(called, "propagateAllChildVariables", default=True)
    decision = zeebe(element, "calledDecision")
    if decision is not None:
        found["decision"] = reader.fixed(element, decision.get("decisionId"), "The decision that it asks")
        found["result"] = decision.get("resultVariable")
    script = zeebe(element, "script")
    if script is not None:
        found["script"] = reader.expression(element, script.get("expression"), "The script")
        found["result"] = script.get("resultVariable")
    found |= _person(reader, element, forms)
    return {name: value for name, value in found.items() if value is not None}


def _person(reader: Reader, element: Element, forms: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    assignment = zeebe(element, "assignmentDefinition")
    if assignment is not None:
        found |= person(reader, element, assignment.get("assignee"), assignment.get("candidateGroups"))
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
            form = read_json(text_of(holder))
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


_SECRET = re.compile(r"\{\{\s*secrets\.(\w+)\s*\}\}", re.ASCII)
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


def _with_secrets(source: str) -> str:
    """Write a secret as ours: connectors of Camunda 8 find it in a text as `{{secrets.NAME}}`."""
    parts = _SECRET.split(source)
    if len(parts) == 1 or source.startswith("="):
        return source
    pieces = [f"secrets.{part}" if at % 2 else json.dumps(part) for at, part in enumerate(parts) if part]
    return "=" + " + ".join(pieces)


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
            source = reader.template(element, _with_secrets(entry.get("source") or ""), f"The {name} {target}")
            if source is not None:
                made.append((target, source))
        if made:
            found[part] = tuple(made)
