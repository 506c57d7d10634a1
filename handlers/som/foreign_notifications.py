"""Notifications of fulfillers' hubs: hints on which tasks to look at."""

from handlers.dependencies import Dependencies
from handlers.errors import Gone
from handlers.exchange import Reply, Request
from models.domain.errors import NotFound
from models.domain.foreign_events import subjects_of
from models.hints import hint


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
        found = await hint(self._store, self._clock, fulfiller, subjects.ids, subjects.external_ids)
        if not found and await self._store.get("fulfiller", fulfiller) is None:
            raise Gone("The fulfiller that tells this is not registered any more.")
        return Reply(204)
