"""What all parts of a server process stand on."""

from contextlib import AsyncExitStack
from dataclasses import dataclass, field

from prometheus_client import CollectorRegistry

from models.clock import Clock
from models.store import Store
from som.settings import Settings


@dataclass(frozen=True, slots=True)
class Ground:
    """The ground of one process.

    Attributes:
        settings: how it runs, with the port that it listens on.
        worker: its name in leases: that of the node, and of this life of it.
        store: the database.
        clock: the time.
        stack: what is closed when the process ends, in reverse.
        registry: where its figures are registered.
    """

    settings: Settings
    worker: str
    store: Store
    clock: Clock
    stack: AsyncExitStack
    registry: CollectorRegistry = field(default_factory=CollectorRegistry)

    @property
    def administration(self) -> str:
        """The address of our own API, as fulfillers reach it."""
        return f"{self.settings.callback_base()}/som/v1"
