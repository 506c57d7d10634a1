"""Who stands in the line of a pool before whom."""

from typing import Any

from models.domain.evidence import Line
from models.pools.turn import DEMAND
from models.reading import reading
from models.store import Store

SHOWN = 5
_MOST = 1_000


async def line_of(store: Store, key: str) -> Line | None:
    """The place of a demand in its line, by its key; None where it does not wait.

    Raises:
        Unavailable: the database cannot be reached.
    """
    line = store.collection(DEMAND)
    with reading():
        stored = await line.find_one({"_id": key, "state": "waiting"})
        if stored is None:
            return None
        earlier: list[dict[str, Any]] = [
            {"priority": {"$lt": stored["priority"]}},
            {"priority": stored["priority"], "since": {"$lt": stored["since"]}},
        ]
        before = {"pools": {"$in": stored["pools"]}, "state": "waiting", "$or": earlier}
        ahead = await line.count_documents(before, limit=_MOST)
        first = line.find(before, {"holder.order": 1}).sort([("priority", 1), ("since", 1)]).limit(SHOWN)
        orders = [one.get("holder", {}).get("order") async for one in first]
    return Line(ahead, tuple(dict.fromkeys(order for order in orders if order)))
