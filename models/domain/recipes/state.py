"""The state of one run of a recipe: where its tokens are, and, apart from that, its data.

It is small, plain JSON, and says in which `FORMAT` it is written; the next release reads this one's. Nothing in it
depends on a clock or on chance, so that the same happenings lead to the same state anywhere.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal, NamedTuple, TypeVar

FORMAT = 1

Phase = Literal["ready", "work", "choice", "event", "inside", "join", "undoing", "stuck"]
Status = Literal["running", "completed", "terminated", "failed", "cancelled"]

PHASES: Mapping[Phase, str] = {
    "ready": "It is about to enter its node.",
    "work": "Somebody works on its node's task.",
    "choice": "It is at a gateway without conditions, and somebody has to say which way it goes.",
    "event": "It waits for an event.",
    "inside": "Its node has an inside of its own: a sub-process, a called process, the rounds of a loop.",
    "join": "It waits for others at a gateway.",
    "undoing": "It waits for what it has undone.",
    "stuck": "It cannot go on as things are; the reason stands beside it.",
}


class Token(NamedTuple):
    """Where one thread of a run is.

    Attributes:
        id: number, counted up within the run.
        node: where it is. scope: in which scope.
        key: derived name of this visit: the path of scopes, the node, from the second visit on its number.
        flow: the sequence flow by which it came.
        round: it is one round of a loop, and its scope is that round's.
        undoes: key of the activity that it undoes. thrower: token that waits for that.
        todo: records that are still to be undone.
        total, begun, done: of a loop: how many rounds, begun, and done; total -1 where it is not known.
        code, reason: why it is stuck. leaving: it was stuck on its way out, with its answer in the data.
    """

    id: int
    node: str
    scope: int
    key: str
    phase: Phase = "ready"
    flow: str = ""
    round: bool = False
    undoes: str = ""
    thrower: int = 0
    todo: tuple[int, ...] = ()
    total: int = 0
    begun: int = 0
    done: int = 0
    code: str = ""
    reason: str = ""
    leaving: bool = False


class Scope(NamedTuple):
    """A run of a process, a sub-process, or one round of a loop: it holds tokens and variables.

    Attributes:
        process: id of the process whose nodes it runs. node: the sub-process, empty for a whole process.
        parent: the scope around it, 0 for none. token: whose inside it is.
        path: what keys in it begin with.
        turn: which round, from 1.
        visits: how often each node was entered.
        closed: it is over, and kept because it may have to be undone.
        interrupted: an event sub-process took over.
    """

    id: int
    process: str
    parent: int = 0
    token: int = 0
    node: str = ""
    path: str = ""
    turn: int = 0
    visits: Mapping[str, int] = MappingProxyType({})
    closed: bool = False
    interrupted: bool = False


class Wait(NamedTuple):
    """Something that is waited for.

    Attributes:
        key: derived name; for timers and messages, the one of the effect that told of it.
        node: the event's node: a catching event, a boundary event, the start of an event sub-process, a receive task.
        token: who waits, or at whose activity it stands. scope: for an event sub-process, where that would run.
        event: which definition of the node.
        kind: of event. name: of message or signal. correlation: what a message has to carry, as text.
        due: RFC 3339 moment of a timer. every: seconds between its repetitions. left: how many are left, -1 for no end.
        met: a condition that was true when it was last looked at, and has to become false before it counts again.
    """

    key: str
    node: str
    kind: str
    token: int = 0
    scope: int = 0
    event: int = 0
    name: str | None = None
    correlation: str | None = None
    due: str | None = None
    every: float = 0.0
    left: int = 0
    met: bool = False


class Record(NamedTuple):
    """An activity that can be undone: it is completed, or was called off when something in it was completed.

    Attributes:
        scope: where it was done. node, key: what it was.
        inside: the closed scope of a sub-process.
        round: the round's scope, for what a loop did.
        left: it was called off: only what was done inside it is undone.
    """

    id: int
    scope: int
    node: str
    key: str
    inside: int = 0
    round: int = 0
    left: bool = False


@dataclass(frozen=True, slots=True)
class Data:
    """The variables of a run, by scope.

    Attributes:
        values: by scope and name. made: by scope and name, the key of the step that produced the value.
        used: by name, the keys of the first steps that consumed it, at most USERS.
        results: of loops that run: by token, what each round gave. answers: of tokens that are stuck on their way out.
    """

    values: Mapping[int, Mapping[str, Any]] = field(default_factory=dict)
    made: Mapping[int, Mapping[str, str]] = field(default_factory=dict)
    used: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    results: Mapping[int, Mapping[str, Any]] = field(default_factory=dict)
    answers: Mapping[int, Any] = field(default_factory=dict)

    def to_document(self) -> dict[str, Any]:
        """As stored, apart from the tokens."""
        return {
            "format": FORMAT,
            "values": {str(scope): dict(values) for scope, values in self.values.items()},
            "made": {str(scope): dict(made) for scope, made in self.made.items()},
            "used": {name: list(keys) for name, keys in self.used.items()},
            "results": {str(token): dict(results) for token, results in self.results.items()},
            "answers": {str(token): answer for token, answer in self.answers.items()},
        }

    @classmethod
    def from_document(cls, stored: Mapping[str, Any]) -> "Data":
        """Read what `to_document` wrote."""
        return cls(
            {int(scope): values for scope, values in stored["values"].items()},
            {int(scope): made for scope, made in stored["made"].items()},
            {name: tuple(keys) for name, keys in stored["used"].items()},
            {int(token): results for token, results in stored["results"].items()},
            {int(token): answer for token, answer in stored["answers"].items()},
        )


USERS = 50
"""Keys of consumers that are kept for each value."""


@dataclass(frozen=True, slots=True)
class State:
    """Where a run is.

    Attributes:
        process: id of the process that is run.
        next: the next number to give.
        ends: the nodes at which paths ended, in order; at most ENDS, the latest.
        code: of the error with which it failed.
    """

    process: str
    status: Status = "running"
    next: int = 1
    tokens: Mapping[int, Token] = field(default_factory=dict)
    scopes: Mapping[int, Scope] = field(default_factory=dict)
    waits: Mapping[str, Wait] = field(default_factory=dict)
    records: Mapping[int, Record] = field(default_factory=dict)
    ends: tuple[str, ...] = ()
    code: str | None = None
    data: Data = field(default_factory=Data)

    @property
    def running(self) -> bool:
        """Whether anything can still happen in it."""
        return self.status == "running"

    @property
    def variables(self) -> Mapping[str, Any]:
        """The variables of the whole process."""
        return self.data.values.get(ROOT, {})

    @property
    def due(self) -> str | None:
        """The earliest moment at which a timer is due, for an index; None without timers."""
        return min((wait.due for wait in self.waits.values() if wait.due), default=None)

    def token(self, key: str) -> Token | None:
        """Return the token of a task's key, or None where it is over."""
        return next((token for token in self.tokens.values() if token.key == key), None)

    def to_document(self) -> dict[str, Any]:
        """As stored: `run` is small and changes with every step, `data` may be kept elsewhere."""
        run = {
            "format": FORMAT,
            "process": self.process,
            "status": self.status,
            "next": self.next,
            "tokens": [_stored(token) for token in self.tokens.values()],
            "scopes": [_stored(scope) for scope in self.scopes.values()],
            "waits": [_stored(wait) for wait in self.waits.values()],
            "records": [_stored(record) for record in self.records.values()],
            "ends": list(self.ends),
            "code": self.code,
        }
        return {"run": run, "data": self.data.to_document()}

    @classmethod
    def from_document(cls, stored: Mapping[str, Any]) -> "State":
        """Read what `to_document` wrote.

        Raises:
            ValueError: it is written in a format of a later release.
        """
        run = stored["run"]
        if run["format"] > FORMAT or stored["data"]["format"] > FORMAT:
            raise ValueError(f"This state is of format {run['format']}; formats up to {FORMAT} are known.")
        tokens = (_read(Token, {**token, "todo": tuple(token.get("todo", ()))}) for token in run["tokens"])
        scopes = (_read(Scope, scope) for scope in run["scopes"])
        waits = (_read(Wait, wait) for wait in run["waits"])
        records = (_read(Record, record) for record in run["records"])
        return cls(
            process=run["process"],
            status=run["status"],
            next=run["next"],
            tokens={token.id: token for token in tokens},
            scopes={scope.id: scope for scope in scopes},
            waits={wait.key: wait for wait in waits},
            records={record.id: record for record in records},
            ends=tuple(run["ends"]),
            code=run["code"],
            data=Data.from_document(stored["data"]),
        )


ROOT = 1
"""The scope of the whole process."""

ENDS = 50
"""Nodes at which paths ended that are kept."""

_Row = TypeVar("_Row", Token, Scope, Wait, Record)


def _stored(row: Token | Scope | Wait | Record) -> dict[str, Any]:
    """Return only what differs from the default."""
    defaults = row._field_defaults
    return {
        name: list(value) if isinstance(value, tuple) else dict(value) if isinstance(value, Mapping) else value
        for name, value in zip(row._fields, row, strict=True)
        if name not in defaults or value != defaults[name]
    }


def _read(row: type[_Row], stored: Mapping[str, Any]) -> _Row:
    return row(**stored)
