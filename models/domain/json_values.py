"""JSON values compared as JSON compares them."""

from collections.abc import Mapping
from typing import Any


def differences(body: Mapping[str, Any], changes: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """What of the changes really changes the body, before and after (None stands for absent)."""
    after = {name: value for name, value in changes.items() if body.get(name) != value}
    return {name: body.get(name) for name in after}, after


def same(first: Any, second: Any) -> bool:
    """Whether two JSON values are one: 1 and 1.0 are, 1 and true are not, the order of attributes does not count."""
    if type(first) is not type(second):
        numbers = isinstance(first, (int, float)) and isinstance(second, (int, float))
        return numbers and not isinstance(first, bool) and not isinstance(second, bool) and first == second
    if isinstance(first, dict):
        return first.keys() == second.keys() and all(same(value, second[name]) for name, value in first.items())
    if isinstance(first, list):
        return len(first) == len(second) and all(map(same, first, second))
    return bool(first == second)
