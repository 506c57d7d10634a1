"""What a token does at an event: wait for it, throw it, end."""

from models.domain.recipes import compensation, effects
from models.domain.recipes.activities import have_done, inputs
from models.domain.recipes.ending import finish
from models.domain.recipes.fitting import hold_result
from models.domain.recipes.model import Event, Node
from models.domain.recipes.raising import fail, raise_
from models.domain.recipes.run import Run
from models.domain.recipes.state import Token
from models.domain.recipes.waiting import correlated, end_if_empty, fire, wait_for


def enter(run: Run, token: Token, node: Node) -> None:
    """Let a token come to an event."""
    if node.kind == "catch":
        if any(event.kind == "link" for event in node.events) or not node.events:
            run.answered(token, {})
        else:
            run.put(token, phase="event")
            wait_for(run, token, node, node.events)
        return
    if node.kind in ("throw", "end"):
        run.emit(effects.Passed("thrown", node.id, token.key))
        for event in node.events:
            _throw(run, token, node, event)
            if run.status != "running" or token.id not in run.tokens:
                return
    if run.tokens[token.id].phase == "ready" and not run.tokens[token.id].leaving:
        run.answered(token, {})


def _throw(run: Run, token: Token, node: Node, event: Event) -> None:
    match event.kind:
        case "message":
            _send(run, token, node, event)
        case "signal":
            _broadcast(run, token, node, event)
        case "escalation":
            values, _ = inputs(run, token, node)
            raise_(run, "escalation", token, event.code, values if node.work.inputs is not None else {})
        case "error":
            values, _ = inputs(run, token, node)
            run.ended_at(node.id)
            fail(run, token, event.code or "", "", values if node.work.inputs is not None else {})
        case "terminate":
            _terminate(run, token, node)
        case "compensate":
            compensation.undo(run, token, event.activity)
        case "cancel":
            run.empty(run.scopes[token.scope], but=(token.id,))
            compensation.undo(run, token, None)
        case _:
            pass  # a link is followed when it is left


def _send(run: Run, token: Token, node: Node, event: Event) -> None:
    """Send a message to whoever awaits it, or have that done by whom the event names."""
    if event.name is None or node.work.is_named:
        have_done(run, token, node)
        return
    values = inputs(run, token, node)[0] if node.work.inputs is not None else {}
    correlation = correlated(run, event, token.scope)
    run.emit(effects.Send(token.key, event.name, correlation, values))


def _broadcast(run: Run, token: Token, node: Node, event: Event) -> None:
    """Let everybody know who waits for the signal, in this run and in others."""
    if event.name is None:
        return
    values = inputs(run, token, node)[0] if node.work.inputs is not None else {}
    run.emit(effects.Broadcast(event.name, values))
    signal(run, event.name, values)


def signal(run: Run, name: str, values: dict[str, object]) -> bool:
    """Let a signal reach all that wait for it in this run; return whether there was anybody."""
    waiting = [wait for wait in run.waits.values() if wait.kind == "signal" and wait.name == name]
    for wait in waiting:
        if wait.key in run.waits:
            fire(run, wait, values)
    return bool(waiting)


def _terminate(run: Run, token: Token, node: Node) -> None:
    """End everything in the scope at once; what is around it goes on."""
    scope = run.scopes[token.scope]
    run.ended_at(node.id)
    if not scope.parent:
        hold_result(run, run.recipe.processes[scope.process], run.variables.of(scope.id))
        finish(run, "terminated")
        return
    run.emit(effects.Passed("left", node.id, token.key))
    run.drop(token)
    run.empty(scope)
    end_if_empty(run, scope.id)
