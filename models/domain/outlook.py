"""When a plan will probably be done: its critical path, from how long its tasks are expected to take. Pure.

A task that has not begun starts when all it needs is done. One that is under way ends when its expected time is over;
when that is over already, it takes a little longer (`CAUTION` of its time). One that is held has to be done again.
"""

from collections.abc import Generator, Mapping
from dataclasses import dataclass
from datetime import datetime

from models.domain.plan import PlannedTask
from models.domain.precedence import ENDED
from models.domain.progress import OPEN, STUCK, Progress, TaskRun
from models.domain.slices import at_once

CAUTION = 0.1
"""Share of its expected time that an overdue task is taken to need still."""

_STEP = 500  # tasks looked at without a pause, about a millisecond


@dataclass(frozen=True, slots=True)
class Outlook:
    """What can be expected of a plan.

    Attributes:
        seconds: from now until everything is done.
        path: keys of the unfinished tasks that decide it, the first one first.
        known: whether the expected time of every unfinished task is known.
        stuck: whether a task is held or waits for information, so that it does not go on by itself.
        rest: seconds of the work that has not begun, along its longest path. Later than this before a promised date,
            the date is not kept any more, even if all that is under way ends at that moment.
        overdue: keys of the tasks that are under way and have used up their expected time (all but `CAUTION` of it), or
            have none.
    """

    seconds: float
    path: tuple[str, ...]
    known: bool
    stuck: bool
    rest: float
    overdue: frozenset[str] = frozenset()


@dataclass(slots=True)
class _Stretch:
    """The plan up to the end of one task: when it ends, over which task, and how much of it has not begun."""

    end: float
    over: str | None
    rest: float


def outlook(progress: Progress, expected: Mapping[str, float], now: datetime) -> Outlook:
    """Look ahead over the ordered tasks of a plan.

    Args:
        progress: where the plan stands.
        expected: seconds that tasks are expected to take, by key; a task that is not in it counts as instant.
        now: the present moment.
    """
    return at_once(outlook_steps(progress, expected, now))


def outlook_steps(progress: Progress, expected: Mapping[str, float], now: datetime) -> Generator[None, None, Outlook]:
    """Do the same in steps of about a millisecond, so that an event loop can breathe."""
    ends: dict[str, _Stretch] = {}
    last: str | None = None
    stuck, known, rest = False, True, 0.0
    overdue: set[str] = set()
    for number, task in enumerate(progress.plan.tasks):  # what a task needs stands before it
        if number % _STEP == _STEP - 1:
            yield
        run = progress.run[task.key]
        if run.state in ENDED:
            continue
        known = known and task.key in expected
        stretch = ends[task.key] = _stretch(task, run, expected.get(task.key, 0.0), ends, now)
        stuck = stuck or run.state in STUCK
        if run.state in OPEN and stretch.end <= stretch.rest:
            overdue.add(task.key)
        rest = max(rest, stretch.rest)
        if last is None or stretch.end > ends[last].end:
            last = task.key
    if last is None:
        return Outlook(0.0, (), known=True, stuck=False, rest=0.0)
    return Outlook(ends[last].end, _path(ends, last), known=known, stuck=stuck, rest=rest, overdue=frozenset(overdue))


def _stretch(task: PlannedTask, run: TaskRun, duration: float, ends: Mapping[str, _Stretch], now: datetime) -> _Stretch:
    if run.state in OPEN:
        gone = (now - run.started).total_seconds() if run.started is not None else 0.0
        left = max(duration - gone, duration * CAUTION)
        return _Stretch(left, None, duration * CAUTION)
    before = max((key for key in task.needs if key in ends), key=lambda key: ends[key].end, default=None)
    rest = max((ends[key].rest for key in task.needs if key in ends), default=0.0)
    if before is None:
        return _Stretch(duration, None, rest + duration)
    return _Stretch(ends[before].end + duration, before, rest + duration)


def _path(ends: Mapping[str, _Stretch], last: str) -> tuple[str, ...]:
    found: list[str] = []
    key: str | None = last
    while key is not None:
        found.append(key)
        key = ends[key].over
    return tuple(reversed(found))
