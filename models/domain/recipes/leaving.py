"""What happens when a token is done at its node: results are kept, and it goes on."""

from collections.abc import Mapping
from typing import Any

from models.domain.recipes import compensation, effects, loops
from models.domain.recipes.activities import outputs
from models.domain.recipes.fitting import hold_inside, hold_news
from models.domain.recipes.gateways import holds, take
from models.domain.recipes.model import Flow, Node
from models.domain.recipes.raising import fail
from models.domain.recipes.run import HaltError, Run
from models.domain.recipes.state import Scope, Token
from models.domain.recipes.waiting import end_if_empty, happen_at


def complete(run: Run, token: Token, node: Node, answer: Any) -> None:
    """Keep what an answer becomes, and let the token leave its node."""
    if compensation.is_own_undoing(token, node):
        _undone(run, token, node)
        return
    whole_loop = node.loop is not None and not token.round
    inside = None if whole_loop else next(iter(run.inside(token)), None)
    values = answer if whole_loop else _values(run, token, node, answer, inside)
    chain = run.chain(token.scope)
    run.variables.assign(chain, values, token.key)
    held = inside is not None and compensation.can_be_undone(run, node, inside.id)
    if inside is not None:
        run.close_scope(inside, keep=held)
    kept = inside.id if inside is not None and held else 0
    if token.round and node.loop is not None:
        loops.round_done(run, token, node.loop, answer if isinstance(answer, Mapping) else values, kept)
    elif token.thrower:
        _undone(run, token, node)
    else:
        if node.is_activity and not whole_loop and compensation.can_be_undone(run, node, kept):
            run.keep_record(token, inside=kept)
        leave(run, token, node)


def _values(run: Run, token: Token, node: Node, answer: Any, inside: Scope | None) -> dict[str, Any]:
    """Return the variables that come out of a node."""
    around = run.visible(token.scope)
    if inside is None:
        hold_news(run, token, node, answer)
        return outputs(run, node, answer, around)
    seen = run.visible(inside.id)
    hold_inside(run, node, seen)
    if inside.node:
        return outputs(run, node, {}, seen) if node.work.outputs is not None else {}
    values = {}
    if node.work.returns:
        values = {name: value for name, value in seen.items() if name not in around or around[name] is not value}
    if node.work.outputs is not None:
        values |= outputs(run, node, seen, seen)
    return values


def _undone(run: Run, token: Token, node: Node) -> None:
    """Let whoever waits for something to be undone go on."""
    run.emit(effects.Passed("left", node.id, token.key))
    thrower = run.tokens.get(token.thrower)
    run.drop(token)
    if thrower is not None:
        compensation.go_on(run, thrower)


def leave(run: Run, token: Token, node: Node) -> None:
    """Let a token go on from a node that is done, or end there."""
    if node.milestone:
        run.emit(effects.Reached(node.milestone, node.id))
    if any(event.kind == "cancel" for event in node.events) and node.kind == "end":
        _leave_transaction(run, token)
        return
    link = next((event for event in node.events if event.kind == "link" and node.kind in ("throw", "end")), None)
    if link is not None:
        _follow_link(run, token, node, link.name)
        return
    flows = _ways(run, token, node)
    if not flows:
        run.emit(effects.Passed("left", node.id, token.key))
        if not node.by_event:
            run.ended_at(node.id)
        run.drop(token)
        end_if_empty(run, token.scope)
        return
    take(run, [token], node, flows)


def _ways(run: Run, token: Token, node: Node) -> list[Flow]:
    """Return the flows by which a token leaves what is no gateway: all whose condition holds; else the default."""
    if node.by_event:
        return []
    known = run.process(token).flows
    flows = [known[flow] for flow in node.outgoing]
    if all(flow.condition is None and flow.id != node.default for flow in flows):
        return flows
    context = run.visible(token.scope)
    holding = [
        flow
        for flow in flows
        if flow.id != node.default and (flow.condition is None or holds(run, token, flow.condition, context))
    ]
    chosen = holding or [flow for flow in flows if flow.id == node.default]
    if not chosen:
        raise HaltError("noWay", f"No condition holds behind {node.title}, and it has no default.")
    return chosen


def _follow_link(run: Run, token: Token, node: Node, name: str | None) -> None:
    target = run.process(token).links[node.parent, name]
    run.emit(effects.Passed("left", node.id, token.key))
    run.drop(token)
    run.arrive(target, token.scope)


def _leave_transaction(run: Run, token: Token) -> None:
    """Let a cancelled transaction, undone by now, be left through its cancel event."""
    run.emit(effects.Passed("left", token.node, token.key))
    run.ended_at(token.node)
    owner = run.tokens[run.scopes[token.scope].token]
    run.drop(token)
    boundaries = run.process(owner).boundaries.get(owner.node, ())
    found = next((one for one in boundaries if any(event.kind == "cancel" for event in one.events)), None)
    if found is None:
        fail(run, owner, "cancelled", f"The transaction {run.node(owner).title} was cancelled.", {})
    else:
        run.emit(effects.Passed("caught", found.id, owner.key))
        happen_at(run, owner, found, {})
