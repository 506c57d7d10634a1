"""Makes one `mongod` the primary of a replica set of one."""

import asyncio
from typing import Any

from pymongo import AsyncMongoClient
from pymongo.errors import AutoReconnect, OperationFailure

NAME = "som"
_ALREADY_INITIALIZED = 23
_NOT_YET_INITIALIZED = 94
_PAUSE_SECONDS = 0.02

Client = AsyncMongoClient[dict[str, Any]]


async def become_primary(port: int, pid: int) -> None:
    """Returns when the node at this port takes writes; initiates or corrects its replica set on the way.

    Never touches a database other than the process `pid`: another program may hold the port, and may be a mongod.
    Runs until it succeeds; the caller sets the time limit.
    """
    client: Client = AsyncMongoClient(
        f"mongodb://127.0.0.1:{port}/?directConnection=true", serverSelectionTimeoutMS=500, retryReads=False
    )
    host = f"127.0.0.1:{port}"
    await _listening(port)
    async with client:
        while not await _is_primary(client, host, pid):
            await asyncio.sleep(_PAUSE_SECONDS)


async def _listening(port: int) -> None:
    # A driver that finds the door closed waits half a second before it knocks again; a start takes one in all.
    while True:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except ConnectionRefusedError:
            await asyncio.sleep(_PAUSE_SECONDS)
        else:
            writer.close()
            await writer.wait_closed()
            return


async def _is_primary(client: Client, host: str, pid: int) -> bool:
    try:
        if (await client.admin.command("serverStatus"))["pid"] != pid:
            return False
        hello = await client.admin.command("hello")
        if hello.get("isWritablePrimary") and hello.get("me") == host:
            return True
        await _settle(client, host)
    except AutoReconnect:  # not listening yet, or it dropped us on its way to another state
        return False
    return False


async def _settle(client: Client, host: str) -> None:
    members = [{"_id": 0, "host": host}]
    try:
        config = (await client.admin.command("replSetGetConfig"))["config"]
        if config["members"][0]["host"] != host:
            # Its port has changed: the node does not find itself in its own set and only force makes it look again.
            renewed = config | {"members": members, "version": config["version"] + 1}
            await client.admin.command("replSetReconfig", renewed, force=True)
    except OperationFailure as problem:
        if problem.code != _NOT_YET_INITIALIZED:
            raise
        await _initiate(client, members)


async def _initiate(client: Client, members: list[dict[str, Any]]) -> None:
    try:
        await client.admin.command("replSetInitiate", {"_id": NAME, "members": members})
    except OperationFailure as problem:
        if problem.code != _ALREADY_INITIALIZED:  # a restart that has not read its configuration yet says this
            raise
