"""Indexes over the services that somebody subscribes to."""

from typing import Any

from pymongo.asynchronous.database import AsyncDatabase

from models.indexes import create_all


async def migrate(database: AsyncDatabase[dict[str, Any]]) -> None:
    """Make the indexes that do not exist yet."""
    await create_all(database)
