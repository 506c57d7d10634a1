"""The collection of messages to runs of recipes, and what the runs await that are under way."""

from typing import Any

from pymongo.asynchronous.database import AsyncDatabase

from models.domain.recipe_messages import awaited
from models.indexes import create_all

_OPEN = ("accepted", "held")


async def migrate(database: AsyncDatabase[dict[str, Any]]) -> None:
    """Make it, and note on plans what they await: they are found by that from now on."""
    await create_all(database)
    plans = database["plan"]
    query = {"state": {"$ne": "done"}, "recipes": {"$exists": True}, "awaited": {"$exists": False}}
    async for plan in plans.find(query, {"recipes": 1, "run": 1, "rev": 1}):
        states = {key: one["s"] for key, one in plan["run"].items()}
        found = awaited(run for key, run in plan["recipes"].items() if states.get(key) in _OPEN)
        if found:
            await plans.update_one({"_id": plan["_id"], "rev": plan["rev"]}, {"$set": {"awaited": found}})
