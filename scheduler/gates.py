"""Gates: where the calls of one process to one fulfiller get in line.

A gate lets some calls through at a time; as many more as it has room for wait in line, the most important first. Who
finds the line full does not wait here: its plan is let go, waits in the database, and is claimed again when there is
room (`Gates.on_room`). So a fulfiller that hangs holds a bounded number of plans in memory.
"""

import asyncio
import heapq
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count

from models.domain.capacity import bound, worth_telling
from models.domain.errors import SomError

LEAST_IMPORTANT = 4


class Displaced(SomError):
    """Somebody more important has taken the place in line."""


class Ticket:
    """One call's place at a gate: in line at first, then through, until it is closed."""

    def __init__(self, gate: "_Gate", priority: int, number: int) -> None:
        """Made by the gate."""
        self.rank = (priority, number)
        self.through = asyncio.get_running_loop().create_future()
        self._gate = gate
        self.closed = False

    def __lt__(self, other: "Ticket") -> bool:
        """Whether its turn comes before the other's."""
        return self.rank < other.rank

    async def turn(self) -> None:
        """Wait for the turn.

        Raises:
            Displaced: somebody more important has the place now.
        """
        await asyncio.shield(self.through)

    def close(self) -> None:
        """Leave the line, or let the next one through. Safe to repeat."""
        if not self.closed:
            self.closed = True
            self._gate.left(self)


class _Gate:
    """The calls to one fulfiller."""

    def __init__(self, told: Callable[[], None]) -> None:
        self.size = 1
        self.expected = 0
        self.under_way = 0
        self._line: list[Ticket] = []
        self._numbers = count()
        self._told = told

    @property
    def calls(self) -> int:
        """Under way and in line."""
        return self.under_way + len(self._line)

    def join(self, priority: int, most: int) -> Ticket | None:
        if self.calls >= most and not self._displace(priority):
            return None
        ticket = Ticket(self, priority, next(self._numbers))
        heapq.heappush(self._line, ticket)
        self._admit()
        return ticket

    def left(self, ticket: Ticket) -> None:
        if ticket.through.done():
            self.under_way -= 1
        else:
            ticket.through.cancel()
            self._remove(ticket)
        self._admit()
        self._told()

    def _displace(self, priority: int) -> bool:
        """Make room for somebody more important than the last in line."""
        last = max(self._line, default=None)
        if last is None or last.rank[0] <= priority:
            return False
        self._remove(last)
        last.closed = True
        last.through.set_exception(Displaced())
        last.through.exception()  # taken note of, whether anybody waits or not
        return True

    def _remove(self, ticket: Ticket) -> None:
        self._line.remove(ticket)
        heapq.heapify(self._line)

    def _admit(self) -> None:
        while self._line and self.under_way < self.size:
            self.under_way += 1
            heapq.heappop(self._line).through.set_result(None)


class Gates:
    """The gates of one process.

    Attributes:
        on_room: called with a gate's name when plans that wait for it in the database should be claimed.
    """

    def __init__(self, free: Callable[[], int]) -> None:
        """Share out what `free` says: how many plans the process could still take in hand."""
        self._free = free
        self._gates: dict[str, _Gate] = {}
        self._inside: dict[str, dict[object, Callable[[], None]]] = {}
        self._outside: set[str] = set()
        self.on_room: Callable[[str], None] = lambda _: None

    def ask(self, name: str, size: int, priority: int) -> Ticket | None:
        """Get in line.

        Args:
            name: of the gate.
            size: calls that it lets through at a time.
            priority: of the plan, 0 first.

        Returns:
            None where the line is full: wait outside.
        """
        gate = self._gate(name)
        gate.size = size
        return gate.join(priority, bound(size, self._free()))

    def is_crowded(self, name: str) -> bool:
        """Whether the least important would have to wait outside."""
        return self.room(name) <= 0

    def room(self, name: str) -> int:
        """How many more could get in line."""
        gate = self._gates.get(name)
        return self._most(gate) - gate.calls - gate.expected if gate is not None else self._most(None)

    def tell(self, name: str, who: object, wake: Callable[[], None]) -> None:
        """Call `wake` once when there is room: for a plan that is in hand anyway, because of other calls."""
        if self.room(name) > 0:
            wake()
        else:
            self._inside.setdefault(name, {})[who] = wake

    def forget(self, who: object) -> None:
        """Somebody has no interest any more."""
        for waiting in self._inside.values():
            waiting.pop(who, None)

    def waits_outside(self, name: str) -> None:
        """A plan that waits for this gate stands in the database."""
        self._outside.add(name)
        if self.room(name) > 0:
            self.on_room(name)

    def nobody_outside(self, name: str) -> None:
        """No plan stands there; said before looking, so that who comes meanwhile is not forgotten."""
        self._outside.discard(name)

    def with_room(self) -> list[tuple[str, int]]:
        """The gates that somebody outside waits for and that have room, with how much."""
        return [(name, room) for name in sorted(self._outside) if (room := self.room(name)) > 0]

    def expect(self, name: str, number: int) -> None:
        """So many plans were called in, and will ask soon; each says so by `arrival`."""
        self._gate(name).expected += number

    @contextmanager
    def arrival(self, name: str | None) -> Iterator[Callable[[], None]]:
        """One that was called in comes; it is expected until the context ends, or what this gives is called."""
        expected = name is not None

        def arrived() -> None:
            nonlocal expected
            if expected and name is not None:
                expected = False
                self._gate(name).expected -= 1

        try:
            yield arrived
        finally:
            arrived()

    def _gate(self, name: str) -> _Gate:
        gate = self._gates.get(name)
        if gate is None:
            gate = self._gates[name] = _Gate(lambda: self._look(name))
        return gate

    def _most(self, gate: _Gate | None) -> int:
        return bound(gate.size if gate is not None else 1, self._free())

    def _look(self, name: str) -> None:
        """A call has ended: call for those who wait, once it is worth it."""
        gate = self._gates[name]
        room = self.room(name)
        if not worth_telling(room, self._most(gate)):
            return
        inside = self._inside.get(name, {})
        for who in list(inside)[:room]:
            inside.pop(who)()
            room -= 1
        if room > 0 and name in self._outside:
            self.on_room(name)
        if gate.calls == 0 and gate.expected == 0 and not inside:
            del self._gates[name]
            self._inside.pop(name, None)
