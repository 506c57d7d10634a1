"""The life of a delivery: what follows from one attempt to tell a subscriber of an event.

Pure: the notifier makes the calls and obeys. A delivery is `pending` until the subscriber has answered with a 2xx
(`delivered`), or has refused it or has been tried for the last time (`dead`). Dead ones can be replayed.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Protocol

from models.domain.sinks import Sink

PENDING = "pending"
DELIVERED = "delivered"
DEAD = "dead"

_MINUTE = 60.0
_HOUR = 60 * _MINUTE

RETRY_SCHEDULE: tuple[float, ...] = (
    1,
    5,
    30,
    2 * _MINUTE,
    10 * _MINUTE,
    30 * _MINUTE,
    _HOUR,
    3 * _HOUR,
    6 * _HOUR,
    12 * _HOUR,
    24 * _HOUR,
    24 * _HOUR,
)
"""Seconds to wait after the first, second … failed attempt; three days in all. After the last one it is dead."""

JITTER = 0.2
"""A wait is longer or shorter by up to this part of it, so that a subscriber that comes back is not stormed."""

LONGEST_RETRY_AFTER = 24 * _HOUR

_TRANSIENT = frozenset({408, 425, 429})


@dataclass(frozen=True, slots=True)
class Answered:
    """The subscriber answered.

    Attributes:
        status: HTTP status.
        retry_after: seconds that it asks us to wait, where it does.
    """

    status: int
    retry_after: float | None = None


@dataclass(frozen=True, slots=True)
class Silent:
    """No answer came: no connection, no TLS, or nothing within the time-out."""

    reason: str


@dataclass(frozen=True, slots=True)
class Forbidden:
    """The call was not made: its address is none that this server may call."""

    reason: str


Answer = Answered | Silent | Forbidden


@dataclass(frozen=True, slots=True)
class Delivered:
    """The subscriber has it; the lane goes on."""


@dataclass(frozen=True, slots=True)
class RetryIn:
    """To be tried again after so many seconds; until then the resource's lane waits."""

    seconds: float
    reason: str


@dataclass(frozen=True, slots=True)
class Dead:
    """Never tried again unless somebody replays it; the lane goes on."""

    reason: str


@dataclass(frozen=True, slots=True)
class Ended:
    """The subscriber is gone for good (410): the subscription ends."""

    reason: str


Verdict = Delivered | RetryIn | Dead | Ended

OUTCOMES = ("delivered", "failed", "dead", "ended")
"""What can come of an attempt, in the words of metrics: told, to be tried again, given up, the subscriber has gone."""


def outcome_of(verdict: Verdict) -> str:
    """The word of `OUTCOMES` for a verdict."""
    match verdict:
        case Delivered():
            return "delivered"
        case RetryIn():
            return "failed"
        case Dead():
            return "dead"
        case Ended():
            return "ended"


def judge(answer: Answer, attempts: int, key: str, schedule: Sequence[float] = RETRY_SCHEDULE) -> Verdict:
    """What follows from an attempt.

    Args:
        answer: how the subscriber answered.
        attempts: attempts made so far, this one included.
        key: the delivery's id, from which its jitter follows.
        schedule: seconds to wait after each failed attempt.
    """
    match answer:
        case Answered(status) if 200 <= status < 300:
            return Delivered()
        case Answered(410):
            return Ended("The subscriber answered 410: it is gone.")
        case Answered(status, retry_after) if status in _TRANSIENT or status >= 500:
            return _again(f"The subscriber answered {status}.", retry_after, attempts, key, schedule)
        case Answered(status):
            return Dead(f"The subscriber refused it with {status}.")
        case Forbidden(reason):
            return Dead(reason)
        case Silent(reason):
            return _again(reason, None, attempts, key, schedule)


def is_alive(answer: Answer) -> bool:
    """Whether the answer shows a subscriber that works, even if it refused this one event."""
    return isinstance(answer, Answered) and answer.status < 500 and answer.status not in _TRANSIENT


def parse_retry_after(text: str | None, now: datetime) -> float | None:
    """Seconds that a Retry-After header asks for: a number, or a date (RFC 9110, 10.2.3). None when it says neither."""
    if text is None:
        return None
    text = text.strip()
    if text.isascii() and text.isdigit():
        return min(float(text[:9]), LONGEST_RETRY_AFTER)
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return min(max(0.0, (moment - now).total_seconds()), LONGEST_RETRY_AFTER)


def _again(reason: str, asked: float | None, attempts: int, key: str, schedule: Sequence[float]) -> RetryIn | Dead:
    if attempts > len(schedule):
        return Dead(f"{reason} It was tried {attempts} times.")
    return RetryIn(max(_jittered(schedule[attempts - 1], key, attempts), asked or 0.0), reason)


def _jittered(seconds: float, key: str, attempts: int) -> float:
    digest = hashlib.sha256(f"{key}\x1f{attempts}".encode()).digest()
    part = int.from_bytes(digest[:4], "big") / 0xFFFFFFFF
    return seconds * (1 - JITTER + 2 * JITTER * part)


class Webhook(Protocol):
    """Port: makes one call to a subscriber. Never raises for what a subscriber or a network does."""

    @property
    def timeout(self) -> float:
        """Seconds that a call takes at most."""
        ...

    async def post(self, url: str, event_id: str, body: bytes, secrets: Sequence[str]) -> Answer:
        """Tell of an event, once; signed with each of the secrets."""
        ...


class Inventories(Protocol):
    """Port: writes instances to inventories of others. Never raises for what an inventory or a network does."""

    async def put(  # noqa: PLR0913, PLR0917 - what a call is made of
        self, sink: Sink, ours: str, theirs: str | None, body: Mapping[str, Any] | None, key: str, seconds: float
    ) -> tuple[Answer, str | None]:
        """Have an inventory say what an instance is; repeated, it has no second effect.

        Args:
            sink: where.
            ours: id of the instance here.
            theirs: its id there, where it is known; else it is looked for by its mark before it is made.
            body: what it is; None where it is to be removed.
            key: the same on every repetition of this very call.
            seconds: that it may take.

        Returns:
            The answer, and the id that the instance has there.
        """
        ...
