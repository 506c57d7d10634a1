"""Tasks that wait for a pool go on by themselves when it has what they lacked.

Our own pools keep the line: they reserve for whoever is first, by priority and age, and name those that were served.
Of pools elsewhere nobody tells us: there a reservation stands in line, and we look once in a while how it is.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog

from adapters.ports import ResourcePools
from models import inbox
from models.callback_token import CallKey
from models.clock import Clock
from models.domain.fulfiller import OWN_POOLS
from models.reading import reading
from models.store import Store

Document = dict[str, Any]

SECONDS = 0.5
ELSEWHERE_EVERY = timedelta(seconds=30)
PORTION = 100
_LONG_AGO = datetime.min.replace(tzinfo=UTC)

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class PoolLines:
    """Wakes tasks whose waiting in a line has ended. Done by several processes at once it does no harm."""

    store: Store
    clock: Clock
    pools: ResourcePools
    _asked_elsewhere: datetime = field(default=_LONG_AGO)

    async def look(self) -> int:
        """Wake those that were served, and now and then those that wait for pools elsewhere; returns how many.

        Raises:
            Unavailable: the database cannot be reached; the next look repeats it.
        """
        woken = 0
        while served := await self.pools.served(PORTION):
            for one in served:
                await self._wake(CallKey.parse(one.key))
            await self.pools.told([one.key for one in served])
            woken += len(served)
        if self.clock.now() - self._asked_elsewhere >= ELSEWHERE_EVERY:
            self._asked_elsewhere = self.clock.now()
            woken += await self._ask_elsewhere()
        if woken:
            log.info("pools have what tasks were held for", tasks=woken)
        return woken

    async def _ask_elsewhere(self) -> int:
        waiting = {"state": "held", "error.code": "poolExhausted", "fulfiller": {"$ne": OWN_POOLS}}
        with reading():
            held = self.store.collection("task").find(waiting, {"plan": 1, "key": 1})
            found = await held.sort("created", 1).limit(PORTION).to_list()
        for one in found:
            await inbox.append(self.store, self.clock, one["plan"], {"kind": "candidate", "task": one["key"]})
        return len(found)

    async def _wake(self, call: CallKey | None) -> None:
        if call is not None:
            await inbox.append(self.store, self.clock, call.plan, {"kind": "candidate", "task": call.task})
