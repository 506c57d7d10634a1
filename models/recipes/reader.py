"""What reading one file needs everywhere: what its root defines, and the problems found so far."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from xml.etree.ElementTree import Element

from models.domain.expressions import ExpressionError, compile_expression
from models.domain.recipes.problems import Problem, Severity
from models.recipes import foreign
from models.recipes.elements import is_computed, local, named, read_json
from models.schemas import fault


@dataclass
class Reader:
    """One file, being read.

    Attributes:
        by_id: every element that has an id.
        flows_to, flows_from: message flows by the ids of their ends.
        spaced: names of data in the file that have blanks in them.
        problems: what could not be read so far, in the order of the file.
    """

    root: Element
    by_id: Mapping[str, Element]
    flows_to: Mapping[str, Element]
    flows_from: Mapping[str, Element]
    spaced: frozenset[str]
    problems: list[Problem] = field(default_factory=list)

    @classmethod
    def of(cls, root: Element) -> "Reader":
        """Look over a whole file."""
        by_id: dict[str, Element] = {}
        data_names: set[str] = set()
        flows = []
        for element in root.iter():
            if element.get("id"):
                by_id.setdefault(element.get("id", ""), element)
            name = local(element)
            if name in _DATA and " " in named(element) and len(data_names) < _MAX_SPACED:
                data_names.add(named(element))
            if name == "messageFlow":
                flows.append(element)
        to = {flow.get("targetRef", ""): flow for flow in flows}
        return cls(root, by_id, to, {flow.get("sourceRef", ""): flow for flow in flows}, frozenset(data_names))

    def problem(self, element: Element, kind: str, severity: Severity, reason: str) -> None:
        """Note a problem."""
        self.problems.append(
            Problem(element.get("id", ""), " ".join(named(element).split()), local(element), kind, severity, reason)
        )

    def referred(self, reference: str | None) -> Element | None:
        """The element that a reference means, with or without a prefix."""
        if not reference:
            return None
        return self.by_id.get(reference) or self.by_id.get(reference.rpartition(":")[2])

    def condition(self, element: Element, holder: Element | None, what: str) -> str | None:
        """Read an expression that decides; what cannot be read is a problem of the element."""
        text = "".join(holder.itertext()).strip() if holder is not None else ""
        if not text or holder is None:
            return None
        if is_script(holder):
            self.problem(element, "code", "incomplete", f"{what} is a script; scripts are not run.")
            return None
        language = holder.get("language") or self.root.get("expressionLanguage") or ""
        return self.expression(element, text, what, language)

    def expression(self, element: Element, text: str | None, what: str, language: str = "") -> str | None:
        """Read the text of an expression."""
        if not text or not text.strip():
            return None
        read = foreign.condition(text, language, self.spaced)
        if read.feel is None:
            self.problem(element, "expression", "incomplete", f"{what}: {read.reason}")
        return read.feel

    def template(self, element: Element, source: str, what: str) -> str | None:
        """Read a text that is an expression where it begins with `=`."""
        if not source.startswith("="):
            return source
        feel = self.expression(element, source, what)
        return None if feel is None else f"={feel}"

    def fixed(self, element: Element, text: str | None, what: str) -> str | None:
        """Read a name that another engine may compute: one that is computed from nothing is that, others a problem."""
        text = (text or "").strip()
        if not is_computed(text):
            return text or None
        try:
            value = compile_expression(text[1:]).evaluate({}) if text.startswith("=") else None
        except ExpressionError:
            value = None
        if isinstance(value, str) and value:
            return value
        self.problem(element, "expression", "incomplete", f"{what} is computed by {text[:80]!r}: write a name.")
        return None

    def schema(self, element: Element, text: str | None, what: str) -> Mapping[str, Any] | None:
        """Read a JSON Schema."""
        if not text or not text.strip():
            return None
        try:
            found = read_json(text)
        except ValueError as error:
            self.problem(element, "expression", "incomplete", f"{what} is no JSON: {error}.")
            return None
        if not isinstance(found, dict):
            self.problem(element, "expression", "incomplete", f"{what} is no JSON object.")
            return None
        if (wrong := fault(found)) is not None:
            self.problem(element, "schema", "incomplete", f"{what}: {wrong}")
            return found if _is_schema(found) else None
        return found


def _is_schema(found: dict[str, Any]) -> bool:
    """Whether what is read of a JSON Schema has its shape, all the way down; the rest is for whoever checks values."""
    waiting: list[Any] = [found]
    while waiting:
        one = waiting.pop()
        properties = one.get("properties", {}) if isinstance(one, dict) else None
        required = one.get("required", []) if isinstance(one, dict) else None
        if not isinstance(properties, dict) or not isinstance(required, list):
            return False
        if not all(isinstance(name, str) for name in required):
            return False
        waiting += [part for part in properties.values() if not isinstance(part, bool)]
        waiting += [one["items"]] if isinstance(one.get("items"), dict) else []
    return True


_MAX_SPACED = 1_000
"""Names with blanks that are looked for in each expression; others have to stand between backticks."""
_DATA = frozenset({"dataObject", "dataObjectReference", "dataInput", "dataOutput", "dataStoreReference", "property"})


def is_script(holder: Element) -> bool:
    """Whether an expression is a script of some language in fact."""
    language = (holder.get("language") or "").lower()
    known = ("feel", "xpath", "juel", "uel", "")
    return "://" not in language and language not in known
