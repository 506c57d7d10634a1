"""Which fulfiller a task is given to: ordered rows of a policy, and a decision that can be explained.

First every row of `FILTERS` may turn a candidate away; the first that does gives the reason. Of those left, the rows of
`RANKS` decide one after the other; where all are equal the task's key does, which spreads tasks over equal fulfillers.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from models.domain.fulfiller import ANY, FulfillerDefinition
from models.domain.plan import Capability

MAX_KEPT = 50

Filter = Callable[[FulfillerDefinition, Capability], str | None]
Rank = Callable[[FulfillerDefinition, Capability], int]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A fulfiller that was looked at; `rejected` says why it was not taken, None stands for the chosen one."""

    fulfiller: str
    name: str
    rejected: str | None


@dataclass(frozen=True, slots=True)
class Decision:
    """Who was chosen, and why not the others, the best first."""

    chosen: str | None
    candidates: tuple[Candidate, ...]
    reason: str

    def to_document(self) -> dict[str, Any]:
        """As stored with the task. Of very many candidates the last, which do not fit at all, are left out."""
        return {
            "chosen": self.chosen,
            "reason": self.reason,
            "candidates": [
                {"fulfiller": candidate.fulfiller, "name": candidate.name, "rejected": candidate.rejected}
                for candidate in self.candidates[:MAX_KEPT]
            ],
        }


def _specifications(capability: Capability) -> tuple[str, ...]:
    return tuple(name for name in (capability.specification, capability.name, ANY) if name)


def _unknown_specification(fulfiller: FulfillerDefinition, capability: Capability) -> str | None:
    wanted = _specifications(capability)
    if any(specification in wanted for specification, _ in fulfiller.capabilities):
        return None
    return f"It has no capability for the specification {capability.name or capability.specification}."


def _other_action(fulfiller: FulfillerDefinition, capability: Capability) -> str | None:
    wanted = _specifications(capability)
    actions = {action for specification, action in fulfiller.capabilities if specification in wanted}
    if capability.action in actions or ANY in actions:
        return None
    return f"For this specification it can {', '.join(sorted(actions))}, not {capability.action}."


def _disabled(fulfiller: FulfillerDefinition, _: Capability) -> str | None:
    return None if fulfiller.enabled else "It is disabled."


def _priority(fulfiller: FulfillerDefinition, _: Capability) -> int:
    return fulfiller.priority


def _generality(fulfiller: FulfillerDefinition, capability: Capability) -> int:
    """0 where it names the very version, 1 for the family, 2 for anything."""
    names = {name for name, action in fulfiller.capabilities if action in (capability.action, ANY)}
    return next(rank for rank, name in enumerate((capability.specification, capability.name, ANY)) if name in names)


FILTERS: tuple[Filter, ...] = (_unknown_specification, _other_action, _disabled)
RANKS: tuple[tuple[str, Rank], ...] = (
    ("Another one has a lower priority number, which is preferred.", _priority),
    ("Another one names the specification more closely.", _generality),
)
_SHARED = "An equal one has taken this task: equal fulfillers share the work."


class Selection:
    """The policy over one set of fulfillers. Candidates are sifted once for each capability; only ties are per task."""

    def __init__(self, fulfillers: Iterable[FulfillerDefinition]) -> None:
        """Choose among these."""
        self._fulfillers = tuple(fulfillers)
        self._sifted: dict[Capability, _Sifted] = {}

    def select(self, capability: Capability, key: str = "") -> Decision:
        """Choose for the task with this key."""
        sifted = self._sifted.get(capability)
        if sifted is None:
            sifted = self._sifted[capability] = _sift(self._fulfillers, capability)
        if not sifted.best:
            return Decision(None, sifted.others, _nobody(capability, len(self._fulfillers)))
        chosen, *equals = sorted(sifted.best, key=lambda fulfiller: _share(key, fulfiller.id))
        candidates = (
            Candidate(chosen.id, chosen.name, None),
            *(Candidate(equal.id, equal.name, _SHARED) for equal in equals),
            *sifted.others,
        )
        return Decision(chosen.id, candidates, _somebody(chosen, sifted, len(equals)))


def select(capability: Capability, definitions: Iterable[FulfillerDefinition], key: str = "") -> Decision:
    """Choose one of the definitions for a task; see `Selection` where many tasks are decided."""
    return Selection(definitions).select(capability, key)


@dataclass(frozen=True, slots=True)
class _Sifted:
    best: tuple[FulfillerDefinition, ...]
    others: tuple[Candidate, ...]
    fitting: int


def _sift(fulfillers: tuple[FulfillerDefinition, ...], capability: Capability) -> _Sifted:
    reasons: Mapping[str, str | None] = {
        one.id: next(filter(None, (row(one, capability) for row in FILTERS)), None) for one in fulfillers
    }
    best = fitting = [one for one in fulfillers if reasons[one.id] is None]
    outranked: list[Candidate] = []
    for reason, rank in RANKS:
        ranked = [(rank(fulfiller, capability), fulfiller) for fulfiller in best]
        lowest = min((place for place, _ in ranked), default=0)
        outranked[:0] = [Candidate(one.id, one.name, reason) for place, one in ranked if place > lowest]
        best = [one for place, one in ranked if place == lowest]
    turned_away = [Candidate(one.id, one.name, reasons[one.id]) for one in fulfillers if reasons[one.id] is not None]
    return _Sifted(tuple(best), (*outranked, *turned_away), len(fitting))


def _share(key: str, fulfiller: str) -> bytes:
    return hashlib.sha256(f"{key}\x1f{fulfiller}".encode()).digest()


def _somebody(chosen: FulfillerDefinition, sifted: _Sifted, equals: int) -> str:
    if sifted.fitting == 1:
        return f"{chosen.name} is the only fulfiller that fits."
    if equals:
        return f"{chosen.name} is one of {equals + 1} equal fulfillers that share the work."
    return f"{chosen.name} is preferred among {sifted.fitting} fulfillers that fit."


def _nobody(capability: Capability, registered: int) -> str:
    wanted = (
        f"{capability.action} of {capability.name or capability.specification or 'a service without specification'}"
    )
    if not registered:
        return f"No fulfiller is registered; one that can do {wanted} is needed."
    return f"None of {registered} registered fulfillers can do {wanted}."
