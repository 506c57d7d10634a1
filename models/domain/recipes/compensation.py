"""Undoing what was done, in reverse order."""

from collections.abc import Iterable

from models.domain.recipes.model import Node
from models.domain.recipes.run import Run
from models.domain.recipes.state import Record, Token
from models.domain.recipes.waiting import take_over


def undo(run: Run, token: Token, activity: str | None) -> None:
    """Let a token undo what was done in its scope, or one activity of it, and wait for that."""
    scope = run.scopes[token.scope]
    container = run.recipe.processes[scope.process].nodes.get(scope.node)
    home = scope.parent if container is not None and container.by_event else scope.id
    todo = _latest_first(
        record for record in run.records.values() if record.scope == home and activity in (None, record.node)
    )
    go_on(run, run.put(token, phase="undoing", todo=todo))


def go_on(run: Run, token: Token) -> None:
    """Undo the next of what a token has to undo; when nothing is left it goes on."""
    while token.todo:
        record = run.records.pop(token.todo[0], None)
        token = run.put(token, todo=token.todo[1:])
        if record is None:
            continue
        process = run.recipe.processes[run.scopes[record.scope].process]
        node = process.nodes[record.node]
        if node.undone_by is not None:
            where = record.round or record.scope
            run.arrive(node.undone_by, where, thrower=token.id, undoes=record.key)
            return
        handler = _handler(run, record)
        if handler is not None:
            take_over(run, run.scopes[record.inside], handler, {}, token.id)
            return
        inner = _latest_first(inner for inner in run.records.values() if inner.scope == record.inside)
        token = run.put(token, todo=(*inner, *token.todo))
    run.answered(token, {})


def can_be_undone(run: Run, node: Node, inside: int) -> bool:
    """Whether there is something to undo in an activity that is done; `inside` is its scope, 0 for none."""
    if node.undone_by is not None:
        return True
    if not inside:
        return False
    return any(record.scope == inside for record in run.records.values()) or _starts_of(run, inside) is not None


def _handler(run: Run, record: Record) -> Node | None:
    return _starts_of(run, record.inside) if record.inside in run.scopes else None


def _starts_of(run: Run, scope_id: int) -> Node | None:
    """Return the start event of the event sub-process that undoes a whole sub-process, or None."""
    scope = run.scopes[scope_id]
    pairs = run.recipe.processes[scope.process].event_processes(scope.node or scope.process)
    return next((start for _, start in pairs for event in start.events if event.kind == "compensate"), None)


def _latest_first(records: Iterable[Record]) -> tuple[int, ...]:
    return tuple(sorted((record.id for record in records), reverse=True))
