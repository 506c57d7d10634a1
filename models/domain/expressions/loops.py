"""`for`, `some`, `every` and filters: the only places where an expression repeats itself and pays per round."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

from models.domain.expressions.runtime import MAX_LIST, Run, as_list, checked_list, wrong_type
from models.domain.expressions.values.calendar import Date
from models.domain.expressions.values.numbers import MAX_INTEGER, is_number, is_whole
from models.domain.expressions.values.ranges import Range

Code = Callable[[Run], Any]


class Domain(NamedTuple):
    """What a loop variable runs through."""

    slot: int
    values: Code
    cost: int


class NothingToLoopOverError(Exception):
    """The domain is null, so the loop is."""


def counting(start: Code, end: Code) -> Code:
    """Return the domain `start..end`, upwards or downwards, both ends included."""

    def values(run: Run) -> Iterable[int] | None:
        first, last = start(run), end(run)
        if first is None or last is None:
            return None
        return _steps(first, last)

    return values


def _steps(first: Any, last: Any) -> Iterable[Any]:
    """Return integers or days from one to the other, upwards or downwards, both included."""
    if isinstance(first, Date) and isinstance(last, Date):
        return map(Date.of, _integers(first.ordinal, last.ordinal))
    for bound in (first, last):
        if not is_number(bound) or not is_whole(bound) or not -MAX_INTEGER <= bound <= MAX_INTEGER:
            raise wrong_type("..", "two integers", bound)
    return _integers(int(first), int(last))


def _integers(first: int, last: int) -> range:
    return range(first, last + 1) if first <= last else range(first, last - 1, -1)


def _elements(values: Any) -> Iterable[Any]:
    """Return what a loop runs through: steps, the whole numbers or days of a range, or the elements of a list."""
    if isinstance(values, range | map):
        return values
    if isinstance(values, Range):
        return (
            step
            for step in _steps(values.low, values.high)
            if (values.low_included or step != values.low) and (values.high_included or step != values.high)
        )
    return as_list(values)


def _rounds(run: Run, domains: tuple[Domain, ...], body: Code, cost: int) -> Iterator[Any]:
    """Yield the body's value for every combination, the last variable running fastest."""
    domain, inner = domains[0], domains[1:]
    values = domain.values(run)
    if values is None:
        raise NothingToLoopOverError
    round_cost = inner[0].cost if inner else cost
    for value in _elements(values):
        run.spend(1 + round_cost)
        run.slots[domain.slot] = value
        if inner:
            yield from _rounds(run, inner, body, cost)
        else:
            yield body(run)


def for_each(domains: tuple[Domain, ...], body: Code, cost: int, partial: int | None = None) -> Code:
    """Return the closure of `for`. In the slot `partial` stand the values so far, if the body asks for them."""

    def loop(run: Run) -> list[Any] | None:
        made: list[Any] = []
        if partial is not None:
            run.slots[partial] = []
        try:
            for value in _rounds(run, domains, body, cost):
                made.append(value)
                if partial is not None:
                    run.spend(len(made) // 8)
                    run.slots[partial] = made.copy()
                if len(made) > MAX_LIST:
                    checked_list(made)
        except NothingToLoopOverError:
            return None
        return made

    return loop


def quantified(decisive: bool) -> Callable[[tuple[Domain, ...], Code, int], Code]:
    """Return the maker of `some` (decided by one true) or `every` (decided by one false)."""

    def maker(domains: tuple[Domain, ...], body: Code, cost: int) -> Code:
        def loop(run: Run) -> bool | None:
            outcome: bool | None = not decisive
            try:
                for value in _rounds(run, domains, body, cost):
                    if value is decisive:
                        return bool(decisive)
                    if value is not (not decisive):
                        outcome = None
            except NothingToLoopOverError:
                return None
            return outcome

        return loop

    return maker


def element(value: Any, position: Any) -> Any:
    """Return the element at a position, counted from 1, or from the end when negative; null where there is none."""
    if value is None or not is_whole(position):
        return None
    items, index = as_list(value), int(position)
    if index == 0 or abs(index) > len(items):
        return None
    return items[index - 1 if index > 0 else index]


def filtered(items: Code, slot: int, condition: Code, cost: int) -> Code:
    """Return the closure of `items[condition]`: those for which it is true, or the one at the index that it gives."""

    def sift(run: Run) -> Any:
        value = items(run)
        if value is None:
            return None
        kept: list[Any] = []
        for position, item in enumerate(as_list(value)):
            run.spend(1 + cost)
            run.slots[slot] = item
            verdict = condition(run)
            if verdict is True:
                kept.append(item)
            elif position == 0 and is_number(verdict):
                return element(value, verdict)
        return kept

    return sift
