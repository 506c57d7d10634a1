"""The indexes by which is found what refers to a resource, and what class it is of."""

from typing import Any

from pymongo.asynchronous.database import AsyncDatabase

from models.indexes import create_all


async def migrate(database: AsyncDatabase[dict[str, Any]]) -> None:
    """Make them."""
    await create_all(database)
