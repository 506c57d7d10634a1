"""The free space of one pool in the database, read and written within a turn."""

from collections.abc import Mapping, Sequence
from typing import Any

from pymongo import DeleteOne, InsertOne, UpdateOne
from pymongo.asynchronous.client_session import AsyncClientSession

from models.domain.pools.parts import LISTED, digits_of, position_of
from models.domain.pools.piece import Piece, Shape, Slot, buddy
from models.domain.pools.space import Space
from models.store import Store

Document = dict[str, Any]

COLLECTION = "poolPiece"
AT_ONCE = 8
MOST_AT_ONCE = 2_000
_ALL = -1


class Pieces:
    """Brings pieces into a turn's `Space` as they are needed, and writes what has become of them."""

    def __init__(self, store: Store, session: AsyncClientSession, pool: Mapping[str, Any]) -> None:
        """Work on this pool in this transaction."""
        self._collection = store.collection(COLLECTION)
        self._session = session
        self._pool: str = pool["_id"]
        self._tenant: str = pool["tenant"]
        self._version: int | None = pool.get("version")
        self._digits = digits_of(self._version)
        self._looked: dict[Shape, int] = {}
        self.space = Space(buddies=self._version is not None)

    async def more(self, shape: Shape, wanted: int) -> bool:
        """Load pieces of this shape beyond those at hand; False where there are none.

        Args:
            shape: what they must be like.
            wanted: how many members of this shape the turn may take; a piece serves one at least.
        """
        if shape.at is not None:
            return await self._covering(shape.at, shape)
        looked = self._looked.get(shape)
        if looked == _ALL:
            return False
        limit = min(max(wanted, AT_ONCE), MOST_AT_ONCE) if looked is None else looked * 4
        query = {"pool": self._pool, "size": {"$gte": self._size(shape.size)}, **traits_query(shape)}
        cursor = self._collection.find(query, session=self._session).sort([("size", 1), ("start", 1)]).limit(limit)
        found = await cursor.to_list()
        self._looked[shape] = limit if len(found) == limit else _ALL
        new = self.space.load(self.piece(one) for one in found)
        return new > 0 or (len(found) == limit and await self.more(shape, wanted))

    async def neighbours(self, pieces: Sequence[Piece]) -> None:
        """Load what the pieces, which come back, may be joined with."""
        if self.space.buddies:
            await self._buddies(pieces)
            return
        numbered = [piece for piece in pieces if not piece.axis.startswith(LISTED)]
        if not numbered:
            return
        starts: dict[str, list[str]] = {}
        for piece in numbered:
            starts.setdefault(piece.axis, []).append(self._text(piece.axis, piece.end + 1))
        ends = [self._key((piece.axis, piece.start - 1)) for piece in numbered if piece.start]
        after = [{"pool": self._pool, "axis": axis, "start": {"$in": texts}} for axis, texts in starts.items()]
        await self._load({"$or": [{"_id": {"$in": ends}}, *after]})

    async def _buddies(self, pieces: Sequence[Piece]) -> None:
        """Halves of halves: each round asks for the other halves of what the round before has made whole."""
        trial, returning = list(pieces), set[tuple[Slot, int]]()
        while trial:
            slots = [buddy(piece) for piece in trial]
            missing = [self._key(slot) for slot in slots if self.space.piece(slot) is None]
            if missing:
                await self._load({"_id": {"$in": missing}})
            whole: dict[Slot, Piece] = {}
            returning |= {(piece.slot, piece.size) for piece in trial}
            for piece, slot in zip(trial, slots, strict=True):
                other = self.space.piece(slot)
                free = other is not None and other.size == piece.size and other.part == piece.part
                if free or (slot, piece.size) in returning:
                    start = piece.start & ~piece.size
                    joined = piece.between(start, start + 2 * piece.size - 1)
                    whole[joined.slot] = joined
            trial = list(whole.values())

    async def _covering(self, at: Slot, shape: Shape) -> bool:
        """Load the piece in which a position lies, if it is free."""
        key = self._key(at)
        query = {"_id": {"$gte": key, "$lt": f"{self._pool};"}}  # the character after the colon
        cursor = self._collection.find(query, session=self._session)
        found = await cursor.sort("_id", 1).limit(1).to_list()
        return self.space.load(self.piece(one) for one in found if shape.fits(self.piece(one))) > 0

    async def cut_out(self, axis: str, start: int, end: int) -> bool:
        """Take a run of members out of the free space; False, and nothing is changed, where some are not free."""
        query: Document = {"pool": self._pool, "axis": axis, "start": {"$lte": self._text(axis, end)}}
        query["_id"] = {"$gte": self._key((axis, start)), "$lt": f"{self._pool};"}
        await self._load(query)
        return self.space.cut_out(axis, start, end)

    async def _load(self, query: Document) -> None:
        found = await self._collection.find(query, session=self._session).to_list()
        self.space.load(self.piece(one) for one in found)

    async def save(self) -> None:
        """Write what has changed."""
        new, other, gone = self.space.changes()
        writes: list[InsertOne[Any] | UpdateOne | DeleteOne] = [DeleteOne({"_id": self._key(one.slot)}) for one in gone]
        writes += [UpdateOne({"_id": self._key(one.slot)}, {"$set": self._shrinking(one)}) for one in other]
        writes += [InsertOne(self.document(one)) for one in new]
        if writes:
            await self._collection.bulk_write(writes, ordered=False, session=self._session)

    def document(self, piece: Piece) -> Document:
        """A piece as it is stored."""
        fixed = {"_id": self._key(piece.slot), "tenant": self._tenant, "pool": self._pool, "axis": piece.axis}
        return {**fixed, **self._shrinking(piece)}

    def _shrinking(self, piece: Piece) -> Document:
        start = self._text(piece.axis, piece.start)
        return {"start": start, "size": self._size(piece.size), "part": piece.part, "traits": list(piece.traits)}

    def piece(self, stored: Mapping[str, Any]) -> Piece:
        """A piece that was stored."""
        axis, part, traits = stored["axis"], stored["part"], tuple(stored["traits"])
        if axis.startswith(LISTED):
            return Piece(axis, 0, 0, part, traits)
        start = int(stored["start"][len(axis) :], 16)
        size = 1 << stored["size"] if self._version is not None else stored["size"]
        return Piece(axis, start, start + size - 1, part, traits)

    def _size(self, members: int) -> int:
        return members if self._version is None else (members - 1).bit_length()

    def _text(self, axis: str, number: int) -> str:
        return position_of(axis, number, self._digits)

    def _key(self, slot: Slot) -> str:
        return f"{self._pool}:{self._text(*slot)}"


def traits_query(shape: Any) -> Document:
    """The condition on traits that a shape (or a need of capacity) makes."""
    all_of: list[Document] = [{"traits": {"$in": sorted(wanted)}} for wanted in shape.among]
    if shape.without:
        all_of.append({"traits": {"$nin": sorted(shape.without)}})
    return {"$and": all_of} if all_of else {}
