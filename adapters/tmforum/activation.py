"""The kind `tmf640`: activation and configuration of services, answered at once (201) or followed by a monitor (202).

The API knows no cancellation and no externalId: what was taken on is finished and undone afterwards, and each service
is made once as long as the other side honours the header Idempotency-Key; where it does not, the registration says so.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar, Self

from adapters.credentials import Credentials
from adapters.http_session import Tools
from adapters.ports import Accepted, Done, FulfillerCall, Outcome, Probe, Progress, Refused, Unreachable
from adapters.tmforum.client import Answered, Budget, Document, TmfClient, segment
from adapters.tmforum.mapping import NameMapping
from adapters.tmforum.order_reading import id_of
from adapters.tmforum.reading import as_read
from adapters.tmforum.settings import wrong_settings
from models.domain.expressions import ExpressionError
from models.domain.fulfiller import FulfillerDefinition
from models.domain.outcomes import text
from models.domain.violations import Violation

_MONITORED = frozenset({"completed", "done", "succeeded", "success"})
_FAILED = frozenset({"failed", "inerror", "error", "cancelled", "rejected", "terminatedwitherror"})
_BUILT_STATE = "active"


class Tmf640Fulfiller:
    """One registered activation system; its endpoint is the base path of its TMF640 v4 API."""

    kind: ClassVar[str] = "tmf640"

    def __init__(self, definition: FulfillerDefinition, credentials: Credentials, tools: Tools) -> None:
        """Speak to the API at the endpoint; connect later."""
        self._id = definition.id
        self._client = TmfClient(definition, credentials, tools.session())
        self._names = NameMapping(definition.settings)

    @classmethod
    def check(cls, definition: FulfillerDefinition) -> list[Violation]:
        """What this kind asks of a registration beyond the rules for all."""
        found = list(wrong_settings(definition, {}))
        if "order" in definition.settings:
            found.append(Violation("/settings/order", "unknownSetting", "There are no orders in TMF640."))
        return found

    @classmethod
    def create(cls, definition: FulfillerDefinition, credentials: Credentials, tools: Tools) -> Self:
        """Make one for this registration."""
        return cls(definition, credentials, tools)

    async def engage(self, call: FulfillerCall) -> Outcome:
        """Create, change or delete their service; to compensate, the reverse."""
        budget = Budget(call.timeout)
        if call.operation == "cancel":
            return Refused("TMF640 knows no cancellation: what was taken on is finished, and can be undone then.")
        back = call.operation == "compensate"
        theirs = await self._theirs_to_undo(call, budget) if back else self._theirs(call.service)
        if isinstance(theirs, Refused | Unreachable):
            return theirs
        try:
            return await self._asked(call, theirs, budget, back=back)
        except ExpressionError as error:
            return Refused(f"The fulfiller's settings cannot be applied to this task: {error}")

    async def _asked(self, call: FulfillerCall, theirs: str | None, budget: Budget, *, back: bool) -> Outcome:
        action = {"add": "delete", "delete": "add"}.get(call.action, call.action) if back else call.action
        if action == "add":
            body = self._body(call, self._names.sent(call, back=back, whole=True))
            body.setdefault("state", _BUILT_STATE)
            answer = await self._client.write("POST", "/service", budget, body, key=call.idempotency_key)
            return await self._outcome(answer, call, budget)
        if theirs is None:
            return Refused("Which of their services is meant is not known: ours rests on none that this one has built.")
        path = f"/service/{segment(theirs)}"
        if action == "delete":
            answer = await self._client.write("DELETE", path, budget, key=call.idempotency_key, bears={404})
            return await self._outcome(answer, call, budget)
        # Merge patch replaces a list as a whole (RFC 7396), so all of its values are sent.
        body = {"serviceCharacteristic": self._names.sent(call, back=back, whole=True)}
        body |= self._names.additions("subject", call)
        answer = await self._client.write("PATCH", path, budget, body, key=call.idempotency_key)
        return await self._outcome(answer, call, budget)

    async def read(self, call: FulfillerCall) -> Outcome:
        """Read their service that ours rests on."""
        theirs = self._theirs(call.service)
        if theirs is None:
            return Refused("Which of their services is meant is not known: ours rests on none that this one has built.")
        answer = await self._client.get(f"/service/{segment(theirs)}", Budget(call.timeout), bears={404})
        if isinstance(answer, Refused | Unreachable):
            return answer
        return Done(state="terminated") if answer.status == 404 else as_read(answer.body, self._facts(answer.body))

    async def poll(self, reference: Accepted, call: FulfillerCall) -> Outcome:
        """Read the monitor, and the service once it is there."""
        if reference.reference is None:
            return Progress()
        budget = Budget(call.timeout)
        answer = await self._client.get(f"/monitor/{segment(reference.reference)}", budget)
        if isinstance(answer, Refused | Unreachable):
            return answer
        monitor = answer.body if isinstance(answer.body, Mapping) else {}
        early = _unfinished(monitor, answer.retry_after)
        if early is not None:
            return early
        if call.operation != "fulfil" or call.action == "delete":
            return Done()
        return await self._activated(_last_segment(monitor.get("sourceHref")) or self._theirs(call.service), budget)

    async def probe(self, seconds: float) -> Probe:
        """Look whether its list of services can be read."""
        return await self._client.probe("/service", seconds)

    async def aclose(self) -> None:
        """Hold nothing: the session belongs to the process."""

    async def _outcome(self, answer: Answered | Refused | Unreachable, call: FulfillerCall, budget: Budget) -> Outcome:
        if isinstance(answer, Refused | Unreachable):
            return answer
        body = answer.body if isinstance(answer.body, Mapping) else {}
        if answer.status == 202:
            key = id_of(body) if _is_monitor(body) else _last_segment(answer.location)
            if key is None:
                return Refused("The request was taken on, but names no monitor to look at.", maybe_done=True)
            return Accepted(key, f"{self._client.base}/monitor/{segment(key)}", answer.retry_after)
        if call.operation != "fulfil" or call.action == "delete":
            return Done()
        if id_of(body) is None and call.action == "modify":
            return await self._activated(self._theirs(call.service), budget)
        return self._facts(body)

    async def _activated(self, key: str | None, budget: Budget) -> Outcome:
        """What has become of their service."""
        if key is None:
            return Refused("The request is completed there, but names no service.", maybe_done=True)
        answer = await self._client.get(f"/service/{segment(key)}", budget)
        if isinstance(answer, Refused | Unreachable):
            return replace(answer, maybe_done=True) if isinstance(answer, Refused) else answer
        return self._facts(answer.body)

    def _facts(self, service: Any) -> Outcome:
        if id_of(service) is None:
            return Refused("What came is no service: it has no id.", maybe_done=True)
        try:
            received = self._names.received(service, service.get("serviceCharacteristic"), {})
        except ExpressionError as error:
            return Refused(f"The setting receive cannot be applied to what came: {error}", maybe_done=True)
        known = {name: service[name] for name in ("href", "name") if isinstance(service.get(name), str)}
        reference = {"id": id_of(service), **known, "@referredType": "Service", "fulfiller": self._id}
        output = {"service": {name: service[name] for name in ("id", "href") if name in service}, **received.output}
        resources = [one for one in service.get("supportingResource") or () if id_of(one) is not None]
        return Done(output, received.characteristics, tuple(resources), (reference,))

    async def _theirs_to_undo(self, call: FulfillerCall, budget: Budget) -> str | Refused | Unreachable | None:
        """Which service the work made that is to be undone; the monitor tells where no output does."""
        told = id_of((call.output or {}).get("service"))
        if told is not None or call.engaged is None or call.engaged.reference is None:
            return told or self._theirs(call.service)
        answer = await self._client.get(f"/monitor/{segment(call.engaged.reference)}", budget)
        if isinstance(answer, Refused | Unreachable):
            return answer
        source = answer.body.get("sourceHref") if isinstance(answer.body, Mapping) else None
        return _last_segment(source) or self._theirs(call.service)

    def _theirs(self, service: Mapping[str, Any]) -> str | None:
        listed = service.get("supportingService") or ()
        known = [id_of(one) for one in listed if isinstance(one, Mapping) and one.get("fulfiller") == self._id]
        return known[-1] if known else None

    def _body(self, call: FulfillerCall, values: list[Document]) -> Document:
        specification = self._names.specification(call.service)
        name = call.service.get("name")
        return {
            "@type": "Service",
            **({"name": name} if name else {}),
            **({"serviceSpecification": specification} if specification else {}),
            **({"serviceCharacteristic": values} if values else {}),
            **self._names.additions("subject", call),
        }


def _unfinished(monitor: Mapping[str, Any], patience: float | None) -> Progress | Refused | None:
    """Where a request stands that is not completed; None where it is."""
    state = monitor.get("state")
    if not isinstance(state, str):
        return Refused("What came is no monitor: it has no state.", maybe_done=True)
    if state.lower() in _FAILED:
        return Refused(text(f"The request failed there ({state}): {_why(monitor)}.") or "")
    if state.lower() not in _MONITORED:
        return Progress(reason=text(f"The request is {state} there."), retry_after=patience)
    return None


def _is_monitor(body: Mapping[str, Any]) -> bool:
    return body.get("@type") == "Monitor" or "sourceHref" in body or "/monitor/" in str(body.get("href"))


def _last_segment(address: Any) -> str | None:
    """The id at the end of an address; only the id is used, so that no answer leads us to another host."""
    path = address.partition("?")[0].rstrip("/") if isinstance(address, str) else ""
    return path.rpartition("/")[2] or None


def _why(monitor: Mapping[str, Any]) -> str:
    response = monitor.get("response")
    said = response if isinstance(response, Mapping) else {}
    parts = [text(said.get("statusCode")), text(said.get("body"))]
    return ", ".join(part for part in parts if part).rstrip(". ") or "no reason was given"
