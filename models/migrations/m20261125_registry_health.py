"""The health, statistics and budgets of fulfillers, and an index for the tasks that are held."""

from typing import Any

from pymongo.asynchronous.database import AsyncDatabase

from models.indexes import create_all


async def migrate(database: AsyncDatabase[dict[str, Any]]) -> None:
    """Make the indexes."""
    await create_all(database)
