"""Follows an order until it has ended: woken by its event stream where there is one, and looking by itself too."""

import threading
import time
from collections.abc import Callable
from typing import Any, Protocol

from som.cli.connection import ADMINISTRATION, ORDERING, Server, at
from som.cli.exits import Refused, TimedOut, Unreachable
from som.cli.picture import Picture, picture

_LOOK_SECONDS = 0.5  # tasks move without an event of the order
_LEAST_SECONDS = 0.1  # between two looks, however many events come
_AWAY_SECONDS = 60.0  # a server that restarts is waited for
_STREAM_PATIENCE = 40.0  # the server gives a sign of life more often than that


class View(Protocol):
    """Where the progress is shown."""

    def __enter__(self) -> Any:
        """Begin."""

    def __exit__(self, *raised: object) -> None:
        """End; the last picture stays."""

    def show(self, seen: Picture) -> None:
        """Show this picture instead of the one before."""

    def away(self, why: str) -> None:
        """Say that the server does not answer for the moment."""


class Follower:
    """Follows one order."""

    def __init__(self, server: Server, order_id: str, timeout: float = 0) -> None:
        """Follow the order; for so many seconds at most, when that is not 0."""
        self._server = server
        self._order = at(f"{ORDERING}/serviceOrder", order_id)
        self._plan = at(f"{ADMINISTRATION}/plan", order_id)
        self._stream = at(f"{ADMINISTRATION}/order", order_id, "stream")
        self._id = order_id
        self._timeout = timeout
        self._news = threading.Event()
        self._names: dict[str, str] | None = None

    def look(self) -> Picture:
        """The order as it is now."""
        order = self._server.get(self._order)
        plan = self._server.find(self._plan)
        return picture(order, plan, self._fulfillers() if plan else {})

    def follow(self, view: View, until: Callable[[Picture], bool] = lambda seen: seen.ended) -> Picture:
        """Show every change until the end.

        Raises:
            TimedOut: it has not come in time.
            Unreachable: the server stayed away.
        """
        threading.Thread(target=self._listen, name="event stream", daemon=True).start()
        deadline = time.monotonic() + self._timeout if self._timeout else None
        with view:
            while True:
                seen = self._patiently(view)
                view.show(seen)
                if until(seen):
                    return seen
                if deadline is not None and time.monotonic() >= deadline:
                    raise TimedOut(f"Order {self._id} is still {seen.state} after {self._timeout:g} s; it goes on.")
                time.sleep(_LEAST_SECONDS)
                self._news.wait(_LOOK_SECONDS)
                self._news.clear()

    def _patiently(self, view: View) -> Picture:
        give_up = time.monotonic() + _AWAY_SECONDS
        while True:
            try:
                return self.look()
            except Unreachable as trouble:
                if time.monotonic() >= give_up:
                    raise
                view.away(str(trouble))
                time.sleep(_LOOK_SECONDS)

    def _listen(self) -> None:
        """Each event is news. When the stream breaks, the looks of the main thread are enough."""
        try:
            with Server(self._server.url) as own:
                for _ in own.stream(self._stream, _STREAM_PATIENCE):
                    self._news.set()
        except (Refused, Unreachable):
            return

    def _fulfillers(self) -> dict[str, str]:
        if self._names is None:
            page = self._server.page(f"{ADMINISTRATION}/fulfiller", {"limit": 1000, "fields": "name"})
            self._names = {str(one["id"]): str(one.get("name") or one["id"]) for one in page.items}
        return self._names
