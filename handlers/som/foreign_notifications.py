"""Notifications of others' hubs: hints on which tasks, or which change requests, to look at."""

from collections.abc import Sequence

from handlers.dependencies import Dependencies
from handlers.errors import Gone
from handlers.exchange import Reply, Request
from models import changes
from models.domain.errors import NotFound
from models.domain.foreign_events import subjects_of
from models.hints import hint


class ForeignNotifications:
    """The way from the hubs of fulfillers and change sources to plans and change requests."""

    def __init__(self, dependencies: Dependencies) -> None:
        """Pass hints on to plans in this store."""
        self._store = dependencies.store
        self._clock = dependencies.clock
        self._tokens = dependencies.tokens

    async def take(self, request: Request) -> Reply:
        """Have the tasks, or the change requests, looked at that events tell of.

        Raises:
            NotFound: we did not issue this token.
            Gone: who tells it is not registered any more; its hub need not tell us anything.
        """
        fulfiller = self._tokens.read_of_hub(request.path_params["token"])
        if fulfiller is None:
            raise NotFound("No notifications are taken under this address.")
        events = request.body if isinstance(request.body, list) else [request.body]
        subjects = subjects_of(events)
        source = changes.source_of_hub(fulfiller)
        if source is not None:
            return await self._take_changes(source, subjects.ids)
        found = await hint(self._store, self._clock, fulfiller, subjects.ids, subjects.external_ids)
        if not found and await self._store.get("fulfiller", fulfiller) is None:
            raise Gone("The fulfiller that tells this is not registered any more.")
        return Reply(204)

    async def _take_changes(self, source: str, ids: Sequence[str]) -> Reply:
        stored = await self._store.get(changes.SOURCES, source)
        if stored is None or stored["tenant"].startswith("~"):
            raise Gone("The change source that tells this is not registered any more.")
        await changes.note(self._store, self._clock, stored["tenant"], source, ids)
        return Reply(204)
