"""Keeps the promise of the port for every kind, plug-ins included: an outcome, in time, and no exception."""

import asyncio
from collections.abc import Awaitable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

import structlog

from adapters.credentials import Credentials
from adapters.ports import (
    Accepted,
    ClosesChanges,
    Done,
    Fulfiller,
    FulfillerCall,
    InformationRequired,
    Outcome,
    Probe,
    Probed,
    Progress,
    Readable,
    Refused,
    Reserving,
    Shortage,
    Unreachable,
)
from models.domain.outcomes import why_unstorable

_GRACE = 0.5  # seconds beyond the call's own time-out, so that a kind can give its own, better reason
_OUTCOMES = (Done, Accepted, Refused, Unreachable, Progress, InformationRequired, Shortage)
_log = structlog.get_logger(__name__)


class Guarded:
    """A fulfiller of any kind, made to keep its promise."""

    def __init__(self, inner: Fulfiller, name: str, credentials: Credentials | None = None) -> None:
        """Guard this one; its name is for the log and the reasons, in which its credentials never stand."""
        self._inner = inner
        self._credentials = credentials or Credentials(None)
        self._name = name
        self.kind = inner.kind

    async def engage(self, call: FulfillerCall) -> Outcome:
        """Ask for the work."""
        return await self._kept(self._inner.engage(call), call.timeout, task=call.task_id)

    async def poll(self, reference: Accepted, call: FulfillerCall) -> Outcome:
        """Look how accepted work is."""
        return await self._kept(self._inner.poll(reference, call), call.timeout, task=call.task_id)

    async def read(self, call: FulfillerCall) -> Outcome:
        """Ask what is; a kind that cannot tell refuses."""
        if not isinstance(self._inner, Readable):
            return Refused(f"A fulfiller of the kind {self.kind} cannot be asked what is.")
        outcome = await self._kept(self._inner.read(call), call.timeout, task=call.task_id)
        if isinstance(outcome, Done | Refused | Unreachable):
            return outcome
        return Refused(f"{self._name} did not say what is, but that it would see to it; a read is answered at once.")

    async def probe(self, seconds: float) -> Probe | None:
        """Look whether it is up; None where its kind, or its registration, has nothing to look at."""
        if not isinstance(self._inner, Probed):
            return None
        try:
            async with asyncio.timeout(seconds + _GRACE):
                return await self._inner.probe(seconds)
        except TimeoutError:
            return Probe(f"It did not answer within {seconds:g} seconds.")
        except Exception as error:  # noqa: BLE001 - a plug-in may raise anything
            _log.exception("fulfiller raised at a probe", kind=self.kind, fulfiller=self._name)
            return Probe(f"The probe of the kind {self.kind} failed inside ({type(error).__name__}).")

    async def aclose(self) -> None:
        """Let go of what the instance holds; a fault in that is logged, for nobody could do more."""
        try:
            await self._inner.aclose()
        except Exception:  # noqa: BLE001 - a plug-in may raise anything
            _log.exception("fulfiller did not close", kind=self.kind, fulfiller=self._name)

    async def use(self, reservation: str, seconds: float) -> Outcome:
        """Turn a reservation into use."""
        if not isinstance(self._inner, Reserving):
            return self._keeps_none()
        return await self._kept(self._inner.use(reservation, seconds), seconds, reservation=reservation)

    async def extend(self, reservation: str, until: datetime, seconds: float) -> Outcome:
        """Let a reservation last longer."""
        if not isinstance(self._inner, Reserving):
            return self._keeps_none()
        return await self._kept(self._inner.extend(reservation, until, seconds), seconds, reservation=reservation)

    async def give_back(self, reservation: str, seconds: float) -> Outcome:
        """Give back what a reservation holds."""
        if not isinstance(self._inner, Reserving):
            return self._keeps_none()
        return await self._kept(self._inner.give_back(reservation, seconds), seconds, reservation=reservation)

    async def close_change(self, change_request: str, status: str, note: str, seconds: float) -> Outcome:
        """End a change request; what other kinds have opened is not ours to end."""
        if not isinstance(self._inner, ClosesChanges):
            return Done()
        answer = self._inner.close_change(change_request, status, note, seconds)
        return await self._kept(answer, seconds, change_request=change_request)

    def _keeps_none(self) -> Refused:
        return Refused(f"A fulfiller of the kind {self.kind} keeps no reservations.")

    async def _kept(self, answer: Awaitable[Any], seconds: float, **about: str) -> Outcome:
        try:
            async with asyncio.timeout(seconds + _GRACE):
                outcome = await answer
        except TimeoutError:
            return Unreachable(f"{self._name} did not answer within {seconds:g} seconds.", cause="timeout")
        except Exception as error:  # noqa: BLE001 - a plug-in may raise anything
            _log.exception("fulfiller raised", kind=self.kind, fulfiller=self._name, **about)
            return Unreachable(f"The kind {self.kind} failed inside ({type(error).__name__}); the log has the details.")
        return self._hidden(_checked(outcome, self.kind))

    def _hidden(self, outcome: Outcome) -> Outcome:
        if isinstance(outcome, Refused | Unreachable | Shortage | InformationRequired):
            reason = self._credentials.hidden(outcome.reason)
            return outcome if reason == outcome.reason else replace(outcome, reason=reason)
        return outcome


def _checked(outcome: Any, kind: str) -> Outcome:
    """What came out, or a refusal where it is no outcome or could not be stored."""
    if isinstance(outcome, Done):
        facts = [
            outcome.output,
            *outcome.service_characteristic,
            *outcome.supporting_resource,
            *outcome.supporting_service,
        ]
        trouble = why_unstorable(facts)
        if trouble:
            return Refused(f"What the kind {kind} reported cannot be stored: {trouble}.", maybe_done=True)
    if isinstance(outcome, Accepted | Done | Refused) and not _refers(outcome.order):
        return Refused(f"The kind {kind} placed an order and gave no reference with an id to it.", maybe_done=True)
    if isinstance(outcome, _OUTCOMES):
        return outcome
    return Refused(f"The kind {kind} gave {type(outcome).__name__} instead of an outcome.", maybe_done=True)


def _refers(order: Any) -> bool:
    """Whether it is {id, href?, @referredType?} as an orderRelationship has them, or nothing."""
    if order is None:
        return True
    if not isinstance(order, Mapping) or not order.keys() <= {"id", "href", "@referredType"}:
        return False
    storable = (isinstance(value, str) and not why_unstorable(value) for value in order.values())
    return bool(order.get("id")) and all(storable)
