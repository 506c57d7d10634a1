"""New resources, changes of resources, and the events that they owe."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson

from models.outbox import stub

Body = dict[str, Any]
Stub = dict[str, Any]

# History keeps what changed as it was and as it is; of what is larger it keeps that it changed.
_SMALL = 2_000


@dataclass(slots=True)
class Draft:
    """A resource about to be stored; the rules of its kind complete it.

    Attributes:
        id: its id.
        body: its TM Forum body.
        now: the present moment.
        size: of the body as JSON, in bytes.
        fields: engine fields of the document.
    """

    id: str
    body: Body
    now: datetime
    size: int
    fields: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Revision:
    """A change about to be stored; the rules of its kind check and complete it.

    Attributes:
        stored: the document as it is.
        body: the body as it shall be.
        touched: top-level attributes that the client's patch names, changed or not.
        now: the present moment.
        size: of both bodies and the patch as JSON, in bytes, about.
        fields: engine fields to set.
        unset: engine fields to remove.
        why: the reason, where it is known.
        who: who does it, where that is somebody else than the caller.
        through: states that it passes through on its way.
        extra: further events that the change owes.
        guard: what else must still be so when the change is written, as a database condition.
        intents: what has to be told to the engine before the change is written; repeating it must do no harm.
        afterwards: what has to be done once it is written. It is found by others where it is not done.
    """

    stored: Mapping[str, Any]
    body: Body
    touched: frozenset[str]
    now: datetime
    size: int
    fields: dict[str, Any] = field(default_factory=dict)
    unset: list[str] = field(default_factory=list)
    why: str | None = None
    who: str | None = None
    through: tuple[str, ...] = ()
    extra: list[Stub] = field(default_factory=list)
    guard: dict[str, Any] = field(default_factory=dict)
    intents: list[Callable[[], Awaitable[object]]] = field(default_factory=list)
    afterwards: list[Callable[[], Awaitable[object]]] = field(default_factory=list)

    @property
    def before(self) -> Body:
        """The body as it is."""
        body: Body = self.stored["body"]
        return body

    def changed(self) -> list[str]:
        """The top-level attributes that differ."""
        before, after = self.before, self.body
        if before is after:
            return []
        gone = [name for name in before if name not in after]
        return [name for name, value in after.items() if name not in before or before[name] != value] + gone


@dataclass(frozen=True, slots=True)
class EventNames:
    """What the events of one kind of resource are called; None where the kind has no such event.

    Attributes:
        created: of a new resource.
        changed: of a change that leaves the state alone.
        state: of a change of the state.
        deleted: of the end of the resource.
        states: the attributes that are states; events tell of the first one as the state.
    """

    created: str | None
    changed: str | None
    state: str | None
    deleted: str | None
    states: tuple[str, ...] = ("state",)

    @classmethod
    def of(cls, name: str, states: tuple[str, ...] = ("state",)) -> "EventNames":
        """The usual four, such as `ServiceOrderCreateEvent`."""
        return cls(
            f"{name}CreateEvent",
            f"{name}AttributeValueChangeEvent",
            f"{name}StateChangeEvent",
            f"{name}DeleteEvent",
            states,
        )

    def told(self, body: Body) -> dict[str, Any]:
        """What a stub says of the state of a body, and of all its states where it has several."""
        if len(self.states) == 1:
            return {"state": body.get(self.states[0])}
        return {"state": body.get(self.states[0]), "states": {name: body[name] for name in self.states if name in body}}


def created_stub(names: EventNames, body: Body, who: str) -> list[Stub]:
    """What a creation owes."""
    return [stub(names.created, **names.told(body), who=who)] if names.created else []


def deleted_stub(names: EventNames, body: Body, who: str) -> list[Stub]:
    """What a deletion owes."""
    return [stub(names.deleted, **names.told(body), who=who)] if names.deleted else []


def changed_stub(names: EventNames, revision: Revision, changed: Sequence[str], who: str) -> list[Stub]:
    """What a change owes: one event, of the state where that changed, else of the attributes.

    A state that was passed through has an event of its own.
    """
    moved = names.state is not None and any(state in changed for state in names.states)
    name = names.state if moved else names.changed
    if name is None:
        return []
    last = stub(
        name,
        **names.told(revision.body),
        who=who,
        why=revision.why,
        before=_small(revision.before, changed),
        after=_small(revision.body, changed),
    )
    return [*(stub(name, state=passed, who=who) for passed in revision.through), last, *revision.extra]


def _small(body: Body, names: Sequence[str]) -> Body:
    kept: Body = {}
    for name in names:
        if name in body:
            size = len(orjson.dumps(body[name]))
            kept[name] = body[name] if size <= _SMALL else f"({size} bytes)"
    return kept
