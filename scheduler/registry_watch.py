"""Everything that is done about the registry beside calling fulfillers: what is periodic, and what follows a change."""

from collections.abc import Callable, Coroutine
from typing import Any

from models.clock import Clock
from models.leases import Leases
from models.policies import PolicyBook
from models.store import Store
from scheduler import probing, resumption, withdrawal
from scheduler.directory import Directory
from scheduler.health import FLUSH_SECONDS, STATE, Health
from scheduler.probing import Probing
from scheduler.resumption import Resumption
from scheduler.withdrawal import Withdrawal

Job = Callable[[], Coroutine[Any, Any, Any]]


class RegistryWatch:
    """The registry's work in one process.

    Attributes:
        jobs: what is to be done regularly, with the seconds between.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - what the registry's work takes
        self,
        store: Store,
        clock: Clock,
        directory: Directory,
        health: Health,
        by: str,
        policies: PolicyBook | None = None,
    ) -> None:
        """Work in the name of `by`; `policies` have a say in who can have a task."""
        self._health = health
        leases = Leases(store, clock, by, resumption.LEASE_SECONDS)
        self._resumption = Resumption(store, clock, directory, health, leases, policies)
        probes = Probing(store, clock, directory, Leases(store, clock, by, probing.LEASE_SECONDS))
        self.jobs: list[tuple[Job, float]] = [
            (health.flush, FLUSH_SECONDS),
            (self._resumption.look, resumption.SECONDS),
            (probes.look, probing.SECONDS),
            (Withdrawal(store, clock).look, withdrawal.SECONDS),
        ]

    def changed(self, collection: str) -> None:
        """Reference data has changed."""
        if collection == STATE:
            self._health.invalidate()
        if collection in (STATE, "fulfiller", "policy"):
            self._resumption.changed()

    def anything_changed(self) -> None:
        """Anything may have changed."""
        self._health.invalidate()
        self._resumption.changed()
