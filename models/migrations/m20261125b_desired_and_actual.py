"""The index of services that are otherwise than ordered.

Services of earlier releases are left as they are: what they were ordered to be is read from what they are
(`models.domain.desired.known`), until the first change of either side writes it down.
"""

from typing import Any

from pymongo.asynchronous.database import AsyncDatabase

from models.indexes import create_all


async def migrate(database: AsyncDatabase[dict[str, Any]]) -> None:
    """Make it."""
    await create_all(database)
