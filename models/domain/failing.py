"""Giving up an order item: what fails with it, and what of it has to be undone. Pure."""

from collections.abc import Collection, Mapping
from typing import Any

from models.domain.plan import PlannedTask
from models.domain.precedence import is_release
from models.domain.progress import SATISFIED, Progress
from models.domain.undo import reverse_key, touched, undo_key

OPEN_TO_FAILURE = ("waiting", "retrying", "held", "pending")


def doomed_items(progress: Progress, path: str, *, undo: bool) -> list[str]:
    """The items that cannot complete any more when one is given up, itself first.

    What is nested in it fails with it, unless it is completed. So does an item of which a task needs what will not be
    done, or, where it is undone, anything of it. Items that it is nested in fail in the end, but the rest of them goes
    on.

    Args:
        progress: where the plan stands.
        path: of the item that is given up.
        undo: whether what was done in it is undone.
    """
    own: dict[str, list[PlannedTask]] = {}
    for task in progress.wanted.values():
        own.setdefault(task.item, []).append(task)
    unfinished = {item for item, tasks in own.items() if any(_is_open(progress, task) for task in tasks)}
    doomed = dict.fromkeys(item for item in unfinished if item == path or item.startswith(f"{path}/"))
    grown = True
    while grown:
        lost = {task.key for item in doomed for task in own[item] if undo or _is_open(progress, task)}
        more = {
            task.item: None
            for task in progress.wanted.values()
            if task.item in unfinished and task.item not in doomed and lost.intersection(task.needs)
        }
        grown = bool(more)
        doomed |= more
    return list(doomed)


def _is_open(progress: Progress, task: PlannedTask) -> bool:
    return progress.run[task.key].state not in SATISFIED


def to_undo(progress: Progress, items: Collection[str]) -> list[PlannedTask]:
    """What may have been done in given-up items and can be undone, and what nobody else needs."""
    needed = {need for task in progress.wanted.values() if task.item not in items for need in task.needs}
    return [
        task
        for task in touched(progress)
        if task.item in items
        and (task.of or task.key) not in needed
        and task.compensation != "none"
        and not (task.point_of_no_return and progress.run[task.key].state == "done")
        and not was_stopped(progress, task)
    ]


def not_undone(progress: Progress, items: Collection[str], undone: Collection[str]) -> list[dict[str, str]]:
    """What stays of given-up items although it was to be undone: {task, name, item, reason}.

    Args:
        progress: where the plan stands, when nothing of the items is under way any more.
        items: paths of the items.
        undone: keys of the tasks that were stopped or undone.
    """
    needed = {need for task in progress.wanted.values() if task.item not in items for need in task.needs}
    return [
        {"task": task.key, "name": task.name, "item": task.item, "reason": _why_it_stays(progress, task, needed)}
        for task in touched(progress)
        if task.item in items
        and task.key not in undone
        and not (task.compensation == "none" and progress.run[task.key].state == "skipped")
    ]


def _why_it_stays(progress: Progress, task: PlannedTask, needed: Collection[str]) -> str:
    if (task.of or task.key) in needed:
        return "Other items need it."
    if task.compensation == "none":
        return "There is no way to undo it."
    if task.point_of_no_return and progress.run[task.key].state == "done":
        return "It is a point of no return."
    reverse = progress.run.get(undo_key(progress, task))
    if reverse is not None:
        return f"Its undoing was {reverse.state}."
    planned = (progress.tasks[key].action for key in progress.of_service(task.service))
    if task.compensation == "delete" and "delete" not in planned:
        return "Others use its service by now."
    return "It was not undone."


def with_what_stays(error: Mapping[str, Any], left: Collection[Mapping[str, str]]) -> dict[str, Any]:
    """The error of a given-up task, with what could not be undone."""
    names = ", ".join(f"{one['name']} of item {one['item']}" for one in left)
    return {**error, "message": f"{error['message']} Not undone: {names}."[:1000]}


def to_give_back(progress: Progress, items: Collection[str]) -> list[PlannedTask]:
    """What was allocated in given-up items for services on which nobody has worked: they go, and so does that."""
    acted = touched(progress)
    worked_on = {task.service for task in acted if task.kind != "allocate"}
    needed = {need for task in progress.wanted.values() if task.item not in items for need in task.needs}
    return [
        task
        for task in acted
        if task.kind == "allocate"
        and not is_release(task)
        and task.item in items
        and task.service not in worked_on
        and task.key not in needed
        and task.compensation != "none"
        and not was_stopped(progress, task)
    ]


def was_stopped(progress: Progress, task: PlannedTask) -> bool:
    """Whether a task was called off at its fulfiller before it was done."""
    run = progress.run.get(reverse_key(task, "cancel"))
    return run is not None and run.state == "done"


def given_up(task: PlannedTask, before: Mapping[str, Any] | None, who: str, why: str | None, at: str) -> dict[str, str]:
    """The error of a task whose item was given up by a person or a rule."""
    was = f" It was held: {before['message']}" if before else ""
    because = f": {why}" if why else "."
    message = f"{task.name}: given up by {who}{because}{was}"
    return {"code": "givenUp", "reason": "The item was given up", "message": message[:1000], "at": at}


def dependent(task: PlannedTask, path: str, at: str) -> dict[str, str]:
    """The error of a task that needs something of an item that was given up."""
    message = f"{task.name}: item {path}, which it needs, was given up."
    return {"code": "dependencyFailed", "reason": "Something it needs has failed", "message": message, "at": at}
