"""The kind `tmf685`: pools of another system, from which `allocate` tasks reserve (TMF685 `reservation`).

Each call reserves under an `externalId` of its own, and looks for it first where it may have been made before: so that
after a crash nothing leaks and nothing is reserved twice. What it gave stands as the service's supportingResource, with
the reservation that holds it, by which it is kept or given up when the service changes, and given back with it.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, ClassVar, Self

from adapters.credentials import Credentials
from adapters.http_session import Tools
from adapters.ports import Accepted, Done, FulfillerCall, Outcome, Probe, Progress, Refused, Shortage, Unreachable
from adapters.tmforum.client import Answered, Budget, Document, TmfClient, Trouble, segment
from adapters.tmforum.order_reading import id_of
from adapters.tmforum.reservation_reading import (
    allotted,
    end_of,
    external_id,
    item_of,
    kept,
    reservation_body,
    resources_in,
)
from adapters.tmforum.settings import wrong_settings
from models.domain.fulfiller import FulfillerDefinition
from models.domain.outcomes import text
from models.domain.violations import Violation

_DONE = frozenset({"completed"})
_SHORT = frozenset({"pending", "held"})
_GONE = frozenset({"rejected", "failed", "cancelled", "partial"})
_CANNOT = frozenset({400, 405, 415, 422, 501})
"""What systems answer to a PATCH that have no such thing: TMF685 says nothing of it."""


class Tmf685Fulfiller:
    """One registered system with pools; its endpoint is the base path of its TMF685 API."""

    kind: ClassVar[str] = "tmf685"

    def __init__(self, definition: FulfillerDefinition, credentials: Credentials, tools: Tools) -> None:
        """Speak to the API at the endpoint; connect later."""
        self._id = definition.id
        self._name = definition.name
        self._client = TmfClient(definition, credentials, tools.session())

    @classmethod
    def check(cls, definition: FulfillerDefinition) -> list[Violation]:
        """What this kind asks of a registration beyond the rules for all."""
        return list(wrong_settings(definition, {}))

    @classmethod
    def create(cls, definition: FulfillerDefinition, credentials: Credentials, tools: Tools) -> Self:
        """Make one for this registration."""
        return cls(definition, credentials, tools)

    async def engage(self, call: FulfillerCall) -> Outcome:
        """Reserve; in delete, cancel and compensate give back."""
        budget = Budget(call.timeout)
        if call.operation == "read":
            return Refused("TMF685 tells of reservations, and nothing of the services that they are for.")
        if call.operation != "fulfil":
            return await self._give_back([external_id(str(call.fulfil_key))], budget)
        if call.action == "delete":
            return await self._give_back(list(self._held_by(call.service)), budget)
        for key in call.superseded:
            given_back = await self._give_back([external_id(key)], budget)
            if not isinstance(given_back, Done):
                return given_back
        return await self._reserve(call, budget)

    async def poll(self, reference: Accepted, call: FulfillerCall) -> Outcome:  # noqa: ARG002 - the port's signature
        """Look how a reservation is that was taken on."""
        outcome = await self._reserve(call, Budget(call.timeout), make=False)
        return Progress() if isinstance(outcome, Accepted) else outcome

    async def probe(self, seconds: float) -> Probe:
        """Look whether its reservations can be asked for."""
        answer = await self._client.get("/reservation", Budget(seconds), externalId="probe", limit="1")
        return Probe(None if isinstance(answer, Answered) else answer.reason)

    async def use(self, reservation: str, seconds: float) -> Outcome:
        """Turn a reservation into use, by TMF639's word for that."""
        return await self._change(reservation, {"usageState": "active"}, seconds)

    async def extend(self, reservation: str, until: datetime, seconds: float) -> Outcome:
        """Ask for a later end."""
        return await self._change(reservation, {"validFor": {"endDateTime": until.isoformat()}}, seconds)

    async def give_back(self, reservation: str, seconds: float) -> Outcome:
        """Delete a reservation."""
        answer = await self._client.write(
            "DELETE", f"/reservation/{segment(reservation)}", Budget(seconds), bears={404}
        )
        return Done({"gone": True}) if isinstance(answer, Answered) else answer

    async def aclose(self) -> None:
        """Hold nothing: the session belongs to the process."""

    async def _change(self, reservation: str, change: Document, seconds: float) -> Outcome:
        """PATCH a reservation; a system that has no such thing is asked how the reservation stands."""
        budget, path = Budget(seconds), f"/reservation/{segment(reservation)}"
        answer = await self._client.write("PATCH", path, budget, change, bears={404, *_CANNOT})
        if isinstance(answer, Answered) and answer.status in _CANNOT:
            answer = await self._client.get(path, budget, bears={404})
        if isinstance(answer, Refused | Unreachable):
            return answer
        if answer.status == 404:
            return Done({"gone": True})
        end = end_of(answer.body)
        return Done({} if end is None else {"endDateTime": end})

    async def _reserve(self, call: FulfillerCall, budget: Budget, *, make: bool = True) -> Outcome:
        if call.input is None:
            return Done()
        if not isinstance(call.input, Mapping):
            return Refused("The task's input is no demand: an object is needed.")
        count = call.input.get("count", 1)
        keeps = await self._kept(call, count, budget) if call.action == "modify" else []
        if isinstance(keeps, Refused | Unreachable):
            return keeps
        missing = count - sum(len(resources_in(body)) for body in keeps)
        if missing <= 0:
            return allotted(keeps, self._id, call)
        body = await self._made(call, missing, budget, make=make)
        return body if isinstance(body, Refused | Unreachable) else self._read(body, keeps, call)

    async def _made(self, call: FulfillerCall, count: int, budget: Budget, *, make: bool) -> Any:
        """The reservation of a call, made unless it is there already."""
        key = external_id(call.idempotency_key)
        if call.repeated or not make:
            found = await self._find(key, budget)
            if found is not None:
                return found
            if not make:
                return Refused("The reservation is not there any more.", maybe_done=True)
        body = reservation_body(call, call.input, count)
        answer = await self._client.write("POST", "/reservation", budget, body, key=call.idempotency_key)
        return answer if isinstance(answer, Refused | Unreachable) else answer.body

    async def _kept(self, call: FulfillerCall, count: int, budget: Budget) -> list[Document] | Trouble:
        """The reservations of the service that still fit, as they stand."""
        found = []
        for key in kept(call.former or {}, self._id, call, count):
            answer = await self._client.get(f"/reservation/{segment(key)}", budget, bears={404})
            if isinstance(answer, Refused | Unreachable):
                return answer
            if answer.status != 404 and resources_in(answer.body):
                found.append(answer.body)
        return found

    async def _find(self, key: str, budget: Budget) -> Document | Trouble | None:
        answer = await self._client.get("/reservation", budget, externalId=key)
        if isinstance(answer, Refused | Unreachable):
            return answer
        found = answer.body if isinstance(answer.body, list) else []
        return next((one for one in found if isinstance(one, dict) and one.get("externalId") == key), None)

    def _read(self, body: Any, keeps: list[Document], call: FulfillerCall) -> Outcome:
        """What a reservation means for the task."""
        state = str(body.get("state", "")) if isinstance(body, Mapping) else ""
        reason = text(item_of(body).get("stateChangeReason")) or text(body.get("stateChangeReason")) if state else None
        if state in _DONE:
            if not resources_in(body):
                return Refused("The reservation is completed, and names no resource.", maybe_done=True)
            return allotted([*keeps, body], self._id, call)
        if state in _SHORT:
            said = reason or "there is not enough left"
            ahead = body.get("ahead")
            return Shortage(f"{self._name}: {said}", (self._id,), ahead if isinstance(ahead, int) else 0)
        if state in _GONE:
            return Refused(f"The reservation is {state}: {reason or 'no reason was given.'}")
        key = id_of(body)
        if state and key is not None:
            return Accepted(key, f"{self._client.base}/reservation/{segment(key)}")
        return Refused("The answer is no reservation.", maybe_done=True)

    def _held_by(self, service: Mapping[str, Any]) -> Iterator[str]:
        """The reservations here that hold something for a service."""
        held: dict[str, None] = {}
        for one in service.get("supportingResource") or ():
            reservation = one.get("reservation") if isinstance(one, Mapping) else None
            if isinstance(reservation, Mapping) and reservation.get("fulfiller") == self._id and reservation.get("id"):
                held[str(reservation["id"])] = None
        yield from held

    async def _give_back(self, keys: list[str], budget: Budget) -> Outcome:
        for key in keys:
            found = await self._find(key, budget)
            if isinstance(found, Refused | Unreachable):
                return found
            name = id_of(found) if found is not None else key
            answer = await self._client.write("DELETE", f"/reservation/{segment(str(name))}", budget, bears={404})
            if isinstance(answer, Refused | Unreachable):
                return answer
        return Done()
