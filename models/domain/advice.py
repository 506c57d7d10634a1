"""What policies say of the candidates for a task: whom they refuse, and whom they prefer. Pure.

Described for users in docs/reference/policies.md; they are the rows `policy` and `preference` of selection.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Advice:
    """What one policy has said.

    Attributes:
        policy: its version, `<name>:<version>`.
        refused: why not, by the fulfiller's id.
        preferred: ids of fulfillers, the best first; all others come after them.
        told: ids of the candidates that it knew of; None where that is not known any more. Whoever came later was not
            decided about.
    """

    policy: str
    refused: Mapping[str, str] = field(default_factory=dict)
    preferred: tuple[str, ...] = ()
    told: frozenset[str] | None = None

    def against(self, fulfiller: str) -> str | None:
        """What it has against a fulfiller; None where that is nothing."""
        if fulfiller in self.refused:
            return self.refused[fulfiller]
        if self.told is not None and fulfiller not in self.told:
            return f"It was not there yet when the policy {self.policy} was asked."
        return None

    def place(self, fulfiller: str) -> int:
        """How much it prefers a fulfiller, 0 the most."""
        return self.preferred.index(fulfiller) if fulfiller in self.preferred else len(self.preferred)

    def to_document(self) -> Document:
        """As stored with a choice; the candidates that it was told of stand there already."""
        refused = [{"fulfiller": key, "reason": why} for key, why in self.refused.items()]
        return {"policy": self.policy, "refused": refused, "preferred": list(self.preferred)}

    @classmethod
    def from_document(cls, stored: Mapping[str, Any]) -> "Advice":
        """Read what `to_document` wrote."""
        refused = {one["fulfiller"]: one["reason"] for one in stored["refused"]}
        return cls(stored["policy"], refused, tuple(stored["preferred"]))


def advice_of(policy: str, result: Mapping[str, Any], candidates: Sequence[tuple[str, str]]) -> Advice:
    """What a recorded decision of the point `select` means.

    Args:
        policy: the version that made it.
        result: {allow, reason?, refuse?: [{fulfiller, reason?}], prefer?: [id or name]}.
        candidates: (id, name) of those that it was made on.
    """
    ids = {name: key for key, name in candidates} | {key: key for key, _ in candidates}
    refused = {}
    if not result.get("allow", True):
        refused = {key: _because(policy, result.get("reason")) for key, _ in candidates}
    for one in result.get("refuse") or ():
        if one["fulfiller"] in ids:
            refused[ids[one["fulfiller"]]] = _because(policy, one.get("reason") or result.get("reason"))
    named = (ids[one] for one in result.get("prefer") or () if one in ids)
    return Advice(policy, refused, tuple(dict.fromkeys(named)), frozenset(key for key, _ in candidates))


def rank_of(advice: Iterable[Advice], fulfiller: str) -> int:
    """How well a fulfiller suits all of them, the lower the better: the first one decides, equals the next."""
    rank = 0
    for one in advice:
        rank = rank * (len(one.preferred) + 1) + one.place(fulfiller)
    return rank


def _because(policy: str, reason: str | None) -> str:
    return f"{reason or 'No reason was given.'} (policy {policy})"
