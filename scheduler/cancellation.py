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
from models.domain.lifecycles import CANCEL_SERVICE_ORDER
from models.domain.plan import PlannedTask
from models.domain.undo import assess, stop_tasks, touched, undo_tasks
from models.store import Store
from scheduler.answers import Settling
from scheduler.plan_record import PlanRecord

Document = dict[str, Any]
PlanDeletion = Callable[[str, str, Sequence[tuple[str, str]]], Awaitable[list[PlannedTask]]]

UNDER_WAY = frozenset({"stopping", "undoing", "done"})


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

    def __init__(self, parts: CancellationParts, record: PlanRecord, settling: Settling) -> None:
        """Cancel this plan when asked to."""
        self._parts = parts
        self._record = record
        self._progress = record.progress
        self._settling = settling
        self._told: tuple[str, str] | None = None
        self._denied: list[tuple[str, str]] = []

    def target(self, state: str) -> tuple[list[str], bool]:
        """The states that the order shall pass through, and whether the roll-up decides where it ends."""
        cancel = self._record.cancel
        if cancel is None or cancel["phase"] not in UNDER_WAY:
            return (["assessingCancellation"] if self._denied else []), True
        steps = []
        if state not in ("assessingCancellation", "pendingCancellation", "cancelled"):
            steps.append("assessingCancellation")
        if state not in ("pendingCancellation", "cancelled"):
            steps.append("pendingCancellation")
        if cancel["phase"] == "done":
            steps.append("cancelled")
        return steps, False

    async def request(self, cancel_id: str) -> None:
        """Assess a cancellation, and begin to carry it out or deny it."""
        if self._record.state != "running":
            self._denied.append((cancel_id, "The order has ended, or is being cancelled already."))
            return
        found = assess(self._progress)
        reasons = [f"item {task.item}: {task.name} cannot be undone" for task in found.irreversible]
        if not reasons and found.to_delete:
            try:
                await self._plan_deletion(found.to_delete)
            except InvalidRequest as refusal:
                reasons = [violation.message for violation in refusal.violations]
        if reasons:
            self._denied.append((cancel_id, f"The cancellation is denied: {'; '.join(reasons[:20])}."))
            return
        self._record.cancel = {"id": cancel_id, "phase": "stopping"}
        self._record.state = "cancelling"
        self._drop_untouched()

    async def _plan_deletion(self, services: Sequence[tuple[str, str]]) -> list[PlannedTask]:
        return await self._parts.plan_deletion(self._record.tenant, self._record.order_id, services)

    def _drop_untouched(self) -> None:
        """Drop what has not begun, what became ready or was resumed meanwhile, and what was refused."""
        acted = {task.key for task in touched(self._progress)}
        for key in self._progress.in_state("waiting", "retrying", "held"):
            if key in self._record.ordered and key not in acted:
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
        if self._progress.in_state("running", "accepted", "retrying") or self._stopping():
            return
        for key in self._progress.in_state("held"):  # could not be stopped, so that what it did has to be undone
            if key in self._record.ordered:
                self._progress.move(key, "done", error=None)
        deletions = assess(self._progress).to_delete
        planned = await self._plan_deletion(deletions) if deletions else []
        self._record.add_tasks(undo_tasks(self._progress, planned))
        self._record.cancel = {**cancel, "phase": "undoing"}

    def _stopping(self) -> bool:
        return any(
            self._progress.tasks[key].operation == "cancel" for key in self._progress.in_state("waiting", "held")
        )

    def _close(self, cancel: Document) -> None:
        """Everything is undone: the done tasks count as cancelled, the services go back to where they were."""
        acted = {task.service for task in self._progress.plan.tasks if self._progress.run[task.key].state == "done"}
        for task in self._progress.plan.tasks:
            if self._progress.run[task.key].state == "done":
                self._progress.move(task.key, "cancelled")
        for service in self._record.plan.services:
            match service.action:
                case "add":
                    self._settling.effect(service.id, remove=True, release=True)
                case "modify" | "delete":
                    self._settling.effect(service.id, restore=service.id in acted, release=True)
        self._record.cancel = {**cancel, "phase": "done"}
        self._record.state = "done"

    async def tell(self) -> None:
        """Bring the cancellation requests to where their work stands."""
        for cancel_id, message in self._denied:
            await self._move(cancel_id, "done", {"completionMessage": message})
        self._denied = []
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
        unset = ("due", "lease") if "due" in document else ()
        update = outbox.change(document, changes, stubs, clock.now(), unset=unset)
        if await store.update("cancelServiceOrder", {"_id": cancel_id, "rev": document["rev"]}, update):
            return
