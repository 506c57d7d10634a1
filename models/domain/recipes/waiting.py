"""Waiting for events, and what follows when one happens."""

from collections.abc import Container, Mapping
from typing import Any

from models.domain.dates import to_text
from models.domain.expressions import ExpressionError
from models.domain.expressions.values.calendar import Moment
from models.domain.recipes import effects, times
from models.domain.recipes.ending import finish
from models.domain.recipes.fitting import hold_result
from models.domain.recipes.model import CATCHABLE, Event, Node
from models.domain.recipes.run import HaltError, Run
from models.domain.recipes.state import Scope, Token, Wait
from models.domain.recipes.values import evaluate


def begin_scope(run: Run, scope: Scope, at: str | None = None) -> None:
    """Let the tokens of a scope begin, and its event sub-processes wait. `at` names the start event that happened."""
    process = run.recipe.processes[scope.process]
    stand_by_scope(run, scope)
    starts = process.starts(scope.node or process.id)
    if at is not None:
        starts = tuple(node for node in starts if node.id == at)
    elif any(node.kind == "start" for node in starts):
        plain = tuple(node for node in starts if node.kind == "start" and not node.events)
        starts = (plain or starts)[:1]
    for node in starts:
        token = run.arrive(node.id, scope.id)
        if node.kind == "start" or (node.instantiate and node.kind == "task"):
            run.put(token, leaving=True)
            run.variables.answers[token.id] = {}
    if not starts:
        end_if_empty(run, scope.id)


def stand_by_scope(run: Run, scope: Scope, but: Container[str] = ()) -> None:
    """Let the event sub-processes of a scope wait, but those whose start events are named."""
    process = run.recipe.processes[scope.process]
    for _, start in process.event_processes(scope.node or process.id):
        for index, event in enumerate(start.events):
            if event.kind in CATCHABLE and start.id not in but:
                key = f"{scope.path}{start.id}" + (f"+{index}" if index else "")
                _wait(run, Wait(key, start.id, event.kind, scope=scope.id, event=index), event, scope.id, standing=True)


def end_if_empty(run: Run, scope_id: int) -> None:
    """Let whoever's inside a scope is go on when nothing is left in it."""
    scope = run.scopes.get(scope_id)
    if scope is None or scope.closed or scope.turn or not run.is_empty(scope_id):
        return
    if not scope.node and (scope.token in run.tokens or not scope.parent):
        hold_result(run, run.recipe.processes[scope.process], run.variables.of(scope.id))
    if scope.token in run.tokens:
        run.answered(run.tokens[scope.token], {})
    elif not scope.parent:
        finish(run, "completed")


def stand_by(run: Run, token: Token, node: Node, but: Container[str] = ()) -> None:
    """Let the boundary events of an activity wait, but those that are named."""
    for boundary in run.process(token).boundaries.get(node.id, ()):
        for index, event in enumerate(boundary.events):
            if event.kind in CATCHABLE and boundary.id not in but:
                key = f"{token.key}!{boundary.id}" + (f"+{index}" if index else "")
                wait = Wait(key, boundary.id, event.kind, token.id, event=index)
                _wait(run, wait, event, token.scope, standing=True)


def wait_for(run: Run, token: Token, node: Node, events: tuple[Event, ...]) -> None:
    """Let a token wait for events of a node, which is its own or one behind its event gateway."""
    for index, event in enumerate(events):
        own = token.key if node.id == token.node else f"{token.key}?{node.id}"
        key = own + (f"+{index}" if index else "")
        _wait(run, Wait(key, node.id, event.kind, token.id, event=index), event, token.scope, standing=False)


def _wait(run: Run, wait: Wait, event: Event, scope: int, *, standing: bool) -> None:
    wait = wait._replace(name=event.name)
    if event.kind == "timer" and event.timer is not None:
        value = (
            evaluate(event.timer.value, run.visible(scope), run.moment) if event.timer.expression else event.timer.value
        )
        try:
            first = times.due(event.timer.kind, value, run.now)
        except times.InvalidTime as error:
            raise HaltError(error.code, str(error)) from None
        wait = wait._replace(due=first.moment, every=first.every, left=first.left)
    wait = wait._replace(correlation=correlated(run, event, scope))
    run.waits[wait.key] = wait
    _tell(run, wait, standing=standing)


def correlated(run: Run, event: Event, scope: int) -> str | None:
    """Return what a message carries to be meant; None where the event does not say.

    Raises:
        HaltError: it has no value.
    """
    if event.correlation is None:
        return None
    value = evaluate(event.correlation, run.visible(scope), run.moment)
    if value is None:
        raise HaltError("noCorrelation", f"{event.correlation!r}, by which the message is known, has no value.")
    return value if isinstance(value, str) else str(value)


def _tell(run: Run, wait: Wait, *, standing: bool) -> None:
    due = times.moment(wait.due) if wait.due else None
    run.emit(effects.Await(wait.key, wait.node, wait.kind, wait.name, wait.correlation, due, standing))


# What follows when it happens


def fire(run: Run, wait: Wait, data: Mapping[str, Any]) -> None:
    """Let what was waited for have happened."""
    if wait.scope:
        _fire_event_process(run, wait, data)
        return
    token = run.tokens[wait.token]
    node = run.process(token).nodes[wait.node]
    run.emit(effects.Passed("caught", node.id, wait.key))
    if node.kind == "boundary":
        happen_at(run, token, node, data, wait)
        return
    for other in run.waits_of(token):
        run.forget(other)
    if token.node == node.id:
        run.answered(token, data)
        return
    gateway = run.node(token)
    flows = run.process(token).flows
    run.emit(effects.Passed("left", gateway.id, token.key))
    run.drop(token)
    flow = next(flow for flow in gateway.outgoing if flow in flows and flows[flow].target == node.id)
    run.emit(effects.Passed("taken", flow, token.key))
    _answered_at(run, node, token.scope, data)


def happen_at(run: Run, token: Token, boundary: Node, data: Mapping[str, Any], wait: Wait | None = None) -> None:
    """Let a boundary event happen at a token's activity: it ends the activity, or a second thread begins."""
    if boundary.interrupting:
        run.withdraw(token)
    elif wait is not None:
        _again(run, wait)
    _answered_at(run, boundary, token.scope, data)


def _again(run: Run, wait: Wait) -> None:
    """Let a non-interrupting event wait again: timers only as often as they say."""
    if wait.kind != "timer":
        return
    if wait.every and wait.left:
        following = times.again(times.Due(wait.due or to_text(run.now), wait.every, wait.left), run.now)
        wait = wait._replace(due=following.moment, left=following.left)
        run.waits[wait.key] = wait
        _tell(run, wait, standing=True)
    else:
        run.forget(wait)


def _fire_event_process(run: Run, wait: Wait, data: Mapping[str, Any]) -> None:
    scope = run.scopes[wait.scope]
    process = run.recipe.processes[scope.process]
    start = process.nodes[wait.node]
    run.emit(effects.Passed("caught", start.id, wait.key))
    if not start.interrupting:
        _again(run, wait)
    take_over(run, scope, start, data)


def take_over(run: Run, scope: Scope, start: Node, data: Mapping[str, Any], thrower: int = 0) -> None:
    """Let an event sub-process run in a scope; an interrupting one ends everything else there."""
    if start.interrupting and not thrower:
        run.empty(scope)
        run.scopes[scope.id] = run.scopes[scope.id]._replace(interrupted=True)
    process = run.recipe.processes[scope.process]
    owner = run.arrive(start.parent, scope.id, thrower=thrower)
    run.ready.pop()
    run.put(owner, phase="inside")
    run.emit(effects.Passed("entered", owner.node, owner.key))
    inner = run.open_scope(scope.id, owner, process.id, start.parent)
    _answered_at(run, start, inner.id, data)


def _answered_at(run: Run, node: Node, scope: int, data: Mapping[str, Any]) -> Token:
    token = run.arrive(node.id, scope)
    run.variables.answers[token.id] = data
    return run.put(token, leaving=True)


def fire_conditions(run: Run) -> bool:
    """Fire the first conditional event whose condition has become true; return whether there was one."""
    for wait in [wait for wait in run.waits.values() if wait.kind == "conditional"]:
        scope = wait.scope or run.tokens[wait.token].scope
        event = run.recipe.processes[run.scopes[scope].process].nodes[wait.node].events[wait.event]
        holds = _holds(event.condition, run.visible(scope), run.moment)
        if holds and not wait.met:
            run.waits[wait.key] = wait._replace(met=True)
            fire(run, run.waits[wait.key], {})
            return True
        if wait.met and not holds:
            run.waits[wait.key] = wait._replace(met=False)
    return False


def _holds(condition: str | None, context: Mapping[str, Any], now: Moment | None) -> bool:
    """Whether a condition is true now; one that cannot be computed yet is not."""
    try:
        return condition is not None and evaluate(condition, context, now) is True
    except ExpressionError:
        return False
