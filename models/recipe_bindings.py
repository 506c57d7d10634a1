"""Latches of what recipes are bound to: of two published for the same at one moment, one is told to look again.

Whether something else is published for a specification is looked at before a recipe is published. Each publication
turns the latch of every specification that it is for, in its own transaction, and only where that stands as it was
seen before the look. So no two of them can both rest on a look that the other has made untrue.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from models.domain.ids import derived_id
from models.domain.recipes.binding import bindings_of
from models.reading import reading
from models.store import Store
from models.transactions import Insertion, Update

Document = dict[str, Any]
Seen = Mapping[str, int]
"""The latches of a tenant, by specification."""

COLLECTION = "recipeBinding"


async def seen(store: Store, tenant: str) -> Seen:
    """The latches as they stand: read before looking at what is published.

    Raises:
        Unavailable: the database cannot be reached.
    """
    with reading():
        found = store.collection(COLLECTION).find({"tenant": tenant}, {"specification": 1, "turned": 1})
        return {one["specification"]: int(one["turned"]) async for one in found}


def turning(tenant: str, published: Iterable[Mapping[str, Any]], known: Seen) -> list[Insertion | Update]:
    """The writes that belong to publishing recipes of these bodies; they fail where somebody has turned one since.

    Args:
        tenant: whose recipes.
        published: their bodies.
        known: the latches as they were seen.
    """
    wanted = dict.fromkeys(binding.specification for body in published for binding in bindings_of(body))
    return [_turned(tenant, specification, known.get(specification)) for specification in wanted]


def _turned(tenant: str, specification: str, known: int | None) -> Insertion | Update:
    key = derived_id(COLLECTION, tenant, specification)
    if known is None:
        latch = {"_id": key, "tenant": tenant, "specification": specification, "turned": 1}
        return Insertion(COLLECTION, latch)
    return Update(COLLECTION, {"_id": key, "turned": known}, {"$inc": {"turned": 1}})
