"""`enabled` of a fulfiller becomes `administrativeState`, and fulfillers owe events."""

from typing import Any

from pymongo.asynchronous.database import AsyncDatabase

from models.indexes import create_all


async def migrate(database: AsyncDatabase[dict[str, Any]]) -> None:
    """Rename the attribute and make the index."""
    fulfillers = database["fulfiller"]
    for enabled, state in ((False, "draining"), (True, "enabled")):
        change = {"$set": {"body.administrativeState": state}, "$unset": {"body.enabled": ""}}
        await fulfillers.update_many({"body.enabled": enabled}, change)
    await create_all(database)
