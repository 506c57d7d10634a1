"""Asking policies at the decision points of an order: each answer is recorded before anything follows from it."""

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import structlog

from models.clock import Clock, to_text
from models.domain.decision_points import ACCEPT, NoAnswer, NotAVerdict, Verdict, outcome, verdict_of
from models.domain.errors import InvalidRequest
from models.domain.policies import Policy, denials, question, recorded
from models.order_counts import counts
from models.policies import PolicyBook, decision_id, decisions_of, record
from models.store import Store

Document = dict[str, Any]

log = structlog.get_logger(__name__)


class Service(Protocol):
    """A service that decides by policies of its own (`adapters.ports.PolicyService`)."""

    async def ask(self, policy: Policy, question: Mapping[str, Any]) -> Any:
        """The result of a policy's rule, as it came. Raises NoAnswer."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What came of asking a policy.

    Attributes:
        verdict: what is decided.
        problem: why that is its configured answer; None where it has answered.
        milliseconds: how long it took.
    """

    verdict: Verdict
    problem: str | None
    milliseconds: int

    @property
    def outcome(self) -> str:
        """A word of `decision_points.RESULTS`."""
        return outcome(self.verdict, answered=self.problem is None)


async def ask(service: Service, policy: Policy, context: Mapping[str, Any]) -> Asked:
    """Have a policy decide: by its table, or by the service that it names."""
    began, problem = time.monotonic(), None
    try:
        answer = policy.table.decide(context) if policy.table is not None else await service.ask(policy, context)
        verdict = verdict_of(answer, policy.point)
    except (NoAnswer, NotAVerdict) as failure:
        verdict, problem = policy.when_down, str(failure)
    return Asked(verdict, problem, round((time.monotonic() - began) * 1000))


class Deciding:
    """Has policies decide."""

    def __init__(
        self, store: Store, clock: Clock, book: PolicyBook, service: Service, count: Callable[[str, str], None]
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
        return [(one["policy"], Verdict.of(one["result"])) for one in (*known.values(), *made)]

    async def _decide(self, point: str, order: Mapping[str, Any], policy: Policy, key: str) -> Document:
        began = self._clock.now()
        context = question(point, order["_id"], order["body"], to_text(began))
        context |= await counts(self._store, order, policy.needs)
        asked = await ask(self._service, policy, context)
        if asked.problem is not None:
            log.warning("a policy gave no answer", policy=policy.id, order=order["_id"], reason=asked.problem)
        decision: Document = {
            "_id": key,
            "tenant": order["tenant"],
            "order": order["_id"],
            "point": point,
            "policy": policy.id,
            "state": asked.outcome,
            "result": asked.verdict.to_document(),
            "input": recorded(context),
            "duration": asked.milliseconds,
            "asked": began,
            "body": {},
        }
        if asked.problem is not None:
            decision["problem"] = asked.problem
        self._count(point, asked.outcome)
        return await record(self._store, self._clock, decision, asked.problem)
