"""What a run of a recipe has made of each element of the drawing: what whoever shows a run colours it by. Pure.

A run keeps its tokens and the latest steps of its path; its tasks stand in the plan. Joined, they say of each visit of
an element whether it was passed, is under way, is held, has failed, or was called off.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from models.domain.precedence import ENDED
from models.domain.progress import TaskRun
from models.domain.recipe_runs import RecipeRun
from models.domain.recipes.state import Token

VisitState = Literal["passed", "active", "held", "failed", "calledOff"]

STATES: Mapping[VisitState, str] = {
    "passed": "It was left, or happened.",
    "active": "The run is there.",
    "held": "The run is there and cannot go on until a person or a rule resolves an issue.",
    "failed": "It ended with an error, whether something in the recipe caught that or not.",
    "calledOff": "It was begun, and ended because the run went another way or was ended.",
}
GRAVITY: tuple[VisitState, ...] = ("held", "active", "failed", "calledOff", "passed")
"""What is told first of an element that was visited several times while one of its visits is not over."""

_COUNTERS = re.compile(r"(?:\[\d+\]|[#+]\d+)+$")
_LEAVING = frozenset({"left", "caught"})
_WAITING_FOR_SOMEBODY = frozenset({"held", "pending", "failed"})


@dataclass(frozen=True, slots=True)
class Step:
    """The task of the plan that does a visit of an element: its key, where it stands, and what its input came from.

    `sources` names, by variable, the key of the visit that had produced the value; empty where the run began with it.
    """

    task: str
    run: TaskRun
    sources: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Visit:
    """One visit of an element.

    Attributes:
        element: id of the element in the drawing.
        key: derived name of the visit within the run.
        began, ended: RFC 3339 moments; None where the path that is kept does not say, and of what has not ended.
        last: the last thing that the path says of it.
        entered, threw: whether it was entered, and whether it threw what it is there to throw.
        state: see `STATES`.
        reason: why it is held.
        step: the task that does it, if one does.
    """

    element: str
    key: str
    began: str | None = None
    ended: str | None = None
    last: str = ""
    entered: bool = False
    threw: bool = False
    state: VisitState = "passed"
    reason: str = ""
    step: Step | None = None


def status_of(status: str, task_state: str) -> str:
    """The status of a run, given the state of the task that runs it.

    A run stays as it was when somebody ends its task: it is not looked at any more, and counts as cancelled.
    """
    return "cancelled" if status == "running" and task_state in ENDED else status


def visits(run: RecipeRun, status: str, steps: Mapping[str, Step]) -> list[Visit]:
    """All visits that are known, in the order in which they began.

    Args:
        run: the run.
        status: of the run, as `status_of` says.
        steps: the tasks of this run, by the key of the visit.
    """
    found: dict[tuple[str, str], Visit] = {}
    for noted in run.path:
        if noted["what"] != "taken":
            _note(found, noted["id"], noted["key"], noted["at"], noted["what"])
    here = {(token.node, token.key): token for token in run.state.tokens.values() if token.node}
    for node, key in here:
        found.setdefault((node, key), Visit(node, key, entered=True))
    for place, visit in found.items():
        if visit.entered:  # events at the border of an activity are told under its key
            visit.step = steps.get(visit.key)
        _judge(visit, here.get(place), status)
    return list(found.values())


def _note(found: dict[tuple[str, str], Visit], element: str, key: str, at: str, what: str) -> None:
    if (element, key) not in found:
        found[element, key] = Visit(element, key, _caught_before(found, element) or at)
    visit = found[element, key]
    visit.entered |= what == "entered"
    visit.threw |= what == "thrown"
    visit.last = what
    visit.ended = None if what == "entered" else at


def _caught_before(found: dict[tuple[str, str], Visit], element: str) -> str | None:
    """When the event happened by which an element is visited now: at a border, that is told under its host's key."""
    last = next((visit for visit in reversed(found.values()) if visit.element == element), None)
    if last is None or last.last != "caught" or last.entered:
        return None
    del found[element, last.key]
    return last.began


def _judge(visit: Visit, token: Token | None, status: str) -> None:
    """Say how the visit stands."""
    step = visit.step.run if visit.step is not None else None
    if token is not None and status == "running":
        stuck = token.phase == "stuck" or (step is not None and step.state in _WAITING_FOR_SOMEBODY)
        visit.state, visit.reason, visit.ended = "held" if stuck else "active", token.reason, None
    elif _has_failed(visit, status):
        visit.state = "failed"
    else:
        visit.state = "passed" if visit.threw or visit.last in _LEAVING else "calledOff"


def _has_failed(visit: Visit, status: str) -> bool:
    """Whether its step ended with an error, or it is the end event whose error nobody caught."""
    if visit.step is not None and visit.step.run.error is not None:
        return visit.step.run.state in ENDED
    return visit.threw and status == "failed" and visit.last != "left"


def element_state(of_one: Iterable[Visit]) -> VisitState:
    """The state of an element: that of a visit which is not over, else that of the last one."""
    all_of_it = list(of_one)
    open_ones = [visit.state for visit in all_of_it if visit.state in ("held", "active")]
    return min(open_ones, key=GRAVITY.index) if open_ones else all_of_it[-1].state


def element_of(key: str) -> str:
    """The id of the element that a visit is of."""
    return _COUNTERS.sub("", key.rpartition("/")[2])


def within(key: str) -> str:
    """Where the element of a visit stands, as element ids with slashes: in which sub-processes and calls.

    A called recipe may use the ids of its caller once more: its elements are told apart by this.
    """
    return "/".join(_COUNTERS.sub("", part) for part in key.split("/")[:-1])


def taken(run: RecipeRun) -> dict[tuple[str, str], int]:
    """How often each sequence flow was taken, as far as the path is kept, by where it stands and its id."""
    counted: dict[tuple[str, str], int] = {}
    for noted in run.path:
        if noted["what"] == "taken":
            place = within(noted["key"]), noted["id"]
            counted[place] = counted.get(place, 0) + 1
    return counted
