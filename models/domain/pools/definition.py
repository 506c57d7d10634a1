"""What a pool is by its body: checked when it is made or changed."""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from models.domain.pools.fairness import DEFAULT_OVERTAKING
from models.domain.pools.parts import KINDS, Part, PartWrong, Spans, part_of
from models.domain.pools.piece import minus
from models.domain.pools.usage import Threshold
from models.domain.violations import Violation

Document = dict[str, Any]

PLACEMENTS = ("pack", "spread")
GATEWAYS = ("first", "last", "none")
DEFAULT_THRESHOLDS: tuple[Document, ...] = ({"name": "high", "level": 0.8}, {"name": "exhausted", "level": 1.0})


@dataclass(frozen=True, slots=True)
class Policy:
    """How a pool is run.

    Attributes:
        quarantine: seconds that a released member rests before it is free.
        reservation: seconds after which a reservation ends unless it is committed; None means never.
        placement: of capacity: `pack` takes the part with the least room that is enough, `spread` the one with most.
        gateway: which address of an allocated prefix is told as its gateway: `first`, `last` or `none`.
        overtaking: seconds that others may overtake one in line that nothing fits (`fairness`).
        thresholds: shares of the pool that are told of when they are reached, and when left again.
    """

    quarantine: float = 0.0
    reservation: float | None = None
    placement: str = "pack"
    gateway: str = "first"
    overtaking: float = DEFAULT_OVERTAKING
    thresholds: tuple[Threshold, ...] = ()


def policy_of(body: Mapping[str, Any]) -> Policy:
    """The policy that a pool's body states; defaults where it is silent."""
    thresholds = body.get("threshold", DEFAULT_THRESHOLDS)
    return Policy(
        quarantine=float(body.get("quarantine", 0)),
        reservation=body.get("reservation"),
        placement=body.get("placement", "pack"),
        gateway=body.get("gateway", "first"),
        overtaking=float(body.get("overtaking", DEFAULT_OVERTAKING)),
        thresholds=tuple(_threshold(one) for one in thresholds),
    )


def _threshold(stated: Mapping[str, Any]) -> Threshold:
    given = {"hysteresis": float(stated["hysteresis"])} if "hysteresis" in stated else {}
    return Threshold(stated["name"], float(stated["level"]), **given)


def parts_of(body: Mapping[str, Any], capacity: Sequence[Mapping[str, Any]]) -> tuple[dict[str, Part], list[Violation]]:
    """The parts of a pool, and what is wrong with them: alone, and beside each other."""
    parts: dict[str, Part] = {}
    faults: list[Violation] = []
    for place, entry in enumerate(capacity):
        pointer = f"/capacity/{place}"
        try:
            part = part_of(body["kind"], entry)
        except PartWrong as wrong:
            inner = f"/{wrong.attribute}" if wrong.attribute else ""
            faults.append(Violation(f"{pointer}{inner}", "invalidCapacity", str(wrong)))
            continue
        if part.id in parts:
            faults.append(Violation(f"{pointer}/id", "notUnique", f"Two parts have the id {part.id!r}."))
        parts[part.id] = part
    return parts, faults or _beside_each_other(list(parts.values()))


def _beside_each_other(parts: Sequence[Part]) -> list[Violation]:
    versions = {part.network.version for part in parts if part.network is not None}
    if len(versions) > 1:
        return [Violation("/capacity", "mixedFamilies", "A pool has IPv4 or IPv6 addresses, not both; make two pools.")]
    dimensions: dict[str, str] = {}
    for part in parts:
        for name, dimension in part.dimensions.items():
            if dimensions.setdefault(name, dimension) != dimension:
                message = f"The measure {name!r} is counted in {dimensions[name]} and in {dimension}."
                return [Violation("/capacity", "mixedUnits", message)]
    return _overlaps(parts)


def _overlaps(parts: Sequence[Part]) -> list[Violation]:
    runs: dict[str, list[tuple[int, int, str]]] = {}
    for part in parts:
        for axis, spans in part.spans.items():
            runs.setdefault(axis, []).extend((start, end, part.id) for start, end in spans)
    for axis, found in runs.items():
        found.sort()
        for (_, end, one), (start, _, other) in itertools.pairwise(found):
            if start <= end:
                what = axis.removeprefix("=") or "numbers or addresses"
                return [Violation("/capacity", "overlap", f"The parts {one!r} and {other!r} share {what}.")]
    return []


def policy_faults(body: Mapping[str, Any]) -> list[Violation]:
    """What is wrong with how a pool is to be run; the types fit the schema already."""
    faults = []
    if body.get("kind") not in KINDS:
        faults.append(Violation("/kind", "invalidValue", f"A pool is one of {', '.join(KINDS)}."))
    names = [one["name"] for one in body.get("threshold", ())]
    if len(set(names)) < len(names):
        faults.append(Violation("/threshold", "notUnique", "Two thresholds have the same name."))
    return faults


def difference(old: Spans, new: Spans) -> tuple[Spans, Spans]:
    """What is added and what is gone between the members of a part before and after."""
    return _without(new, old), _without(old, new)


def _without(one: Spans, other: Spans) -> Spans:
    left = {axis: minus(runs, other.get(axis, ())) for axis, runs in one.items()}
    return {axis: runs for axis, runs in left.items() if runs}
