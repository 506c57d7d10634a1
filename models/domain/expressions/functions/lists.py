"""Functions over lists."""

import functools
from typing import Any

from models.domain.expressions.calls import invoke
from models.domain.expressions.errors import ExpressionTypeError, ExpressionValueError
from models.domain.expressions.functions.registry import function
from models.domain.expressions.functions.statistics import in_order, spread
from models.domain.expressions.operators import included
from models.domain.expressions.runtime import Run, checked_list, frozen, same
from models.domain.expressions.values.numbers import is_number, whole
from models.domain.expressions.values.ranges import FunctionValue


@function("count", "list: list", "number")
def count(_: Run, items: list[Any]) -> int:
    return len(items)


@function("list contains", "list: list, element: any", "boolean")
def list_contains(run: Run, items: list[Any], element: Any) -> bool:
    return included(run, items, element)


@function("append", "list: list, item…: any", "list")
def append(run: Run, items: list[Any], *more: Any) -> list[Any]:
    run.spend(len(items) // 8)
    return checked_list([*items, *more])


@function("concatenate", "list…: list", "list")
def concatenate(run: Run, *lists: list[Any]) -> list[Any]:
    made: list[Any] = []
    for items in lists:
        run.spend(1 + len(items) // 8)
        made.extend(items)
        checked_list(made)
    return made


@function("union", "list…: list", "list")
def union(run: Run, *lists: list[Any]) -> list[Any]:
    return distinct_values(run, concatenate(run, *lists))


@function("flatten", "list: list", "list")
def flatten(run: Run, items: list[Any]) -> list[Any]:
    made: list[Any] = []
    waiting = [iter(items)]
    while waiting:
        for item in waiting[-1]:
            run.spend(1)
            if isinstance(item, list):
                waiting.append(iter(item))
                break
            made.append(item)
        else:
            waiting.pop()
    return checked_list(made)


@function("distinct values", "list: list", "list")
def distinct_values(run: Run, items: list[Any]) -> list[Any]:
    seen: dict[Any, Any] = {}
    for item in items:
        seen.setdefault(frozen(run, item), item)
    return list(seen.values())


@function("duplicate values", "list: list", "list")
def duplicate_values(run: Run, items: list[Any]) -> list[Any]:
    seen: dict[Any, list[Any]] = {}
    for item in items:
        seen.setdefault(frozen(run, item), []).append(item)
    return [found[0] for found in seen.values() if len(found) > 1]


@function("reverse", "list: list", "list")
def reverse(run: Run, items: list[Any]) -> list[Any]:
    run.spend(len(items) // 8)
    return items[::-1]


@function("index of", "list: list, match: any", "list")
def index_of(run: Run, items: list[Any], match: Any) -> list[int]:
    return [position for position, item in enumerate(items, 1) if same(run, item, match)]


@function("sublist", "list: list, start position: number, length: number?", "list")
def sublist(run: Run, items: list[Any], start: Any, length: Any = None) -> list[Any]:
    """Return a part of a list; positions count from 1, and from the end when negative."""
    first = _place(items, start, "sublist")
    run.spend(len(items) // 8)
    if length is None:
        return items[first:]
    size = whole(length, "sublist(length)")
    if size < 0 or first + size > len(items):
        raise ExpressionValueError("sublist(length) goes beyond the end of the list")
    return items[first : first + size]


@function("insert before", "list: list, position: number, newItem: any", "list")
def insert_before(run: Run, items: list[Any], position: Any, item: Any) -> list[Any]:
    place = _place(items, position, "insert before")
    run.spend(len(items) // 8)
    return checked_list([*items[:place], item, *items[place:]])


@function("remove", "list: list, position: number", "list")
def remove(run: Run, items: list[Any], position: Any) -> list[Any]:
    place = _place(items, position, "remove")
    run.spend(len(items) // 8)
    return [*items[:place], *items[place + 1 :]]


@function("list replace", "list: list, position: any, newItem: any", "list", "list, match, newItem")
def list_replace(run: Run, items: list[Any], which: Any, item: Any) -> list[Any] | None:
    """Replace the element at a position, or all of which a function of element and new item says so."""
    run.spend(len(items) // 8)
    if is_number(which):
        place = _place(items, which, "list replace")
        return [*items[:place], item, *items[place + 1 :]]
    if which is None:
        return None
    verdicts = [_verdict(run, which, [element, item]) for element in items]
    return [item if verdict else element for element, verdict in zip(items, verdicts, strict=True)]


@function("sort", "list: list, precedes: any?", "list")
def sort(run: Run, items: list[Any], precedes: Any = None) -> list[Any] | None:
    """Sort ascending, or by a function that tells whether its first argument comes before its second."""
    if precedes is None:
        return in_order(run, "sort", spread((items,)))
    if not isinstance(precedes, FunctionValue):
        raise ExpressionTypeError("sort(precedes) needs a function of two values")

    def compare(left: Any, right: Any) -> int:
        if _verdict(run, precedes, [left, right]):
            return -1
        return 1 if _verdict(run, precedes, [right, left]) else 0

    return sorted(items, key=functools.cmp_to_key(compare))


def _verdict(run: Run, function_value: Any, values: list[Any]) -> bool:
    verdict = invoke(run, function_value, values)
    if not isinstance(verdict, bool):
        raise ExpressionTypeError("The function has to answer true or false")
    return verdict


def _place(items: list[Any], position: Any, what: str) -> int:
    """Return the index of a position counted from 1, or from the end. Raises where there is none."""
    at = whole(position, f"{what}(position)")
    if at == 0 or abs(at) > len(items):
        raise ExpressionValueError(f"{what}(position) names a place that the list has not")
    return at - 1 if at > 0 else len(items) + at
