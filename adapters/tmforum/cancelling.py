"""Cancelling an order that was placed: the request, and what becomes of it."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from adapters.ports import Accepted, Done, FulfillerCall, Outcome, Progress, Refused, Unreachable
from adapters.tmforum.client import Answered, Budget, TmfClient, segment
from adapters.tmforum.order_reading import NOTHING_BUILT, Dialect, id_of, state_of
from adapters.tmforum.schemas import Schemas
from models.domain.outcomes import text

_NO_SUCH = frozenset({404, 405, 501})
_ASSESSED = frozenset({"assessingCancellation", "pendingCancellation"})
_REFUSED = frozenset({"terminatedWithError", "rejected", "cancelled"})


class OrderCancellation:
    """Requests cancellations at one order manager, and follows them."""

    def __init__(self, client: TmfClient, schemas: Schemas, dialect: Dialect) -> None:
        """Speak to this API."""
        self._client = client
        self._schemas = schemas
        self._dialect = dialect

    async def request(self, order: str, call: FulfillerCall, budget: Budget) -> Outcome:
        """Ask for the order to be cancelled, unless that has been asked."""
        if call.repeated:
            found = await self._asked_before(order, budget)
            if found is not None:
                return found
        body = {"cancellationReason": "It is not needed any more.", self._dialect.order: {"id": order}}
        wrong = await self._schemas.wrong_to_cancel(body)
        if wrong is not None:
            return wrong
        path, bears = f"/{self._dialect.cancel}", {409, *_NO_SUCH}
        answer = await self._client.write("POST", path, budget, body, key=call.idempotency_key, bears=bears)
        if isinstance(answer, Refused | Unreachable):
            return answer
        if answer.status in _NO_SUCH:
            return Refused(f"The {self._dialect.words} {order} cannot be cancelled there: no cancellations are taken.")
        if answer.status == 409:
            return await self._asked_before(order, budget) or Refused(_said(answer))
        return await self._taken(answer.body)

    async def look(self, key: str, call: FulfillerCall, budget: Budget) -> Outcome:
        """What has become of a request."""
        answer = await self._client.get(f"/{self._dialect.cancel}/{segment(key)}", budget)
        if isinstance(answer, Refused | Unreachable):
            return answer
        wrong = await self._schemas.wrong_cancellation(answer.body)
        if wrong is not None:
            return wrong
        state = state_of(answer.body)
        if state in _REFUSED:
            return Refused(f"The cancellation {key} is {state}: {_why(answer.body)}.")
        if state != "done":
            return Progress(reason=text(f"The cancellation {key} is {state}."))
        reference = answer.body.get(self._dialect.order)
        order = id_of(reference) or (call.engaged.reference if call.engaged else None)
        return await self._as_the_order_is(order or "", _why(answer.body), budget)

    async def _as_the_order_is(self, order: str, why: str, budget: Budget) -> Outcome:
        """A request that is done may have been denied; the order's state tells."""
        answer = await self._client.get(f"/{self._dialect.order}/{segment(order)}", budget, bears={404})
        if isinstance(answer, Refused | Unreachable):
            return answer
        state = state_of(answer.body)
        if answer.status == 404 or state in NOTHING_BUILT:
            return Done()
        if state in _ASSESSED:
            return Progress(reason=f"The {self._dialect.words} {order} is {state}.")
        return Refused(text(f"The cancellation of the {self._dialect.words} {order} was denied: {why}.") or "")

    async def _asked_before(self, order: str, budget: Budget) -> Outcome | None:
        """The newest request for this order."""
        query = {f"{self._dialect.order}.id": order}
        answer = await self._client.get(f"/{self._dialect.cancel}", budget, bears=_NO_SUCH, **query)
        if isinstance(answer, Unreachable):
            return answer
        if isinstance(answer, Refused):
            return replace(answer, maybe_done=True)
        listed = answer.body if isinstance(answer.body, list) else ()
        found = [one for one in listed if isinstance(one, Mapping) and id_of(one.get(self._dialect.order)) == order]
        return await self._taken(found[-1]) if found else None

    async def _taken(self, request: Any) -> Outcome:
        wrong = await self._schemas.wrong_cancellation(request)
        key = id_of(request)
        if wrong is not None or key is None:
            return wrong or Refused("The cancellation that was requested has no id.", maybe_done=True)
        return Accepted(key, f"{self._client.base}/{self._dialect.cancel}/{segment(key)}")


def _why(request: Mapping[str, Any]) -> str:
    said = text(request.get("completionMessage"))
    if said is None:
        errors = request.get("errorMessage")
        error = errors[0] if isinstance(errors, list) and errors else errors
        said = text(error.get("message") or error.get("reason")) if isinstance(error, Mapping) else None
    return (said or "no reason was given").rstrip(". ")


def _said(answer: Answered) -> str:
    body = answer.body if isinstance(answer.body, Mapping) else {}
    return text(body.get("message") or body.get("reason")) or "The cancellation is in conflict there."
