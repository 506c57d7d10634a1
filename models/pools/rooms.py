"""The room left in the parts of one pool of capacity in the database, read and written within a turn."""

from collections.abc import Iterable, Mapping
from typing import Any

from pymongo import UpdateOne
from pymongo.asynchronous.client_session import AsyncClientSession

from models.domain.pools.rooms import Need, Room, Rooms
from models.pools.pieces import AT_ONCE, COLLECTION, MOST_AT_ONCE, traits_query
from models.store import Store

Document = dict[str, Any]

_ALL = -1


class StoredRooms:
    """Brings parts into a turn's `Rooms` as they are needed, and writes what has become of them."""

    def __init__(self, store: Store, session: AsyncClientSession, pool: Mapping[str, Any], *, spread: bool) -> None:
        """Work on this pool in this transaction."""
        self._collection = store.collection(COLLECTION)
        self._session = session
        self._pool: str = pool["_id"]
        self._spread = spread
        self._looked: dict[Need, int] = {}
        self.rooms = Rooms(spread)

    async def more(self, need: Need, wanted: int) -> bool:
        """Load parts that have what is needed, beyond those at hand; False where there are none."""
        looked = self._looked.get(need)
        if looked == _ALL:
            return False
        limit = min(max(wanted, AT_ONCE), MOST_AT_ONCE) if looked is None else looked * 4
        query: Document = {"pool": self._pool, **traits_query(need)}
        if need.part is not None:
            query["_id"] = f"{self._pool}:{need.part}"
        query["size"] = {"$gte": need.amounts[0] if need.amounts else 0}
        for place, amount in enumerate(need.amounts[1:], 1):
            if amount:
                query[f"free.{place}"] = {"$gte": amount}
        order = -1 if self._spread else 1
        cursor = self._collection.find(query, session=self._session).sort([("size", order), ("start", order)])
        found = await cursor.limit(limit).to_list()
        self._looked[need] = limit if len(found) == limit else _ALL
        new = self.rooms.load(_room(one) for one in found)
        return new > 0 or (len(found) == limit and await self.more(need, wanted))

    async def load(self, parts: Iterable[str]) -> None:
        """Load these parts."""
        wanted = [f"{self._pool}:{part}" for part in parts if self.rooms.room(part) is None]
        if wanted:
            found = await self._collection.find({"_id": {"$in": wanted}}, session=self._session).to_list()
            self.rooms.load(_room(one) for one in found)

    async def save(self) -> None:
        """Write what has changed."""
        writes = [
            UpdateOne({"_id": f"{self._pool}:{room.part}"}, {"$set": {"free": list(room.free), "size": _first(room)}})
            for room in self.rooms.changes()
        ]
        if writes:
            await self._collection.bulk_write(writes, ordered=False, session=self._session)


def document(pool: Mapping[str, Any], room: Room) -> Document:
    """A part with all its room, as it is stored."""
    return {
        "_id": f"{pool['_id']}:{room.part}",
        "tenant": pool["tenant"],
        "pool": pool["_id"],
        "part": room.part,
        "start": room.part,
        "traits": list(room.traits),
        "free": list(room.free),
        "size": _first(room),
    }


def _first(room: Room) -> int:
    return room.free[0] if room.free else 0


def _room(stored: Mapping[str, Any]) -> Room:
    return Room(stored["part"], tuple(stored["free"]), tuple(stored["traits"]))
