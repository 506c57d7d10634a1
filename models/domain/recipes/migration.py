"""Moving a run to another version of its recipe, where that is sound.

It is sound where everything that the run holds has the same meaning in the other version: whoever waits or works stands
at an element of the same kind in the same place, paths that wait for each other meet in the same way, and what was done
can still be undone. Anything else about the version may differ, also what a task that runs now makes of its answer.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime

from models.domain.errors import Conflict
from models.domain.recipes import effects
from models.domain.recipes.model import Node, Process, Recipe
from models.domain.recipes.naming import at_node
from models.domain.recipes.problems import Problem
from models.domain.recipes.run import Run
from models.domain.recipes.state import State, Token
from models.domain.recipes.waiting import stand_by, stand_by_scope


class NotMovable(Conflict):
    """The run cannot be moved to this version."""

    code = "notMovable"

    def __init__(self, problems: Sequence[Problem]) -> None:
        """Carry every reason."""
        self.problems = tuple(problems)
        super().__init__("; ".join(str(problem) for problem in self.problems[:5]))


def obstacles(state: State, old: Recipe, new: Recipe) -> tuple[Problem, ...]:
    """Return why a run of one version cannot go on as a run of another; nothing: it can."""
    return tuple(dict.fromkeys(_obstacles(state, old, new)))


def migrate(state: State, old: Recipe, new: Recipe, at: datetime) -> tuple[State, Sequence[effects.Effect]]:
    """Return the run as one of the other version, and what follows.

    Events that only the new version has at what runs now are awaited; those that it has no more are not. What is
    awaited in both stays as it is, also where it would be due at another time now.

    Raises:
        NotMovable: it would not be sound.
    """
    found = obstacles(state, old, new)
    if found:
        raise NotMovable(found)
    run = Run(new, state, at, None)
    for wait in state.waits.values():
        if _node_of(new, state, wait.scope or state.tokens[wait.token].scope, wait.node) is None:
            run.forget(wait)
    for token in state.tokens.values():
        node = _node_of(new, state, token.scope, token.node)
        if node is not None and node.is_activity and not token.round and token.phase in ("work", "event", "inside"):
            stand_by(run, token, node, old.processes[state.scopes[token.scope].process].nodes)
    for scope in state.scopes.values():
        if not (scope.turn or scope.closed or scope.interrupted):
            stand_by_scope(run, scope, old.processes[scope.process].nodes)
    return run.to_state(), run.effects


def _obstacles(state: State, old: Recipe, new: Recipe) -> Iterator[Problem]:
    if state.process not in new.processes:
        yield _gone(old.processes[state.process], "The other version has no such process.")
        return
    for scope in state.scopes.values():
        process = old.processes[scope.process]
        if scope.process not in new.processes:
            yield _gone(process, "It runs, and the other version has no such process.")
        elif scope.node:
            yield from _moved(process, new.processes[scope.process], scope.node, "It runs")
    for token in state.tokens.values():
        yield from _of_token(state, token, old, new)
    yield from _of_waits(state, old, new)
    for record in state.records.values():
        scope = state.scopes[record.scope]
        before, after = old.processes[scope.process], new.processes.get(scope.process)
        node = after.nodes.get(record.node) if after is not None else None
        if after is not None and (node is None or _undoing(node) != _undoing(before.nodes[record.node])):
            reason = f"{record.key} is done, and could not be undone any more, or only in another way."
            yield at_node(before.nodes[record.node], "dangling", "refused", reason)


def _of_token(state: State, token: Token, old: Recipe, new: Recipe) -> Iterator[Problem]:
    process = state.scopes[token.scope].process
    before, after = old.processes[process], new.processes.get(process)
    if after is None or not token.node:
        return
    yield from _moved(before, after, token.node, f"The run is at it ({token.phase})")
    node, other = before.nodes[token.node], after.nodes.get(token.node)
    if other is None:
        return
    if token.phase == "work" and _undoing(node) != _undoing(other):
        yield at_node(node, "misplaced", "refused", "It is being done, and would be undone in another way.")
    if token.phase == "join" and set(node.incoming) != set(other.incoming):
        yield at_node(node, "dangling", "refused", "Paths wait there for each other, and other ones lead there.")
    if token.phase == "choice" and set(node.outgoing) != set(other.outgoing):
        yield at_node(node, "dangling", "refused", "Somebody chooses a way there, and there are other ones.")


def _of_waits(state: State, old: Recipe, new: Recipe) -> Iterator[Problem]:
    """Yield what is awaited in another way; what merely stands beside an activity may be gone."""
    for wait in state.waits.values():
        scope = wait.scope or state.tokens[wait.token].scope
        before, after = _node_of(old, state, scope, wait.node), _node_of(new, state, scope, wait.node)
        if before is None:
            continue
        if after is None:
            if not wait.scope and before.kind != "boundary":
                yield at_node(before, "dangling", "refused", "It is awaited, and the other version has no such event.")
        elif (before.kind, before.attached, before.parent) != (after.kind, after.attached, after.parent) or _kinds(
            before
        ) != _kinds(after):
            yield at_node(before, "misplaced", "refused", "It is awaited, and is another event in the other version.")


def _moved(before: Process, after: Process, identity: str, where: str) -> Iterator[Problem]:
    node, other = before.nodes[identity], after.nodes.get(identity)
    if other is None:
        yield at_node(node, "dangling", "refused", f"{where}, and the other version has no such element.")
    elif (node.kind, node.task, node.parent, node.loop is None) != (
        other.kind,
        other.task,
        other.parent,
        other.loop is None,
    ):
        reason = f"{where}, and it is something else, or elsewhere, in the other version."
        yield at_node(node, "misplaced", "refused", reason)


def _gone(process: Process, reason: str) -> Problem:
    return Problem(process.id, process.name, "process", "dangling", "refused", reason)


def _node_of(recipe: Recipe, state: State, scope: int, node: str) -> Node | None:
    process = recipe.processes.get(state.scopes[scope].process)
    return process.nodes.get(node) if process is not None else None


def _undoing(node: Node) -> tuple[bool, str | None]:
    """How a node is undone: by something that is joined to it, or as it says."""
    return bool(node.undone_by), node.work.compensation


def _kinds(node: Node) -> tuple[str, ...]:
    return tuple(event.kind for event in node.events)
