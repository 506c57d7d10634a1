"""Activities that are carried out several times: standard loops, and multi-instance ones over a list."""

from collections.abc import Mapping
from typing import Any

from models.domain.expressions.values.calendar import Moment
from models.domain.recipes import effects
from models.domain.recipes.compensation import can_be_undone
from models.domain.recipes.model import Loop, Node
from models.domain.recipes.run import HaltError, Run
from models.domain.recipes.state import Token
from models.domain.recipes.values import compiled, evaluate
from models.domain.recipes.waiting import stand_by

MAX_ROUNDS = 1_000
"""Rounds of one loop."""

COUNTER = "loopCounter"
"""Variable of a round: which it is, from 1."""


def begin(run: Run, token: Token, node: Node, loop: Loop) -> None:
    """Let the first round begin, or all where they go side by side."""
    context = run.visible(token.scope)
    items, total = _rounds(loop, context, run.moment)
    if loop.kind == "standard" and loop.before and not _goes_on(loop, {**context, COUNTER: 1}, run.moment):
        total = 0
    run.variables.results[token.id] = {"items": items, "made": {}}
    token = run.put(token, phase="inside", total=total)
    if total == 0:
        _end(run, token, loop)
        return
    stand_by(run, token, node)
    for _ in range(total if loop.kind == "parallel" else 1):
        token = _begin_round(run, token, loop)


def _rounds(loop: Loop, context: Mapping[str, Any], now: Moment | None) -> tuple[list[Any] | None, int]:
    """Return the elements, if it goes over any, and how many rounds there are; -1: that shows as it goes on."""
    if loop.kind == "standard":
        return None, -1
    if loop.collection is not None:
        found = evaluate(loop.collection, context, now)
        if not isinstance(found, list):
            raise HaltError("noList", f"{loop.collection!r}, over which it is repeated, is no list.")
        items, total = found, len(found)
    elif loop.cardinality is not None:
        number = evaluate(loop.cardinality, context, now)
        if isinstance(number, bool) or not isinstance(number, int | float) or number != int(number) or number < 0:
            raise HaltError("noNumber", f"{loop.cardinality!r}, how often it is repeated, is no whole number.")
        items, total = None, int(number)
    else:
        items, total = None, 1
    if total > MAX_ROUNDS:
        raise HaltError("tooManyRounds", f"It would be repeated {total} times; {MAX_ROUNDS} are allowed.")
    return items, total


def _begin_round(run: Run, token: Token, loop: Loop) -> Token:
    index = token.begun + 1
    token = run.put(token, begun=index)
    scope = run.open_scope(token.scope, token, run.scopes[token.scope].process, index=index)
    local: dict[str, Any] = {COUNTER: index}
    items = run.variables.results[token.id]["items"]
    if items is not None and loop.element:
        local[loop.element] = items[index - 1]
    run.variables.declare(scope.id, local, token.key)
    run.arrive(token.node, scope.id, round=True, key=f"{token.key}[{index}]")
    return token


def round_done(run: Run, inner: Token, loop: Loop, answer: Mapping[str, Any], inside: int) -> None:
    """Take what a round gave, and begin the next, or end the loop."""
    outer, node = run.tokens[run.scopes[inner.scope].token], run.node(inner)
    context = {**run.visible(inner.scope), **answer}
    results = run.variables.results[outer.id]
    if loop.collected and loop.result is not None:
        made = compiled(f"={loop.result}").evaluate(context, run.moment)
        results = {**results, "made": {**results["made"], str(run.scopes[inner.scope].turn): made}}
        run.variables.results[outer.id] = results
    outer = run.put(outer, done=outer.done + 1)
    enough = loop.until is not None and evaluate(loop.until, {**context, **_counts(outer)}, run.moment) is True
    going_on = _goes_on(loop, context, run.moment) if loop.kind == "standard" else outer.begun < outer.total
    run.emit(effects.Passed("left", node.id, inner.key))
    undoable = can_be_undone(run, node, inside)
    if undoable:
        run.keep_record(inner, inside=inside, round=inner.scope)
    run.drop(inner)
    run.close_scope(run.scopes[inner.scope], keep=undoable)
    if enough or (outer.done == outer.begun and not going_on):
        _end(run, outer, loop)
    elif loop.kind != "parallel":
        _begin_round(run, outer, loop)


def _counts(outer: Token) -> dict[str, int]:
    """Return BPMN's attributes of a multi-instance activity, for its completion condition."""
    return {
        "numberOfInstances": outer.total,
        "numberOfCompletedInstances": outer.done,
        "numberOfActiveInstances": outer.begun - outer.done,
        "numberOfTerminatedInstances": 0,
    }


def _goes_on(loop: Loop, context: Mapping[str, Any], now: Moment | None) -> bool:
    """Whether a standard loop has another round; without a condition there is one round."""
    counter = context[COUNTER]
    if loop.maximum is not None and counter >= loop.maximum + loop.before:
        return False
    return loop.condition is not None and evaluate(loop.condition, context, now) is True


def _end(run: Run, outer: Token, loop: Loop) -> None:
    for scope in run.inside(outer):
        run.empty(scope)
        run.close_scope(scope, keep=False)
    made = run.variables.results.pop(outer.id)["made"]
    answer = {}
    if loop.collected:
        answer = {loop.collected: [made[index] for index in sorted(made, key=int)]}
    run.answered(outer, answer)
