"""For whom a pool saves up, within a turn (`models.domain.pools.fairness`)."""

from datetime import datetime
from typing import TYPE_CHECKING, Any

from models.domain.pools.demand import Demand
from models.domain.pools.fairness import Place, Saving, begun, rest
from models.domain.pools.fitting import DemandWrong, need, shapes
from models.pools.asks import Take, demand_document, demand_stored

if TYPE_CHECKING:
    from models.pools.turn import Turn

Document = dict[str, Any]

DEMAND = "poolDemand"


class SavingUp:
    """What a turn knows of the one in line for whom its pool saves up; what changes is written with the turn.

    The pool's document has `saving`: {key, demand, since, until}, and `savesAgain`, before which it does not do so
    again.
    """

    def __init__(self, turn: "Turn") -> None:
        """Begin as the last turn has left it."""
        self._turn = turn
        stored = turn.pool.get("saving")
        self.now_for: Saving | None = None if stored is None else _stored(stored)
        if self.now_for is not None and self.now_for.is_over(turn.now):
            self._end(rest(turn.now, turn.policy.overtaking))

    async def look(self) -> None:
        """See whether the one that is saved for waits still."""
        if self.now_for is not None:
            waits = {"_id": self.now_for.place.key, "state": "waiting"}
            found = await self._turn.store.collection(DEMAND).find_one(waits, {"_id": 1}, session=self._turn.session)
            if found is None:
                self._end(None)

    def hinders(self, take: Take) -> bool:
        """Whether a demand has to stand back."""
        return self.now_for is not None and self.now_for.hinders(_place(take, self._turn.now))

    @property
    def stops_the_line(self) -> bool:
        """Whether all behind the one that is saved for have to stand back, whatever they want."""
        return self.now_for is not None and not self.now_for.place.demand.where

    def served(self, take: Take) -> None:
        """A demand has what it wants."""
        if self.now_for is not None and self.now_for.place.key == take.key:
            self._end(None)

    def passed(self, take: Take) -> None:
        """One in line cannot be served now: it may be its turn to be saved for."""
        turn = self._turn
        if self.now_for is not None or not self._could_ever(take.demand):
            return
        again: datetime | None = turn.pool.get("savesAgain")
        again = turn.fields.get("savesAgain", again)
        found = begun(_place(take, turn.now), turn.now, turn.policy.overtaking, again)
        if found is not None:
            self.now_for = found
            demand = demand_document(take.demand)
            turn.fields["saving"] = {
                "key": take.key,
                "demand": demand,
                "since": found.place.since,
                "until": found.until,
            }
            turn.fields["saving"]["order"] = take.holder.order

    def _could_ever(self, demand: Demand) -> bool:
        """Whether the pool would have enough if nothing of it was taken; else nobody stands back for it."""
        turn, none = self._turn, ((), frozenset[str]())
        try:
            if turn.pool["body"]["kind"] == "capacity":
                wanted = need(demand, turn.pool["measures"], none)
                names = [one["name"] for one in turn.pool["measures"]]
                totals = [turn.usage.of_measure(name).total for name in names]
                return all(one * demand.count <= total for one, total in zip(wanted.amounts, totals, strict=False))
            sizes = [shape.size for shape in shapes(demand, turn.pool.get("version"), none)]
        except DemandWrong:
            return False
        total = turn.usage.of_measure("members").total
        return any(size * demand.count <= total for size in sizes)

    def _end(self, again: datetime | None) -> None:
        self.now_for = None
        self._turn.fields |= {"saving": None, "savesAgain": again}


def _place(take: Take, now: datetime) -> Place:
    return Place(take.key, take.demand, take.since or now)


def _stored(stored: Document) -> Saving:
    return Saving(Place(stored["key"], demand_stored(stored["demand"]), stored["since"]), stored["until"])
