"""How a fulfiller is: its breaker, its last probe, maintenance, what it has open, and what calls to it came to."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from handlers.dependencies import Dependencies
from handlers.som.times import shown
from models.clock import Clock
from models.domain.breaker import Breaker
from models.domain.call_statistics import OUTCOMES, CallStatistics, together
from models.domain.fulfiller import FulfillerDefinition
from models.domain.maintenance import maintenance
from models.domain.situation import Standing
from models.fulfillers import OPEN_TASKS
from models.reading import reading
from models.store import Store

Document = dict[str, Any]

_STATES = {"open": "down", "halfOpen": "trying"}


class FulfillerHealth:
    """Reads how fulfillers are."""

    def __init__(self, dependencies: Dependencies) -> None:
        """Read from this store."""
        self._store: Store = dependencies.store
        self._clock: Clock = dependencies.clock

    async def states(self, tenant: str) -> dict[str, Document]:
        """What is known of those that are not well, by id."""
        with reading():
            found = await self._store.collection("fulfillerState").find({"tenant": tenant}).to_list()
        return {document["_id"]: document for document in found}

    def summary(self, stored: Mapping[str, Any], state: Mapping[str, Any]) -> Document:
        """Whether it is up, and where not, why."""
        return summary(stored, state, self._clock.now())

    async def whole(self, stored: Mapping[str, Any]) -> Document:
        """All that is known."""
        key, now = stored["_id"], self._clock.now()
        state = await self._store.get("fulfillerState", key) or {}
        open_tasks = await self._open_tasks(key)
        hour, day = await self._statistics(key, now)
        return {
            **summary(stored, state, now),
            "inFlight": open_tasks.get("running", 0),
            "openTasks": sum(open_tasks.get(name, 0) for name in OPEN_TASKS),
            "heldTasks": open_tasks.get("held", 0),
            "lastHour": _figures(hour),
            "lastDay": _figures(day),
        }

    async def _open_tasks(self, key: str) -> dict[str, int]:
        wanted = {"fulfiller": key, "state": {"$in": [*OPEN_TASKS, "held"]}}
        stages: list[Document] = [{"$match": wanted}, {"$group": {"_id": "$state", "count": {"$sum": 1}}}]
        with reading():
            cursor = await self._store.collection("task").aggregate(stages)
            return {group["_id"]: group["count"] async for group in cursor}

    async def _statistics(self, key: str, now: datetime) -> tuple[CallStatistics, CallStatistics]:
        since = now - timedelta(days=1)
        with reading():
            found = self._store.collection("fulfillerStatistics").find({"fulfiller": key, "at": {"$gte": since}})
            pieces = await found.to_list()
        hour = now - timedelta(hours=1)
        return together(piece for piece in pieces if piece["at"] >= hour), together(pieces)


def standings(states: Mapping[str, Document], now: datetime) -> dict[str, Standing]:
    """How those are that are not well, as the policy of selection sees it."""
    made = {}
    for key, state in states.items():
        breaker = Breaker.from_document(state["breaker"]) if state.get("breaker") else None
        made[key] = Standing(
            open_until=breaker.until if breaker else None,
            trying=breaker is not None and breaker.trying(now),
            breaker_reason=breaker.reason if breaker else "",
            down=(state.get("down") or {}).get("reason"),
        )
    return made


def summary(stored: Mapping[str, Any], state: Mapping[str, Any], now: datetime) -> Document:
    """Whether a fulfiller is up, and where not, why."""
    definition = FulfillerDefinition.from_document(stored)
    breaker = Breaker.from_document(state["breaker"]) if state.get("breaker") else None
    down, window = state.get("down"), maintenance(definition.windows, now)
    status = "up" if breaker is None else _STATES[breaker.state(now)]
    made: Document = {
        "status": "down" if down else status,
        "circuitBreaker": {"state": "closed"} if breaker is None else _breaker(breaker, now),
    }
    if down:
        made["down"] = {"reason": down["reason"], "since": shown(down["since"])}
    if window:
        made["maintenance"] = {"until": shown(window.until), "name": window.name}
    return made


def _breaker(breaker: Breaker, now: datetime) -> Document:
    return {
        "state": breaker.state(now),
        "since": shown(breaker.opened),
        "until": shown(breaker.until),
        "reason": breaker.reason,
    }


def _figures(of: CallStatistics) -> Document:
    return {
        "calls": of.calls,
        **{name: of.outcomes.get(name, 0) for name in OUTCOMES},
        "successRate": of.success_rate,
        "meanLatency": round(of.milliseconds / of.calls, 1) if of.calls else None,
        "p50": of.percentile(0.5),
        "p95": of.percentile(0.95),
    }
