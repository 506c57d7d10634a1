"""Functions over lists."""

from typing import Any

from models.domain.expressions.functions.numbers import comparable, spread
from models.domain.expressions.functions.registry import function
from models.domain.expressions.operators import included
from models.domain.expressions.runtime import Run, checked_list, frozen, same


@function("count", "list: list", "number")
def count(_: Run, items: list[Any]) -> int:
    return len(items)


@function("list contains", "list: list, element: any", "boolean")
def list_contains(run: Run, items: list[Any], element: Any) -> bool:
    return included(run, items, element)


@function("append", "list: list, items…: any", "list")
def append(run: Run, items: list[Any], *more: Any) -> list[Any]:
    run.spend(len(items) // 8)
    return checked_list([*items, *more])


@function("concatenate", "lists…: list", "list")
def concatenate(run: Run, *lists: list[Any]) -> list[Any]:
    made: list[Any] = []
    for items in lists:
        run.spend(1 + len(items) // 8)
        made.extend(items)
        checked_list(made)
    return made


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


@function("reverse", "list: list", "list")
def reverse(run: Run, items: list[Any]) -> list[Any]:
    run.spend(len(items) // 8)
    return items[::-1]


@function("index of", "list: list, match: any", "list")
def index_of(run: Run, items: list[Any], match: Any) -> list[int]:
    return [position for position, item in enumerate(items, 1) if same(run, item, match)]


@function("sort", "list: list", "list")
def sort(run: Run, items: list[Any]) -> list[Any] | None:
    ordered = comparable(run, "sort", spread((items,)))
    return None if ordered is None else sorted(ordered)
