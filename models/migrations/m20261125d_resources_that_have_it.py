"""Indexes of resources by what few of them have become indexes of those that have it."""

from contextlib import suppress
from typing import Any

from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import OperationFailure

from models.indexes import create_all

_FORMER = (
    "by_base_type",
    "by_category",
    "by_serial_number",
    "by_party",
    "by_place",
    "by_specification",
    "by_specification_name",
    "by_relationship",
)


async def migrate(database: AsyncDatabase[dict[str, Any]]) -> None:
    """Drop the former ones, where they are, and make the new ones."""
    for name in _FORMER:
        with suppress(OperationFailure):  # it is not there
            await database["resource"].drop_index(name)
    await create_all(database)
