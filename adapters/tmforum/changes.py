"""The kind `tmf655`: a change management system that has to approve before a task goes on.

One change request for each task. It is opened under the idempotency key as an external reference, by which it is found
where a call may be a repetition; the task is done when it is approved. A later task with `close` in its input closes
it when the work is done; where the task is undone or called off, it is closed with that.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, Self

from adapters.credentials import Credentials
from adapters.http_session import Tools
from adapters.ports import Accepted, Done, FulfillerCall, Outcome, Probe, Progress, Refused, Unreachable
from adapters.tmforum.client import Answered, Budget, Document, TmfClient, Trouble, segment
from adapters.tmforum.hub import Hub
from adapters.tmforum.order_reading import id_of
from adapters.tmforum.settings import CATCH_UP_SECONDS, Rule, wrong_settings
from models.domain.change_closings import CLOSE
from models.domain.change_reports import AUTHOR, OVER, patch_of
from models.domain.change_requests import STATUSES
from models.domain.dates import to_text
from models.domain.fulfiller import FulfillerDefinition
from models.domain.merge_patch import merged
from models.domain.outcomes import text
from models.domain.violations import Violation

FIRST_LOOK = 5.0
_PATH = "/changeRequest"
_KEY = "somIdempotencyKey"
_APPROVED = frozenset({"approved", "scheduled", "inProgress", "completed"})
_REFUSED = frozenset({"rejected", "cancelled", "failed"})
_CLOSES = ("completed", "failed", "cancelled")
_WINDOW = timedelta(hours=1)
_NEEDED = ("specification", "targetEntity", "priority", "requestType", "plannedStartTime", "plannedEndTime")

_SETTINGS: dict[str, Rule] = {
    "changeRequest": (lambda value: isinstance(value, dict), "an object: attributes of each change request"),
    "hub": (lambda value: isinstance(value, bool), "true or false"),
    "hubQuery": (lambda value: isinstance(value, str) and bool(value), "a query"),
    "catchUpInterval": (
        lambda value: isinstance(value, int | float) and not isinstance(value, bool) and 0 < value <= 86_400,
        "a number of seconds, at most a day",
    ),
}


class Tmf655Fulfiller:
    """One registered change management system; its endpoint is the base path of its TMF655 v4 API."""

    kind: ClassVar[str] = "tmf655"

    def __init__(self, definition: FulfillerDefinition, credentials: Credentials, tools: Tools) -> None:
        """Speak to the API at the endpoint; connect later."""
        settings = definition.settings
        self._base: Document = settings.get("changeRequest", {})
        self._client = TmfClient(definition, credentials, tools.session())
        self._order_url = tools.order_url
        address = tools.notification_url(definition.id) if tools.notification_url else None
        self._hub = Hub(self._client, address if settings.get("hub", True) else None, settings.get("hubQuery"))
        self._seldom = float(settings.get("catchUpInterval", CATCH_UP_SECONDS))

    @classmethod
    def check(cls, definition: FulfillerDefinition) -> list[Violation]:
        """What this kind asks of a registration beyond the rules for all."""
        return list(wrong_settings(definition, _SETTINGS))

    @classmethod
    def create(cls, definition: FulfillerDefinition, credentials: Credentials, tools: Tools) -> Self:
        """Make one for this registration."""
        return cls(definition, credentials, tools)

    async def engage(self, call: FulfillerCall) -> Outcome:
        """Open a change request, or close one; in cancel and compensate end the one that was opened."""
        budget = Budget(call.timeout)
        if call.operation == "read":
            return Refused("TMF655 tells of changes, and nothing of the services that they are for.")
        if call.operation != "fulfil":
            return await self._end(call, budget)
        closing = call.input.get(CLOSE) if isinstance(call.input, Mapping) else None
        if closing is not None:
            return await self._close(closing, call, budget)
        await self._hub.ensure(budget)
        outcome = await self._open(call, budget)
        if isinstance(outcome, Unreachable):
            self._hub.doubt()
        soon = min(FIRST_LOOK, self._seldom) if self._hub.tells else None
        return replace(outcome, retry_after=soon) if isinstance(outcome, Accepted) else outcome

    async def poll(self, reference: Accepted, call: FulfillerCall) -> Outcome:
        """Look whether it is approved."""
        if reference.reference is None:
            return Progress()
        budget = Budget(call.timeout)
        await self._hub.ensure(budget)
        found = await self._read(reference.reference, budget)
        if isinstance(found, Unreachable):
            self._hub.doubt()
        if isinstance(found, Refused | Unreachable):
            return found
        if found is None:
            return Refused(f"The change request {reference.reference} is not known there any more.", maybe_done=True)
        outcome = self._meant(found)
        return Progress(retry_after=self._seldom if self._hub.tells else None) if outcome is None else outcome

    async def probe(self, seconds: float) -> Probe:
        """Look whether its list of change requests can be read."""
        return await self._client.probe(_PATH, seconds)

    async def aclose(self) -> None:
        """Hold nothing: the session belongs to the process, and the subscription to the other side."""

    async def close_change(self, change_request: str, status: str, note: str, seconds: float) -> Outcome:
        """End one that a task has opened, as its order has ended."""
        return await self._written(change_request, status, note, Budget(seconds)) or Done()

    async def _open(self, call: FulfillerCall, budget: Budget) -> Outcome:
        if call.repeated:
            found = await self._find(call.idempotency_key, budget)
            if found is not None:
                return found if isinstance(found, Refused | Unreachable) else self._taken(found)
        request = self._request(call)
        missing = [name for name in _NEEDED if not request.get(name)]
        if missing:
            names = ", ".join(missing)
            return Refused(f"A change request needs {names}: settings.changeRequest or the task's input can say it.")
        answer = await self._client.write("POST", _PATH, budget, request, key=call.idempotency_key)
        return answer if isinstance(answer, Refused | Unreachable) else self._taken(answer.body)

    def _request(self, call: FulfillerCall) -> Document:
        """The change request: what the settings say, over it what the input says, and whom it is for."""
        given = dict(call.input) if isinstance(call.input, Mapping) else {}
        said = given.pop("changeRequest", None)
        now = datetime.now(UTC).replace(second=0, microsecond=0)
        name = call.service.get("name") or call.service["id"]
        default = {
            "description": f"{call.name or call.action} of {name}",
            "priority": str(call.priority),
            "requestType": "normal",
            "plannedStartTime": to_text(now),
            "plannedEndTime": to_text(now + _WINDOW),
            "targetEntity": [{"id": call.service["id"], "name": name, "role": "changed", "@referredType": "Service"}],
        }
        request: Document = merged(merged(default, self._base), said if isinstance(said, dict) else {})
        values = [{"name": name, "value": value} for name, value in given.items() if value is not None]
        if values:
            request["changeRequestCharacteristic"] = [*request.get("changeRequestCharacteristic", ()), *values]
        references: list[Document] = [{"externalReferenceType": _KEY, "name": call.idempotency_key}]
        if call.order_id is not None:
            order = {"externalReferenceType": "serviceOrder", "name": call.order_id}
            references.append(order | ({"href": self._order_url(call.order_id)} if self._order_url else {}))
        request["externalReference"] = [*request.get("externalReference", ()), *references]
        return request

    def _taken(self, request: Any) -> Outcome:
        key = id_of(request)
        if key is None or not isinstance(request.get("status"), str):
            return Refused("The answer is no change request: it has no id or no status.", maybe_done=True)
        outcome = self._meant(request)
        return Accepted(key, f"{self._client.base}{_PATH}/{segment(key)}") if outcome is None else outcome

    def _meant(self, request: Document) -> Outcome | None:
        """What the status means for the task; None while it is not decided."""
        status, key = request.get("status"), str(request.get("id"))
        if status in _APPROVED:
            href = f"{self._client.base}{_PATH}/{segment(key)}"
            return Done(output={"id": key, "href": href, "status": "approved"})
        if status in _REFUSED:
            reason = text(request.get("statusChangeReason")) or "no reason was given."
            return Refused(f"The change request {key} is {status}: {reason}")
        return None if status in STATUSES else Refused(f"The change request {key} has the strange status {status!r}.")

    async def _close(self, closing: Any, call: FulfillerCall, budget: Budget) -> Outcome:
        """Close the one that an earlier task has opened: {id, status?, note?}, or its id."""
        given = closing if isinstance(closing, Mapping) else {"id": closing}
        key, status = given.get("id"), given.get("status", "completed")
        if not isinstance(key, str) or status not in _CLOSES:
            return Refused(f"close needs the id of a change request, and a status of {', '.join(_CLOSES)}, if any.")
        said = text(given.get("note")) or f"The work for the service order {call.order_id} is done."
        return await self._written(key, status, said, budget) or Done(output={"id": key, "status": status})

    async def _end(self, call: FulfillerCall, budget: Budget) -> Outcome:
        """End the one that the task has opened: cancelled before it was approved, or else failed, as it is undone."""
        key = call.engaged.reference if call.engaged is not None else None
        if key is None:
            found = await self._find(call.fulfil_key, budget) if call.fulfil_key else None
            if isinstance(found, Refused | Unreachable):
                return found
            key = id_of(found or {})
        if key is None:
            return Done()
        if call.operation == "cancel":
            status, said = "cancelled", "The task that needed it was called off."
        else:
            status, said = "failed", "What it was for was undone."
        return await self._written(key, status, f"{said} Service order: {call.order_id}.", budget) or Done()

    async def _written(self, key: str, status: str, said: str, budget: Budget) -> Outcome | None:
        """Close a change request, beside what others have written; None where that is done."""
        request = await self._read(key, budget)
        if request is None or isinstance(request, Refused | Unreachable):
            return request
        if request.get("status") in OVER:  # closed by somebody, or by us before a crash
            return None
        now = to_text(datetime.now(UTC))
        resolution = {"code": status, "name": f"Change {status}", "description": said}
        owed = {
            "status": status,
            "set": {"actualEndTime": now, "completionDate": now, "statusChangeReason": said, "resolution": resolution},
            "add": {"note": [{"author": AUTHOR, "date": now, "text": said}]},
        }
        answer = await self._client.write("PATCH", f"{_PATH}/{segment(key)}", budget, patch_of(request, owed))
        return None if isinstance(answer, Answered) else answer

    async def _read(self, key: str, budget: Budget) -> Document | Trouble | None:
        answer = await self._client.get(f"{_PATH}/{segment(key)}", budget, bears={404})
        if isinstance(answer, Refused | Unreachable):
            return answer
        return answer.body if answer.status != 404 and isinstance(answer.body, dict) else None

    async def _find(self, key: str, budget: Budget) -> Document | Trouble | None:
        """The one that bears this key; a filter that the other side ignores must not mislead us."""
        answer = await self._client.get(_PATH, budget, (), **{"externalReference.name": key})
        if isinstance(answer, Refused):  # whether it was opened before is unknown
            return replace(answer, maybe_done=True)
        if isinstance(answer, Unreachable):
            return answer
        for one in answer.body if isinstance(answer.body, list) else ():
            references = one.get("externalReference") if isinstance(one, Mapping) else None
            if any(isinstance(entry, Mapping) and entry.get("name") == key for entry in references or ()):
                return dict(one)
        return None
