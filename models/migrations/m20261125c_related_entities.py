"""Services by what they have to do with, such as the service system that they are part of."""

from typing import Any

from pymongo.asynchronous.database import AsyncDatabase

from models.indexes import create_all


async def migrate(database: AsyncDatabase[dict[str, Any]]) -> None:
    """Make it."""
    await create_all(database)
