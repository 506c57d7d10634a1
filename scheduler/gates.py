"""Gates: where the calls of one process to one fulfiller get in line.

A gate lets some calls through at a time; as many more as it has room for wait in line, the most important first. A plan
that finds the line full waits *inside*, in memory, while not too much of what the process can have in hand waits for
this gate already; else it is let go, waits *outside*, in the database, and is claimed again when there is room
(`Gates.on_room`). So a fulfiller that hangs holds a bounded number of plans in memory.
"""

import asyncio
import heapq
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
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
        self._priorities: Counter[int] = Counter()
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
        self._priorities[priority] += 1
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
        if not any(number for other, number in self._priorities.items() if other > priority):
            return False  # the usual answer, and often asked for: without a look at the line
        last = max(self._line)
        self._remove(last)
        last.closed = True
        last.through.set_exception(Displaced())
        last.through.exception()  # taken note of, whether anybody waits or not
        return True

    def _remove(self, ticket: Ticket) -> None:
        self._line.remove(ticket)
        heapq.heapify(self._line)
        self._priorities[ticket.rank[0]] -= 1

    def _admit(self) -> None:
        while self._line and self.under_way < self.size:
            self.under_way += 1
            ticket = heapq.heappop(self._line)
            self._priorities[ticket.rank[0]] -= 1
            ticket.through.set_result(None)


@dataclass(frozen=True, slots=True)
class _Inside:
    """A plan in hand that waits for a gate to have room.

    Attributes:
        rank: priority of the plan, and a number that is the less, the longer it waits.
        calls: that it would make.
        wake: called once when there is room.
    """

    rank: tuple[int, int]
    calls: int
    wake: Callable[[], None]


class Gates:
    """The gates of one process.

    Attributes:
        on_room: called with a gate's name when plans that wait for it in the database should be claimed.
    """

    def __init__(self, free: Callable[[], int]) -> None:
        """Share out what `free` says: how many plans the process could still take in hand."""
        self._free = free
        self._gates: dict[str, _Gate] = {}
        self._inside: dict[str, dict[object, _Inside]] = {}
        self._called_in: dict[object, list[tuple[str, int]]] = {}
        self._outside: set[str] = set()
        self._numbers = count()
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

    def tell(self, name: str, who: object, priority: int, calls: int, wake: Callable[[], None]) -> None:
        """Call `wake` once when there is room, the most important and longest waiting first.

        Args:
            name: of the gate.
            who: the plan, which is in hand.
            priority: of the plan, 0 first.
            calls: that it would make, at least 1; room for them is kept for it until it has come (`asking`).
            wake: called at once where there is room already.
        """
        if self.room(name) > 0:
            wake()
            return
        waiting = self._inside.setdefault(name, {})
        former = waiting.get(who)
        rank = former.rank if former is not None else (priority, next(self._numbers))
        waiting[who] = _Inside(rank, calls, wake)

    def may_stay(self, name: str) -> bool:
        """Whether one more plan that makes no call now may wait inside.

        Not where others wait outside: it would be before them. And as with calls (`bound`), what waits for one gate may
        never be more than what is still free for others.
        """
        gate = self._gates.get(name)
        waiting = len(self._inside.get(name, ())) + (gate.calls if gate is not None else 0)
        return name not in self._outside and waiting <= self._free()

    @contextmanager
    def asking(self, who: object) -> Iterator[None]:
        """A plan that may have been woken is here, and asks while the context is open; what it leaves is for others."""
        kept = self._called_in.pop(who, [])
        for name, calls in kept:
            self._gate(name).expected -= calls
        try:
            yield
        finally:
            for name, _ in kept:
                self._look(name)

    def forget(self, who: object) -> None:
        """Somebody has no interest any more."""
        for waiting in self._inside.values():
            waiting.pop(who, None)
        with self.asking(who):
            pass

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
        """Plans were called in that will soon ask for so many calls; each says so by `arrival`."""
        self._gate(name).expected += number

    @contextmanager
    def arrival(self, name: str | None, calls: int) -> Iterator[Callable[[], None]]:
        """One that was called in comes; its calls are expected until the context ends, or what this gives is called."""
        expected = name is not None

        def arrived() -> None:
            nonlocal expected
            if expected and name is not None:
                expected = False
                self._gate(name).expected -= calls

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
        """There may be more room: call for those who wait, once it is worth it."""
        gate = self._gate(name)
        room = self.room(name)
        if not worth_telling(room, self._most(gate)):
            return
        inside = self._inside.get(name, {})
        for who, waiting in sorted(inside.items(), key=lambda entry: entry[1].rank):
            if room <= 0:
                break
            del inside[who]
            gate.expected += waiting.calls
            self._called_in.setdefault(who, []).append((name, waiting.calls))
            waiting.wake()
            room -= waiting.calls
        if room > 0 and name in self._outside:
            self.on_room(name)
        if gate.calls == 0 and gate.expected == 0 and not inside:
            del self._gates[name]
            self._inside.pop(name, None)
