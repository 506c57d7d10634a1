"""The collection of what processes work in while they have a turn of a pool."""

from typing import Any

from pymongo.asynchronous.database import AsyncDatabase

from models.indexes import create_all


async def migrate(database: AsyncDatabase[dict[str, Any]]) -> None:
    """Make them."""
    await create_all(database)
