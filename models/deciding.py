"""Asking policies at the decision points of an order: each answer is recorded before anything follows from it."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

import structlog

from models.approvals import ensure_flow, withdraw_older
from models.clock import Clock, parse
from models.domain import approval_flow
from models.domain.approval_flow import Approval
from models.domain.decision_points import (
    ADMISSION,
    APPROVE,
    HELD,
    SCHEDULE,
    Verdict,
)
from models.domain.delays import APPROVAL, POLICY, Delay, Delayed
from models.domain.delays import SCHEDULE as DELAY_SCHEDULE
from models.domain.errors import Conflict, InvalidRequest
from models.domain.policies import Policy, denials, question, recorded, unnamed, with_specifications
from models.domain.violations import Violation
from models.order_counts import counts
from models.policies import PolicyBook, decision_id, decisions_of, note_approval, record
from models.policy_asking import Service, ask
from models.reading import reading
from models.sealing import Sealer
from models.secrets import Secrets
from models.store import Store

Document = dict[str, Any]

ASKED_AGAIN_SECONDS = 30.0
"""After which a policy that gave no answer is asked again about an order on hold."""
_REFERENCE = {"body.serviceSpecification": 1}
LOOKED_AT_SECONDS = 300.0
"""After which an order that people have to approve looks by itself whether they have; usually it is woken."""

log = structlog.get_logger(__name__)


class Deciding:
    """Has policies decide.

    Attributes:
        book: the policies.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - whom and what it asks
        self,
        store: Store,
        clock: Clock,
        book: PolicyBook,
        service: Service,
        count: Callable[[str, str], None],
        sealer: Sealer | None = None,
    ) -> None:
        """Ask what this book names; `count` is told the decision point and the result of each new decision.

        `sealer` opens the secrets of policy services.
        """
        self._store = store
        self._clock = clock
        self.book = book
        self._service = service
        self._count = count
        self._secrets = Secrets(store, clock, sealer or Sealer())

    async def admit(self, order: Mapping[str, Any]) -> None:
        """Decide whether a stored order may be planned now: whether it is accepted, has to be approved, and how soon.

        An order that no policy applies to costs no read and no write.

        Raises:
            InvalidRequest: policies deny it, or people have not approved it, with the reason of each.
            Delayed: it is to wait.
            Unavailable: the database cannot be reached.
        """
        policies = await self.book.of(order["tenant"])
        again = order.get("fence", 1) > 1  # who had it before may have decided
        if not policies.asks_at(*ADMISSION) and not again:
            return
        told = {**order, "body": await self.named(order["tenant"], order["body"])}
        asked = {point: policies.of(point, told["body"]) for point in ADMISSION}
        known = await self._known(order) if again else {}
        for point in ADMISSION:
            made = await self._decisions(point, told, asked[point], known)
            _refuse(made)
            if point == APPROVE:
                await self._approvals(order, made)
            elif point == SCHEDULE:
                _wait_for_begin(made, self._clock)

    async def check(self, point: str, order: Mapping[str, Any], occasion: str, context: Mapping[str, Any]) -> None:
        """Decide about what somebody asks of an order: `cancel` or `amend`.

        Args:
            point: the decision point.
            order: as stored.
            occasion: tells this request from others; asked again for it, the same is decided.
            context: what the point's policies are told besides the order.

        Raises:
            PolicyDenied: policies deny it, with the reason of each.
            Unavailable: the database cannot be reached.
        """
        policies = await self.book.of(order["tenant"])
        if not policies.asks_at(point):
            return
        told = {**order, "body": await self.named(order["tenant"], order["body"])}
        asked = policies.of(point, told["body"])
        decided = (self.decide(point, told, policy, occasion, context) for policy in asked)
        found = denials([(one["policy"], Verdict.of(one["result"])) for one in await asyncio.gather(*decided)])
        if found:
            raise PolicyDenied(" ".join(one.message for one in found))

    async def named(self, tenant: str, order: Mapping[str, Any]) -> Mapping[str, Any]:
        """An order's body that says of which specification the services are that it refers to by their ids alone.

        Raises:
            Unavailable: the database cannot be reached.
        """
        ids = unnamed(order)
        if not ids:
            return order
        with reading():
            stored = self._store.collection("service").find({"_id": {"$in": ids}, "tenant": tenant}, _REFERENCE)
            known = {one["_id"]: one["body"].get("serviceSpecification") async for one in stored}
        return with_specifications(order, known)

    async def _known(self, order: Mapping[str, Any]) -> dict[str, Document]:
        """What was decided about the order as it stands, whatever policies say by now; by id."""
        amended = order.get("amended", 0)
        found = await decisions_of(self._store, order["tenant"], order["_id"])
        return {one["_id"]: one for one in found if one.get("round", 0) == amended and one["state"] != HELD}

    async def _decisions(
        self, point: str, order: Mapping[str, Any], asked: list[Policy], known: Mapping[str, Document]
    ) -> list[Document]:
        """What is decided; all that have not decided are asked at the same time, and what was decided stays so."""
        occasion = str(order.get("amended") or "")
        open_ones = [one for one in asked if decision_id(order["_id"], point, one.name, occasion) not in known]
        made = await asyncio.gather(*(self.decide(point, order, policy, occasion, {}) for policy in open_ones))
        return [*(one for one in known.values() if one["point"] == point), *made]

    async def decide(
        self, point: str, order: Mapping[str, Any], policy: Policy, occasion: str, more: Mapping[str, Any]
    ) -> Document:
        """Have one policy decide about an order as a whole, told `more` than its point's policies always are.

        Raises:
            Unavailable: the database cannot be reached.
        """
        context = question(point, order["_id"], order["body"], self._clock.text()) | dict(more)
        context |= await counts(self._store, order, policy.needs)
        return await self.ask(point, order, policy, occasion, context)

    async def ask(
        self, point: str, order: Mapping[str, Any], policy: Policy, occasion: str, context: Document, **facts: Any
    ) -> Document:
        """Have one policy decide, and record it.

        Args:
            point: the decision point.
            order: what is decided about: {_id, tenant, amended?}; of a process flow {_id, tenant, recipe}.
            policy: decides.
            occasion: tells this decision from others of the point.
            context: what the policy is told.
            facts: stand beside the decision.

        Returns:
            The decision that stands: where another process has decided the same, that one.

        Raises:
            Unavailable: the database cannot be reached.
        """
        began = self._clock.now()
        asked = await ask(self._service, policy, context, self._secrets, order["tenant"])
        if asked.problem is not None:
            log.warning("a policy gave no answer", policy=policy.id, order=order["_id"], reason=asked.problem)
        decision: Document = {
            "_id": decision_id(order["_id"], point, policy.name, occasion),
            "tenant": order["tenant"],
            "order": order["_id"],
            "point": point,
            "policy": policy.id,
            "state": asked.outcome,
            "result": asked.verdict.to_document(),
            "input": recorded(context),
            "duration": asked.milliseconds,
            "asked": began,
            "round": order.get("amended", 0),
            **({"recipe": order["recipe"]} if "recipe" in order else {}),
            **facts,
        }
        if asked.problem is not None:
            decision["problem"] = asked.problem
        return await self.keep(decision, asked.problem)

    async def keep(self, decision: Document, problem: str | None) -> Document:
        """Count and record a decision; `problem` is why it is the configured answer.

        Raises:
            Unavailable: the database cannot be reached.
        """
        self._count(decision["point"], decision["state"])
        return await record(self._store, self._clock, decision, problem)

    async def _approvals(self, order: Mapping[str, Any], made: list[Document]) -> None:
        """See what people say to what has to be approved.

        Raises:
            InvalidRequest: they have refused it.
            Delayed: they have not said anything yet.
        """
        wanted = [one for one in made if "queue" in one["result"]]
        if order.get("amended"):
            await withdraw_older(self._store, self._clock, order, order["amended"])
        waiting: list[tuple[Document, Document]] = []
        refused: list[Violation] = []
        for decision in wanted:
            flow = await ensure_flow(self._store, self._clock, order, decision)
            approval = approval_flow.said(flow)
            if approval is None:
                waiting.append((decision, flow))
                continue
            await note_approval(self._store, self._clock, decision, {"taskFlow": flow["id"], **approval.to_document()})
            if not approval.approved:
                refused.append(_refused(decision, approval))
        if refused:
            raise InvalidRequest(refused)
        if waiting:
            raise Delayed(_for_people(waiting, self._clock))


class PolicyDenied(Conflict):
    """A policy says that this may not be done to the order now."""

    code = "policyDenied"


def _refuse(made: list[Document]) -> None:
    """Deny the order where one of these does; else have it wait where one of them is to be asked again."""
    denied = denials([(one["policy"], Verdict.of(one["result"])) for one in made if one["state"] != HELD])
    if denied:
        raise InvalidRequest(denied)
    held = [one for one in made if one["state"] == HELD]
    if held:
        again = held[0]["asked"] + timedelta(seconds=ASKED_AGAIN_SECONDS)
        raise Delayed(Delay(POLICY, again, _ids(held), held[0]["result"].get("reason") or held[0]["problem"]))


def _wait_for_begin(made: list[Document], clock: Clock) -> None:
    latest = max((one for one in made if "notBefore" in one["result"]), key=_begin, default=None)
    if latest is not None and _begin(latest) > clock.now():
        raise Delayed(Delay(DELAY_SCHEDULE, _begin(latest), _ids([latest]), latest["result"].get("reason")))


def _begin(decision: Document) -> datetime:
    return parse(decision["result"]["notBefore"])


def _for_people(waiting: list[tuple[Document, Document]], clock: Clock) -> Delay:
    decisions, flows = [one for one, _ in waiting], [flow for _, flow in waiting]
    return Delay(
        APPROVAL,
        clock.after(LOOKED_AT_SECONDS),
        _ids(decisions),
        next((one["result"]["reason"] for one in decisions if one["result"].get("reason")), None),
        tuple(flow["id"] for flow in flows),
        tuple(dict.fromkeys(flow["queue"] for flow in flows if flow.get("queue"))),
    )


def _refused(decision: Document, approval: Approval) -> Violation:
    who = f" by {approval.who}" if approval.who else ""
    reason = approval.reason or "No reason was given."
    return Violation("", "approvalRefused", f"{reason} (refused{who}; policy {decision['policy']})")


def _ids(decisions: list[Document]) -> tuple[str, ...]:
    return tuple(one["policy"] for one in decisions)
