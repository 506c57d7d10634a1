"""The collections of change sources and change requests."""

from typing import Any

from pymongo.asynchronous.database import AsyncDatabase

from models.indexes import create_all


async def migrate(database: AsyncDatabase[dict[str, Any]]) -> None:
    """Make their indexes."""
    await create_all(database)
