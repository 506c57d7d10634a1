"""BPMN elements that are made: names, extensions, and the file around them."""

import json
import re
from collections.abc import Mapping
from typing import Any
from xml.etree import ElementTree as ET

from models.recipes.elements import BPMN, SOM
from models.recipes.written.words import Ids, slug

XSI = "{http://www.w3.org/2001/XMLSchema-instance}"
SPACES = {
    "bpmn": BPMN[1:-1],
    "som": SOM[1:-1],
    "xsi": XSI[1:-1],
}
for _prefix, _space in SPACES.items():
    ET.register_namespace(_prefix, _space)


def element(parent: ET.Element, name: str, /, **attributes: str | None) -> ET.Element:
    """Make a BPMN element."""
    return ET.SubElement(parent, BPMN + name, {key: value for key, value in attributes.items() if value is not None})


def own(holder: ET.Element, name: str, attributes: Mapping[str, str | None], text: str | None = None) -> None:
    """Add an extension element of ours, where it says anything."""
    given = {key: value for key, value in attributes.items() if value is not None}
    if not given and text is None:
        return
    extensions = holder.find(f"{BPMN}extensionElements")
    if extensions is None:
        extensions = ET.Element(f"{BPMN}extensionElements")
        holder.insert(len(holder.findall(f"{BPMN}documentation")), extensions)
    ET.SubElement(extensions, SOM + name, given).text = text


def formal(parent: ET.Element, name: str, text: str) -> None:
    """Add an expression."""
    made = ET.SubElement(parent, BPMN + name, {f"{XSI}type": "bpmn:tFormalExpression"})
    made.text = text


def as_json(value: Any) -> str:
    """JSON as it stands in extension elements."""
    return json.dumps(value, ensure_ascii=False)


class Definitions:
    """What events refer to, each defined once at the root."""

    def __init__(self, root: ET.Element, ids: Ids) -> None:
        self._root, self._ids, self._known = root, ids, {}  # type: ignore[var-annotated]

    def reference(self, kind: str, value: str) -> str:
        """Return the id of a message, signal, error or escalation."""
        if (kind, value) not in self._known:
            identity = self._ids.new(f"{kind}_{slug(value)}")
            attributes = {"id": identity, "name": value}
            if kind in ("error", "escalation"):
                attributes[f"{kind}Code"] = value
            self._root.insert(len(self._known), ET.Element(BPMN + kind, attributes))
            self._known[kind, value] = identity
        return self._known[kind, value]  # type: ignore[no-any-return]


def text_of(root: ET.Element) -> str:
    """Return the file."""
    ET.indent(root)
    text = ET.tostring(root, encoding="unicode")
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + re.sub(r"\r", "&#13;", text) + "\n"
