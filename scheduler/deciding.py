"""Asking policies at the decision points of an order: each answer is recorded before anything follows from it."""

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import Any

import structlog

from adapters.ports import PolicyService
from models.clock import Clock
from models.domain.errors import InvalidRequest
from models.domain.policies import (
    ACCEPT,
    NoAnswer,
    NotAVerdict,
    Policy,
    Verdict,
    denials,
    outcome,
    question,
    summary,
    verdict_of,
)
from models.policies import PolicyBook, decision_id, decisions_of, record
from models.store import Store

Document = dict[str, Any]

log = structlog.get_logger(__name__)


class Deciding:
    """Has policies decide."""

    def __init__(
        self, store: Store, clock: Clock, book: PolicyBook, service: PolicyService, count: Callable[[str, str], None]
    ) -> None:
        """Ask what this book names; `count` is told the decision point and the result of each new decision."""
        self._store = store
        self._clock = clock
        self._book = book
        self._service = service
        self._count = count

    async def accept(self, order: Mapping[str, Any]) -> None:
        """Decide whether a stored order is accepted.

        Raises:
            InvalidRequest: policies deny it, with the reason of each.
            Unavailable: the database cannot be reached.
        """
        asked = (await self._book.of(order["tenant"])).of(ACCEPT, order["body"])
        again = order.get("fence", 1) > 1  # who had it before may have decided
        if not asked and not again:
            return
        known = await decisions_of(self._store, order["tenant"], order["_id"], ACCEPT) if again else {}
        denied = denials(await self._decisions(ACCEPT, order, asked, known))
        if denied:
            raise InvalidRequest(denied)

    async def _decisions(
        self, point: str, order: Mapping[str, Any], asked: list[Policy], known: Mapping[str, Document]
    ) -> list[tuple[str, Verdict]]:
        """What is decided; all that have not decided are asked at the same time, and what was decided stays so."""
        open_ones = [(policy, decision_id(order["_id"], point, policy.name)) for policy in asked]
        made = await asyncio.gather(
            *(self._decide(point, order, policy, key) for policy, key in open_ones if key not in known)
        )
        return [(one["policy"], _verdict(one["result"])) for one in (*known.values(), *made)]

    async def _decide(self, point: str, order: Mapping[str, Any], policy: Policy, key: str) -> Document:
        asked, began, problem = self._clock.now(), time.monotonic(), None
        try:
            verdict = verdict_of(await self._service.ask(policy, question(point, order["_id"], order["body"])))
        except (NoAnswer, NotAVerdict) as failure:
            verdict, problem = policy.when_down, str(failure)
            log.warning("a policy gave no answer", policy=policy.id, order=order["_id"], reason=problem)
        state = outcome(verdict, answered=problem is None)
        decision: Document = {
            "_id": key,
            "tenant": order["tenant"],
            "order": order["_id"],
            "point": point,
            "policy": policy.id,
            "state": state,
            "result": verdict.to_document(),
            "input": summary(order["body"]),
            "duration": round((time.monotonic() - began) * 1000),
            "asked": asked,
            "body": {},
        }
        if problem is not None:
            decision["problem"] = problem
        self._count(point, state)
        return await record(self._store, self._clock, decision, problem)


def _verdict(result: Mapping[str, Any]) -> Verdict:
    return Verdict(result["allow"], result.get("reason"))
