"""The named indexes, read off the document definitions."""

from typing import Any

from pymongo import IndexModel
from pymongo.asynchronous.database import AsyncDatabase

from models.documents import ALL
from models.stored import Stored

Document = dict[str, Any]


def _models(definition: type[Stored]) -> list[IndexModel]:
    made = []
    for spec in definition._meta["indexes"]:  # noqa: SLF001 - the definition's own words
        options = {name: value for name, value in spec.items() if name not in ("fields", "cls")}
        keys = [("_id" if field == "id" else field, 1) for field in spec["fields"]]
        made.append(IndexModel(keys, **options))
    return made


def indexed_attributes(collection: str) -> list[str]:
    """The body attributes that a list of this collection can be filtered by through an index.

    Those are the ones that an index of all documents, or of all that have the attribute, begins with.
    """
    found = []
    for definition in ALL:
        if definition._meta["collection"] == collection:  # noqa: SLF001 - the definition's own words
            for spec in definition._meta["indexes"]:  # noqa: SLF001
                first = next((field for field in spec["fields"] if field != "tenant"), "")
                if first.startswith("body.") and set(spec.get("partialFilterExpression", {})) <= {first}:
                    found.append(first.removeprefix("body."))
    return sorted(found)


async def create_all(database: AsyncDatabase[Document]) -> None:
    """Make every collection and index that does not exist yet."""
    for definition in ALL:
        meta = definition._meta  # noqa: SLF001 - the definition's own words
        models = _models(definition)
        if models:
            await database[meta["collection"]].create_indexes(models)
