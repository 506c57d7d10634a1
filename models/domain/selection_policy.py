"""The policy by which fulfillers are chosen: rows that are read from the first to the last.

A filter says why a fulfiller cannot have the task now, or None; a rank says how well it suits, the lower the better.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from models.domain.advice import rank_of
from models.domain.fulfiller import ENABLED, FulfillerDefinition
from models.domain.maintenance import maintenance
from models.domain.offers import Offer
from models.domain.situation import Situation


@dataclass(frozen=True, slots=True)
class Fitting:
    """A fulfiller whose capabilities fit in kind and action.

    Attributes:
        offers: those that fit.
        closeness: of the one that names the need most closely; see `Offer.closeness`.
    """

    fulfiller: FulfillerDefinition
    offers: tuple[Offer, ...]
    closeness: int


Filter = Callable[[Fitting, Situation], str | None]
Rank = Callable[[Fitting, Situation], float]

_USUAL = 100
"""Calls that count as much where nothing limits them."""


def _elsewhere(one: Fitting, situation: Situation) -> str | None:
    if any(offer.works_at(situation.places) for offer in one.offers):
        return None
    own = ", ".join(sorted({place for offer in one.offers for place in offer.places}))
    if not situation.places:
        return f"It works at {own} only, and the service names no place."
    return f"It works at {own}, not at {', '.join(situation.places)}."


def _condition(one: Fitting, situation: Situation) -> str | None:
    if all(offer.condition is None for offer in one.offers):
        return None
    unmet = [offer.unmet(situation.service) for offer in one.offers if offer.works_at(situation.places)]
    return unmet[0] if None not in unmet else None


def _no_agreement(one: Fitting, situation: Situation) -> str | None:
    agreed = one.fulfiller.parties
    if not agreed or not agreed.isdisjoint(situation.parties):
        return None
    return f"It has agreements with {', '.join(sorted(agreed))}, none of whom is a party of the order."


def _not_enabled(one: Fitting, _: Situation) -> str | None:
    state = one.fulfiller.administrative_state
    return None if state == ENABLED else f"It is {state}: it gets no new work."


def _in_maintenance(one: Fitting, situation: Situation) -> str | None:
    found = maintenance(one.fulfiller.windows, situation.now) if one.fulfiller.windows else None
    if found is None:
        return None
    name = f" ({found.name})" if found.name else ""
    return f"It is in maintenance{name} until {found.until:%Y-%m-%d %H:%M:%S} UTC."


def _no_capacity(one: Fitting, situation: Situation) -> str | None:
    capacity, open_tasks = one.fulfiller.capacity, situation.of(one.fulfiller.id).open_tasks
    if capacity is None or open_tasks is None or open_tasks < capacity:
        return None
    return f"It has {open_tasks} tasks open; its capacity is {capacity}."


def _down(one: Fitting, situation: Situation) -> str | None:
    down = situation.of(one.fulfiller.id).down
    return None if down is None else f"Its last probe found it down: {down}"


def _breaker_open(one: Fitting, situation: Situation) -> str | None:
    standing = situation.of(one.fulfiller.id)
    why = f" {standing.breaker_reason}" if standing.breaker_reason else ""
    if standing.open_until is not None and situation.now < standing.open_until:
        return f"Its circuit breaker is open until {standing.open_until:%Y-%m-%d %H:%M:%S} UTC.{why}"
    if standing.trying:
        return f"Its circuit breaker is half open, and one task is trying it already.{why}"
    return None


def _given_up(one: Fitting, situation: Situation) -> str | None:
    return "It was tried for this task in vain." if one.fulfiller.id in situation.given_up else None


def _refused(one: Fitting, situation: Situation) -> str | None:
    return next((why for said in situation.advice if (why := said.against(one.fulfiller.id)) is not None), None)


FILTERS: tuple[tuple[str, Filter], ...] = (
    ("place", _elsewhere),
    ("condition", _condition),
    ("agreement", _no_agreement),
    ("administrativeState", _not_enabled),
    ("maintenance", _in_maintenance),
    ("capacity", _no_capacity),
    ("health", _down),
    ("circuitBreaker", _breaker_open),
    ("givenUp", _given_up),
    ("policy", _refused),
)
FILTER_ROWS = frozenset({"specification", "action", *(name for name, _ in FILTERS)})


def _built_it(one: Fitting, situation: Situation) -> int:
    return 0 if one.fulfiller.id == situation.builder else 1


def _has_room(one: Fitting, situation: Situation) -> int:
    standing, limit = situation.of(one.fulfiller.id), one.fulfiller.max_concurrent
    return 1 if standing.full or (limit is not None and standing.in_flight >= limit) else 0


def _preference(one: Fitting, situation: Situation) -> int:
    """What the first policy prefers goes before what the next one does."""
    return rank_of(situation.advice, one.fulfiller.id)


def _priority(one: Fitting, _: Situation) -> int:
    return one.fulfiller.priority


def _closeness(one: Fitting, _: Situation) -> int:
    return one.closeness


def _cost(one: Fitting, _: Situation) -> float:
    return one.fulfiller.cost


def _reliability(one: Fitting, situation: Situation) -> int:
    """In three classes, so that a single lost answer does not move all work to another one."""
    success = situation.of(one.fulfiller.id).success
    return 0 if success is None or success >= 0.9 else 1 if success >= 0.5 else 2


def _load(one: Fitting, situation: Situation) -> int:
    """In quarters of what it may have at one time, so that equals go on sharing."""
    size = min(one.fulfiller.max_concurrent or _USUAL, _USUAL)
    return 4 * situation.of(one.fulfiller.id).in_flight // size


def _latency(one: Fitting, situation: Situation) -> int:
    """In classes that double from 50 ms on: what is about as quick is equal."""
    latency = situation.of(one.fulfiller.id).latency
    return 0 if latency is None or latency <= 50 else math.ceil(math.log2(latency / 50))


RANKS: tuple[tuple[str, Rank, str], ...] = (
    ("stickiness", _built_it, "Another one has built the service, and therefore gets its changes."),
    ("room", _has_room, "It is at its limit, and another one has room."),
    ("preference", _preference, "A policy prefers another one."),
    ("priority", _priority, "Another one has a lower priority number, which is preferred."),
    ("closeness", _closeness, "Another one names the specification more closely."),
    ("cost", _cost, "Another one costs less."),
    ("reliability", _reliability, "Another one has answered more reliably of late."),
    ("load", _load, "Another one has less under way."),
    ("latency", _latency, "Another one has been quicker of late."),
)

BECAUSE: Mapping[str, str] = {
    "stickiness": "it has built the service",
    "room": "it has room",
    "preference": "a policy prefers it",
    "priority": "it has the lowest priority number",
    "closeness": "it names the specification most closely",
    "cost": "it costs least",
    "reliability": "it has answered most reliably of late",
    "load": "it has least under way",
    "latency": "it has been quickest of late",
}
