"""What is wrong with a recipe: one word for each kind, an element, a reason, and how bad it is."""

from dataclasses import dataclass
from typing import Literal

Severity = Literal["refused", "incomplete", "remark"]

SEVERITIES: dict[Severity, str] = {
    "refused": "It can be neither run nor tried.",
    "incomplete": "It can be tried with simulated answers, which stand in for what is missing; it cannot be published.",
    "remark": "It runs; what is said should be known.",
}

KINDS: dict[str, str] = {
    "unsupported": "BPMN knows the element, we do not run it.",
    "code": "A script, a Java class or an expression of another engine: we run no code of recipes.",
    "dangling": "A flow, a reference or an attachment leads nowhere.",
    "empty": "There is nothing in it.",
    "noStart": "Nothing says where it begins.",
    "severalStarts": "Several start events without a trigger: nothing says where it begins.",
    "noEnd": "A path ends without an end event.",
    "unreachable": "No path leads there.",
    "noChoice": "A gateway whose ways have neither conditions nor a default.",
    "expression": "An expression that does not parse.",
    "schema": "A JSON Schema that cannot be used.",
    "noTrigger": "An event does not say what it waits for, or what it throws.",
    "noWork": "A task does not say who does it.",
    "unknownCall": "What is called is not known.",
    "unknownDecision": "The decision is not known.",
    "decision": "A decision table cannot be used.",
    "unknownSecret": "A secret is named that does not exist, or where none is put in.",
    "reshapedSecret": "Something else is made of a secret than a text that it stands in.",
    "unknownValue": "A value is needed that nobody produces.",
    "doubtfulValue": "A value is needed that a step with undeclared outputs may produce.",
    "misfit": "A value cannot be what is declared for it.",
    "misplaced": "An event stands where it cannot happen, or a compensation has no way to be reached.",
    "loop": "A repetition without what it repeats over.",
    "ignored": "It means something to another engine, and nothing here.",
}


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong.

    Attributes:
        element: id of the element; empty for the file.
        name: how people know it.
        type: the element's BPMN name, such as `serviceTask`.
        kind: a word of KINDS.
        reason: a sentence.
    """

    element: str
    name: str
    type: str
    kind: str
    severity: Severity
    reason: str

    def __str__(self) -> str:
        """As people read it."""
        label = " ".join(part for part in (self.type, f"{self.name!r}" if self.name else "", self.element) if part)
        return f"{label}: {self.reason}" if label else self.reason

    def to_document(self) -> dict[str, str]:
        """As the API shows it."""
        return {
            "element": self.element,
            "name": self.name,
            "type": self.type,
            "kind": self.kind,
            "severity": self.severity,
            "reason": self.reason,
        }
