"""Decision points: when policies are asked, what they are told, and what their answers may say. Pure.

Described for users in docs/reference/policies.md, whose tables a test compares with these.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from models.domain import verdict_values as value
from models.domain.verdict_values import LONGEST_REASON, NotAVerdict

Document = dict[str, Any]

ACCEPT, APPROVE, SCHEDULE, CANCEL, AMEND = "accept", "approve", "schedule", "cancel", "amend"
DECOMPOSE, SELECT, RETRY, FALLOUT = "decompose", "select", "retry", "fallout"
REMEDIES = ("retry", "reassign", "edit", "skip", "hold", "fail")
"""What may be done about a held task; the same as fallout rules do (`fallout_rules.DO`)."""
HELD = "heldByDefault"
RESULTS = ("allowed", "denied", "allowedByDefault", "deniedByDefault", HELD)
"""What came of a decision; by default where the policy gave no answer."""

COMMON = frozenset({"decisionPoint", "order", "now", "specification", "category", "party", "items"})
OF_AN_ITEM = frozenset({"item", "service"})
"""What policies are told of an item, in place of all that the order has."""
OF_A_TASK = OF_AN_ITEM | {"task", "processFlow"}
"""What policies are told of a task, in place of the order's items; of one without an order, its process flow."""
COUNTS = ("openOrders", "services")
"""What is counted for a policy that says it needs it: each costs a query."""


class NoAnswer(Exception):
    """The policy gave no answer."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is decided.

    Attributes:
        allow: whether it may go on.
        reason: why, for people; None where nothing was said.
        more: what else the answer says, by the names of its point (`queue`, `notBefore`).
        hold: nothing is decided yet: it waits, and the policy is asked again.
    """

    allow: bool
    reason: str | None = None
    more: Mapping[str, Any] = field(default_factory=dict)
    hold: bool = False

    def to_document(self) -> Document:
        """As it is recorded."""
        made: Document = {"hold": True} if self.hold else {"allow": self.allow, **self.more}
        return made if self.reason is None else {**made, "reason": self.reason}

    @classmethod
    def of(cls, recorded: Mapping[str, Any]) -> "Verdict":
        """Read what `to_document` made, or the configured answer of a policy."""
        more = {name: value for name, value in recorded.items() if name not in ("allow", "reason", "hold")}
        hold = bool(recorded.get("hold"))
        return cls(bool(recorded.get("allow")) and not hold, recorded.get("reason"), more, hold)


@dataclass(frozen=True, slots=True)
class Point:
    """One decision point.

    Attributes:
        context: names that its policies are told, besides the common ones.
        more: what its answers may say besides `allow` and `reason`, each with what reads it; where there is any, an
            answer that does not say `allow` allows.
        short: which of these a text alone says.
        can_hold: whether what is decided about can wait for an answer.
    """

    context: frozenset[str] = frozenset()
    more: Mapping[str, Callable[[Any], Any]] = field(default_factory=dict)
    short: str | None = None
    can_hold: bool = False

    @property
    def names(self) -> frozenset[str]:
        """All that its policies are told."""
        return COMMON | self.context


_FAILED = OF_A_TASK | {"error", "fulfiller", "attempts"}
_REMEDY = {
    "do": value.one_of("do", REMEDIES),
    "after": value.seconds,
    "atMost": value.times,
    "fulfiller": value.name_in("fulfiller"),
    "input": value.anything,
    "queue": value.name_in("queue"),
    "undo": value.truth,
}

POINTS: Mapping[str, Point] = {
    ACCEPT: Point(frozenset(COUNTS), can_hold=True),
    APPROVE: Point(frozenset(COUNTS), {"queue": value.name_in("queue")}, "queue", can_hold=True),
    SCHEDULE: Point(frozenset(COUNTS), {"notBefore": value.moment}, "notBefore", can_hold=True),
    DECOMPOSE: Point(
        OF_AN_ITEM | {"current", "recipes"},
        {"characteristic": value.values_by_name, "recipe": value.recipes},
        "recipe",
        can_hold=True,
    ),
    SELECT: Point(
        OF_A_TASK | {"candidates"}, {"refuse": value.refusals, "prefer": value.fulfillers}, "prefer", can_hold=True
    ),
    RETRY: Point(_FAILED | {"delay"}, {"after": value.seconds, "atMost": value.times}, "after"),
    FALLOUT: Point(_FAILED | {"input", "count", "actions"}, _REMEDY, "do"),
    CANCEL: Point(frozenset({"state", "reason", "who"})),
    AMEND: Point(frozenset({"state", "changed", "amended", "who"})),
}
"""The moments at which policies are asked."""
ADMISSION = (ACCEPT, APPROVE, SCHEDULE)
"""Those before an order is planned, in the order in which they come."""


def verdict_of(result: Any, point: str = ACCEPT) -> Verdict:
    """What a policy's answer means.

    It is true or false, or an object with `allow`, perhaps a `reason`, and what belongs to the point; the one thing
    that most answers of a point say may be given alone, as a text.

    Raises:
        NotAVerdict: it is none of these.
    """
    known = POINTS[point]
    if isinstance(result, bool):
        return Verdict(result)
    if isinstance(result, str) and known.short is not None:
        result = {known.short: result}
    if not isinstance(result, Mapping):
        raise NotAVerdict("The answer is neither true or false nor an object.")
    said = {name: value for name, value in result.items() if value is not None}  # a table's empty cells are null
    allow = said.get("allow", True if known.more else None)
    if not isinstance(allow, bool):
        raise NotAVerdict("The answer is neither true or false nor an object with such an allow.")
    reason = said.get("reason")
    if reason is not None and not isinstance(reason, str):
        raise NotAVerdict("The reason in the answer is no text.")
    more = {name: read(said[name]) for name, read in known.more.items() if name in said}
    if point == FALLOUT:
        _check_remedy(more)
    return Verdict(allow, reason[:LONGEST_REASON] if reason else None, more)


_BELONGS = {
    "after": ("retry",), "fulfiller": ("reassign",), "input": ("edit",), "queue": ("hold",), "undo": ("fail",),
    "atMost": ("retry", "reassign", "edit"),
}  # fmt: skip


def _check_remedy(more: Mapping[str, Any]) -> None:
    do = more.get("do")
    if do is None and more:
        raise NotAVerdict(f"The answer has {', '.join(sorted(more))}, but does not say what to do.")
    if strange := [name for name in more if name != "do" and do not in _BELONGS[name]]:
        raise NotAVerdict(f"{strange[0]} in the answer does not belong to {do}.")
    if do == "edit" and "input" not in more:
        raise NotAVerdict("To edit, the answer has to give the input.")


def outcome(verdict: Verdict, *, answered: bool) -> str:
    """What came of a decision, a word of RESULTS."""
    if verdict.hold:
        return HELD
    return ("allowed" if verdict.allow else "denied") + ("" if answered else "ByDefault")
