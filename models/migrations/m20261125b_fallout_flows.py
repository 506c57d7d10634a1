"""Task flows stand for held tasks, and process flows are ended portion by portion, in the order of their ids."""

from typing import Any

from pymongo.asynchronous.database import AsyncDatabase

from models.indexes import create_all


async def migrate(database: AsyncDatabase[dict[str, Any]]) -> None:
    """Drop the index that was by creation, and make the new ones."""
    flows = database["processFlow"]
    if "open" in await flows.index_information():
        await flows.drop_index("open")
    await create_all(database)
