"""Lists from the database, one page at a time, within a bounded time."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pymongo.asynchronous.collection import AsyncCollection
from pymongo.errors import ConnectionFailure, ExecutionTimeout, OperationFailure

from models.counts import Counts
from models.domain.errors import InvalidRequest, QueryTooExpensive, Unavailable
from models.domain.listing import Cursor, ListQuery
from models.domain.violations import Violation
from models.mongo_filters import Filter, to_mongo, to_projection, to_sort

Document = dict[str, Any]
_BAD_QUERY = {
    2: "its parts do not go together, as when a list is sorted by attributes of two different arrays",
    51091: "the database does not understand the regular expression",
}
_TOO_MUCH_MEMORY = 292


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a list.

    Attributes:
        docs: the documents: `body` as far as asked for, `rev`, `created` and `updated`.
        total: how many documents match altogether.
    """

    docs: list[Document]
    total: int


@dataclass(frozen=True, slots=True)
class Lists:
    """Answers list queries on one collection.

    Attributes:
        collection: of resource documents.
        indexed: the attributes that an index helps to find, for the message of a query that took too long.
        seconds: that one query may take in the database, the page and the count together.
        counts: totals that were dear to count, kept for a while.
    """

    collection: AsyncCollection[Document]
    indexed: Sequence[str]
    counts: Counts
    seconds: float = 2.0

    async def find_page(self, tenant: str, query: ListQuery) -> Page:
        """One page of a tenant's resources.

        Raises:
            QueryTooExpensive: it took longer than `seconds`.
            InvalidRequest: the database cannot make sense of it.
            Unavailable: the database cannot be reached.
        """
        wanted = to_mongo(tenant, query.condition)
        deadline = time.monotonic() + self.seconds
        try:
            docs = await self._docs(wanted, query, deadline)
            total = await self._total(wanted, query, len(docs), deadline)
        except ExecutionTimeout as error:
            raise self._too_expensive() from error
        except OperationFailure as error:
            if error.code == _TOO_MUCH_MEMORY:
                raise self._too_expensive() from error
            if error.code in _BAD_QUERY:
                message = f"The query cannot be answered: {_BAD_QUERY[error.code]}."
                raise InvalidRequest([Violation("query", "invalidQuery", message)]) from error
            raise
        except ConnectionFailure as error:
            raise Unavailable from error
        return Page(docs, max(total, query.offset + len(docs) if docs else 0))

    async def _docs(self, wanted: Filter, query: ListQuery, deadline: float) -> list[Document]:
        if query.limit == 0:
            return []
        sort = to_sort(query.sort)
        backwards = query.cursor is not None and query.cursor.backwards
        if query.cursor is not None:
            wanted = {**wanted, **_beyond(query.cursor)}
            sort = [(name, -direction if backwards else direction) for name, direction in sort]
        cursor = self.collection.find(
            wanted,
            projection=to_projection(query.fields),
            sort=sort,
            skip=query.offset,
            limit=query.limit,
            batch_size=query.limit + 1,  # one round trip, and the server closes the cursor at once
            max_time_ms=_left(deadline),
        )
        found = await cursor.to_list()
        return found[::-1] if backwards else found

    async def _total(self, wanted: Filter, query: ListQuery, found: int, deadline: float) -> int:
        """Counted only where the page does not tell: a page that is not full ends at the last match."""
        if query.cursor is None and found < query.limit and (found or query.offset == 0):
            return query.offset + found

        async def count() -> int:
            return await self.collection.count_documents(wanted, maxTimeMS=_left(deadline))

        return await self.counts.get((self.collection.full_name, repr(wanted)), count)

    def _too_expensive(self) -> QueryTooExpensive:
        message = (
            f"The query took longer than {self.seconds:g} seconds. Filter by an attribute that is indexed: "
            f"{', '.join(self.indexed)}. A sort by another attribute has to look at all matches."
        )
        return QueryTooExpensive([Violation("query", "queryTooExpensive", message)])


def _beyond(cursor: Cursor) -> Filter:
    """What is made after (or before) that resource; the bound of `created` alone lets an index begin there."""
    beyond, bound = ("$lt", "$lte") if cursor.backwards else ("$gt", "$gte")
    same = {"created": cursor.created, "_id": {beyond: cursor.id}}
    return {"created": {bound: cursor.created}, "$or": [{"created": {beyond: cursor.created}}, same]}


def _left(deadline: float) -> int:
    """Milliseconds until the deadline, 1 at least: 0 would mean without end."""
    return max(1, round((deadline - time.monotonic()) * 1000))
