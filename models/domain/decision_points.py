"""Decision points: when policies are asked, what they are told, and what their answers may say. Pure.

Described for users in docs/reference/policies.md, whose tables a test compares with these.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from models.domain.dates import canonical_date

Document = dict[str, Any]

ACCEPT, APPROVE, SCHEDULE, CANCEL, AMEND = "accept", "approve", "schedule", "cancel", "amend"
SELECT = "select"
HELD = "heldByDefault"
RESULTS = ("allowed", "denied", "allowedByDefault", "deniedByDefault", HELD)
"""What came of a decision; by default where the policy gave no answer."""
LONGEST_REASON = 1_000
LONGEST_QUEUE = 256
LONGEST_NAME = 256
MOST_NAMED = 1_000
"""Fulfillers that one answer may name."""

COMMON = frozenset({"decisionPoint", "order", "now", "specification", "category", "party", "items"})
OF_A_TASK = frozenset({"task", "item", "service"})
"""What policies are told of a task, in place of the order's items."""
COUNTS = ("openOrders", "services")
"""What is counted for a policy that says it needs it: each costs a query."""


class NoAnswer(Exception):
    """The policy gave no answer."""


class NotAVerdict(ValueError):
    """The policy answered something else than a decision."""


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


def _queue(value: Any) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= LONGEST_QUEUE:
        raise NotAVerdict(f"The queue in the answer is no text of at most {LONGEST_QUEUE} characters.")
    return value


def _moment(value: Any) -> str:
    found = canonical_date(value) if isinstance(value, str) else None
    if found is None:
        raise NotAVerdict("notBefore in the answer is no moment with a time zone, such as 2026-12-24T18:00:00Z.")
    return found


def _names(value: Any, what: str = "prefer") -> list[str]:
    """Ids or names of fulfillers: one text, or a list of them."""
    found = [value] if isinstance(value, str) else value
    if not isinstance(found, list) or len(found) > MOST_NAMED:
        raise NotAVerdict(f"{what} in the answer is no list of at most {MOST_NAMED} fulfillers.")
    if not all(isinstance(one, str) and 0 < len(one) <= LONGEST_NAME for one in found):
        raise NotAVerdict(f"{what} in the answer names something else than a fulfiller.")
    return list(found)


def _refusals(value: Any) -> list[Document]:
    """Fulfillers that are refused, each as its id or name or with a reason: [{fulfiller, reason?}]."""
    found = value if isinstance(value, list) else [value]
    if len(found) > MOST_NAMED:
        raise NotAVerdict(f"refuse in the answer has more than {MOST_NAMED} fulfillers.")
    made = []
    for one in found:
        named = one if isinstance(one, Mapping) else {"fulfiller": one}
        (fulfiller,) = _names([named.get("fulfiller")], "refuse")
        reason = named.get("reason")
        if reason is not None and not isinstance(reason, str):
            raise NotAVerdict("A reason under refuse in the answer is no text.")
        made.append({"fulfiller": fulfiller, **({"reason": reason[:LONGEST_REASON]} if reason else {})})
    return made


@dataclass(frozen=True, slots=True)
class Point:
    """One decision point.

    Attributes:
        context: names that its policies are told, besides the common ones.
        more: what its answers may say besides `allow` and `reason`, each with what reads it.
        must_say: whether an answer has to say `allow`; else one that does not say it allows.
        can_hold: whether what is decided about can wait for an answer.
    """

    context: frozenset[str] = frozenset()
    more: Mapping[str, Callable[[Any], Any]] = field(default_factory=dict)
    must_say: bool = True
    can_hold: bool = False

    @property
    def names(self) -> frozenset[str]:
        """All that its policies are told."""
        return COMMON | self.context


POINTS: Mapping[str, Point] = {
    ACCEPT: Point(frozenset(COUNTS), can_hold=True),
    APPROVE: Point(frozenset(COUNTS), {"queue": _queue}, must_say=False, can_hold=True),
    SCHEDULE: Point(frozenset(COUNTS), {"notBefore": _moment}, must_say=False, can_hold=True),
    SELECT: Point(OF_A_TASK | {"candidates"}, {"refuse": _refusals, "prefer": _names}, must_say=False, can_hold=True),
    CANCEL: Point(frozenset({"state", "reason", "who"})),
    AMEND: Point(frozenset({"state", "changed", "amended", "who"})),
}
"""The moments at which policies are asked."""
ADMISSION = (ACCEPT, APPROVE, SCHEDULE)
"""Those before an order is planned, in the order in which they come."""


def verdict_of(result: Any, point: str = ACCEPT) -> Verdict:
    """What a policy's answer means.

    It is true or false, or an object with `allow`, perhaps a `reason`, and what belongs to the point; where the point's
    answers say one thing more, that alone may be given as a text.

    Raises:
        NotAVerdict: it is none of these.
    """
    known = POINTS[point]
    if isinstance(result, bool):
        return Verdict(result)
    if isinstance(result, str) and len(known.more) == 1:
        result = {next(iter(known.more)): result}
    if not isinstance(result, Mapping):
        raise NotAVerdict("The answer is neither true or false nor an object.")
    said = {name: value for name, value in result.items() if value is not None}  # a table's empty cells are null
    allow = said.get("allow", None if known.must_say else True)
    if not isinstance(allow, bool):
        raise NotAVerdict("The answer is neither true or false nor an object with such an allow.")
    reason = said.get("reason")
    if reason is not None and not isinstance(reason, str):
        raise NotAVerdict("The reason in the answer is no text.")
    more = {name: read(said[name]) for name, read in known.more.items() if name in said}
    return Verdict(allow, reason[:LONGEST_REASON] if reason else None, more)


def outcome(verdict: Verdict, *, answered: bool) -> str:
    """What came of a decision, a word of RESULTS."""
    if verdict.hold:
        return HELD
    return ("allowed" if verdict.allow else "denied") + ("" if answered else "ByDefault")
