"""Reads whose errors mean something to a caller."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from pymongo.errors import ExecutionTimeout, PyMongoError

from models.domain.errors import QueryTooExpensive, Unavailable
from models.domain.violations import Violation
from models.store import Store

Document = dict[str, Any]


@contextmanager
def reading() -> Iterator[None]:
    """Turn the driver's errors into ours.

    Raises:
        QueryTooExpensive: the query ran out of time.
        Unavailable: the database cannot be reached.
    """
    try:
        yield
    except ExecutionTimeout as error:
        violation = Violation("", "queryTooExpensive", "The query takes too long; ask for less, or narrow it.")
        raise QueryTooExpensive([violation]) from error
    except PyMongoError as error:
        raise Unavailable from error


async def page(  # noqa: PLR0913 - what a page is
    store: Store,
    collection: str,
    where: Mapping[str, Any],
    *,
    sort: Sequence[tuple[str, int]],
    offset: int,
    limit: int,
    seconds: float,
    projection: Mapping[str, int] | None = None,
) -> tuple[int, list[Document]]:
    """How many documents match, and the page asked for."""
    documents = store.collection(collection)
    with reading():
        total = await documents.count_documents(where, maxTimeMS=int(seconds * 1000))
        if limit == 0 or offset >= total:
            return total, []
        cursor = documents.find(where, projection, sort=list(sort), skip=offset, limit=limit)
        return total, await cursor.max_time_ms(int(seconds * 1000)).to_list()
