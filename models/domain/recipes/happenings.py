"""What can happen to a run, as values. Each carries its moment: a run has no clock of its own."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Done:
    """A task is done; `output` is its answer, a JSON object, or the value of a decision."""

    at: datetime
    key: str
    output: Any = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Failed:
    """A task ended with an error of the business: `code` says which, for error events to catch."""

    at: datetime
    key: str
    code: str
    message: str = ""
    output: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Escalated:
    """A task that goes on tells of something that somebody above should know."""

    at: datetime
    key: str
    code: str | None = None
    output: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Chosen:
    """Somebody says which way, or ways, it goes at a gateway that does not say it itself: flows by id or name."""

    at: datetime
    key: str
    flows: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Message:
    """A message arrived; it is taken by the first that waits for its name and correlation."""

    at: datetime
    name: str
    correlation: str | None = None
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Signal:
    """A signal was thrown outside; all that wait for it take it."""

    at: datetime
    name: str
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Time:
    """It is now `at`: what was due by then is due."""

    at: datetime


@dataclass(frozen=True, slots=True)
class Triggered:
    """What is waited for under `key` happened, whatever it is."""

    at: datetime
    key: str
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Retried:
    """Whoever is stuck under `key` tries again, with these values set before; None: everybody."""

    at: datetime
    key: str | None = None
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Cancelled:
    """The whole run is called off; what was done is undone before, where asked: also when the run was over by itself.

    `done` has the outputs of tasks, by key, that were done although the run has not been told.
    """

    at: datetime
    undo: bool = False
    done: Mapping[str, Any] = field(default_factory=dict)


Happening = Done | Failed | Escalated | Chosen | Message | Signal | Time | Triggered | Retried | Cancelled
