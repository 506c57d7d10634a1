"""Whose a person's task is: what BPMN's resource roles, Camunda and jBPM say of it."""

import re
from typing import Any
from xml.etree.ElementTree import Element

from models.recipes.elements import child, children, is_computed, named, text_of
from models.recipes.reader import Reader

_OF_ACTIVITI = re.compile(r"(user|group)\(([^()]*)\)")


def person(reader: Reader, element: Element, assignee: str | None, groups: str | None) -> dict[str, Any]:
    """Return `assignee` and `groups` of a task. What would have to be computed is left out, and told."""
    for what, text in (("assignee", assignee), ("candidate groups", groups)):
        if text and is_computed(text.strip()):
            reason = f"Its {what} {text.strip()[:80]!r} would have to be computed, and is left out: name a queue."
            reader.problem(element, "ignored", "remark", reason)
    found: dict[str, Any] = {}
    if assignee and assignee.strip() and not is_computed(assignee.strip()):
        found["assignee"] = assignee.strip()
    if groups and not is_computed(groups.strip()):
        found["groups"] = tuple(group.strip() for group in groups.split(",") if group.strip())
    return {name: value for name, value in found.items() if value}


def resource_roles(reader: Reader, element: Element) -> dict[str, Any]:
    """Return what the resource roles of an activity say: performers are people, potential owners groups of them."""
    performers = [text for name in ("performer", "humanPerformer") for text in _named(reader, element, name)]
    owners = _named(reader, element, "potentialOwner")
    users, groups = [], []
    for text in owners:
        parts = _OF_ACTIVITI.findall(text)
        users += [name.strip() for kind, name in parts if kind == "user"]
        groups += [name.strip() for kind, name in parts if kind == "group"] if parts else [text]
    if users:
        reason = f"Only groups can be candidates: {', '.join(users)} are left out."
        reader.problem(element, "ignored", "remark", reason)
    return person(reader, element, performers[0] if performers else None, ",".join(groups))


def _named(reader: Reader, element: Element, role: str) -> list[str]:
    found = []
    for one in children(element, role):
        resource = reader.referred(text_of(child(one, "resourceRef")))
        text = text_of(child(one, "resourceAssignmentExpression"))
        found.append(text or (named(resource) if resource is not None else named(one)))
    return [text for text in found if text]
