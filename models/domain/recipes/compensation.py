"""Undoing what was done, in reverse order."""

from collections.abc import Iterable, Iterator

from models.domain.recipes import effects
from models.domain.recipes.ending import handler_inside, is_in_closed, lay_down
from models.domain.recipes.model import Node
from models.domain.recipes.run import Run
from models.domain.recipes.state import ROOT, Record, Token
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


def undo_everything(run: Run) -> None:
    """Lay the run down, and undo all that was done in it, wherever that was, before it ends.

    Whatever is being undone already goes on.
    """
    going_on = {token.id for token in run.tokens.values() if is_undoing(run, token)}
    begun = {number for token in run.tokens.values() if token.id not in going_on for number in token.todo}
    lay_down(run, going_on)
    begun |= {record.id for record in run.records.values() if not is_in_closed(run, record.scope)}
    run.ready.clear()
    run.scopes[ROOT] = run.scopes[ROOT]._replace(interrupted=True)  # nothing takes over any more
    token = run.arrive("", ROOT, key="cancel")
    run.ready.clear()
    for number in going_on:
        handler = run.tokens[number]
        if handler.phase == "ready":
            run.ready.append(number)
        if handler.thrower and handler.thrower not in going_on:
            run.put(handler, thrower=token.id)
    todo = _latest_first(record for number, record in run.records.items() if number in begun)
    go_on(run, run.put(token, phase="undoing", todo=todo))


def go_on(run: Run, token: Token) -> None:
    """Undo the next of what a token has to undo; when nothing is left it goes on."""
    if any(other.thrower == token.id for other in run.tokens.values()):
        return
    while token.todo:
        record = run.records.pop(token.todo[0], None)
        token = run.put(token, todo=token.todo[1:])
        if record is None:
            continue
        process = run.recipe.processes[run.scopes[record.scope].process]
        node, where = process.nodes[record.node], record.round or record.scope
        if node.undone_by is not None and not record.left:
            run.arrive(node.undone_by, where, thrower=token.id, undoes=record.key)
            return
        handler = None if record.left else _handler(run, record)
        if handler is not None:
            take_over(run, run.scopes[record.inside], handler, {}, token.id)
            return
        if node.work.compensation == "operation":
            _have_undone(run, token, node, record)
            return
        inner = _latest_first(inner for inner in run.records.values() if inner.scope == record.inside)
        token = run.put(token, todo=(*inner, *token.todo))
    run.answered(token, {})


def _have_undone(run: Run, token: Token, node: Node, record: Record) -> None:
    """Have a task undone by whoever has done it."""
    where, key = record.round or record.scope, f"{record.key}~"
    undoing = run.arrive(node.id, where, thrower=token.id, undoes=record.key, key=key)
    run.ready.pop()
    run.put(undoing, phase="work")
    run.emit(effects.Passed("entered", node.id, key))
    process, kind = run.process(undoing).id, node.task or "send"
    run.emit(effects.Start(key, process, node.id, kind, undoes=record.key, operation="compensate", undoing=True))


def called_off_by(run: Run, token: Token) -> Token | None:
    """Return what undoes something and has this token in it, in a run that is being called off; None elsewhere."""
    if all(one.node for one in run.tokens.values()):
        return None
    found = next((one for one in _around(run, token) if one.thrower), None)
    return None if found is None or is_own_undoing(found, run.node(found)) else found


def begin_anew(run: Run, handler: Token, code: str, reason: str) -> None:
    """Lay down what undoes something and has failed: it is stuck, and another visit of it begins when it is retried."""
    again = run.arrive(handler.node, handler.scope, thrower=handler.thrower, undoes=handler.undoes)
    run.ready.pop()
    run.withdraw(handler)
    run.put(again, phase="stuck", code=code, reason=reason)
    run.emit(effects.Stuck(again.key, again.node, code, reason))


def is_own_undoing(token: Token, node: Node) -> bool:
    """Whether a token has a task undone by whoever has done it, rather than by a handler of its own."""
    return bool(token.thrower) and not (node.for_compensation or node.by_event)


def is_undoing(run: Run, token: Token) -> bool:
    """Whether what a token does is part of undoing something."""
    return any(one.thrower for one in _around(run, token))


def is_undoable(run: Run, token: Token) -> bool:
    """Whether the recipe says how to undo what a token does: it has a handler, or what it stands in has one."""
    for one in _around(run, token):
        process = run.process(one)
        node = process.nodes.get(one.node)
        if node is None:
            continue
        if node.undone_by is not None or (one is token and node.work.compensation == "operation"):
            return True
        starts = (start for _, start in process.event_processes(node.id))
        if node.kind == "process" and any(event.kind == "compensate" for start in starts for event in start.events):
            return True
    return False


def _around(run: Run, token: Token) -> Iterator[Token]:
    """Yield a token and those whose inside it is in, outwards."""
    current: Token | None = token
    while current is not None:
        yield current
        current = run.tokens.get(run.scopes[current.scope].token)


def can_be_undone(run: Run, node: Node, inside: int) -> bool:
    """Whether there is something to undo in an activity that is done; `inside` is its scope, 0 for none."""
    if node.undone_by is not None or node.work.compensation == "operation":
        return True
    if not inside:
        return False
    return any(record.scope == inside for record in run.records.values()) or handler_inside(run, inside) is not None


def _handler(run: Run, record: Record) -> Node | None:
    return handler_inside(run, record.inside) if record.inside in run.scopes else None


def _latest_first(records: Iterable[Record]) -> tuple[int, ...]:
    return tuple(sorted((record.id for record in records), reverse=True))
