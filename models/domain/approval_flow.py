"""Approvals as task flows (TMF701): what people are shown, how they say yes or no, and what that means. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from models.domain.lifecycles import TASK_FLOW
from models.domain.policies import summary
from models.domain.task_flow import DONE, LOWEST_PRIORITY, NO_REASON, values_of

Document = dict[str, Any]

SPECIFICATION = "approval"
FORM: Document = {
    "type": "object",
    "required": ["approved"],
    "additionalProperties": False,
    "properties": {
        "approved": {"type": "boolean", "description": "Whether the order may begin."},
        "reason": {"type": "string", "minLength": 1, "maxLength": 1000, "description": "Why, for the customer."},
    },
    "if": {"properties": {"approved": {"const": False}}, "required": ["approved"]},
    "then": {"required": ["reason"]},
}


@dataclass(frozen=True, slots=True)
class Approval:
    """What people have said.

    Attributes:
        approved: whether the order may begin.
        reason: why.
        who: said so, where that is known.
        date: when.
    """

    approved: bool
    reason: str | None
    who: str | None
    date: str | None

    def to_document(self) -> Document:
        """As it is recorded beside the decision that asked for it."""
        named = (("reason", self.reason), ("who", self.who), ("date", self.date))
        return {"approved": self.approved} | {name: value for name, value in named if value is not None}


def wanted(order: Mapping[str, Any], policy: str, result: Mapping[str, Any]) -> Document:
    """The task flow of an approval, as `task_flow.begun` takes it.

    Args:
        order: the body of the order.
        policy: that wants it, `<name>:<version>`.
        result: its answer: `queue`, and perhaps `reason`.
    """
    key = order["id"]
    about = {"id": key, "role": "serviceOrder", "@type": "RelatedEntity", "@referredType": "ServiceOrder"}
    given = order.get("priority")
    why = f"{result['reason']}\n\n" if result.get("reason") else ""
    return {
        "@type": "TaskFlow",
        "name": f"Approval of order {order.get('externalId') or key}"[:250],
        "taskFlowSpecification": SPECIFICATION,
        "priority": int(given) if given in ("0", "1", "2", "3", "4") else LOWEST_PRIORITY,
        "queue": result["queue"],
        "instructions": f"{why}The order {key} begins when it is approved, and is rejected where it is not "
        f"(policy {policy}).",
        "input": {name: value for name, value in summary(order).items() if value} | {"policy": policy},
        "form": FORM,
        "relatedEntity": [about],
    }


def said(body: Mapping[str, Any]) -> Approval | None:
    """What people have said with a task flow; None while it is open. One that was given up is refused."""
    if body["state"] not in TASK_FLOW.final:
        return None
    who, date = body.get("assignee"), body.get("completionDate")
    if body.get("outcome") != DONE:
        return Approval(False, body.get("reason") or NO_REASON, who, date)
    values = values_of(body)
    return Approval(values.get("approved") is True, values.get("reason"), who, date)
