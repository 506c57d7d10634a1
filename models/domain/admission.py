"""The look at a body at the door: one pass that makes dates canonical and finds what the database cannot keep.

The pass is made for every body that is written, so it is quick: it builds no path unless something is wrong, and looks
up an attribute's name only once per object.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from models.domain.dates import canonical_date
from models.domain.pointers import pointer
from models.domain.violations import Violation

MAX_DEPTH = 64
"""How deep a body may be nested; MongoDB itself stops at 100, and our documents wrap the body."""
_INTEGER_LIMIT = 2**63
_MAX_VIOLATIONS = 50


@dataclass(slots=True)
class Plan:
    """Where dates stand in a value: here, or in the attributes that `child` knows a plan for.

    Attributes:
        date: this value (or each element of it) is a date-time.
        child: the plan of an attribute, None where the schema has no such one.
        sound: names met before, which need no second look; bounded, since clients may invent names without end.
        plain: those of them that hold no dates, so that a text below them needs no look either.
        inner: the plans of those that the schema has.
    """

    date: bool
    child: Callable[[str], "Plan | None"]
    sound: set[str] = field(default_factory=set)
    plain: set[str] = field(default_factory=set)
    inner: dict[str, "Plan"] = field(default_factory=dict)

    def meet(self, name: str) -> "list[_Problem] | None":
        """Look at a name for the first time."""
        if name[:1] == "$" or "\0" in name:
            return [_Problem("illegalName", "An attribute's name may not start with $ or contain NUL.", [])]
        child = self.child(name)
        if child is not None:
            self.inner[name] = child
        if child is not None or (len(name) < 100 and len(self.sound) < 10_000):
            self.sound.add(name)
            if child is None or not child.date:
                self.plain.add(name)
        return None


FREE = Plan(date=False, child=lambda _: None)


@dataclass(slots=True)
class _Problem:
    """A violation whose path is still being put together, innermost part first."""

    code: str
    message: str
    path: list[str | int]

    def violation(self) -> Violation:
        return Violation(pointer(*reversed(self.path)), self.code, self.message)


def admit(body: object, plan: Plan = FREE) -> list[Violation]:
    """Put every date-time of a parsed JSON body into canonical form, in place, and say what may not be stored.

    Refused are attribute names that start with `$` or hold NUL, integers beyond 64 bits, NaN and infinity, nesting
    over `MAX_DEPTH` levels, and texts that are no RFC 3339 date-time where the schema wants one. Where a violation is
    returned, the body may be changed in part: it is not to be used.
    """
    problems = _visit_array([body], plan, 0)
    found = []
    for problem in (problems or [])[:_MAX_VIOLATIONS]:
        problem.path.pop()  # the list that was put around the body
        found.append(problem.violation())
    return found


def _visit_object(holder: dict[str, object], plan: Plan, depth: int) -> list[_Problem] | None:
    if depth > MAX_DEPTH:
        return _too_deep()
    problems: list[_Problem] | None = None
    plain = plan.plain
    for name, value in holder.items():
        kind = type(value)
        if kind is str and name in plain:  # as most attributes are
            continue
        found = None if name in plan.sound else plan.meet(name)
        if kind is str:
            child = plan.inner.get(name)
            if child is not None and child.date:
                found = _set_date(holder, name, value)
        elif kind is dict:
            found = _visit_object(value, plan.inner.get(name, FREE), depth + 1) or found  # type: ignore[arg-type]
        elif kind is list:
            found = _visit_array(value, plan.inner.get(name, FREE), depth + 1) or found  # type: ignore[arg-type]
        elif kind is int or kind is float:
            found = _number_problem(value) or found  # type: ignore[arg-type]
        if found is not None:
            problems = _collect(problems, found, name)
    return problems


def _visit_array(holder: list[object], plan: Plan, depth: int) -> list[_Problem] | None:
    if depth > MAX_DEPTH:
        return _too_deep()
    problems: list[_Problem] | None = None
    for index, value in enumerate(holder):
        kind = type(value)
        found = None
        if kind is dict:
            found = _visit_object(value, plan, depth + 1)  # type: ignore[arg-type]
        elif kind is list:
            found = _visit_array(value, plan, depth + 1)  # type: ignore[arg-type]
        elif kind is str:
            if plan.date:
                found = _set_date(holder, index, value)
        elif kind is int or kind is float:
            found = _number_problem(value)  # type: ignore[arg-type]
        if found is not None:
            problems = _collect(problems, found, index)
    return problems


def _collect(problems: list[_Problem] | None, found: list[_Problem], part: str | int) -> list[_Problem]:
    for problem in found:
        problem.path.append(part)
    if problems is None:
        return found
    if len(problems) < _MAX_VIOLATIONS:  # a hostile body has as many as it has parts
        problems.extend(found)
    return problems


def _too_deep() -> list[_Problem]:
    return [_Problem("tooDeep", f"Nested deeper than {MAX_DEPTH} levels.", [])]


def _number_problem(value: float) -> list[_Problem] | None:
    if isinstance(value, int):
        if -_INTEGER_LIMIT <= value < _INTEGER_LIMIT:
            return None
        return [_Problem("numberTooLarge", "An integer has to fit in 64 bits; send a larger one as text.", [])]
    if value - value == 0:
        return None
    return [_Problem("notANumber", "NaN and infinity are no JSON numbers.", [])]


def _set_date(holder: object, part: str | int, value: object) -> list[_Problem] | None:
    text = str(value)
    canonical = canonical_date(text)
    if canonical is None:
        shown = text[:40]
        message = f"{shown!r} is no date-time of RFC 3339; an example of one is 2026-11-22T10:15:00.000Z."
        return [_Problem("invalidDate", message, [])]
    if canonical != value:
        holder[part] = canonical  # type: ignore[index]
    return None
