"""The time that leases, due times and events go by."""

import time
from datetime import UTC, datetime, timedelta
from typing import Any

from pymongo.asynchronous.database import AsyncDatabase

from models.domain.dates import to_text

__all__ = ["Clock", "parse", "to_text"]

Document = dict[str, Any]

_EPOCH = datetime.fromtimestamp(0, UTC)


def parse(text: str) -> datetime:
    """The moment that a text in RFC 3339 names.

    Raises:
        ValueError: it is none.
    """
    moment = datetime.fromisoformat(text)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


class Clock:
    """The database's time, carried on by this machine's monotonic clock.

    Leases are compared between processes on different hosts; a host whose wall clock is wrong or jumps must not take
    over what others hold, nor keep what it has lost.
    """

    def __init__(self) -> None:
        """Begin with this machine's own time."""
        self._offset = time.time() - time.monotonic()
        self._told = (0, _EPOCH)

    async def synchronise(self, database: AsyncDatabase[Document]) -> None:
        """Take over the database's time, as of the middle of the round trip."""
        before = time.monotonic()
        reply = await database.client.admin.command("hello")
        middle = (before + time.monotonic()) / 2
        server: datetime = reply["localTime"]
        aware = server if server.tzinfo else server.replace(tzinfo=UTC)
        self._offset = aware.timestamp() - middle

    def now(self) -> datetime:
        """The present moment in UTC, to the millisecond (which is what the database keeps)."""
        millisecond = int((time.monotonic() + self._offset) * 1000)
        if self._told[0] != millisecond:  # asked far more often than it has another answer
            self._told = (millisecond, _EPOCH + timedelta(milliseconds=millisecond))
        return self._told[1]

    def text(self) -> str:
        """The present moment as bodies carry it."""
        return to_text(self.now())

    def after(self, seconds: float) -> datetime:
        """The moment that many seconds from now."""
        return self.now() + timedelta(seconds=seconds)
