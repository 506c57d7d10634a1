"""The named indexes, read off the document definitions."""

from typing import Any

from pymongo import IndexModel
from pymongo.asynchronous.database import AsyncDatabase

from models.documents import ALL
from models.stored import Spec, Stored

Document = dict[str, Any]

_THERE = {"$exists": True}


def _models(definition: type[Stored]) -> list[IndexModel]:
    made = []
    for spec in definition._meta["indexes"]:  # noqa: SLF001 - the definition's own words
        options = {name: value for name, value in spec.items() if name not in ("fields", "cls")}
        keys = [("_id" if field == "id" else field, 1) for field in spec["fields"]]
        made.append(IndexModel(keys, **options))
    return made


def indexed_attributes(collection: str) -> list[str]:
    """The body attributes that a list of this collection can be filtered by through an index."""
    found = []
    for definition in ALL:
        if definition._meta["collection"] == collection:  # noqa: SLF001 - the definition's own words
            for spec in definition._meta["indexes"]:  # noqa: SLF001
                found += [field.removeprefix("body.") for field in spec["fields"] if _serves(spec, field)]
    return sorted(found)


def _serves(spec: Spec, field: str) -> bool:
    """Whether an index finds all resources by this field: a partial one does if it leaves out those without it only."""
    return field.startswith("body.") and spec.get("partialFilterExpression", {field: _THERE}) == {field: _THERE}


async def create_all(database: AsyncDatabase[Document]) -> None:
    """Make every collection and index that does not exist yet."""
    for definition in ALL:
        meta = definition._meta  # noqa: SLF001 - the definition's own words
        models = _models(definition)
        if models:
            await database[meta["collection"]].create_indexes(models)
