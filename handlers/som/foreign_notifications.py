"""Notifications of fulfillers' hubs: hints on which tasks to look at."""

from pymongo.errors import PyMongoError

from handlers.dependencies import Dependencies
from handlers.errors import Gone
from handlers.exchange import Reply, Request
from models import inbox
from models.callback_token import CallKey
from models.domain.errors import NotFound, Unavailable
from models.domain.foreign_events import Subjects, subjects_of

_KNOWN = {"plan": 1, "key": 1, "operation": 1, "inputRev": 1}


class ForeignNotifications:
    """The way from the hubs of fulfillers to plans."""

    def __init__(self, dependencies: Dependencies) -> None:
        """Pass hints on to plans in this store."""
        self._store = dependencies.store
        self._clock = dependencies.clock
        self._tokens = dependencies.tokens

    async def take(self, request: Request) -> Reply:
        """Have the tasks looked at that events tell of.

        Raises:
            NotFound: we did not issue this token.
            Gone: the fulfiller has been withdrawn; its hub need not tell us anything any more.
        """
        fulfiller = self._tokens.read_of_hub(request.path_params["token"])
        if fulfiller is None:
            raise NotFound("No notifications are taken under this address.")
        events = request.body if isinstance(request.body, list) else [request.body]
        subjects = subjects_of(events)
        try:
            found = {*await self._by_reference(fulfiller, subjects), *await self._by_key(fulfiller, subjects)}
        except PyMongoError as error:
            raise Unavailable from error
        if not found and await self._store.get("fulfiller", fulfiller) is None:
            raise Gone("The fulfiller that tells this is not registered any more.")
        for call in found:
            entry = {"kind": "lookup", "task": call.task, "operation": call.operation, "revision": call.revision}
            await inbox.append(self._store, self._clock, call.plan, entry)
        return Reply(204)

    async def _by_reference(self, fulfiller: str, subjects: Subjects) -> list[CallKey]:
        """The fulfiller's open tasks that are told of by its own name for the work."""
        if not subjects.ids:
            return []
        wanted = {"fulfiller": fulfiller, "accepted.reference": {"$in": list(subjects.ids)}, "state": "accepted"}
        return [
            CallKey(task["plan"], task["key"], task["operation"], task["inputRev"])
            async for task in self._store.collection("task").find(wanted, _KNOWN)
        ]

    async def _by_key(self, fulfiller: str, subjects: Subjects) -> list[CallKey]:
        """The tasks that are told of by our name for the work, which is the call's idempotency key.

        An event may overtake the answer to the very call that it follows; then no other name is known.
        """
        keys = [key for external in subjects.external_ids if (key := CallKey.parse(external)) is not None]
        if not keys:
            return []
        wanted = {"_id": {"$in": [f"{key.plan}:{key.task}" for key in keys]}, "fulfiller": fulfiller}
        own = {task["_id"] async for task in self._store.collection("task").find(wanted, {"_id": 1})}
        return [key for key in keys if f"{key.plan}:{key.task}" in own]
