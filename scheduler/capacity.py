"""What one process has in hand, and how much more it may take on.

Two things are bounded, because they cost different things. *Work in progress*, a plan whose turn is being made, takes
processor time and connections. A plan that waits for an answer, or for a place at a fulfiller, takes memory only. So a
fulfiller that hangs uses up no work, and of the memory no more than its share (`models.domain.capacity`).
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from models.domain.capacity import working_room


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """How much the scheduler does.

    Attributes:
        concurrency: plans worked on at the same time.
        in_hand: plans in hand, those that wait for an answer or a place included.
    """

    concurrency: int = 200
    in_hand: int = 1000


class Capacity:
    """Counts plans in hand, and those of them at rest.

    Attributes:
        on_room: called when there is room again after somebody was told that there was none.
    """

    def __init__(self, settings: EngineSettings | None = None) -> None:
        """Nothing is in hand yet."""
        self._settings = settings or EngineSettings()
        self._in_hand = 0
        self._resting = 0
        self._missed = False
        self.on_room: Callable[[], None] = lambda: None

    @property
    def working(self) -> int:
        """Plans that are being worked on."""
        return self._in_hand - self._resting

    def free(self) -> int:
        """Plans that could still be taken in hand."""
        return max(0, self._settings.in_hand - self._in_hand)

    def room(self) -> int:
        """Plans to claim now; where it is none, `on_room` is called as soon as it is some."""
        most = self._settings
        smallest = max(1, most.concurrency // 8)  # a claim costs about the same for one and for many
        room = working_room(self.working, self._in_hand, most.concurrency, most.in_hand, smallest)
        self._missed = room == 0
        return room

    def take(self) -> None:
        """One more is in hand."""
        self._in_hand += 1

    def let_go(self) -> None:
        """One is in hand no more."""
        self._in_hand -= 1
        self._tell()

    @contextmanager
    def at_rest(self) -> Iterator[None]:
        """A plan in hand waits while the context is open."""
        self._resting += 1
        self._tell()
        try:
            yield
        finally:
            self._resting -= 1

    def _tell(self) -> None:
        if self._missed and self.room() > 0:
            self.on_room()
