"""Claims on enabling services, and the indexes by which services to re-use are found."""

from typing import Any

from pymongo.asynchronous.database import AsyncDatabase

from models.indexes import create_all


async def migrate(database: AsyncDatabase[dict[str, Any]]) -> None:
    """Make the collection and indexes that do not exist yet."""
    await create_all(database)
