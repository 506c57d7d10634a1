"""What a plan is for, as the scheduler sees it: an order, or a process flow that runs a recipe.

The engine tells it where the plan stands, and knows nothing else of it. So the one engine runs both.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from models.domain.order_view import Course
from models.domain.progress import Progress
from scheduler.order_news import News

Document = dict[str, Any]
Plot = Callable[[str], Course]


@dataclass(frozen=True, slots=True)
class Message:
    """What there is to tell besides the states of items.

    Attributes:
        news: milestones reached, and the like; what has been told already is left out.
        expected: when an order will probably be done; said with whatever else there is to say, unless a client has set
            that date.
        deeds: what people and rules have done to held tasks: {who, why, before, after}; each becomes an event.
    """

    news: tuple[News, ...] = ()
    expected: str | None = None
    deeds: tuple[Document, ...] = ()


NO_MESSAGE = Message()


class Subject(Protocol):
    """Kept true to its plan: written whenever the plan has moved, and never ahead of it."""

    @property
    def body(self) -> Mapping[str, Any]:
        """Its body as last read or written."""

    @property
    def revision(self) -> int:
        """The plan revision that it shows; 0 before the first."""

    def wait_seconds(self, monotonic: float) -> float:
        """How long its next write should still wait."""

    async def write(
        self, progress: Progress, revision: int, monotonic: float, plot: Plot, message: Message = NO_MESSAGE
    ) -> bool:
        """Write what the plan's progress changes in it, with the events owed for it.

        Args:
            progress: where the plan stands.
            revision: the plan revision that this shows.
            monotonic: the present moment, for pacing.
            plot: for an order's state where it is to go.
            message: what there is to tell besides.

        Returns:
            False where its client has told the plan something that the plan must hear first.

        Raises:
            NotFound: it was removed while its plan was running.
            Unavailable: the database cannot be reached; safe to repeat.
        """

    async def reread(self, progress: Progress) -> None:
        """See it as it is by now: somebody else has changed it.

        Raises:
            NotFound: it was removed.
        """
