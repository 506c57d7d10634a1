"""Runs of recipes that are held are found."""

from typing import Any

from pymongo.asynchronous.database import AsyncDatabase

from models.domain.recipe_plays import FIELD, is_held
from models.indexes import create_all

Document = dict[str, Any]

_LOOKED_AT = {FIELD: 1, "run": 1, "rev": 1, "added.key": 1, "added.of": 1, "added.kind": 1, "added.target": 1}


async def migrate(database: AsyncDatabase[Document]) -> None:
    """Make the index, and say of the runs of plans that go on which of them are held."""
    going: Document = {FIELD: {"$exists": True}, "state": {"$ne": "done"}}
    async for plan in database["plan"].find(going, _LOOKED_AT):
        held = {f"{FIELD}.{place}.held": True for place, run in enumerate(plan[FIELD]) if is_held(plan, run["task"])}
        if held:
            await database["plan"].update_one({"_id": plan["_id"], "rev": plan["rev"]}, {"$set": held})
    await create_all(database)
