"""What a token does at an activity: have work done, decide, compute, call, open a sub-process."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from models.domain.errors import SomError
from models.domain.expressions import ExpressionError
from models.domain.recipes import effects, loops
from models.domain.recipes.compensation import is_undoable, is_undoing
from models.domain.recipes.fitting import declared, hold_answer, hold_input, hold_start
from models.domain.recipes.model import Event, Node
from models.domain.recipes.run import HaltError, Run
from models.domain.recipes.state import Token
from models.domain.recipes.values import evaluate, mapped, names_of
from models.domain.recipes.waiting import begin_scope, stand_by, wait_for


def enter(run: Run, token: Token, node: Node) -> None:
    """Let a token come to an activity."""
    if node.loop is not None and not token.round:
        loops.begin(run, token, node, node.loop)
    elif node.kind == "process":
        _open(run, token, node)
    elif node.task == "call" and node.work.process is not None and node.work.process in run.recipe.processes:
        _call(run, token, node, node.work.process)
    elif node.task == "receive":
        _stand_by(run, token, node)
        run.put(token, phase="event")
        wait_for(run, token, node, node.events or (Event("message"),))
    elif node.task == "script":
        _compute(run, token, node)
    elif node.task == "rule" and run.decide is not None and node.work.decision is not None:
        _decide(run, token, node, node.work.decision)
    else:
        have_done(run, token, node)


def have_done(run: Run, token: Token, node: Node) -> None:
    """Have somebody do the node's work; a thrown message is work, too: somebody has to send it."""
    values, sources = inputs(run, token, node)
    _stand_by(run, token, node)
    run.put(token, phase="work")
    kind = node.task or "send"
    process = run.process(token).id
    undoing = is_undoing(run, token)
    undoable = not undoing and is_undoable(run, token)
    begun = effects.Start(token.key, process, node.id, kind, values, sources, token.undoes or None)
    run.emit(replace(begun, undoing=undoing, undoable=undoable) if undoing or undoable else begun)


def inputs(run: Run, token: Token, node: Node) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the input of a node's work, and who made what it is computed from."""
    chain = run.chain(token.scope)
    context = run.variables.visible(chain)
    work = node.work
    if work.inputs is not None:
        return mapped(work.inputs, context, run.moment), run.variables.used(chain, names_of(work.inputs), token.key)
    wanted = declared(work.input_schema)
    values = {name: context[name] for name in wanted if name in context} if wanted is not None else context
    return values, run.variables.used(chain, values, token.key)


def _stand_by(run: Run, token: Token, node: Node) -> None:
    if not token.round:  # events at a loop stand at the whole of it
        stand_by(run, token, node)


def _open(run: Run, token: Token, node: Node) -> None:
    context = run.visible(token.scope)
    given = mapped(node.work.inputs, context, run.moment) if node.work.inputs is not None else {}
    hold_input(run, node, context | given, given)
    _stand_by(run, token, node)
    scope = run.open_scope(token.scope, token, run.scopes[token.scope].process, node.id)
    if node.work.inputs is not None:
        run.variables.declare(scope.id, given, token.key)
    run.put(token, phase="inside")
    begin_scope(run, scope)


def _call(run: Run, token: Token, node: Node, process: str) -> None:
    """Run a called process inside this run, with variables of its own."""
    chain = run.chain(token.scope)
    context = run.variables.visible(chain)
    meant: dict[str, Any] = {}
    if node.work.inputs is not None:
        meant = mapped(node.work.inputs, context, run.moment)
        run.variables.used(chain, names_of(node.work.inputs), token.key)
    given = {**(context if node.work.passes else {}), **meant}
    hold_input(run, node, given, meant)
    hold_start(run, run.recipe.processes[process], given, meant)
    _stand_by(run, token, node)
    scope = run.open_scope(token.scope, token, process)
    run.variables.declare(scope.id, given, token.key)
    run.put(token, phase="inside")
    begin_scope(run, scope)


def _compute(run: Run, token: Token, node: Node) -> None:
    if node.work.script is None:
        raise HaltError("code", f"{node.title} is a script; scripts are not run.")
    chain, script, mapping = run.chain(token.scope), node.work.script, node.work.inputs or ()
    context = run.variables.visible(chain)
    given = mapped(mapping, context, run.moment)
    run.variables.used(chain, names_of([*mapping, ("", f"={script}")]), token.key)
    hold_input(run, node, context | given, given)
    answer = evaluate(script, context | given, run.moment)
    hold_answer(run, node, answer)
    run.answered(token, answer)


def _decide(run: Run, token: Token, node: Node, decision: str) -> None:
    values, _ = inputs(run, token, node)
    hold_input(run, node, values, values if node.work.inputs is not None else ())
    decide = run.decide
    assert decide is not None  # noqa: S101 - the caller looked
    try:
        answer = decide(decision, values)
    except ExpressionError:
        raise
    except SomError as error:
        raise HaltError("decision", f"The decision {decision!r} cannot be made: {error}") from error
    hold_answer(run, node, answer)
    run.answered(token, answer)


def outputs(run: Run, node: Node, answer: Any, context: Mapping[str, Any]) -> dict[str, Any]:
    """Return the variables that an answer becomes; `context` is what is visible without it.

    A mapping sees the answer's attributes by name, the whole of it as `output`, and under the result's name.
    """
    work = node.work
    attributes = answer if isinstance(answer, Mapping) else {}
    if work.outputs is not None:
        whole = {"output": answer} | ({work.result: answer} if work.result else {})
        seen = {**context, **attributes, **whole}
        return mapped(work.outputs, seen, run.moment, context)
    if work.result is not None:
        return {work.result: answer}
    if not isinstance(answer, Mapping):
        return {"result": answer}
    wanted = declared(work.output_schema)
    return {name: value for name, value in attributes.items() if wanted is None or name in wanted}
