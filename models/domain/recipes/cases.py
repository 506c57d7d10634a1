"""Test cases of recipes: what is given, how elements answer, and what shall come of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from models.domain.errors import SomError
from models.domain.recipes import times

_AT = times.moment("2026-01-01")


class InvalidCase(SomError):
    """This is no test case of a recipe."""

    code = "invalidCase"


@dataclass(frozen=True, slots=True)
class Answer:
    """How an element answers, once.

    Attributes:
        output: what a task answers, or an event carries.
        error: code with which the task fails. message: what it says to that.
        escalation: code of an escalation that it raises just before.
        delay: ISO 8601 duration until then; for an event, until it happens.
        flows: ids or names of the ways taken at a gateway that does not say it itself.
        never: it does not answer, or happen, at all.
    """

    output: Any = field(default_factory=dict)
    error: str | None = None
    message: str = ""
    escalation: str | None = None
    delay: str = "PT0S"
    flows: tuple[str, ...] = ()
    never: bool = False


@dataclass(frozen=True, slots=True)
class Expected:
    """What shall come of a run; what is left out may be anything.

    Attributes:
        status: completed, terminated, failed, cancelled, waiting, stuck.
        ends: end events that are reached, ids or names, in any order.
        path: elements that are entered, in this order, others between them allowed.
        avoids: elements that are not entered.
        data: variables at the end; more may be there.
        code: of the error it fails with.
    """

    status: str | None = None
    ends: tuple[str, ...] | None = None
    path: tuple[str, ...] = ()
    avoids: tuple[str, ...] = ()
    data: Mapping[str, Any] = field(default_factory=dict)
    code: str | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """One test case.

    Attributes:
        input: the variables that the run begins with; None lets samples stand in.
        event: id of the start event that happened.
        answers: by id or name of an element: its answers in the order of its visits, the last one for all further.
        beside: every event that stands beside an activity without ending it happens once, where no answer says more.
        turn: what the case leaves open is answered as if it had been asked so often before: other ways are gone.
    """

    name: str = ""
    input: Mapping[str, Any] | None = None
    event: str | None = None
    answers: Mapping[str, Sequence[Answer]] = field(default_factory=dict)
    beside: bool = False
    turn: int = 0
    expected: Expected = field(default_factory=Expected)

    def answer(self, visit: int, *names: str) -> Answer | None:
        """Return how an element answers at its visit, counted from 1; None where the case does not say."""
        for name in names:
            given = self.answers.get(name)
            if given:
                return given[min(visit, len(given)) - 1]
        return None


def read_cases(document: Any) -> tuple[Case, ...]:
    """Return the cases of a document: `{"cases": [...]}`, a list of them, or a single one.

    Raises:
        InvalidCase: it holds something else; the message says where.
    """
    listed = document.get("cases", [document]) if isinstance(document, Mapping) else document
    if not isinstance(listed, list):
        raise InvalidCase("Test cases are a list, under `cases`.")
    return tuple(_case(entry, f"cases/{index}") for index, entry in enumerate(listed))


def _case(entry: Any, at: str) -> Case:
    known = _object(entry, at, {"name", "input", "event", "answers", "beside", "expect"})
    answers = _object(known.get("answers", {}), f"{at}/answers", None)
    given = known.get("input")
    return Case(
        name=str(known.get("name", at)),
        input=None if given is None else _object(given, f"{at}/input", None),
        event=known.get("event"),
        answers={element: _answers(answer, f"{at}/answers/{element}") for element, answer in answers.items()},
        beside=known.get("beside") is True,
        expected=_expected(known.get("expect", {}), f"{at}/expect"),
    )


def _answers(entry: Any, at: str) -> tuple[Answer, ...]:
    listed = entry if isinstance(entry, list) else [entry]
    return tuple(_answer(one, f"{at}/{index}") for index, one in enumerate(listed))


def _answer(entry: Any, at: str) -> Answer:
    known = _object(entry, at, {"output", "error", "message", "escalation", "delay", "flow", "never"})
    delay = known.get("delay", "PT0S")
    try:
        times.due("duration", delay, _AT)
    except times.InvalidTime as error:
        raise InvalidCase(f"{at}/delay: {error}") from None
    flow = known.get("flow", ())
    code = known.get("error")
    return Answer(
        output=known.get("output", {}),
        error=None if code is None else str(code),
        message=str(known.get("message", "")),
        escalation=known.get("escalation"),
        delay=delay,
        flows=(flow,) if isinstance(flow, str) else tuple(flow),
        never=known.get("never") is True,
    )


def _expected(entry: Any, at: str) -> Expected:
    known = _object(entry, at, {"status", "end", "path", "avoids", "data", "code"})
    ends = known.get("end")
    return Expected(
        status=known.get("status"),
        ends=None if ends is None else (ends,) if isinstance(ends, str) else tuple(ends),
        path=tuple(known.get("path", ())),
        avoids=tuple(known.get("avoids", ())),
        data=_object(known.get("data", {}), f"{at}/data", None),
        code=known.get("code"),
    )


def _object(entry: Any, at: str, names: set[str] | None) -> Mapping[str, Any]:
    if not isinstance(entry, Mapping):
        raise InvalidCase(f"{at}: this has to be an object.")
    strange = sorted(str(name) for name in entry if names is not None and name not in names)
    if strange:
        raise InvalidCase(f"{at}: nobody knows {', '.join(strange)}; known are {', '.join(sorted(names or ()))}.")
    return {str(name): value for name, value in entry.items()}
