"""What came of a simulated run, and how that differs from what was expected."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from models.domain.recipes.cases import Case, Expected
from models.domain.recipes.model import Node


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the path: `what` as in `effects.Passed`, or started, stuck, milestone, assumed."""

    at: str
    what: str
    element: str
    name: str
    key: str
    data: Any = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a simulated run.

    Attributes:
        status: as of a run; besides, `waiting` (for what never happens), `stuck` and `endless`.
        seconds: of virtual time. path: what happened, in order. data: the variables at the end.
        ends: ids of the nodes at which paths ended. reason: why it is stuck, or failed.
        assumed: names and values that stand in for start data that was not given.
        differences: what differs from what the case expects; empty: as expected.
    """

    status: str
    seconds: float
    path: tuple[Step, ...]
    data: Mapping[str, Any]
    ends: tuple[str, ...] = ()
    code: str | None = None
    reason: str = ""
    assumed: Mapping[str, Any] = field(default_factory=dict)
    differences: tuple[str, ...] = ()

    def to_document(self) -> dict[str, Any]:
        """As the API and the command line show it."""
        steps = [
            {name: value for name in Step.__slots__ if (value := getattr(step, name)) is not None} for step in self.path
        ]
        return {
            "status": self.status,
            "seconds": self.seconds,
            "path": steps,
            "data": dict(self.data),
            "ends": list(self.ends),
            "code": self.code,
            "reason": self.reason,
            "assumed": dict(self.assumed),
            "differences": list(self.differences),
        }


def differences(expected: Expected, outcome: Outcome, title: Callable[[str], str]) -> Iterator[str]:
    """Yield a sentence for each thing that is not as expected; `title` names an element as people do."""
    for what, wanted, is_ in (("status", expected.status, outcome.status), ("code", expected.code, outcome.code)):
        if wanted is not None and wanted != is_:
            yield f"{what}: {is_!r} instead of {wanted!r}."
    if expected.ends is not None:
        reached = [{end, title(end)} for end in outcome.ends]
        missing = [end for end in expected.ends if not any(end in names for names in reached)]
        yield from (f"end: {end!r} is not reached." for end in missing)
        yield from (f"end: {min(names)!r} is reached besides." for names in reached if not names & set(expected.ends))
    yield from _path_differences(expected, outcome)
    for name, value in expected.data.items():
        if name not in outcome.data or outcome.data[name] != value:
            yield f"data: {name} is {outcome.data.get(name)!r} instead of {value!r}."


def strangers(case: Case, nodes: Iterable[Node]) -> Iterator[str]:
    """Yield a sentence for each answer that nobody can give: no element has that id or name."""
    known = {name for node in nodes for name in (node.id, node.title)}
    yield from (f"answers: no element has the id or name {name!r}." for name in case.answers if name not in known)


def _path_differences(expected: Expected, outcome: Outcome) -> Iterator[str]:
    passed = [{step.element, step.name} for step in outcome.path if step.what in ("entered", "caught")]
    position = 0
    for wanted in expected.path:
        at = next((index for index in range(position, len(passed)) if wanted in passed[index]), None)
        if at is None:
            yield f"path: {wanted!r} is not passed, or not after what stands before it."
        else:
            position = at + 1
    yield from (f"path: {one!r} is passed." for one in expected.avoids if any(one in names for names in passed))
