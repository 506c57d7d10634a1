"""An index for the plans that wait for a place at a fulfiller."""

from typing import Any

from pymongo.asynchronous.database import AsyncDatabase

from models.indexes import create_all


async def migrate(database: AsyncDatabase[dict[str, Any]]) -> None:
    """Make the index."""
    await create_all(database)
