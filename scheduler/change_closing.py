"""Change requests that tasks have opened are closed when their order has ended, unless a task of it has done so.

That they are to be closed is an effect of the plan's last write; it is carried out by one process for all, until it is
so. A process that dies has done it or not: done again, it changes nothing.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from pymongo.errors import PyMongoError

from adapters.ports import ClosesChanges, Done, Outcome, Refused, Unreachable
from models.change_closings import ChangeClosings
from models.domain.change_closings import End
from models.domain.errors import Unavailable
from models.leases import Leases
from scheduler.directory import Directory
from scheduler.engaging import Slots
from scheduler.gates import Displaced
from scheduler.plan_record import PlanRecord

Document = dict[str, Any]

SECONDS = 1.0
LEASE = "changeClosings"
MOST_AT_ONCE = 50
LOOK_SECONDS = 20.0
_LOWEST = 4

log = structlog.get_logger(__name__)


def closings_owed(record: PlanRecord) -> list[Document]:
    """What the last write of a plan owes to change requests: how the items have ended whose tasks may have some."""
    if record.state != "done":
        return []
    progress, states, ends = record.progress, {item.path: item for item in record.plan.items}, dict[str, End]()
    for task in progress.wanted.values():
        if task.kind == "change" and progress.run[task.key].touched:
            done = record.cancel is None and progress.item_view(states[task.item]).state == "completed"
            ends[task.key] = "completed" if done else "failed"
    return [{"n": record.rev + 1, "closings": ends}] if ends else []


async def carry_out(closings: ChangeClosings, plan: str, effects: Sequence[Document]) -> None:
    """Do what a plan write owes to change requests. Safe to repeat.

    Raises:
        Unavailable: the database cannot be reached.
    """
    for effect in effects:
        if "closings" in effect:
            await closings.owe(plan, effect["closings"])


@dataclass(frozen=True, slots=True)
class ChangeClosing:
    """Closes what is to be closed."""

    closings: ChangeClosings
    directory: Directory
    slots: Slots
    leases: Leases

    async def look(self) -> int:
        """Close what is due, if this process is the one to do it; returns how many change requests were dealt with.

        Raises:
            Unavailable: the database cannot be reached; the next look repeats it.
        """
        found = await self.closings.due(MOST_AT_ONCE)
        if not found or await self.leases.take(LEASE) is None:
            return 0
        try:
            async with asyncio.timeout(LOOK_SECONDS):
                await asyncio.gather(*(self._look_at(task) for task in found))
        except TimeoutError:
            log.info("some systems let us wait; change requests there are closed later")
        return len(found)

    async def _look_at(self, task: Document) -> None:
        try:
            await self._settle(task, await self._ask(task))
        except (Unavailable, PyMongoError):
            raise
        except Exception as failure:  # one change request must not keep the others waiting
            log.exception("a change request cannot be closed", task=task["_id"])
            await self.closings.later(task, f"{type(failure).__name__}: {failure}")

    async def _ask(self, task: Document) -> Outcome:
        key, closing = task["fulfiller"], task["closing"]
        definition = await self.directory.definition(task["tenant"], key)
        instance: object = await self.directory.instance(task["tenant"], key)
        if definition is None or not isinstance(instance, ClosesChanges):
            return Refused(f"The fulfiller {key} is not registered any more.")
        ticket = self.slots.ask(key, definition.max_concurrent, _LOWEST)
        if ticket is None:
            return Unreachable("Too many calls wait for it already.", maybe_done=False)
        try:
            async with self.slots.place(ticket, key, definition.max_concurrent, definition.rate):
                said = closing["changeRequest"], closing["status"], closing["note"]
                return await instance.close_change(*said, definition.timeout)
        except Displaced:
            return Unreachable("More urgent calls came first.", maybe_done=False)

    async def _settle(self, task: Document, answer: Outcome) -> None:
        match answer:
            case Done():
                await self.closings.closed(task)
            case Refused(reason=reason):
                log.warning("a change request cannot be closed", task=task["_id"], reason=reason)
                await self.closings.later(task, reason)
            case Unreachable(reason=reason, retry_after=patience):
                await self.closings.later(task, reason, patience)
            case _:
                await self.closings.later(task, "The answer cannot be used.")
