"""Where paths part and meet."""

from collections.abc import Iterable, Mapping
from typing import Any

from models.domain.recipes import effects
from models.domain.recipes.graph import ways_to
from models.domain.recipes.model import Flow, Node
from models.domain.recipes.run import HaltError, Run
from models.domain.recipes.state import Token
from models.domain.recipes.values import evaluate, names_of
from models.domain.recipes.waiting import wait_for


def enter(run: Run, token: Token, node: Node) -> None:
    """Let a token come to a gateway."""
    if node.kind == "events":
        _wait_for_events(run, token, node)
    elif node.kind == "exclusive" or len(node.incoming) <= 1:
        pass_on(run, [token], node)
    else:
        run.put(token, phase="join")
        if node.kind == "parallel":
            _join(run, token, node)


def _wait_for_events(run: Run, token: Token, node: Node) -> None:
    process = run.process(token)
    run.put(token, phase="event")
    for flow in node.outgoing:
        target = process.nodes[process.flows[flow].target]
        wait_for(run, token, target, target.events)


def _join(run: Run, token: Token, node: Node) -> None:
    """Let one token of each incoming flow go on as one (OMG 13.4.1); further ones wait for the next time."""
    here = _waiting(run, token)
    first = {flow: next((other for other in here if other.flow == flow), None) for flow in node.incoming}
    joined = [other for other in first.values() if other is not None]
    if len(joined) == len(first):
        pass_on(run, joined, node)


def _waiting(run: Run, token: Token) -> list[Token]:
    return [
        other
        for other in run.tokens.values()
        if other.node == token.node and other.scope == token.scope and other.phase == "join"
    ]


def fire_inclusive(run: Run) -> bool:
    """Let the first inclusive gateway go on for which nobody can come any more; return whether there was one.

    The rule is OMG 13.4.3: a token elsewhere is waited for if it can reach an incoming flow that has no token yet, and
    none that has one, without passing the gateway.
    """
    seen: set[tuple[int, str]] = set()
    for token in list(run.tokens.values()):
        node = run.node(token) if token.phase == "join" else None
        if node is None or node.kind != "inclusive" or (token.scope, token.node) in seen:
            continue
        seen.add((token.scope, token.node))
        here = _waiting(run, token)
        if not _somebody_comes(run, token, node, frozenset(other.flow for other in here)):
            joined = [next(other for other in here if other.flow == flow) for flow in {other.flow for other in here}]
            pass_on(run, sorted(joined, key=lambda other: other.id), node)
            return True
    return False


def _somebody_comes(run: Run, token: Token, node: Node, filled: frozenset[str]) -> bool:
    ways = ways_to(run.process(token), node.id)
    for other in run.tokens.values():
        if other.scope == token.scope and other.node != node.id:
            reached = ways.get(other.node, frozenset())
            if reached - filled and not reached & filled:
                return True
    return False


def pass_on(run: Run, tokens: list[Token], node: Node) -> None:
    """Let tokens go on from a gateway as one, by the flows whose conditions hold."""
    token = tokens[0]
    flows = _flows(run, token, node)
    if node.kind == "parallel" or len(flows) <= 1:
        chosen = flows
    elif any(flow.unread for flow in flows) or _says_nothing(flows, node):
        for other in tokens[1:]:
            run.drop(other)
        run.put(token, phase="choice")
        run.emit(effects.Choose(token.key, node.id, tuple(flow.id for flow in flows)))
        return
    else:
        chosen = _by_conditions(run, token, node, flows)
    take(run, tokens, node, chosen)


def _flows(run: Run, token: Token, node: Node) -> list[Flow]:
    flows = run.process(token).flows
    return [flows[flow] for flow in node.outgoing]


def _says_nothing(flows: Iterable[Flow], node: Node) -> bool:
    """Whether a way that is not the default has no condition; without a default, one way can be it unsaid."""
    silent = sum(flow.condition is None and flow.id != node.default for flow in flows)
    return silent > (0 if node.default else 1)


def _by_conditions(run: Run, token: Token, node: Node, flows: list[Flow]) -> list[Flow]:
    """Return the flows whose conditions hold, else the default, which may be the one flow without a condition."""
    holding = []
    context = run.visible(token.scope)
    for flow in flows:
        if flow.condition is not None and flow.id != node.default and holds(run, token, flow.condition, context):
            holding.append(flow)
            if node.kind == "exclusive":
                return holding
    default = next((flow for flow in flows if flow.id == node.default or flow.condition is None), None)
    chosen = holding or ([default] if default is not None else [])
    if not chosen:
        raise HaltError("noWay", f"No condition holds at {node.title}, and it has no default.")
    return chosen


def holds(run: Run, token: Token, condition: str, context: Mapping[str, Any]) -> bool:
    """Whether a condition holds by what a token sees, the `context`; the token has used the values that it reads."""
    run.variables.used(run.chain(token.scope), names_of([("", f"={condition}")]), token.key)
    return evaluate(condition, context, run.moment) is True


def choose(run: Run, token: Token, names: Iterable[str]) -> str | None:
    """Let somebody's choice be taken; return what is wrong with it, or None."""
    node = run.node(token)
    flows = _flows(run, token, node)
    chosen = [flow for flow in flows if flow.id in names or (flow.name and flow.name in names)]
    if not chosen or (node.kind == "exclusive" and len(chosen) > 1):
        ways = ", ".join(flow.name or flow.id for flow in flows)
        return f"{node.title} goes on by one of: {ways}."
    take(run, [token], node, chosen)
    return None


def take(run: Run, tokens: list[Token], node: Node, flows: Iterable[Flow]) -> None:
    """Let one token go on by each of these flows, in place of the tokens."""
    token = tokens[0]
    run.emit(effects.Passed("left", node.id, token.key))
    for other in tokens:
        run.drop(other)
    for flow in flows:
        run.emit(effects.Passed("taken", flow.id, token.key))
        run.arrive(flow.target, token.scope, flow=flow.id)
