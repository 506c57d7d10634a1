"""Looks at a database that somebody else runs, before the server relies on it."""

import asyncio
from typing import Any

from pymongo import AsyncMongoClient
from pymongo.errors import (
    AutoReconnect,
    ConfigurationError,
    InvalidURI,
    NotPrimaryError,
    OperationFailure,
    PyMongoError,
)

from adapters.database_errors import (
    DatabaseAccessDenied,
    DatabaseAddressInvalid,
    DatabaseUnreachable,
    NotAReplicaSet,
)

_ACCESS_DENIED = frozenset({13, 18, 8000})  # Unauthorized, AuthenticationFailed, the same from Atlas
_PAUSE_SECONDS = 0.1
_SCHEMES = ("mongodb://", "mongodb+srv://")

Client = AsyncMongoClient[dict[str, Any]]


async def require_replica_set(url: str, *, timeout_seconds: float = 5.0) -> None:
    """Returns if the database is a replica set (or a sharded cluster of them) that takes writes.

    A set that is still electing its primary is given the time to do so.

    Raises:
        DatabaseAddressInvalid: the URL is no connection string, or its DNS record does not resolve.
        DatabaseUnreachable: nobody answers, or nobody who takes writes, within the time.
        DatabaseAccessDenied: it wants other credentials.
        NotAReplicaSet: it is a stand-alone server.
    """
    if not url.startswith(_SCHEMES):  # the driver would take anything for the name of a host
        raise DatabaseAddressInvalid(reason=f"it does not begin with {' or '.join(_SCHEMES)}")
    milliseconds = round(timeout_seconds * 1000)
    address = without_password(url)
    try:
        client: Client = AsyncMongoClient(
            url, serverSelectionTimeoutMS=milliseconds, connectTimeoutMS=milliseconds, socketTimeoutMS=milliseconds
        )
        async with client:
            hello = await _primary(client, timeout_seconds)
    except (InvalidURI, ConfigurationError, ValueError) as problem:
        raise DatabaseAddressInvalid(reason=problem) from None
    except PyMongoError as problem:
        if isinstance(problem, OperationFailure) and problem.code in _ACCESS_DENIED:
            raise DatabaseAccessDenied(address=address, reason=_cause(problem)) from None
        raise DatabaseUnreachable(address=address, seconds=timeout_seconds, reason=_cause(problem)) from None
    if hello.get("msg") != "isdbgrid" and "setName" not in hello:
        raise NotAReplicaSet(address=address)


async def _primary(client: Client, patience: float) -> dict[str, Any]:
    """The greeting of a node that takes writes and lets us in; the driver's last error when there is none in time."""
    clock = asyncio.get_running_loop().time
    deadline = clock() + patience
    while True:
        try:
            # A command that needs a right, so that wrong credentials show here and not at the first order.
            await client.admin.command("listDatabases", nameOnly=True)
            hello = await client.admin.command("hello")
            if hello.get("isWritablePrimary"):
                return hello
            raise NotPrimaryError("this node is not the primary")
        except AutoReconnect:
            if clock() > deadline:
                raise
        await asyncio.sleep(_PAUSE_SECONDS)


def without_password(url: str) -> str:
    """The address as it may stand in a message or a log."""
    scheme, _, rest = url.partition("://")
    credentials, at, hosts = rest.rpartition("@")
    user = credentials.partition(":")[0]
    return f"{scheme}://{user}{at}{hosts.partition('/')[0]}"


def _cause(problem: PyMongoError) -> str:
    # The driver appends its time-outs, the topology and the raw answer; the first part is the one about the cause.
    text = str(problem)
    for appendix in (" (configured timeouts", ", Timeout:", ", full error:"):
        text = text.partition(appendix)[0]
    return text
