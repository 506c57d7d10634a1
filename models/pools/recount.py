"""A pool counted anew, from its parts and its members."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pymongo.asynchronous.client_session import AsyncClientSession

from models import resources
from models.domain.pools.audit import free_space, taken_twice
from models.domain.pools.parts import LISTED, Part, part_of
from models.domain.pools.piece import Piece
from models.domain.pools.usage import Usage
from models.pools.members import piece_of, sizes_of
from models.pools.pieces import COLLECTION as PIECE
from models.pools.turn import PART
from models.store import Store

Document = dict[str, Any]

_BATCH = 1_000
_TAKEN = ("pool", "position", "bits", "amounts", "use", "part", "traits", "holder", "until", "claim")


@dataclass(slots=True)
class Recount:
    """A pool as its members, its parts and its free space say that it is.

    Attributes:
        usage: counted anew.
        free: its free pieces, of ranges and prefixes.
        room: of capacity: what is free of each part by measure.
        members: how many are taken.
        twice: pairs of resources (ids) that have the same member.
    """

    usage: Usage = field(default_factory=Usage)
    free: list[Piece] = field(default_factory=list)
    room: dict[str, list[int]] = field(default_factory=dict)
    members: int = 0
    twice: list[tuple[str, str]] = field(default_factory=list)


async def _nothing(_members: Sequence[Document]) -> None:
    """Look at nothing."""


async def counted_anew(
    store: Store,
    session: AsyncClientSession,
    pool: Mapping[str, Any],
    look: Callable[[Sequence[Document]], Awaitable[None]] = _nothing,
) -> Recount:
    """Count a pool from its parts and its members; `look` is shown the members, some at a time."""
    recount, taken = Recount(), _Taken()
    parts = {one["part"]: part_of(pool["body"]["kind"], one["body"]) async for one in _of(store, session, PART, pool)}
    names = [one["name"] for one in pool["measures"]]
    capacity = pool["body"]["kind"] == "capacity"
    if capacity:
        _count_rooms(names, parts, recount)
    query = {"tenant": pool["tenant"], "pool": pool["_id"]}
    fields = dict.fromkeys((*_TAKEN, "body.value"), 1)
    cursor = store.collection(resources.COLLECTION).find(query, fields, session=session, batch_size=_BATCH)
    cursor = cursor.sort("position", 1)
    while found := await cursor.to_list(_BATCH):
        members = [one for one in found if one.get("use") is not None]
        recount.members += len(members)
        for member in members:
            recount.usage.move(sizes_of(member), None, member["use"])
            if capacity:
                room = recount.room.setdefault(member["part"], [0] * len(names))
                for name, amount in sizes_of(member).items():
                    room[names.index(name)] -= amount
            else:
                taken.add(piece_of(member, pool.get("version")), member["_id"])
        await look(members)
    if not capacity:
        recount.twice = taken.twice
        await _count_members(store, session, pool, parts, recount, taken)
    return recount


@dataclass(slots=True)
class _Taken:
    """What is taken, members side by side as one run, so that a million of them take little room.

    Attributes:
        runs: of what is taken.
        twice: pairs of resources (ids) that have the same member.
        names: how many members are names of lists.
    """

    runs: list[Piece] = field(default_factory=list)
    twice: list[tuple[str, str]] = field(default_factory=list)
    names: int = 0
    _last: dict[str, tuple[Piece, str]] = field(default_factory=dict)

    def add(self, piece: Piece, key: str) -> None:
        """Take note of a member; they come in the order of their positions."""
        if piece.axis.startswith(LISTED):
            self.names += 1
            return
        last = self._last.get(piece.axis)
        if last is not None:
            self.twice += taken_twice([last, (piece, key)])
        if last is None or piece.end > last[0].end:
            self._last[piece.axis] = piece, key
        run = self.runs[-1] if self.runs else None
        if run is not None and run.axis == piece.axis and run.start <= piece.start <= run.end + 1:
            self.runs[-1] = run.between(run.start, max(run.end, piece.end))
        else:
            self.runs.append(piece)


async def _count_members(  # noqa: PLR0913, PLR0917 - what a count is made of
    store: Store,
    session: AsyncClientSession,
    pool: Mapping[str, Any],
    parts: Mapping[str, Part],
    recount: Recount,
    taken: _Taken,
) -> None:
    whole = [piece for part in parts.values() for piece in part.pieces(part.spans)]
    recount.free = free_space(whole, taken.runs)
    names = {"pool": pool["_id"], "axis": {"$regex": f"^{LISTED}"}}
    listed = await store.collection(PIECE).count_documents(names, session=session)
    total = sum(piece.size for piece in whole) + listed + taken.names
    if total or recount.usage.counts:
        recount.usage.of_measure("members").total = total


def _count_rooms(names: Sequence[str], parts: Mapping[str, Part], recount: Recount) -> None:
    for part in parts.values():
        recount.room[part.id] = [part.amounts.get(name, 0) for name in names]
        for name, amount in part.amounts.items():
            recount.usage.of_measure(name).total += amount


def _of(store: Store, session: AsyncClientSession, collection: str, pool: Mapping[str, Any]) -> Any:
    return store.collection(collection).find({"pool": pool["_id"]}, session=session)
