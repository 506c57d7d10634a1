"""Computing values: expressions, templates and mappings of a recipe over the variables of a run."""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from models.domain.expressions import Expression, Template, compile_expression, compile_template
from models.domain.expressions.values.calendar import Moment

Mapping_ = tuple[tuple[str, Any], ...]


def evaluate(text: str, context: Mapping[str, Any], now: Moment | None) -> Any:
    """Return the value of an expression at a moment, which `now()` tells.

    Raises:
        ExpressionError: it does not parse, or cannot be computed.
    """
    expression = compile_expression(text)
    return expression.evaluate(_with_secrets([expression], context), now=now)


def mapped(
    mapping: Mapping_, context: Mapping[str, Any], now: Moment | None, into: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Return what a mapping makes: a template for each target, targets with dots making contexts.

    Later entries see what earlier ones made. `into` has contexts that already exist, whose other entries stay.

    Raises:
        ExpressionError: one of its expressions cannot be computed.
    """
    made: dict[str, Any] = {}
    seen = dict(context)
    for target, source in mapping:
        template = compiled(source)
        value = template.evaluate(_with_secrets(template.expressions, seen), now)
        head, *rest = target.split(".")
        if rest:
            value = _put(made.get(head, (into or {}).get(head)), rest, value)
        made[head] = seen[head] = value
    return made


def names_of(mapping: Iterable[tuple[str, Any]]) -> frozenset[str]:
    """Return the names that a mapping reads from outside."""
    needed: set[str] = set()
    made: set[str] = set()
    for target, source in mapping:
        for expression in compiled(source).expressions:
            needed |= expression.names - made
        made.add(target.split(".")[0])
    return frozenset(needed - {"secrets"})


def compiled(source: Any) -> Template:
    """Return the template of a JSON value; that of a text is compiled once."""
    return _compiled_text(source) if isinstance(source, str) else compile_template(source)


@lru_cache(maxsize=4_096)
def _compiled_text(source: str) -> Template:
    return compile_template(source)


def secrets_of(inputs: Iterable[tuple[str, Any]]) -> frozenset[str]:
    """Return the names of the secrets that templates name."""
    expressions = [expression for _, source in inputs for expression in compiled(source).expressions]
    return frozenset(secret for expression in expressions for secret in secrets_in(expression))


def secrets_in(expression: Expression) -> frozenset[str]:
    """Return the names of the secrets that an expression names."""
    if "secrets" not in expression.names:
        return frozenset()
    return frozenset(path[1] for path in expression.paths if path[0] == "secrets" and len(path) > 1)


def _put(old: Any, path: list[str], value: Any) -> Any:
    if not path:
        return value
    head, *rest = path
    entries = dict(old) if isinstance(old, Mapping) else {}
    entries[head] = _put(entries.get(head), rest, value)
    return entries


def _with_secrets(expressions: Iterable[Expression], context: Mapping[str, Any]) -> Mapping[str, Any]:
    """Let `secrets.NAME` be a reference, `{{secrets.NAME}}`: what it stands for is put in at the call, not here."""
    names = {name for expression in expressions for name in secrets_in(expression)}
    wanted = {name: f"{{{{secrets.{name}}}}}" for name in names}
    return {**context, "secrets": wanted} if wanted else context
