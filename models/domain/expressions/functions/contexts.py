"""Functions over contexts."""

from typing import Any

from models.domain.expressions.errors import ExpressionValueError
from models.domain.expressions.functions.registry import function
from models.domain.expressions.runtime import Run, checked_list, storable, wrong_type


@function("get value", "m: context, key: any", "any", "context, key")
def get_value(_: Run, context: dict[str, Any], key: Any) -> Any:
    """Return an entry, by its name or by a list of names that lead to it."""
    if isinstance(key, list):
        for name in key:
            if not isinstance(context, dict) or not isinstance(name, str):
                return None
            context = context.get(name)  # type: ignore[assignment]  # the last one may be anything
        return context if key else None
    return context.get(key) if isinstance(key, str) else None


@function("get entries", "m: context", "list", "context")
def get_entries(run: Run, context: dict[str, Any]) -> list[Any]:
    run.spend(len(context) // 2)
    return checked_list([{"key": key, "value": value} for key, value in context.items()])


@function("context put", "context: context, key: any, value: any", "context", "context, keys, value")
def context_put(run: Run, context: dict[str, Any], key: Any, value: Any) -> dict[str, Any]:
    """Return a context with an entry added or replaced; a list of names leads into contexts."""
    names = key if isinstance(key, list) else [key]
    if not names or not all(isinstance(name, str) for name in names):
        raise wrong_type("context put(key)", "a text, or a list of texts", key)
    if len(names) == 1:
        return _merged(run, [context, {names[0]: value}])
    run.spend(len(names))
    path = [context]
    for name in names[:-1]:
        inner = path[-1].get(name, {})
        if not isinstance(inner, dict):
            raise wrong_type("context put(keys)", "a context at each name", inner)
        path.append(inner)
    for place, name in zip(reversed(path), reversed(names), strict=True):
        value = _merged(run, [place, {name: value}])
    return value  # type: ignore[no-any-return]


@function("context merge", "contexts: list", "context")
def context_merge(run: Run, contexts: list[Any]) -> dict[str, Any] | None:
    for context in contexts:
        if context is None:
            return None
        if not isinstance(context, dict):
            raise wrong_type("context merge(contexts)", "contexts", context)
    return _merged(run, contexts)


@function("context", "entries: list", "context")
def context_of(run: Run, entries: list[Any]) -> dict[str, Any]:
    """Return the context whose entries are given as contexts with `key` and `value`."""
    made: dict[str, Any] = {}
    run.spend(len(entries))
    for entry in entries:
        key = entry.get("key") if isinstance(entry, dict) and "value" in entry else None
        if not isinstance(key, str):
            raise wrong_type("context(entries)", "contexts with key and value", entry)
        if key in made:
            raise ExpressionValueError(f"context(entries) has the key {key!r} twice")
        made[key] = entry["value"]
    return _merged(run, [made])


def _merged(run: Run, contexts: list[dict[str, Any]]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for context in contexts:
        run.spend(1 + len(context) // 8)
        made.update(context)
    for name in made:
        if not storable(name):
            raise ExpressionValueError(f"A context cannot have the key {name!r}: no name begins with $ or holds NUL")
    return made
