"""The collection of resources (TMF639) and its indexes."""

from typing import Any

from pymongo.asynchronous.database import AsyncDatabase

from models.indexes import create_all


async def migrate(database: AsyncDatabase[dict[str, Any]]) -> None:
    """Make them."""
    await create_all(database)
