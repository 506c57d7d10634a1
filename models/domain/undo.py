"""What a cancellation must undo, and in which order: pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from models.domain.ids import task_key
from models.domain.plan import PlannedTask
from models.domain.precedence import is_release
from models.domain.progress import Progress

_MAYBE_DONE = frozenset({"done", "skipped", "failed"})
STOPPABLE = frozenset({"waiting", "accepted", "retrying", "held", "pending"})


@dataclass(frozen=True, slots=True)
class Assessment:
    """Whether a cancellation can be carried out.

    Attributes:
        irreversible: tasks that are done or under way and cannot be undone.
        to_delete: services (item path, id) whose undoing is their specification's delete tasks.
    """

    irreversible: tuple[PlannedTask, ...]
    to_delete: tuple[tuple[str, str], ...]


def reverse_key(task: PlannedTask, operation: str) -> str:
    """The key of the task that stops (`cancel`) or undoes (`compensate`) another."""
    return task_key(task.item, task.key, operation, task.name)


def undo_key(progress: Progress, task: PlannedTask) -> str:
    """The key of the task that undoes another: for a step of a recipe that says how, the one that undoes the run."""
    if task.compensation == "recipe" and task.of is not None:
        task = progress.tasks[task.of]
    return reverse_key(task, "compensate")


def touched(progress: Progress) -> list[PlannedTask]:
    """The ordered tasks that a fulfiller was called for, and that may have had an effect.

    Whatever their state: also one that waits to be called again, or was skipped because no answer came.
    """
    return [
        task
        for task in progress.wanted.values()
        if progress.run[task.key].touched and progress.run[task.key].state != "cancelled"
    ]


def may_be_done(progress: Progress, key: str) -> bool:
    """Whether a task whose fulfiller was called has had its effect, or may have, and was not stopped before."""
    run = progress.run.get(key)
    if run is None or not run.touched or run.state not in _MAYBE_DONE:
        return False
    stop = progress.run.get(reverse_key(progress.tasks[key], "cancel"))
    return stop is None or stop.state != "done"


def assess(progress: Progress) -> Assessment:
    """Look at what is done or under way: can all of it be undone?"""
    acted = touched(progress)
    irreversible = [
        task
        for task in acted
        if (task.compensation == "none" and task.service and progress.run[task.key].state != "skipped")
        or (task.point_of_no_return and progress.run[task.key].state == "done")
    ]
    to_delete = {(task.item, task.service): None for task in acted if task.compensation == "delete"}
    return Assessment(tuple(irreversible), tuple(to_delete))


def stop_tasks(progress: Progress, of: Iterable[PlannedTask] | None = None) -> list[PlannedTask]:
    """Calls that stop what fulfillers have taken on, or may have: also one whose call may have arrived.

    They are optional: a fulfiller that cannot stop goes on, and what it did is undone afterwards.

    Args:
        progress: where the plan stands.
        of: stop these only; None means all.
    """
    stopping = []
    for task in touched(progress) if of is None else of:
        if progress.run[task.key].state in STOPPABLE:
            key = reverse_key(task, "cancel")
            if key not in progress.tasks:
                stopping.append(
                    replace(
                        task,
                        key=key,
                        operation="cancel",
                        needs=(),
                        target=task.key,
                        optional=True,
                        output=None,
                        milestone=None,
                        compensation="none",
                    )
                )
    return stopping


def undo_tasks(
    progress: Progress, deletions: Iterable[PlannedTask], of: Sequence[PlannedTask] | None = None
) -> list[PlannedTask]:
    """The tasks that undo what is done, in reverse: whoever needed something is undone before what it needed.

    Args:
        progress: where the plan stands; nothing is under way any more.
        deletions: the delete tasks of the services whose undoing they are, as planned for these services.
        of: undo these only; None means all that is done, or may be.
    """
    done = of
    if done is None:
        done = [task for task in touched(progress) if progress.run[task.key].state in _MAYBE_DONE]
    by_service: dict[str, list[PlannedTask]] = {}
    for run in _runs_to_undo(progress, done):
        by_service.setdefault(run.service, []).append(run)
    for task in done:
        if task.compensation == "operation":
            key = reverse_key(task, "compensate")
            undo = replace(
                task,
                key=key,
                operation="compensate",
                needs=(),
                target=task.key,
                optional=progress.run[task.key].state != "done",
                output=None,
                milestone=None,
                compensation="none",
            )
            by_service.setdefault(task.service, []).append(undo)
    doomed = {task.service for task in done if task.compensation == "delete"}
    for task in deletions:
        if task.service in doomed and not is_release(task):  # what was allocated is undone where that was done
            by_service.setdefault(task.service, []).append(replace(task, optional=False, compensation="none"))
    return _in_reverse(progress, done, by_service)


def _runs_to_undo(progress: Progress, done: Iterable[PlannedTask]) -> list[PlannedTask]:
    """The tasks that have runs of recipes undone, as far as those say how: one for each run."""
    runs = dict.fromkeys(task.of for task in done if task.compensation == "recipe" and task.of is not None)
    return [
        replace(
            progress.tasks[run],
            key=reverse_key(progress.tasks[run], "compensate"),
            operation="compensate",
            needs=(),
            target=run,
            output=None,
            milestone=None,
            compensation="none",
        )
        for run in runs
    ]


def _in_reverse(
    progress: Progress, done: Sequence[PlannedTask], by_service: Mapping[str, list[PlannedTask]]
) -> list[PlannedTask]:
    known = {task.key for tasks in by_service.values() for task in tasks}
    releases = {task.key for tasks in by_service.values() for task in tasks if is_release(task)}
    service_of = {task.of or task.key: task.service for task in done} | {task.key: task.service for task in done}
    dependents: dict[str, set[str]] = {}
    reversed_inside: dict[str, list[str]] = {}
    undo_of = {undo.target: undo.key for tasks in by_service.values() for undo in tasks if undo.target}
    for task in done:
        for need in progress.tasks[task.of].needs if task.of is not None else task.needs:
            needed = service_of.get(need)
            if needed is None:
                continue
            if needed != task.service:
                dependents.setdefault(needed, set()).add(task.service)
            elif task.key in undo_of and need in undo_of:
                reversed_inside.setdefault(undo_of[need], []).append(undo_of[task.key])
    ordered = []
    for service, tasks in by_service.items():
        first = [undo.key for other in dependents.get(service, ()) for undo in by_service.get(other, ())]
        runs = [undo.key for undo in tasks if undo.kind == "recipe" and undo.target]
        for undo in tasks:
            inner = [need for need in undo.needs if need in known]
            if undo.key not in runs:  # what the recipe undoes comes before the service goes
                inner += runs
            needs = dict.fromkeys([*inner, *reversed_inside.get(undo.key, ()), *first])
            if undo.key not in releases:  # these come last, by precedence: nothing waits for them
                needs = {key: None for key in needs if key not in releases}
            ordered.append(replace(undo, needs=tuple(needs)))
    return ordered
