"""Process flows that have ended say since when, so that they are kept as long as they should be."""

from typing import Any

from pymongo.asynchronous.database import AsyncDatabase

from models.domain.lifecycles import PROCESS_FLOW
from models.indexes import create_all


async def migrate(database: AsyncDatabase[dict[str, Any]]) -> None:
    """Take the last change for the end, and make the index."""
    ended = {"body.state": {"$in": sorted(PROCESS_FLOW.final)}, "ended": {"$exists": False}, "open": {"$exists": False}}
    await database["processFlow"].update_many(ended, [{"$set": {"ended": "$updated"}}])
    await create_all(database)
