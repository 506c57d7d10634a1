"""Work that raises: a bug of ours, or data that nobody foresaw. It is tried again ever more seldom, and made known.

The count stands on the document, so that it outlives the process. From the fifth time on a person is told: the order is
held with an errorMessage, and can be resumed as any held order; a request to cancel ends with an error.
"""

from typing import Any

import structlog

from models import outbox
from models.clock import Clock, to_text
from models.domain.caller import ENGINE
from models.domain.events import event_type
from models.domain.flow_runs import OWNER as FLOW
from models.domain.lifecycles import PROCESS_FLOW, SERVICE_ORDER
from models.domain.order_view import error_message
from models.domain.retry import FAULTS_UNTIL_TOLD, fault_pause
from models.store import Store
from scheduler.cancellation import move_cancellation

Document = dict[str, Any]

CODE = "internalFault"
_ORDER_OF_THE_CANCELLATION = ("assessingCancellation", "pendingCancellation")

log = structlog.get_logger(__name__)


class Faults:
    """The faults of one worker's work."""

    def __init__(self, store: Store, clock: Clock, worker: str) -> None:
        """Note them for this worker, as long as it has the lease."""
        self._store = store
        self._clock = clock
        self._worker = worker

    async def note(self, collection: str, document: Document, error: Exception) -> None:
        """Put work off that raised, and tell whom it concerns once it has raised often enough.

        Args:
            collection: of the claimed document.
            document: as it was claimed.
            error: what was raised; it is being handled, so that the log can show where it came from.

        Raises:
            Unavailable: the database cannot be reached; the lease runs out by itself.
        """
        key, before = document["_id"], document.get("fault") or {}
        now, count = self._clock.now(), before.get("count", 0) + 1
        due = self._clock.after(fault_pause(count, key))
        fault = {
            "count": count,
            "since": before.get("since", now),
            "at": now,
            "error": f"{type(error).__name__}: {error}"[:500],
        }
        log.error("work failed", collection=collection, id=key, times=count, next=to_text(due), exc_info=error)
        put_off = {"$set": {"fault": fault, "due": due}, "$unset": {"lease": ""}}
        if not await self._store.update(collection, {"_id": key, "lease.by": self._worker}, put_off):
            return
        if count >= FAULTS_UNTIL_TOLD:
            await self._tell(collection, document, fault, to_text(due))

    async def _tell(self, collection: str, document: Document, fault: Document, due: str) -> None:
        if collection == "cancelServiceOrder":
            message = {
                "completionMessage": "The cancellation could not be looked at because of a fault of the server, which "
                "its log describes. Nothing was cancelled by it; please ask again."
            }
            await move_cancellation(self._store, self._clock, document["_id"], "terminatedWithError", message)
            return
        owner = document["owner"] if collection == "plan" else {"type": collection, "id": document["_id"]}
        words, going = ("process flow", "active") if owner["type"] == FLOW else ("order", "inProgress")
        kind = fault["error"].split(":")[0]
        message_text = (
            f"The server cannot go on with this {words} because of a fault of its own ({kind}); it has tried "
            f"{fault['count']} times since {to_text(fault['since'])}. Its log says more under the {words}'s id. "
            f"It tries again by itself at {due}, or at once when the {words}'s state is set to {going}."
        )
        await (self._hold_flow if owner["type"] == FLOW else self._hold)(owner["id"], message_text)

    async def _hold_flow(self, flow_id: str, message: str) -> None:
        """The same of a process flow that runs a recipe."""
        while True:
            flow = await self._store.get(FLOW, flow_id)
            if flow is None or flow["body"]["state"] in PROCESS_FLOW.final:
                return
            before, who = flow["body"]["state"], ENGINE.subject
            error = error_message(CODE, "A fault of the server", message, self._clock.text())
            kind = "AttributeValueChange" if before == "hold" else "StateChange"
            told = outbox.stub(event_type(FLOW, kind), state="hold", who=who, why=message, before={"state": before})
            fields = {"body.errorMessage": [{**error, "@type": "ErrorMessage"}], "body.state": "hold"}
            change = outbox.change(flow, fields, [told], self._clock.now())
            if await self._store.update(FLOW, {"_id": flow_id, "rev": flow["rev"]}, change):
                return

    async def _hold(self, order_id: str, message: str) -> None:
        """Show in the order that it does not go on. Its plan, when it runs again, shows how it really stands."""
        while True:
            order = await self._store.get("serviceOrder", order_id)
            if order is None or order["body"]["state"] in SERVICE_ORDER.final:
                return
            change = self._held(order, message)
            if await self._store.update("serviceOrder", {"_id": order_id, "rev": order["rev"]}, change):
                return

    def _held(self, order: Document, message: str) -> Document:
        now, body = self._clock.text(), order["body"]
        found = error_message(CODE, "A fault of the server", message, now, "ServiceOrder")
        fields: Document = {"body.errorMessage": [found]}
        stubs = []
        if body["state"] not in _ORDER_OF_THE_CANCELLATION:  # whose end decides where the order goes
            steps = SERVICE_ORDER.path(body["state"], "held", through="inProgress")
            before = body["state"]
            for step in steps:
                stubs.append(
                    outbox.stub(
                        "ServiceOrderStateChangeEvent",
                        state=step,
                        who=ENGINE.subject,
                        why=message,
                        before={"state": before},
                        after={"state": step},
                    )
                )
                before = step
            fields["body.state"] = before
            for path in _in_progress(body, "body"):
                fields[f"{path}.state"] = "held"
        if not stubs:
            stubs = [
                outbox.stub(
                    "ServiceOrderAttributeValueChangeEvent", state=body["state"], who=ENGINE.subject, why=message
                )
            ]
        return outbox.change(order, fields, stubs, self._clock.now())


def _in_progress(item: Document, path: str) -> list[str]:
    """The paths of all items in progress."""
    paths = []
    for index, nested in enumerate(item.get("serviceOrderItem") or ()):
        place = f"{path}.serviceOrderItem.{index}"
        if nested.get("state") == "inProgress":
            paths.append(place)
        paths += _in_progress(nested, place)
    return paths
