"""Whether the secrets that a recipe names exist, and are named where they are put in: in the input of a call."""

from collections.abc import Collection, Iterable, Iterator
from typing import Any

from models.domain.expressions import ExpressionError, compile_expression
from models.domain.expressions.handing_on import reshaped
from models.domain.recipes.model import Node, Process
from models.domain.recipes.naming import at_node
from models.domain.recipes.problems import Problem
from models.domain.recipes.values import compiled, secrets_in, secrets_of


def check(process: Process, secrets: Collection[str] | None) -> Iterator[Problem]:
    """Yield what is wrong with the secrets of a process; None leaves unchecked which there are."""
    for node in process.nodes.values():
        called = node.task in ("service", "send") or (node.kind in ("throw", "end") and node.work.is_named)
        named = _mapped(node.work.inputs or ())
        if called:
            for name in sorted(named - set(secrets if secrets is not None else named)):
                yield at_node(node, "unknownSecret", "incomplete", f"There is no secret {name!r}.")
        elsewhere = _mapped(node.work.outputs or ()) | _written(_texts(node)) | (frozenset() if called else named)
        for name in sorted(elsewhere):
            reason = (
                f"It names the secret {name!r}; one is put in only where the input of a call to a fulfiller names it."
            )
            yield at_node(node, "unknownSecret", "incomplete", reason)
        for name in sorted(_reshaped(node.work.inputs or ()) if called else ()):
            reason = (
                f"It makes something else of the secret {name!r}; one is put in at the call, and can only be handed "
                "on as it is, alone or joined to texts by +."
            )
            yield at_node(node, "reshapedSecret", "incomplete", reason)


def _texts(node: Node) -> Iterator[str | None]:
    yield node.work.script
    if node.loop is not None:
        yield from (node.loop.collection, node.loop.cardinality, node.loop.result, node.loop.until, node.loop.condition)
    for event in node.events:
        yield from (event.condition, event.correlation)


def _mapped(mapping: Iterable[tuple[str, Any]]) -> frozenset[str]:
    """The secrets that a mapping names; one that does not parse is told of elsewhere."""
    try:
        return secrets_of(mapping)
    except ExpressionError:
        return frozenset()


def _reshaped(mapping: Iterable[tuple[str, Any]]) -> frozenset[str]:
    """The secrets that a mapping does more with than to hand them on."""
    try:
        written = [one.source for _, source in mapping for one in compiled(source).expressions if secrets_in(one)]
        return frozenset(name for text in written for name in reshaped(text, "secrets"))
    except ExpressionError:
        return frozenset()


def _written(texts: Iterable[str | None]) -> frozenset[str]:
    found: set[str] = set()
    for text in texts:
        if text is not None and "secrets" in text:
            try:
                found |= secrets_in(compile_expression(text))
            except ExpressionError:
                continue
    return frozenset(found)
