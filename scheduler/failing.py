"""Giving up items of an order while the rest of it goes on: stop, undo where that is wished, and let go of services."""

from typing import Any

from models.clock import to_text
from models.domain.errors import InvalidRequest
from models.domain.failing import (
    OPEN_TO_FAILURE,
    dependent,
    doomed_items,
    given_up,
    not_undone,
    to_give_back,
    to_undo,
    with_what_stays,
)
from models.domain.interventions import Wish
from models.domain.plan import PlannedService, PlannedTask
from models.domain.precedence import ENDED
from models.domain.undo import reverse_key, stop_tasks, touched, undo_key, undo_tasks
from scheduler.answers import Settling
from scheduler.cancellation import CancellationParts
from scheduler.fallout import Fallout
from scheduler.plan_record import PlanRecord

Document = dict[str, Any]

SHOWN = 20
"""Tasks that are named of what could not be undone."""


class Failing:
    """The items of one plan that are being given up.

    The plan's `failing` says which: {items, undo, phase: `stopping` or `undoing`, root: path, task, who, why}. An entry
    is closed when nothing of its items is under way any more; they are `failed` then.
    """

    def __init__(self, parts: CancellationParts, record: PlanRecord, settling: Settling, fallout: Fallout) -> None:
        """Work for this plan."""
        self._parts = parts
        self._record = record
        self._progress = record.progress
        self._settling = settling
        self._fallout = fallout

    def begin(self, held: PlannedTask, wish: Wish) -> list[str]:
        """Give up an item, and what depends on it.

        Args:
            held: the task that keeps it from going on.
            wish: who wants it, why, and whether what was done in it shall be undone; else it is left as it is.

        Returns:
            The paths of all items that fail by it.
        """
        path, undo = held.item, wish.undo
        known = {item for entry in self._record.failing for item in entry["items"]}
        items = [item for item in doomed_items(self._progress, path, undo=undo) if item not in known]
        if not items:
            return []
        stops = stop_tasks(self._progress, [task for task in touched(self._progress) if task.item in items])
        self._give_up(items, path, wish.who, wish.why)
        if undo:
            self._record.add_tasks(stops)
        entry = {"items": items, "undo": undo, "phase": "stopping", "root": path, "task": held.key}
        entry |= {"who": wish.who, "why": wish.why}
        self._record.failing = [*self._record.failing, entry]
        return items

    def _give_up(self, items: list[str], path: str, who: str, why: str | None) -> None:
        at = to_text(self._parts.clock.now())
        told = set[str]()
        for task in self._progress.wanted.values():
            run = self._progress.run[task.key]
            runs_recipe = task.kind == "recipe" and run.state == "accepted"
            if task.item not in items or not (runs_recipe or run.state in OPEN_TO_FAILURE):
                continue
            error: Document | None = None
            if task.item == path or task.item.startswith(f"{path}/"):
                error = given_up(task, run.error, who, why, at) if run.error or task.item not in told else None
            elif task.item not in told:
                error = dependent(task, path, at)
            told.add(task.item)
            self._progress.move(task.key, "failed", due=None, deadline=None, error=error)

    async def advance(self) -> None:
        """Take what is being given up as far as it can go now."""
        if self._record.state != "running":
            return
        for entry in self._record.failing:
            await self._advance(entry)

    async def _advance(self, entry: Document) -> None:
        items = set(entry["items"])
        self._give_up(entry["items"], entry["root"], entry["who"], entry["why"])
        if not self._has_ended(items):
            return
        if entry["phase"] == "stopping":
            undo = await self._undoing(items) if entry["undo"] else self._giving_back(items)
            self._record.add_tasks(undo)
            closed = {**entry, "phase": "undoing"}
            self._record.failing = [closed if one is entry else one for one in self._record.failing]
            if undo:
                return
            entry = closed
        self._close(entry, items)

    def _has_ended(self, items: set[str]) -> bool:
        run = self._progress.run
        return all(run[task.key].state in ENDED for task in self._progress.tasks.values() if task.item in items)

    async def _undoing(self, items: set[str]) -> list[PlannedTask]:
        undone = to_undo(self._progress, items)
        built = {(task.item, task.service): None for task in undone if task.compensation == "delete"}
        deletions: list[PlannedTask] = []
        if built:
            try:
                deletions = await self._parts.plan_deletion(self._record.tenant, self._record.order_id, tuple(built))
            except InvalidRequest:  # others use it by now: it stays
                undone = [task for task in undone if task.compensation != "delete"]
        made = undo_tasks(self._progress, deletions, undone)
        return [task for task in made if task.key not in self._progress.tasks]

    def _giving_back(self, items: set[str]) -> list[PlannedTask]:
        """The tasks that give back what was allocated for services which go with their item."""
        made = undo_tasks(self._progress, (), to_give_back(self._progress, items))
        return [task for task in made if task.key not in self._progress.tasks]

    def _close(self, entry: Document, items: set[str]) -> None:
        if entry["undo"]:
            self._report_what_stays(entry, items)
        undone = self._close_tasks(items, everything=entry["undo"])
        for service in self._record.plan.services:
            if service.item in items:
                self._let_go(service, undone=service.id in undone)
        self._record.failing = [one for one in self._record.failing if one["items"] != entry["items"]]

    def _report_what_stays(self, entry: Document, items: set[str]) -> None:
        """Say on the task that was held, in its error and in the history what could not be undone."""
        undone = {task.key for task in touched(self._progress) if task.item in items and self._is_undone(task)}
        left, key = not_undone(self._progress, items, undone)[:SHOWN], entry.get("task")
        if not left or key is None:
            return
        run = self._progress.run[key]
        self._fallout.note(key, notUndone=left)
        if run.error:
            self._progress.move(key, run.state, error=with_what_stays(run.error, left))
        why = f"not undone of item {entry['root']}: " + ", ".join(one["name"] for one in left)
        deed = {"who": entry["who"], "why": why, "before": {"task": key}, "after": {"notUndone": left}}
        self._record.tells.append({"deed": deed, "rev": self._record.rev + 1})

    def _close_tasks(self, items: set[str], *, everything: bool) -> set[str]:
        """Note what is undone; returns the services of which nothing is left, where everything was to be undone."""
        left = set[str]()
        for task in touched(self._progress):
            run = self._progress.run[task.key]
            if task.item not in items or not (everything or task.kind == "allocate"):
                continue
            if not self._is_undone(task):
                left.add(task.service)
            elif run.state == "done":
                self._progress.move(task.key, "cancelled", touched=False)
            else:
                self._progress.move(task.key, run.state, touched=False)
        return {service.id for service in self._record.plan.services if everything and service.id not in left}

    def _is_undone(self, task: PlannedTask) -> bool:
        run = self._progress.run
        for reverse in (run.get(reverse_key(task, "cancel")), run.get(undo_key(self._progress, task))):
            if reverse is not None and reverse.state == "done":
                return True
        if task.compensation != "delete":
            return False
        added = [key for key in self._progress.of_service(task.service) if key not in self._record.ordered]
        deleting = [key for key in added if self._progress.tasks[key].action == "delete"]
        return bool(deleting) and all(run[key].state == "done" for key in deleting)

    def _let_go(self, service: PlannedService, *, undone: bool) -> None:
        """Let others have a service; where nothing was done for it, or all was undone, it is as it was before."""
        keys = [key for key in self._progress.of_service(service.id) if key in self._record.ordered]
        untouched = not any(self._progress.run[key].touched for key in keys)
        match service.action:
            case "add" if undone or untouched:
                self._settling.effect(service.id, remove=True, release=True)
            case "modify" | "delete" if (undone and not untouched) or (untouched and self._gave_back(keys)):
                self._settling.restore(service.id)
            case "add" | "modify" | "delete":
                self._settling.effect(service.id, release=True)

    def _gave_back(self, keys: list[str]) -> bool:
        """Whether something was allocated by one of these tasks and is given back: the service has what it had."""
        allocations = (key for key in keys if self._progress.tasks[key].kind == "allocate")
        return any(self._progress.run[key].state == "cancelled" for key in allocations)
