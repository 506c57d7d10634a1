"""Which members of a pool a demand gets, chosen within a turn."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from models import resources
from models.domain.pools.demand import Demand
from models.domain.pools.fitting import Traits, need, shapes, traits_of
from models.domain.pools.keeping import Held
from models.domain.pools.piece import Piece, Shape, suits
from models.domain.pools.resizing import lacking
from models.pools.members import Got

if TYPE_CHECKING:
    from models.pools.turn import Turn


class Choosing:
    """Takes members out of what is free."""

    def __init__(self, turn: "Turn") -> None:
        """Work in this turn.

        Attributes:
            alike: how many members are demanded of each shape in this turn, so that they are looked for together.
        """
        self._turn = turn
        self.alike: dict[str, int] = {}

    async def got(
        self, demand: Demand, have: Sequence[Got] = (), prefer: Sequence[str] = (), former: Sequence[Held] = ()
    ) -> list[Got] | None:
        """All that is demanded and not there yet, or None and nothing is taken.

        Args:
            demand: what is wanted.
            have: members that are kept, and count.
            prefer: parts of a pool of capacity that are tried first.
            former: shares of capacity that new ones may take the place of, each of one.

        Raises:
            DemandWrong: the pool can never give it.
        """
        space, rooms = self._turn.pieces.space, self._turn.rooms.rooms
        marks = space.mark(), rooms.mark()
        got, former = list[Got](), list(former)
        while len(have) + len(got) < demand.count:
            traits = await self.traits(demand, [*have, *got])
            if traits is None:
                found = None
            elif self._turn.pool["body"]["kind"] == "capacity":
                found = await self._resized(demand, traits, former) or await self._room(demand, traits, prefer)
            else:
                found = await self._pieces(demand, traits)
            if not found:
                space.back(marks[0])
                rooms.back(marks[1])
                return None
            got += found
        return got

    async def _pieces(self, demand: Demand, traits: Traits) -> list[Got] | None:
        turn = self._turn
        count = demand.count if demand.adjacent else 1
        for shape in shapes(demand, turn.pool.get("version"), traits):
            needed = turn.pieces.space.needed(shape, count)
            taken = turn.pieces.space.take(shape, count)
            while taken is None and await turn.pieces.more(needed, self._wanted(demand)):
                taken = turn.pieces.space.take(shape, count)
            if taken is not None:
                part = await turn.part(taken.part)
                return [Got(part, one) for one in _divided(taken, shape)]
        return None

    async def _resized(self, demand: Demand, traits: Traits, former: list[Held]) -> list[Got] | None:
        """A share in the place of one of those of before, on the same part, which is taken off the list."""
        turn, measures = self._turn, self._turn.pool["measures"]
        wanted = need(demand, measures, traits)
        for share in sorted(former, key=lambda one: lacking(wanted.amounts, one.amounts)):
            if wanted.part not in {None, share.part} or not suits(share.traits, *traits):
                continue
            beyond = lacking(wanted.amounts, share.amounts)
            await turn.rooms.load([share.part])
            if turn.rooms.rooms.take(replace(wanted, part=share.part, amounts=beyond)) is None:
                continue
            former.remove(share)
            part = await turn.part(share.part)
            return [Got(part, None, _by_measure(measures, wanted.amounts), _by_measure(measures, beyond), share.id)]
        return None

    async def _room(self, demand: Demand, traits: Traits, prefer: Sequence[str]) -> list[Got] | None:
        turn = self._turn
        measures = turn.pool["measures"]
        wanted = need(demand, measures, traits)
        taken = None
        for one in (*(replace(wanted, part=part) for part in prefer if wanted.part is None), wanted):
            taken = turn.rooms.rooms.take(one)
            while taken is None and await turn.rooms.more(one, self._wanted(demand)):
                taken = turn.rooms.rooms.take(one)
            if taken is not None:
                break
        if taken is None:
            return None
        return [Got(await turn.part(taken.part), None, _by_measure(measures, wanted.amounts))]

    def _wanted(self, demand: Demand) -> int:
        return max(self.alike.values(), default=demand.count)

    async def traits(self, demand: Demand, got: Sequence[Got]) -> Traits | None:
        """What the part must be like; None where that is impossible at the moment."""
        among, without = list(traits_of(demand.where)), set[str]()
        for near in demand.near:
            theirs = await self._theirs(near.by, near.of)
            if near.apart:
                own = [trait for one in got for trait in one.part.traits if trait.startswith(f"{near.by}=")]
                without |= theirs | (set(own) if near.by == "capacity" or demand.count > 1 else set())
            elif theirs:
                among.append(frozenset(theirs))
        return tuple(among), frozenset(without)

    async def _theirs(self, by: str, of: Sequence[str]) -> set[str]:
        """The traits by this name of what services (or resources) have, in this turn too."""
        turn = self._turn
        query = {
            "tenant": turn.pool["tenant"],
            "use": {"$in": ["reserved", "used"]},
            "$or": [{"holder.service": {"$in": list(of)}}, {"_id": {"$in": list(of)}}],
        }
        found = turn.store.collection(resources.COLLECTION).find(query, {"traits": 1}, session=turn.session)
        having = [one.get("traits", ()) async for one in found if one["_id"] not in turn.left]
        having += [one["traits"] for one in turn.made if one["holder"].get("service") in of or one["_id"] in of]
        return {trait for traits in having for trait in traits if trait.startswith(f"{by}=")}


def _by_measure(measures: Sequence[Mapping[str, Any]], amounts: Sequence[int]) -> dict[str, int]:
    """Amounts by the names of measures; what is nothing is left out."""
    return {one["name"]: amount for one, amount in zip(measures, amounts, strict=False) if amount}


def _divided(taken: Piece, shape: Shape) -> list[Piece]:
    """The members, or blocks, that a run is made of."""
    return [taken.between(start, start + shape.size - 1) for start in range(taken.start, taken.end + 1, shape.size)]
