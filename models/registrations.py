"""The registered fulfillers, as examinations of specifications and recipes ask them."""

from models.domain.fulfiller import FulfillerDefinition
from models.domain.selection import Selection
from models.reading import reading
from models.store import Store


async def registered(store: Store, tenant: str) -> Selection:
    """The registered fulfillers, to be asked what they can do.

    Raises:
        Unavailable: the database cannot be reached.
    """
    with reading():
        stored = await store.collection("fulfiller").find({"tenant": tenant}, {"secret": 0}).to_list()
    return Selection(FulfillerDefinition.from_document(one) for one in stored)
