"""Reports of fulfillers on work that they have accepted."""

from typing import Any

import orjson

from handlers.body import require_body
from handlers.dependencies import Dependencies
from handlers.exchange import Reply, Request
from models import inbox
from models.domain.errors import NotFound, TooLarge
from models.domain.transients import wiped
from models.reading import reading
from models.sealing import SecretUnreadable
from models.transients import FIELD, opened

Document = dict[str, Any]

# Reports gather in the plan's document until the engine takes them out.
MAX_REPORT_BYTES = 1_000_000


class Callbacks:
    """The way back from fulfillers to plans."""

    def __init__(self, dependencies: Dependencies) -> None:
        """Pass reports on to plans in this store."""
        self._store = dependencies.store
        self._clock = dependencies.clock
        self._tokens = dependencies.tokens
        self._catalogue = dependencies.catalogue
        self._sealer = dependencies.sealer

    async def report(self, request: Request) -> Reply:
        """Hand a report to the plan.

        One for a plan that has ended is late: it changes nothing, and is answered the same.

        Raises:
            NotFound: we did not issue this token.
        """
        call = self._tokens.read(request.path_params["token"])
        if call is None:
            raise NotFound("There is nothing to report on under this address.")
        report = require_body(request)
        if len(orjson.dumps(report)) > MAX_REPORT_BYTES:
            raise TooLarge(f"A report can have at most {MAX_REPORT_BYTES} bytes.")
        if await self._catalogue.knows_operations(request.caller.tenant):
            report = await self._without_transients(call.plan, report)
        entry = {
            "kind": "callback",
            "task": call.task,
            "operation": call.operation,
            "revision": call.revision,
            "report": report,
        }
        await inbox.append(self._store, self._clock, call.plan, entry)
        return Reply(204)

    async def _without_transients(self, order: str, report: Document) -> Document:
        """A report without the values that it repeats of those of which nothing is kept; a plan has its order's id."""
        with reading():
            wanted = {"_id": order, FIELD: {"$exists": True}}
            stored = await self._store.collection("serviceOrder").find_one(wanted, {FIELD: 1})
        try:
            taken = opened(self._sealer, stored) if stored is not None else {}
        except SecretUnreadable:  # a report is never lost
            return report
        for values in taken.values():
            report = wiped(report, values)
        return report
