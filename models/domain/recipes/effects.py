"""What follows from a happening, as values: whoever runs a recipe carries them out."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from models.domain.recipes.model import TaskKind


@dataclass(frozen=True, slots=True)
class Start:
    """Have this task done.

    Attributes:
        key: derived identity of this very task in the run, also after a restart: what idempotency keys are made of.
        process, node: where its definition stands (`Recipe.processes[process].nodes[node].work`).
        kind: who does it: a fulfiller, a person, a decision, a sender of messages, another recipe.
        input: its input, a JSON object. Texts `{{secrets.NAME}}` are references, resolved at the call.
        sources: which step made each value that the input was computed from; "" for the data it was started with.
        undoes: key of the task that it undoes.
        operation: `compensate` where whoever has done that task is to undo it.
        undoing: it is part of undoing something.
        undoable: the recipe says how it is undone: it has a handler, or what it stands in has one.
    """

    key: str
    process: str
    node: str
    kind: TaskKind
    input: Mapping[str, Any] = field(default_factory=dict)
    sources: Mapping[str, str] = field(default_factory=dict)
    undoes: str | None = None
    operation: Literal["fulfil", "compensate"] = "fulfil"
    undoing: bool = False
    undoable: bool = False


@dataclass(frozen=True, slots=True)
class Cancel:
    """Call this task off: its answer will not be looked at."""

    key: str


@dataclass(frozen=True, slots=True)
class Choose:
    """Have somebody say which of these flows is taken: the gateway does not say it itself."""

    key: str
    node: str
    flows: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Await:
    """Something is waited for.

    Attributes:
        key: of the wait. node: the event.
        kind: message, timer, signal, conditional. name, correlation: of a message or signal.
        due: of a timer; None where the recipe does not say when.
        standing: it stands beside other work (a boundary event, an event sub-process) and need not happen.
    """

    key: str
    node: str
    kind: str
    name: str | None = None
    correlation: str | None = None
    due: datetime | None = None
    standing: bool = False


@dataclass(frozen=True, slots=True)
class Forget:
    """What was awaited under this key is not awaited any more."""

    key: str


@dataclass(frozen=True, slots=True)
class Broadcast:
    """A signal was thrown: other runs may wait for it. Those that wait in this run have it already."""

    name: str
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Send:
    """A message was thrown, for a run that awaits it: this one goes on.

    Attributes:
        key: of the visit. name: of the message. correlation: what it carries to be known by. data: what it says.
    """

    key: str
    name: str
    correlation: str | None = None
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Passed:
    """The path, for whoever shows it: a node was entered or left, a flow was taken, an event happened.

    `id` is the node's or the flow's, `key` that of the visit.
    """

    what: Literal["entered", "left", "taken", "caught", "thrown", "cancelled"]
    id: str
    key: str


@dataclass(frozen=True, slots=True)
class Reached:
    """A milestone was reached."""

    milestone: str
    node: str


@dataclass(frozen=True, slots=True)
class Stuck:
    """A token cannot go on: a value is missing, no condition holds, it goes round without end. See `Retried`."""

    key: str
    node: str
    code: str
    reason: str


@dataclass(frozen=True, slots=True)
class Ignored:
    """The happening came too late, twice, or for nobody; nothing changed."""

    key: str
    reason: str


@dataclass(frozen=True, slots=True)
class Finished:
    """The run is over.

    Attributes:
        status: completed, terminated (a terminate end event), failed (an error that nobody caught), cancelled.
        ends: the end events that were reached.
        code, reason: of the error.
    """

    status: str
    ends: tuple[str, ...] = ()
    code: str | None = None
    reason: str = ""


Effect = Start | Cancel | Choose | Await | Forget | Broadcast | Send | Passed | Reached | Stuck | Ignored | Finished
