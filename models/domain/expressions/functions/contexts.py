"""Functions over contexts."""

from typing import Any

from models.domain.expressions.errors import ExpressionValueError
from models.domain.expressions.functions.registry import function
from models.domain.expressions.runtime import Run, checked_list, storable, wrong_type


@function("get value", "context: context, key: text", "any")
def get_value(_: Run, context: dict[str, Any], key: str) -> Any:
    return context.get(key)


@function("get entries", "context: context", "list")
def get_entries(run: Run, context: dict[str, Any]) -> list[Any]:
    run.spend(len(context) // 2)
    return checked_list([{"key": key, "value": value} for key, value in context.items()])


@function("context put", "context: context, key: text, value: any", "context")
def context_put(run: Run, context: dict[str, Any], key: str, value: Any) -> dict[str, Any]:
    return _merged(run, [context, {key: value}])


@function("context merge", "contexts: list", "context")
def context_merge(run: Run, contexts: list[Any]) -> dict[str, Any] | None:
    for context in contexts:
        if context is None:
            return None
        if not isinstance(context, dict):
            raise wrong_type("context merge(contexts)", "contexts", context)
    return _merged(run, contexts)


def _merged(run: Run, contexts: list[dict[str, Any]]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for context in contexts:
        run.spend(1 + len(context) // 8)
        made.update(context)
    for name in made:
        if not storable(name):
            raise ExpressionValueError(f"A context cannot have the key {name!r}: no name begins with $ or holds NUL")
    return made
