"""Ending a run, or laying it down: what was done in it stays known, for it may still have to be undone."""

from collections.abc import Container
from typing import Any

from models.domain.recipes import effects
from models.domain.recipes.model import Node
from models.domain.recipes.run import Run
from models.domain.recipes.state import ROOT, Scope, Token


def finish(run: Run, status: Any, code: str | None = None, reason: str = "") -> None:
    """Let the run be over. What can be undone of it is kept, with its data, unless it was called off."""
    if status == "cancelled":
        run.empty(run.scopes[ROOT])
        run.records = {}
    else:
        lay_down(run)
    if not run.records:
        run.forget_scopes()
    run.ready.clear()
    run.status, run.code = status, code
    run.emit(effects.Finished(status, run.ends, code, reason))


def lay_down(run: Run, but: Container[int] = ()) -> None:
    """Call off whatever works or waits, and keep what was done.

    A sub-process under way that has a handler for the whole of it counts as done, with what was done in it so far;
    what was done in any other one is undone by itself.

    Args:
        run: what is laid down.
        but: numbers of tokens that go on.
    """
    for token in sorted(run.tokens.values(), reverse=True):
        if token.id not in but and token.phase == "inside":
            _close_inside(run, token)
    scopes_kept = {run.tokens[number].scope for number in run.tokens if number in but}
    for token in list(run.tokens.values()):
        if token.id not in but:
            _call_off(run, token)
    for wait in [wait for wait in run.waits.values() if wait.scope and wait.scope not in scopes_kept - {ROOT}]:
        run.forget(wait)


def handler_inside(run: Run, scope_id: int) -> Node | None:
    """Return the start event of the event sub-process that undoes a whole sub-process, or None."""
    scope = run.scopes[scope_id]
    pairs = run.recipe.processes[scope.process].event_processes(scope.node or scope.process)
    return next((start for _, start in pairs for event in start.events if event.kind == "compensate"), None)


def is_in_closed(run: Run, scope_id: int) -> bool:
    """Whether a scope, or one around it, is over: what was done in it is undone with that."""
    current: Scope | None = run.scopes[scope_id]
    while current is not None:
        if current.closed and not current.turn:
            return True
        current = run.scopes.get(current.parent)
    return False


def _close_inside(run: Run, token: Token) -> None:
    node = run.process(token).nodes.get(token.node)
    inside = next((scope for scope in run.inside(token) if not scope.turn), None)
    if node is None or inside is None:
        return
    if node.undone_by is not None or handler_inside(run, inside.id) is not None:
        run.close_scope(inside, keep=True)
        run.keep_record(token, inside=inside.id, round=token.scope if token.round else 0)


def _call_off(run: Run, token: Token) -> None:
    if token.phase == "work":
        run.emit(effects.Cancel(token.key))
    elif token.phase == "choice":
        run.emit(effects.Forget(token.key))
    run.emit(effects.Passed("cancelled", token.node, token.key))
    run.drop(token)
