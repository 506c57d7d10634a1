"""Which fulfiller a task is given to: ordered rows of a policy, and a decision that can be explained.

First the capabilities are held against what is needed. Then every row of the policy's `FILTERS` may turn a candidate
away; the first that does gives the reason. Of those left, the rows of its `RANKS` decide one after the other; where all
are equal the task's key does, which spreads tasks over equal fulfillers. docs/reference/selection.md tells it to users.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from models.domain.fulfiller import FulfillerDefinition
from models.domain.plan import Capability
from models.domain.selection_policy import BECAUSE, FILTER_ROWS, FILTERS, RANKS, Fitting
from models.domain.situation import Situation

MAX_KEPT = 50
_MAX_CACHED = 2_000


@dataclass(frozen=True, slots=True)
class Candidate:
    """A fulfiller that was looked at.

    Attributes:
        rejected: why it was not taken; None stands for the chosen one.
        row: the row of the policy that said so.
    """

    fulfiller: str
    name: str
    rejected: str | None
    row: str | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """Who was chosen, and why not the others, the best first.

    Attributes:
        row: the row that made the difference; None where only one fitted, or equals shared.
    """

    chosen: str | None
    candidates: tuple[Candidate, ...]
    reason: str
    row: str | None = None

    def to_document(self) -> dict[str, Any]:
        """As stored with the task. Of very many candidates the last, which do not fit at all, are left out."""
        return {
            "chosen": self.chosen,
            "reason": self.reason,
            "row": self.row,
            "candidates": [
                {
                    "fulfiller": candidate.fulfiller,
                    "name": candidate.name,
                    "rejected": candidate.rejected,
                    "row": candidate.row,
                }
                for candidate in self.candidates[:MAX_KEPT]
            ],
        }

    @property
    def able(self) -> tuple[str, ...]:
        """Ids of those that no filter turned away, the best first."""
        return tuple(one.fulfiller for one in self.candidates if one.row not in FILTER_ROWS)

    def turned_away(self, fulfiller: str) -> bool:
        """Whether a filter turned this one away, or it is not there at all; to be outranked is something else."""
        found = next((one for one in self.candidates if one.fulfiller == fulfiller), None)
        return found is None or found.row in FILTER_ROWS


_NOT_THERE = "What is to be allocated lies in a pool elsewhere, which another fulfiller is registered for."
_SHARED = "An equal one has taken this task: equal fulfillers share the work."


class Selection:
    """The policy over one set of fulfillers. What depends on the capability alone is worked out once for each."""

    def __init__(self, fulfillers: Iterable[FulfillerDefinition]) -> None:
        """Choose among these."""
        self._fulfillers = tuple(fulfillers)
        self._matched: dict[Capability, _Matched] = {}

    @property
    def names(self) -> frozenset[str]:
        """What fulfillers are referred to by: their ids and names."""
        return frozenset(name for one in self._fulfillers for name in (one.id, one.name))

    def select(self, capability: Capability, situation: Situation) -> Decision:
        """Choose for a task."""
        matched = self._matched.get(capability)
        if matched is None:
            if len(self._matched) >= _MAX_CACHED:
                self._matched.clear()
            matched = self._matched[capability] = _match(self._fulfillers, capability)
        turned_away: list[Candidate] = []
        fitting: list[Fitting] = []
        for one in matched.fitting:
            found = next(((row, why) for row, test in FILTERS if (why := test(one, situation)) is not None), None)
            if found is None:
                fitting.append(one)
            else:
                turned_away.append(Candidate(one.fulfiller.id, one.fulfiller.name, found[1], found[0]))
        rest = (*turned_away, *matched.others)
        if not fitting:
            return Decision(None, rest, _nobody(capability, len(self._fulfillers), turned_away))
        return _ranked(fitting, situation, rest)

    def fits(self, capability: Capability) -> tuple[FulfillerDefinition, ...]:
        """Those whose capabilities fit in kind and action, whatever the situation."""
        return tuple(one.fulfiller for one in _match(self._fulfillers, capability).fitting)


def select(
    capability: Capability, definitions: Iterable[FulfillerDefinition], situation: Situation | None = None
) -> Decision:
    """Choose one of the definitions for a task; see `Selection` where many tasks are decided."""
    return Selection(definitions).select(capability, situation or Situation())


@dataclass(frozen=True, slots=True)
class _Matched:
    fitting: tuple[Fitting, ...]
    others: tuple[Candidate, ...]


def _match(fulfillers: Iterable[FulfillerDefinition], capability: Capability) -> _Matched:
    fitting, others = [], []
    for one in fulfillers:
        named = [(close, offer) for offer in one.capabilities if (close := offer.closeness(capability)) is not None]
        able = [(close, offer) for close, offer in named if offer.does(capability.action)]
        if able:
            fitting.append(Fitting(one, tuple(offer for _, offer in able), min(close for close, _ in able)))
            continue
        if not any(offer.is_akin(capability.action) for offer in one.capabilities):
            continue  # it has to do with another kind of tasks only, as a pool has with allocations
        if named:
            actions = ", ".join(sorted({offer.action for _, offer in named}))
            row, reason = "action", f"For this specification it can {actions}, not {capability.action}."
        else:
            row = "specification"
            reason = f"It has no capability for the specification {capability.name or capability.specification}."
        others.append(Candidate(one.id, one.name, reason, row))
    if capability.action == "allocate" and fitting:
        closest = min(one.closeness for one in fitting)
        others[:0] = [
            Candidate(one.fulfiller.id, one.fulfiller.name, _NOT_THERE, "specification")
            for one in fitting
            if one.closeness > closest
        ]
        fitting = [one for one in fitting if one.closeness == closest]
    return _Matched(tuple(fitting), tuple(others))


def _ranked(fitting: list[Fitting], situation: Situation, rest: tuple[Candidate, ...]) -> Decision:
    best, outranked, decided = fitting, list[Candidate](), None
    for row, rank, reason in RANKS:
        if len(best) == 1:
            break
        ranked = sorted(((rank(one, situation), one) for one in best), key=lambda found: found[0])
        lowest = ranked[0][0]
        lost = [Candidate(one.fulfiller.id, one.fulfiller.name, reason, row) for place, one in ranked if place > lowest]
        if lost:
            outranked[:0] = lost
            best, decided = [one for place, one in ranked if place == lowest], row
    chosen, *equals = sorted((one.fulfiller for one in best), key=lambda one: _share(situation.key, one.id))
    candidates = (
        Candidate(chosen.id, chosen.name, None),
        *(Candidate(equal.id, equal.name, _SHARED, "share") for equal in equals),
        *outranked,
        *rest,
    )
    return Decision(chosen.id, candidates, _somebody(chosen, len(fitting), len(equals), decided), decided)


def _share(key: str, fulfiller: str) -> bytes:
    return hashlib.sha256(f"{key}\x1f{fulfiller}".encode()).digest()


def _somebody(chosen: FulfillerDefinition, fitting: int, equals: int, row: str | None) -> str:
    if fitting == 1:
        return f"{chosen.name} is the only fulfiller that fits."
    if equals:
        return f"{chosen.name} is one of {equals + 1} equal fulfillers that share the work."
    return f"{chosen.name} is preferred among {fitting} fulfillers that fit: {BECAUSE[row or 'load']}."


def _nobody(capability: Capability, registered: int, turned_away: list[Candidate]) -> str:
    wanted = (
        f"{capability.action} of {capability.name or capability.specification or 'a service without specification'}"
    )
    if not registered:
        return f"No fulfiller is registered; one that can do {wanted} is needed."
    if turned_away:
        told = "; ".join(f"{one.name}: {one.rejected}" for one in turned_away[:3])
        more = f" And {len(turned_away) - 3} more." if len(turned_away) > 3 else ""
        return f"Nobody can do {wanted} here and now. {told}{more}"
    return f"None of {registered} registered fulfillers can do {wanted}."
