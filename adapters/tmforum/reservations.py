"""The kind `tmf685`: pools of another system, from which `allocate` tasks reserve (TMF685 `reservation`).

Each call reserves under an `externalId` of its own, and looks for it first where it may have been made before: so that
after a crash nothing leaks and nothing is reserved twice. What it gave stands as the service's supportingResource, with
the reservation that holds it, by which it is given back when the service is deleted.
"""

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Self

from adapters.credentials import Credentials
from adapters.http_session import Tools
from adapters.ports import Accepted, Done, FulfillerCall, Outcome, Probe, Progress, Refused, Shortage, Unreachable
from adapters.tmforum.client import Answered, Budget, Document, TmfClient, Trouble, segment
from adapters.tmforum.order_reading import id_of
from adapters.tmforum.settings import wrong_settings
from models.domain.fulfiller import FulfillerDefinition
from models.domain.outcomes import text
from models.domain.violations import Violation

_DONE = frozenset({"completed"})
_SHORT = frozenset({"pending", "held"})
_GONE = frozenset({"rejected", "failed", "cancelled", "partial"})
_OF_THE_ITEM = frozenset({"count", "seconds"})


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
        budget = Budget(call.timeout)
        found = await self._find(external_id(call.idempotency_key), budget)
        if isinstance(found, Refused | Unreachable):
            return found
        if found is None:
            return Refused("The reservation is not there any more.", maybe_done=True)
        outcome = self._read(found)
        return Progress() if isinstance(outcome, Accepted) else outcome

    async def probe(self, seconds: float) -> Probe:
        """Look whether its reservations can be asked for."""
        answer = await self._client.get("/reservation", Budget(seconds), externalId="probe", limit="1")
        return Probe(None if isinstance(answer, Answered) else answer.reason)

    async def aclose(self) -> None:
        """Hold nothing: the session belongs to the process."""

    async def _reserve(self, call: FulfillerCall, budget: Budget) -> Outcome:
        if call.input is None:
            return Done()
        if not isinstance(call.input, Mapping):
            return Refused("The task's input is no demand: an object is needed.")
        key = external_id(call.idempotency_key)
        if call.repeated:
            found = await self._find(key, budget)
            if isinstance(found, Refused | Unreachable):
                return found
            if found is not None:
                return self._read(found)
        answer = await self._client.write("POST", "/reservation", budget, _body(call, key), key=call.idempotency_key)
        if isinstance(answer, Refused | Unreachable):
            return answer
        return self._read(answer.body)

    async def _find(self, key: str, budget: Budget) -> Document | Trouble | None:
        answer = await self._client.get("/reservation", budget, externalId=key)
        if isinstance(answer, Refused | Unreachable):
            return answer
        found = answer.body if isinstance(answer.body, list) else []
        return next((one for one in found if isinstance(one, dict) and one.get("externalId") == key), None)

    def _read(self, body: Any) -> Outcome:
        """What a reservation means for the task."""
        state = str(body.get("state", "")) if isinstance(body, Mapping) else ""
        items = body.get("reservationItem") if isinstance(body, Mapping) else None
        item = items[0] if isinstance(items, list) and items and isinstance(items[0], Mapping) else {}
        reason = text(item.get("stateChangeReason")) or text(body.get("stateChangeReason")) if state else None
        if state in _DONE:
            return self._given(body, item)
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

    def _given(self, body: Mapping[str, Any], item: Mapping[str, Any]) -> Outcome:
        applied = item.get("appliedCapacity")
        listed = applied.get("resource") if isinstance(applied, Mapping) else None
        resources = [one for one in listed or () if isinstance(one, Mapping) and one.get("id")]
        if not resources:
            return Refused("The reservation is completed, and names no resource.", maybe_done=True)
        shown = [_shown(one) for one in resources]
        reservation = {"id": id_of(body), "fulfiller": self._id}
        output = {
            "resource": shown,
            "values": [one["value"] for one in shown],
            **{name: shown[0][name] for name in ("id", "value", "characteristic")},
        }
        references = tuple(
            {**{name: one[name] for name in ("id", "href", "name", "value") if one.get(name) is not None},
             "@referredType": "Resource", "reservation": reservation}
            for one in resources
        )  # fmt: skip
        return Done(output=output, supporting_resource=references)

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


def external_id(key: str) -> str:
    """The externalId of what is reserved under an idempotency key: the same whenever it is asked for."""
    return f"som-{hashlib.sha256(key.encode()).hexdigest()[:40]}"


def _body(call: FulfillerCall, key: str) -> Document:
    """The reservation as it is asked for; the same call gives the same body."""
    demand: Document = {name: value for name, value in call.input.items() if name not in _OF_THE_ITEM}
    pool, specification = demand.pop("pool", None), demand.pop("resourceSpecification", None)
    if pool is not None:
        demand["resourcePool"] = {"id": pool}
    if specification is not None:
        demand["resourceSpecification"] = {"name": specification}
    demand.setdefault("priority", call.priority)
    entities = [{"id": call.service["id"], "role": "for", "@referredType": "Service"}]
    if call.order_id is not None:
        entities.append({"id": call.order_id, "role": "orderedBy", "@referredType": "ServiceOrder"})
    return {
        "@type": "Reservation",
        "externalId": key,
        "relatedParty": [{"id": "som", "name": "som", "role": "requester", "@referredType": "Organization"}],
        "relatedEntity": entities,
        "reservationItem": [
            {"id": "1", "action": "add", "quantity": call.input.get("count", 1), "capacityDemand": demand}
        ],
    }


def _shown(resource: Mapping[str, Any]) -> Document:
    given = resource.get("characteristic")
    return {
        "id": resource["id"],
        "name": resource.get("name") or resource["id"],
        "value": resource.get("value") or resource.get("name") or resource["id"],
        "characteristic": dict(given) if isinstance(given, Mapping) else {},
    }
