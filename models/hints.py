"""Hints that a fulfiller has something to tell: the tasks that they are about are looked at at once.

A hint is never the truth (docs/decisions/0006-a-notification-is-a-hint.md): it may be late, come twice, be forged, or
never come. It only makes the plan ask earlier than its poll interval says.
"""

from collections.abc import Collection

from pymongo.errors import PyMongoError

from models import inbox
from models.callback_token import CallKey
from models.clock import Clock
from models.domain.errors import Unavailable
from models.store import Store

_KNOWN = {"plan": 1, "key": 1, "operation": 1, "inputRev": 1}


async def hint(
    store: Store, clock: Clock, fulfiller: str, references: Collection[str], keys: Collection[str] = ()
) -> bool:
    """Have the tasks looked at that a fulfiller has accepted under these names.

    Args:
        store: where the tasks stand.
        clock: tells when the hint came.
        fulfiller: who has something to tell.
        references: its own names for the work.
        keys: our names for the work, which are the calls' idempotency keys; what is no such key is left out.

    Returns:
        Whether there are such tasks.

    Raises:
        Unavailable: the database cannot be reached.
    """
    try:
        found = {*await _by_reference(store, fulfiller, references), *await _by_key(store, fulfiller, keys)}
    except PyMongoError as error:
        raise Unavailable from error
    for call in found:
        entry = {"kind": "lookup", "task": call.task, "operation": call.operation, "revision": call.revision}
        await inbox.append(store, clock, call.plan, entry)
    return bool(found)


async def _by_reference(store: Store, fulfiller: str, references: Collection[str]) -> list[CallKey]:
    """The fulfiller's open tasks that are told of by its own name for the work."""
    if not references:
        return []
    wanted = {"fulfiller": fulfiller, "accepted.reference": {"$in": list(references)}, "state": "accepted"}
    return [
        CallKey(task["plan"], task["key"], task["operation"], task["inputRev"])
        async for task in store.collection("task").find(wanted, _KNOWN)
    ]


async def _by_key(store: Store, fulfiller: str, keys: Collection[str]) -> list[CallKey]:
    """The tasks that are told of by our name for the work.

    An event may overtake the answer to the very call that it follows; then no other name is known.
    """
    calls = [call for key in keys if (call := CallKey.parse(key)) is not None]
    if not calls:
        return []
    wanted = {"_id": {"$in": [f"{call.plan}:{call.task}" for call in calls]}, "fulfiller": fulfiller}
    own = {task["_id"] async for task in store.collection("task").find(wanted, {"_id": 1})}
    return [call for call in calls if f"{call.plan}:{call.task}" in own]
