"""Who may overtake in the line of a pool, and for how long: a large demand is not passed by small ones for ever.

Whoever waits is served by priority and age, and a demand that nothing fits lets those behind it pass. When it has been
passed for so long (`overtaking` of the pool), the pool saves up for it: what is free, or comes back, goes to nobody
behind it that could use the same. If it has not come together after as long again, the others have their turn for as
long, and then the pool saves up again, for whoever is first by then. So a large demand gets half of the time to come
together, and a small one waits at most once as long for it. With no overtaking at all the line is a strict one.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from models.domain.pools.demand import Demand

DEFAULT_OVERTAKING = 900.0
"""Seconds. Long beside an allocation, short beside an order that runs for days."""


@dataclass(frozen=True, slots=True)
class Place:
    """A place in line.

    Attributes:
        key: of the demand.
        demand: what is wanted.
        since: since when.
    """

    key: str
    demand: Demand
    since: datetime

    def is_before(self, other: "Place") -> bool:
        """Whether this one is served first."""
        return (self.demand.priority, self.since, self.key) < (other.demand.priority, other.since, other.key)


@dataclass(frozen=True, slots=True)
class Saving:
    """That a pool saves up for somebody.

    Attributes:
        place: for whom.
        until: until then; None until it is served, or waits no more.
    """

    place: Place
    until: datetime | None

    def is_over(self, now: datetime) -> bool:
        """Whether its time is over."""
        return self.until is not None and self.until <= now

    def hinders(self, other: Place) -> bool:
        """Whether somebody has to stand back: one who is behind, and could use what is saved."""
        return self.place.key != other.key and self.place.is_before(other) and not _apart(self.place, other)


def begun(place: Place, now: datetime, overtaking: float, again: datetime | None) -> Saving | None:
    """What a pool does for the first in line that it has nothing for: it saves up for it, or not yet (None).

    Args:
        place: the first in line that could have been served if enough was free.
        now: the present moment.
        overtaking: seconds that others may overtake.
        again: the moment before which the pool does not save up, as it has done so in vain.
    """
    length = timedelta(seconds=overtaking)
    if now - place.since < length or (again is not None and now < again):
        return None
    return Saving(place, now + length if overtaking else None)


def rest(now: datetime, overtaking: float) -> datetime:
    """Until when the others have their turn, after the pool has saved up in vain."""
    return now + timedelta(seconds=overtaking)


def _apart(one: Place, other: Place) -> bool:
    """Whether no part of the pool could serve both: they want different values of something."""
    wanted, theirs = one.demand.where, other.demand.where
    return any(set(values).isdisjoint(theirs[name]) for name, values in wanted.items() if name in theirs)
