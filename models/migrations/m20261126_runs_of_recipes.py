"""Plans are found by the recipes that they run."""

from typing import Any

from pymongo.asynchronous.database import AsyncDatabase

from models.domain.recipe_plays import FIELD, play
from models.indexes import create_all

Document = dict[str, Any]


async def migrate(database: AsyncDatabase[Document]) -> None:
    """Make the index, and list the runs of plans that have some and do not list them yet."""
    unlisted: Document = {"recipes": {"$exists": True, "$ne": {}}, FIELD: {"$exists": False}}
    async for plan in database["plan"].find(unlisted, {"recipes": 1, "run": 1}):
        runs = plan["recipes"].items()
        listed = [play(key, run, plan["run"].get(key, {}).get("s", "waiting")) for key, run in runs]
        await database["plan"].update_one({"_id": plan["_id"], **unlisted}, {"$set": {FIELD: listed}})
    await create_all(database)
