"""Looks at a database that somebody else runs, before the server relies on it."""

from typing import Any

from pymongo import AsyncMongoClient
from pymongo.errors import ConfigurationError, InvalidURI, OperationFailure, PyMongoError

from adapters.database_errors import (
    DatabaseAccessDenied,
    DatabaseAddressInvalid,
    DatabaseUnreachable,
    NotAReplicaSet,
)

_ACCESS_DENIED = frozenset({13, 18, 8000})  # Unauthorized, AuthenticationFailed, the same from Atlas


async def require_replica_set(url: str, *, timeout_seconds: float = 5.0) -> None:
    """Returns if the database is a replica set (or a sharded cluster of them) that takes writes.

    Raises:
        DatabaseAddressInvalid: the URL is no connection string, or its DNS record does not resolve.
        DatabaseUnreachable: nobody answers, or nobody who takes writes, within the time.
        DatabaseAccessDenied: it wants other credentials.
        NotAReplicaSet: it is a stand-alone server.
    """
    try:
        client: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(
            url, serverSelectionTimeoutMS=round(timeout_seconds * 1000), connectTimeoutMS=round(timeout_seconds * 1000)
        )
    except (InvalidURI, ConfigurationError, ValueError) as problem:
        raise DatabaseAddressInvalid(reason=problem) from None
    async with client:
        address = without_password(url)
        try:
            # A read that needs a right, so that wrong credentials show here and not at the first order.
            await client.admin.command("listDatabases", nameOnly=True)
            hello = await client.admin.command("hello")
        except OperationFailure as problem:
            if problem.code in _ACCESS_DENIED:
                raise DatabaseAccessDenied(address=address, reason=problem.details or problem) from None
            raise DatabaseUnreachable(address=address, seconds=timeout_seconds, reason=problem) from None
        except ConfigurationError as problem:
            raise DatabaseAddressInvalid(reason=problem) from None
        except PyMongoError as problem:
            raise DatabaseUnreachable(address=address, seconds=timeout_seconds, reason=_first(problem)) from None
    if hello.get("msg") != "isdbgrid" and "setName" not in hello:
        raise NotAReplicaSet(address=address)
    if not hello.get("isWritablePrimary"):
        raise DatabaseUnreachable(address=address, seconds=timeout_seconds, reason="this node is not the primary")


def without_password(url: str) -> str:
    """The address as it may stand in a message or a log."""
    scheme, _, rest = url.partition("://")
    credentials, at, hosts = rest.rpartition("@")
    user = credentials.partition(":")[0]
    return f"{scheme}://{user}{at}{hosts.partition('/')[0]}"


def _first(problem: PyMongoError) -> str:
    # The driver appends its time-outs and the whole topology; the first part is the one about the cause.
    return str(problem).partition(" (configured timeouts")[0].partition(", Timeout:")[0]
