"""The collection of resource specifications."""

from typing import Any

from pymongo.asynchronous.database import AsyncDatabase

from models.indexes import create_all


async def migrate(database: AsyncDatabase[dict[str, Any]]) -> None:
    """Make it."""
    await create_all(database)
