"""The propagations of changes to those who rely on a service."""

from typing import Any

from pymongo.asynchronous.database import AsyncDatabase

from models.indexes import create_all


async def migrate(database: AsyncDatabase[dict[str, Any]]) -> None:
    """Make the collection's indexes."""
    await create_all(database)
