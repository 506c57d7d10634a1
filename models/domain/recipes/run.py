"""A run while it is moved on: the state's parts in reach, the effects so far, and what every kind of node needs."""

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from models.domain.dates import to_text
from models.domain.errors import SomError
from models.domain.expressions.values.calendar_text import moment_of
from models.domain.recipes import effects
from models.domain.recipes.model import Node, Process, Recipe
from models.domain.recipes.state import ENDS, ROOT, Record, Scope, State, Token, Wait
from models.domain.recipes.variables import Snapshot, Variables

Decide = Callable[[str, Mapping[str, Any]], Any]
"""Evaluates a decision by reference over its inputs; a `SomError` of it makes the rule task stuck."""

Fits = Callable[[Mapping[str, Any], Any], Sequence[str]]
"""What does not fit a JSON Schema (first) of a value, each with its path, what is there and what was expected."""

MAX_DEPTH = 30
"""Scopes in each other: a recipe that calls itself ends here."""

MAX_TOKENS = 5_000
"""Tokens of one run at a time."""


class HaltError(SomError):
    """The token cannot go on as things are."""

    def __init__(self, code: str, reason: str) -> None:
        """Keep the word for the cause beside the reason."""
        super().__init__(reason)
        self.code = code


@dataclass(frozen=True, slots=True)
class _Saved:
    parts: tuple[Any, ...]
    variables: Snapshot
    effects: int
    ready: tuple[int, ...]


class Run:
    """One run, being moved on."""

    def __init__(
        self, recipe: Recipe, state: State, now: datetime, decide: Decide | None, fits: Fits | None = None
    ) -> None:
        self.recipe = recipe
        self.now = now.astimezone(UTC)
        self.moment = moment_of(to_text(self.now))
        self.decide = decide
        self.fits = fits
        self.effects: list[effects.Effect] = []
        self.ready: deque[int] = deque()
        self.tokens = dict(state.tokens)
        self.scopes = dict(state.scopes)
        self.waits = dict(state.waits)
        self.records = dict(state.records)
        self.variables = Variables(state.data)
        self.status, self.ends, self.code, self.next = state.status, state.ends, state.code, state.next
        self._main = state.process

    def to_state(self) -> State:
        """The state that it is in now."""
        return State(
            process=self._main,
            status=self.status,
            next=self.next,
            tokens=self.tokens,
            scopes=self.scopes,
            waits=self.waits,
            records=self.records,
            ends=self.ends,
            code=self.code,
            data=self.variables.to_data(),
        )

    # One step can be taken back: nothing that the parts hold is ever changed in place.

    def save(self) -> _Saved:
        """What `restore` goes back to."""
        parts = (dict(self.tokens), dict(self.scopes), dict(self.waits), dict(self.records), self.next, self.ends)
        return _Saved(parts, self.variables.snapshot(), len(self.effects), tuple(self.ready))

    def restore(self, saved: _Saved) -> None:
        """Take back what happened since."""
        self.tokens, self.scopes, self.waits, self.records, self.next, self.ends = saved.parts
        self.variables.restore(saved.variables)
        del self.effects[saved.effects :]
        self.ready = deque(saved.ready)

    # Where things are

    def process(self, token: Token) -> Process:
        """The process whose node the token is at."""
        return self.recipe.processes[self.scopes[token.scope].process]

    def node(self, token: Token) -> Node:
        """The node that the token is at."""
        return self.process(token).nodes[token.node]

    def chain(self, scope: int) -> list[int]:
        """The scopes whose variables are visible, from the process down; a called process sees only its own."""
        found = [scope]
        current = self.scopes[scope]
        while (current.node or current.turn) and current.parent:
            found.append(current.parent)
            current = self.scopes[current.parent]
        return found[::-1]

    def visible(self, scope: int) -> dict[str, Any]:
        """The variables that are visible in a scope."""
        return self.variables.visible(self.chain(scope))

    def inside(self, token: Token) -> list[Scope]:
        """The open scopes that are the token's inside."""
        return [scope for scope in self.scopes.values() if scope.token == token.id and not scope.closed]

    def waits_of(self, token: Token) -> list[Wait]:
        """What the token waits for, or what stands at its activity."""
        return [wait for wait in self.waits.values() if wait.token == token.id]

    # Tokens

    def number(self) -> int:
        """The next number."""
        self.next += 1
        return self.next

    def emit(self, effect: effects.Effect) -> None:
        """Let something follow."""
        self.effects.append(effect)

    def put(self, token: Token, **changes: Any) -> Token:
        """Keep a token, changed."""
        token = token._replace(**changes) if changes else token
        self.tokens[token.id] = token
        return token

    def go(self, token: Token, **changes: Any) -> Token:
        """Let a token have its turn."""
        token = self.put(token, phase="ready", **changes)
        self.ready.append(token.id)
        return token

    def arrive(self, node: str, scope: int, **given: Any) -> Token:
        """Make a token that is about to enter a node; its key counts the visits."""
        if len(self.tokens) >= MAX_TOKENS:
            raise HaltError("tooManyTokens", f"The run has {MAX_TOKENS} tokens already.")
        home = self.scopes[scope]
        visit = home.visits.get(node, 0) + 1
        self.scopes[scope] = home._replace(visits={**home.visits, node: visit})
        key = given.pop("key", None) or f"{home.path}{node}" + (f"#{visit}" if visit > 1 else "")
        return self.go(Token(self.number(), node, scope, key, **given))

    def answered(self, token: Token, answer: Any) -> None:
        """Let a token leave its node with an answer."""
        self.variables.answers[token.id] = answer
        self.go(token, leaving=True)

    def drop(self, token: Token) -> None:
        """Let a token be no more, and nobody wait for it."""
        self.tokens.pop(token.id, None)
        self.variables.results.pop(token.id, None)
        self.variables.answers.pop(token.id, None)
        for wait in self.waits_of(token):
            self.forget(wait)

    def forget(self, wait: Wait) -> None:
        """Stop waiting."""
        if self.waits.pop(wait.key, None) is not None:
            self.emit(effects.Forget(wait.key))

    # Scopes

    def open_scope(self, parent: int, token: Token | None, process: str, node: str = "", index: int = 0) -> Scope:
        """Make a scope; `path` of keys in it follows from the token whose inside it is."""
        turn = f"[{index}]" if index else ""
        path = f"{token.key}{turn}/" if token is not None else ""
        number = self.number() if self.scopes else ROOT
        scope = Scope(number, process, parent, token.id if token else 0, node, path, index)
        self.scopes[scope.id] = scope
        depth, current = 0, scope
        while current.parent:
            depth, current = depth + 1, self.scopes[current.parent]
        if depth > MAX_DEPTH:
            raise HaltError("tooDeep", f"More than {MAX_DEPTH} sub-processes and calls are inside each other.")
        return scope

    def is_empty(self, scope: int) -> bool:
        """Whether no token is left in a scope."""
        return not any(token.scope == scope for token in self.tokens.values())

    def close_scope(self, scope: Scope, *, keep: bool) -> None:
        """End a scope; it is kept, closed, where what was done in it can be undone."""
        self._end_waits(scope)
        if keep:
            self.scopes[scope.id] = scope._replace(closed=True)
        else:
            self._remove(scope)

    def _end_waits(self, scope: Scope) -> None:
        for wait in [wait for wait in self.waits.values() if wait.scope == scope.id]:
            self.forget(wait)

    def _remove(self, scope: Scope) -> None:
        for inner in [inner for inner in self.scopes.values() if inner.parent == scope.id]:
            self._remove(inner)
        self.scopes.pop(scope.id, None)
        self.variables.drop(scope.id)
        for record in [record for record in self.records.values() if record.scope == scope.id]:
            self.records.pop(record.id)

    def keep_record(self, token: Token, **given: Any) -> None:
        """Note that what the token's activity did can be undone."""
        record = Record(self.number(), self._home(token), token.node, token.key, **given)
        self.records[record.id] = record

    def _home(self, token: Token) -> int:
        scope = self.scopes[token.scope]
        return scope.parent if scope.turn else scope.id

    # Ending

    def withdraw(self, token: Token) -> None:
        """Call off what a token does, with all that is inside, and drop it."""
        if token.phase == "work":
            self.emit(effects.Cancel(token.key))
        elif token.phase == "choice":
            self.emit(effects.Forget(token.key))
        self.emit(effects.Passed("cancelled", token.node, token.key))
        for scope in self.inside(token):
            self.empty(scope)
            self._leave_behind(token, scope)
        self.drop(token)

    def _leave_behind(self, token: Token, scope: Scope) -> None:
        """Forget the inside of what is called off, but what was done in it and can be undone."""
        done = any(record.scope == scope.id for record in self.records.values())
        if done:
            self.keep_record(token, inside=scope.id, round=token.scope if token.round else 0, left=True)
        if done or any(record.round == scope.id for record in self.records.values()):
            self.close_scope(scope, keep=True)
        else:
            self._remove(scope)

    def empty(self, scope: Scope, but: Iterable[int] = ()) -> None:
        """Call off everything in a scope."""
        for token in [token for token in self.tokens.values() if token.scope == scope.id and token.id not in but]:
            if token.id in self.tokens:
                self.withdraw(token)
        self._end_waits(scope)

    def ended_at(self, node: str) -> None:
        """Note where a path ended."""
        self.ends = (*self.ends, node)[-ENDS:]

    def forget_scopes(self) -> None:
        """Keep no more than the variables of the whole process."""
        for scope in [scope for scope in self.scopes.values() if scope.id != ROOT and scope.parent in (0, ROOT)]:
            self._remove(scope)
        self.records = {}
