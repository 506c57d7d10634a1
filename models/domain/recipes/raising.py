"""Errors and escalations, passed up until somebody catches them."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal

from models.domain.recipes import effects
from models.domain.recipes.compensation import begin_anew, called_off_by
from models.domain.recipes.ending import finish
from models.domain.recipes.model import Node
from models.domain.recipes.run import Run
from models.domain.recipes.state import Scope, Token
from models.domain.recipes.waiting import happen_at, take_over

Raised = Literal["error", "escalation"]


def raise_(run: Run, kind: Raised, token: Token, code: str | None, data: Mapping[str, Any]) -> bool:
    """Let an error or escalation of a token be caught: return whether somebody did.

    On each level a boundary event comes before the event sub-processes around it, and one that names the code before
    one that catches any.
    """
    for level, found in _catchers(run, kind, token, code):
        run.emit(
            effects.Passed("caught", found.id, level.key if isinstance(level, Token) else f"{level.path}{found.id}")
        )
        if isinstance(level, Token):
            happen_at(run, level, found, data)
        else:
            take_over(run, level, found, data)
        return True
    return False


def fail(run: Run, token: Token, code: str, message: str, data: Mapping[str, Any]) -> None:
    """Raise an error; one that nobody catches ends the run, but one that is being called off has to be undone still."""
    details = {"error": {"code": code, "message": message}, **data}
    if raise_(run, "error", token, code, details):
        return
    reason = message or f"Nobody catches the error {code!r} of {run.node(token).title}."
    handler = called_off_by(run, token)
    if handler is None:
        finish(run, "failed", code, reason)
    else:
        begin_anew(run, handler, code, f"Undoing failed, and is begun anew when it is tried again. {reason}")


def is_caught(run: Run, token: Token, code: str) -> bool:
    """Whether an error of this code would be caught."""
    return next(_catchers(run, "error", token, code), None) is not None


def _catchers(run: Run, kind: Raised, token: Token, code: str | None) -> Iterator[tuple[Token | Scope, Node]]:
    """Yield who catches, the nearest first: a boundary event and its activity's token, a start event and its scope."""
    current: Token | None = token
    while current is not None:
        process = run.process(current)
        node = process.nodes.get(current.node)
        if node is not None and node.is_activity and not current.round:
            boundary = _fitting(kind, code, process.boundaries.get(node.id, ()))
            if boundary is not None:
                yield current, boundary
        scope = run.scopes[current.scope]
        by_event = node is not None and node.by_event
        if not (scope.turn or scope.closed or by_event or scope.interrupted):
            container = scope.node or scope.process
            start = _fitting(kind, code, (start for _, start in process.event_processes(container)))
            if start is not None:
                yield scope, start
        current = run.tokens.get(current.thrower or scope.token)


def _fitting(kind: Raised, code: str | None, nodes: Iterable[Node]) -> Node | None:
    codes = [(event.code, node) for node in nodes for event in node.events if event.kind == kind]
    exact = next((node for catches, node in codes if catches is not None and catches == code), None)
    return exact or next((node for catches, node in codes if catches is None), None)
