"""Cancelling an order that runs: drop what has not begun, stop what runs, undo what is done, or deny it all.

The order's state follows the cancellation while one is under way, not the roll-up of its items.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from models import outbox
from models.clock import Clock, to_text
from models.domain.caller import ENGINE
from models.domain.errors import InvalidRequest
from models.domain.lifecycles import CANCEL_SERVICE_ORDER, SERVICE_ORDER
from models.domain.order_view import Course, error_message
from models.domain.plan import PlannedTask
from models.domain.progress import STUCK
from models.domain.undo import assess, stop_tasks, touched, undo_tasks
from models.store import Store
from scheduler.answers import Settling
from scheduler.plan_record import PlanRecord
from scheduler.services import Services
from scheduler.settlement import error

Document = dict[str, Any]
PlanDeletion = Callable[[str, str, Sequence[tuple[str, str]]], Awaitable[list[PlannedTask]]]

SHOWN_PROBLEMS = 20


@dataclass(frozen=True, slots=True)
class CancellationParts:
    """What cancelling takes.

    Attributes:
        plan_deletion: the delete tasks for services (item path, id) of an order, given tenant and order id; raises
            InvalidRequest where they cannot be deleted.
    """

    store: Store
    clock: Clock
    plan_deletion: PlanDeletion


class Cancellation:
    """The cancellation of one plan."""

    def __init__(self, parts: CancellationParts, record: PlanRecord, settling: Settling, services: Services) -> None:
        """Cancel this plan when asked to."""
        self._parts = parts
        self._record = record
        self._progress = record.progress
        self._settling = settling
        self._services = services
        self._told: tuple[str, str] | None = None

    def course(self, state: str) -> Course:
        """Where the order is to go that is in this state."""
        cancel = self._record.cancel
        if cancel is None:
            denied = any("denied" in tell for tell in self._record.tells) and state not in SERVICE_ORDER.final
            return Course(("assessingCancellation",) if denied else ())
        if state == "cancelled":
            return Course(phase="cancelled")
        steps: tuple[str, ...] = ("assessingCancellation", "pendingCancellation")
        if state in steps:
            steps = steps[steps.index(state) + 1 :]
        if cancel["phase"] == "done":
            return Course((*steps, "cancelled"), "cancelled", reason=cancel.get("why"))
        return Course(steps, "undoing", tuple(self._problems(cancel)))

    def _problems(self, cancel: Document) -> list[Document]:
        held = [self._progress.run[key].error for key in self._progress.in_state("held")]
        problems = [problem for problem in (*held, cancel.get("problem")) if problem][:SHOWN_PROBLEMS]
        return [error_message(**problem, of="ServiceOrder") for problem in problems]

    async def request(self, cancel_id: str) -> None:
        """Assess a cancellation, and begin to carry it out or deny it. Asked twice by one request, it does so once."""
        cancel = self._record.cancel
        if cancel is not None and cancel["id"] == cancel_id:
            return
        if self._record.state != "running":
            self._deny(cancel_id, "The order has ended, or is being cancelled already.")
            return
        if any(entry["undo"] for entry in self._record.failing):
            self._deny(cancel_id, "An item was given up and is being undone; ask again when that has ended.")
            return
        reasons = await self._reasons_against() or await self._take_back()
        if reasons:
            self._deny(cancel_id, f"The cancellation is denied: {'; '.join(reasons[:20])}.")
            return
        self._record.cancel = {"id": cancel_id, "phase": "stopping", **await self._reason(cancel_id)}
        self._record.state = "cancelling"
        self._record.failing = []
        self._drop_untouched()

    async def _reason(self, cancel_id: str) -> Document:
        """Why, as the request says; the order says so, too, when it is cancelled."""
        stored = await self._parts.store.get("cancelServiceOrder", cancel_id)
        why = stored["body"].get("cancellationReason") if stored is not None else None
        return {"why": why} if why else {}

    def _deny(self, cancel_id: str, message: str) -> None:
        self._record.tells.append({"denied": cancel_id, "message": message})

    async def _reasons_against(self) -> list[str]:
        found = assess(self._progress)
        if found.irreversible:
            return [f"item {task.item}: {task.name} cannot be undone" for task in found.irreversible]
        if found.to_delete:
            try:
                await self._plan_deletion(found.to_delete)
            except InvalidRequest as refusal:
                return [violation.message for violation in refusal.violations]
        return []

    async def _take_back(self) -> list[str]:
        """Take the services back that completed items have let go of; all, or none."""
        released = [
            self._record.services[key]
            for item in self._record.plan.items
            if self._progress.item_view(item).state in ("completed", "failed")
            for key in item.services
            if key in self._record.services and self._record.services[key].action != "noChange"
        ]
        reasons = [reason for service in released if (reason := await self._services.take_back(service))]
        if reasons:  # those that were taken are let go again with the next write
            for service in released:
                self._settling.effect(service.id, release=True)
        return reasons

    async def _plan_deletion(self, services: Sequence[tuple[str, str]]) -> list[PlannedTask]:
        return await self._parts.plan_deletion(self._record.tenant, self._record.order_id, services)

    def _drop_untouched(self) -> None:
        """Drop what has not begun, what became ready or was resumed meanwhile, and what was refused."""
        acted = {task.key for task in touched(self._progress)}
        for key in self._progress.in_state("waiting", "retrying", *STUCK):
            if key in self._record.ordered and key not in acted:
                self._progress.move(key, "cancelled", due=None, error=None)
        for key in self._progress.recipes:
            if key in self._record.ordered and self._progress.run[key].state == "accepted":
                self._progress.move(key, "cancelled", due=None, error=None)

    async def advance(self, *, calls_under_way: bool) -> None:
        """Take the cancellation as far as it can go now."""
        if self._record.cancel is None or self._record.state != "cancelling" or calls_under_way:
            return
        if self._record.cancel["phase"] == "stopping":
            await self._stop(self._record.cancel)
        if self._record.cancel["phase"] == "undoing" and self._progress.finished:
            self._close(self._record.cancel)

    async def _stop(self, cancel: Document) -> None:
        self._drop_untouched()
        stops = stop_tasks(self._progress)
        if stops:
            self._record.add_tasks(stops)
            return
        if self._progress.in_state("running", "accepted") or self._stopping() or self._undoing():
            return
        deletions = await self._deletions(cancel)
        if deletions is None:
            return
        for key in self._progress.in_state("waiting", "retrying", *STUCK):
            self._count_as_done(key)
        self._record.add_tasks(undo_tasks(self._progress, deletions))
        self._record.cancel = {name: value for name, value in cancel.items() if name != "problem"} | {
            "phase": "undoing"
        }

    def _count_as_done(self, key: str) -> None:
        """An ordered task that could not be stopped may have had its effect, which has to be undone."""
        if key not in self._record.ordered:
            return
        if self._progress.run[key].state not in STUCK:
            self._progress.move(key, "running")
        self._progress.move(key, "done", error=None, due=None)

    async def _deletions(self, cancel: Document) -> list[PlannedTask] | None:
        """The delete tasks of what was built; None where they are not possible now, which is looked at again."""
        services = assess(self._progress).to_delete
        try:
            return await self._plan_deletion(services) if services else []
        except InvalidRequest as refusal:
            now = self._parts.clock.now()
            message = "; ".join(violation.message for violation in refusal.violations[:20])
            problem = error("cannotUndo", "What was built cannot be taken down now", message, now)
            if cancel.get("problem", {}).get("message") != problem["message"]:
                self._record.cancel = {**cancel, "problem": problem}
            return None

    def _stopping(self) -> bool:
        open_states = ("waiting", "running", "accepted", "retrying", "held")
        return any(self._progress.tasks[key].operation == "cancel" for key in self._progress.in_state(*open_states))

    def _undoing(self) -> bool:
        """Whether a recipe undoes something by itself, which has to come to its end before all of it is undone."""
        open_states = ("waiting", "retrying", "held", "pending")
        return any(self._progress.tasks[key].undoing for key in self._progress.in_state(*open_states))

    def _close(self, cancel: Document) -> None:
        """Everything is undone: the done tasks count as cancelled, the services go back to where they were."""
        for task in self._progress.wanted.values():
            if self._progress.run[task.key].state == "done":
                self._progress.move(task.key, "cancelled")
        for service in self._record.plan.services:
            match service.action:
                case "add":
                    self._settling.effect(service.id, remove=True, release=True)
                case "modify" | "delete":
                    self._settling.restore(service.id)
        self._record.cancel = {**cancel, "phase": "done"}
        self._record.state = "done"

    async def tell(self) -> None:
        """Bring the cancellation requests to where their work stands."""
        for tell in self._record.tells:
            if "denied" in tell:
                await self._move(tell["denied"], "done", {"completionMessage": tell["message"]})
        cancel = self._record.cancel
        if cancel is None or self._told == (cancel["id"], cancel["phase"]):
            return
        if cancel["phase"] == "done":
            done = {
                "completionMessage": "The order is cancelled.",
                "effectiveCancellationDate": to_text(self._parts.clock.now()),
            }
            await self._move(cancel["id"], "done", done)
        else:
            await self._move(cancel["id"], "inProgress", {})
        self._told = (cancel["id"], cancel["phase"])

    async def _move(self, cancel_id: str, state: str, fields: Document) -> None:
        await move_cancellation(self._parts.store, self._parts.clock, cancel_id, state, fields)


async def move_cancellation(store: Store, clock: Clock, cancel_id: str, state: str, fields: Document) -> None:
    """Move a cancellation request along its life cycle, with an event for every state entered; repeats are harmless."""
    while True:
        document = await store.get("cancelServiceOrder", cancel_id)
        if document is None:
            return
        before = document["body"]["state"]
        if before == state or before in CANCEL_SERVICE_ORDER.final:
            return
        steps = CANCEL_SERVICE_ORDER.path(before, state, through="inProgress")
        stubs = []
        for step in steps:
            stubs.append(
                outbox.stub(
                    "CancelServiceOrderStateChangeEvent",
                    state=step,
                    who=ENGINE.subject,
                    before={"state": before},
                    after={"state": step},
                )
            )
            before = step
        changes = {f"body.{name}": value for name, value in {**fields, "state": state}.items()}
        unset = ("due", "lease", "fault") if "due" in document else ()
        update = outbox.change(document, changes, stubs, clock.now(), unset=unset)
        if await store.update("cancelServiceOrder", {"_id": cancel_id, "rev": document["rev"]}, update):
            return
