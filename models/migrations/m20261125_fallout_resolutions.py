"""The collection of bulk resolutions, and the index by which their tasks are found."""

from typing import Any

from pymongo.asynchronous.database import AsyncDatabase

from models.indexes import create_all


async def migrate(database: AsyncDatabase[dict[str, Any]]) -> None:
    """Make them."""
    await create_all(database)
