"""Who refers to a resource."""

from typing import Any

from pymongo.errors import PyMongoError

from models.domain.errors import Unavailable
from models.store import Store

Document = dict[str, Any]


async def first_match(store: Store, collection: str, tenant: str, where: Document) -> str | None:
    """The id of a document that matches, or None. `where` must be served by an index.

    Raises:
        Unavailable: the database cannot be reached.
    """
    try:
        found = await store.collection(collection).find_one({"tenant": tenant, **where}, {"_id": 1})
    except PyMongoError as error:
        raise Unavailable from error
    return None if found is None else str(found["_id"])
