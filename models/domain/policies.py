"""Policies: which of them have a say in an order, what they are told, and what their answer means."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from models.domain.releases.versions import Version
from models.domain.violations import Violation

Document = dict[str, Any]

ACCEPT = "accept"
POINTS = (ACCEPT,)
"""The moments at which policies are asked."""
RESULTS = ("allowed", "denied", "allowedByDefault", "deniedByDefault")
"""What came of a decision; by default where the policy gave no answer."""
DEFAULT_SECONDS = 2.0
LONGEST_REASON = 1_000


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is decided.

    Attributes:
        allow: whether it may go on.
        reason: why, for people; None where nothing was said.
    """

    allow: bool
    reason: str | None = None

    def to_document(self) -> Document:
        """As it is recorded."""
        return {"allow": self.allow} if self.reason is None else {"allow": self.allow, "reason": self.reason}


class NoAnswer(Exception):
    """The policy service gave no answer."""


class NotAVerdict(ValueError):
    """The policy service answered something else than a decision."""


@dataclass(frozen=True, slots=True)
class Policy:
    """A published version of a policy.

    Attributes:
        id: `<name>:<version>`.
        point: when it is asked, one of POINTS.
        url: of the policy service.
        path: of the rule there, `/` between its parts.
        seconds: how long it may take to answer.
        applies_to: what an order must have, by name: `specification`, `category`, `party`; each a list of which one is
            enough, and an empty one asks nothing.
        when_down: what is decided where it gives no answer.
    """

    id: str
    name: str
    version: str
    point: str
    url: str
    path: str
    seconds: float
    applies_to: Mapping[str, tuple[str, ...]]
    when_down: Verdict

    def applies(self, order: Mapping[str, Any]) -> bool:
        """Whether an order's body is its business."""
        found = _facts(order)
        return all(not wanted or found[name] & set(wanted) for name, wanted in self.applies_to.items())


def policy_of(stored: Mapping[str, Any]) -> Policy:
    """A stored policy as it is asked."""
    body = stored["body"]
    down = body["whenDown"]
    return Policy(
        id=stored["_id"],
        name=stored["name"],
        version=stored["version"],
        point=body["decisionPoint"],
        url=body["url"],
        path=body["path"],
        seconds=float(body.get("timeout", DEFAULT_SECONDS)),
        applies_to={name: tuple(values) for name, values in (body.get("appliesTo") or {}).items()},
        when_down=Verdict(down["allow"], down.get("reason")),
    )


class PolicySet:
    """The published policies of a tenant; of each name, the newest version."""

    def __init__(self, documents: Iterable[Mapping[str, Any]]) -> None:
        """Know these documents of the collection; those that are not published are left out."""
        newest: dict[str, Policy] = {}
        for one in documents:
            if one["state"] != "published":
                continue
            made = policy_of(one)
            other = newest.get(made.name)
            if other is None or Version.parse(made.version) > Version.parse(other.version):
                newest[made.name] = made
        self._by_point: dict[str, list[Policy]] = {}
        for name in sorted(newest):
            self._by_point.setdefault(newest[name].point, []).append(newest[name])

    def of(self, point: str, order: Mapping[str, Any]) -> list[Policy]:
        """Those that have a say in an order at a decision point, by name."""
        return [one for one in self._by_point.get(point, ()) if one.applies(order)]


def verdict_of(result: Any) -> Verdict:
    """What a policy service's answer means: true or false, or an object with `allow` and perhaps a `reason`.

    Raises:
        NotAVerdict: it is neither.
    """
    if isinstance(result, bool):
        return Verdict(result)
    if not isinstance(result, Mapping) or not isinstance(result.get("allow"), bool):
        raise NotAVerdict("The answer is neither true or false nor an object with such an allow.")
    reason = result.get("reason")
    if reason is not None and not isinstance(reason, str):
        raise NotAVerdict("The reason in the answer is no text.")
    return Verdict(result["allow"], reason[:LONGEST_REASON] if reason else None)


def outcome(verdict: Verdict, *, answered: bool) -> str:
    """What came of a decision, a word of RESULTS."""
    return ("allowed" if verdict.allow else "denied") + ("" if answered else "ByDefault")


def question(point: str, order_id: str, order: Mapping[str, Any]) -> Document:
    """What a policy is told at a decision point: the order as stored, with its id."""
    return {"decisionPoint": point, "order": {**order, "id": order_id}}


def summary(order: Mapping[str, Any]) -> Document:
    """What of its question is recorded beside a decision: what policies are chosen by, and how many items there are."""
    found = {name: sorted(values) for name, values in _facts(order).items()}
    return {**found, "items": sum(1 for _ in _items(order))}


def denials(verdicts: Sequence[tuple[str, Verdict]]) -> list[Violation]:
    """What verdicts (policy id, verdict) have against an order."""
    return [
        Violation("", "policyDenied", f"{verdict.reason or 'No reason was given.'} (policy {policy})")
        for policy, verdict in verdicts
        if not verdict.allow
    ]


def _facts(order: Mapping[str, Any]) -> dict[str, set[str]]:
    """What policies are chosen by: ids and names of specifications and parties, and the category."""
    services = [item.get("service") or {} for item in _items(order)]
    parties = [*(order.get("relatedParty") or ()), *(one for s in services for one in s.get("relatedParty") or ())]
    references = [one.get("serviceSpecification") or {} for one in services]
    return {
        "specification": _names(references),
        "category": {order["category"]} if order.get("category") else set(),
        "party": _names([*parties, *(one.get("partyOrPartyRole") or {} for one in parties)]),
    }


def _items(order: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """All items, nested ones too."""
    left = list(order.get("serviceOrderItem") or ())
    while left:
        item = left.pop()
        yield item
        left += item.get("serviceOrderItem") or ()


def _names(references: Iterable[Mapping[str, Any]]) -> set[str]:
    return {one[key] for one in references for key in ("id", "name") if one.get(key)}
