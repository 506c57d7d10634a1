"""Mending a pool whose counts or free space are not what its members say, without counting it again while others wait.

What a check has found wrong in its snapshot is as wrong later on: every turn changes members, counts and free space by
the same. So counts are put right by the difference, and free space by the runs that are missing or too many, some at a
time, each of which is looked at once more in the turn that mends it. Of two who would mend at once one is told that it
was too late (`mended` of the pool's document counts), and a process that dies has mended some, or nothing.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from models import resources
from models.domain.pools.audit import free_space
from models.domain.pools.parts import digits_of, position_of
from models.domain.pools.piece import Piece
from models.domain.pools.usage import Usage
from models.pools.asks import Define
from models.pools.members import piece_of
from models.pools.pieces import COLLECTION as PIECE
from models.pools.turn import Turn
from models.pools.turns import Turns

Document = dict[str, Any]

RUNS_AT_ONCE = 200
_WHAT = ("total", "reserved", "used", "quarantined")


@dataclass(frozen=True, slots=True)
class Difference:
    """What is wrong with a pool.

    Attributes:
        counts: by measure and use, how much has to be added.
        lost: runs that are free by count, and not as stored.
        made_up: runs that are free as stored, and not by count.
        rooms: of capacity, by part, how much has to be added of each measure.
    """

    counts: Mapping[tuple[str, str], int] = field(default_factory=dict)
    lost: Sequence[Piece] = ()
    made_up: Sequence[Piece] = ()
    rooms: Mapping[str, tuple[int, ...]] = field(default_factory=dict)

    def __bool__(self) -> bool:
        """Whether anything is."""
        return bool(self.counts or self.lost or self.made_up or self.rooms)


def of_counts(stored: Usage, counted: Usage) -> dict[tuple[str, str], int]:
    """What has to be added to counts as stored, so that they are those that were counted."""
    return {
        (name, what): more
        for name in {**stored.counts, **counted.counts}
        for what in _WHAT
        if (more := getattr(counted.of_measure(name), what) - getattr(stored.of_measure(name), what))
    }


def of_space(stored: Sequence[Piece], counted: Sequence[Piece]) -> tuple[list[Piece], list[Piece]]:
    """The runs that are free by count and not as stored, and the other way round."""
    return free_space(counted, stored), free_space(stored, counted)


class Mending:
    """Mends one pool."""

    def __init__(self, turns: Turns, pool: Mapping[str, Any]) -> None:
        """Mend this pool, as it was read in the snapshot of the check."""
        self._turns = turns
        self._pool = pool

    async def mend(self, wrong: Difference) -> bool:
        """Mend it; returns whether all of it is.

        Raises:
            NotFound: the pool is gone.
            Unavailable: the database cannot be reached; what is mended is.
        """
        begun = await self._turn(partial(_counts, wrong=wrong, mended=self._pool.get("mended", 0)))
        if not begun:
            return False
        mended = True
        for names in _portions(list(wrong.rooms)):
            await self._turn(partial(_rooms, more={name: wrong.rooms[name] for name in names}))
        for runs in _portions(wrong.made_up):  # first: what is given back is joined with what is free beside it
            mended &= await self._turn(partial(_take_out, runs=runs))
        for runs in _portions(wrong.lost):
            mended &= await self._turn(partial(_put_back, runs=runs))
        return mended

    async def _turn(self, work: Any) -> bool:
        done: bool = await self._turns.ask(self._pool["_id"], Define(work))
        return done


def _portions(found: Sequence[Any]) -> Iterable[Sequence[Any]]:
    return (found[start : start + RUNS_AT_ONCE] for start in range(0, len(found), RUNS_AT_ONCE))


async def _counts(turn: Turn, wrong: Difference, mended: int) -> bool:
    if turn.pool.get("mended", 0) != mended:
        return False
    turn.fields["mended"] = mended + 1
    for (name, what), more in wrong.counts.items():
        counts = turn.usage.of_measure(name)
        setattr(counts, what, getattr(counts, what) + more)
    turn.grown = True
    return True


async def _rooms(turn: Turn, more: Mapping[str, tuple[int, ...]]) -> bool:
    await turn.rooms.load(more)
    for part, amounts in more.items():
        if turn.rooms.rooms.room(part) is not None:
            turn.rooms.rooms.give(part, amounts)
    turn.grown = True
    return True


async def _take_out(turn: Turn, runs: Sequence[Piece]) -> bool:
    """Take runs out of the free space that somebody has, or that are no part of the pool."""
    done = True
    for run in runs:
        wrong = await _is_taken(turn, run) or not await _is_of_its_part(turn, run)
        done &= wrong and await turn.pieces.cut_out(run.axis, run.start, run.end)
    return done


async def _put_back(turn: Turn, runs: Sequence[Piece]) -> bool:
    """Put runs back into the free space that nobody has."""
    done = True
    for run in runs:
        if await _is_taken(turn, run) or await _is_free(turn, run) or not await _is_of_its_part(turn, run):
            done = False
        else:
            turn.give_back(run)
    return done


async def _is_of_its_part(turn: Turn, run: Piece) -> bool:
    spans = (await turn.part(run.part)).spans.get(run.axis, ())
    return any(start <= run.start and run.end <= end for start, end in spans)


async def _is_taken(turn: Turn, run: Piece) -> bool:
    """Whether a member has something of a run: one that begins in it, or the last one that begins before."""
    version = turn.pool.get("version")
    digits = digits_of(version)
    first, last = (position_of(run.axis, number, digits) for number in (run.start, run.end))
    mine = {"tenant": turn.pool["tenant"], "pool": turn.pool["_id"]}
    members = turn.store.collection(resources.COLLECTION)
    inside = {**mine, "position": {"$gte": first, "$lte": last}}
    if await members.find_one(inside, {"_id": 1}, session=turn.session) is not None:
        return True
    before = {**mine, "position": {"$gte": position_of(run.axis, 0, digits), "$lt": first}}
    found = await members.find_one(before, sort=[("position", -1)], session=turn.session)
    return found is not None and piece_of(found, version).end >= run.start


async def _is_free(turn: Turn, run: Piece) -> bool:
    """Whether something of a run counts as free by now. A piece is known by its end."""
    digits = digits_of(turn.pool.get("version"))
    first, last = (position_of(run.axis, number, digits) for number in (run.start, run.end))
    query = {"pool": turn.pool["_id"], "axis": run.axis, "start": {"$lte": last}}
    query["_id"] = {"$gte": f"{turn.pool['_id']}:{first}", "$lt": f"{turn.pool['_id']};"}
    return await turn.store.collection(PIECE).find_one(query, {"_id": 1}, session=turn.session) is not None
