"""What SpiffWorkflow and jBPM write into BPMN files, as far as it names work: the rest is told by `leftovers`."""

from typing import Any
from xml.etree.ElementTree import Element

from models.recipes.elements import JBPM, SPIFF, extensions, text_of


def other_work(element: Element) -> dict[str, Any]:
    """Return the attributes of `Work` that an element says in the words of these engines."""
    found: dict[str, Any] = {}
    for space in JBPM:
        if name := element.get(f"{space}taskName"):
            found["type"] = name
    for one in extensions(element):
        if one.tag == f"{SPIFF}calledDecisionId" and text_of(one):
            found["decision"] = text_of(one)
        if one.tag == f"{SPIFF}serviceTaskOperator" and one.get("id"):
            found |= {"type": one.get("id"), "result": one.get("resultVariable") or None}
    return {name: value for name, value in found.items() if value is not None}
