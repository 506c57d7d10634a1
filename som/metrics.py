"""The figures of the roles that no request shows, for Prometheus; those of requests are in `handlers.telemetry`."""

from collections.abc import Awaitable, Callable, Sequence

from prometheus_client import CollectorRegistry, Counter, Gauge

from models.domain.decision_points import POINTS, RESULTS
from models.domain.delivery import OUTCOMES
from models.domain.pools.usage import USES
from models.pools.figures import PoolFigures


def watch_in_hand(registry: CollectorRegistry, number: Callable[[], float]) -> None:
    """Show how much the scheduler of this process works on at the moment."""
    gauge = Gauge("som_in_hand", "Orders, plans and cancellations that this process works on", registry=registry)
    gauge.set_function(number)


def delivery_counter(registry: CollectorRegistry) -> Callable[[str], None]:
    """A function that counts one attempt to deliver by what came of it, a word of `OUTCOMES`.

    It says nothing of who the subscriber is: their number is not bounded, and `/som/v1/hubListener` tells it.
    """
    counter = Counter(
        "som_deliveries_total",
        "Attempts to tell a subscriber of an event: delivered, failed (tried again later), dead, ended (410).",
        ["outcome"],
        registry=registry,
    )
    by_outcome = {outcome: counter.labels(outcome) for outcome in OUTCOMES}
    return lambda outcome: by_outcome[outcome].inc()


class PoolGauges:
    """Shows how full resource pools are, as they were when they were last read."""

    SECONDS = 15.0

    def __init__(self, registry: CollectorRegistry, read: Callable[[], Awaitable[Sequence[PoolFigures]]]) -> None:
        """Register the gauges; `read` gets the figures."""
        self._read = read
        told = "of a resource pool by measure; capacity in base units"
        self._size = Gauge("som_pool_size", f"Members {told}", ["pool", "measure"], registry=registry)
        self._taken = Gauge("som_pool_taken", f"Taken members {told}", ["pool", "measure", "use"], registry=registry)
        self._share = Gauge(
            "som_pool_utilisation", "Share of a resource pool that is taken", ["pool"], registry=registry
        )
        self._waiting = Gauge("som_pool_waiting", "Demands that wait for a resource pool", ["pool"], registry=registry)

    async def look(self) -> int:
        """Read anew; returns how many pools are shown. A pool that is gone is not shown any more.

        Raises:
            Unavailable: the database cannot be reached; what was shown stays.
        """
        pools = await self._read()
        for gauge in (self._size, self._taken, self._share, self._waiting):
            gauge.clear()
        for pool in pools:
            for measure, counts in pool.counts.items():
                self._size.labels(pool.id, measure).set(counts.total)
                for use in USES:
                    self._taken.labels(pool.id, measure, use).set(getattr(counts, use))
            self._share.labels(pool.id).set(pool.share)
            self._waiting.labels(pool.id).set(pool.waiting)
        return len(pools)


def decision_counter(registry: CollectorRegistry) -> Callable[[str, str], None]:
    """A function that counts one decision of a policy by its decision point and its result, a word of `RESULTS`."""
    counter = Counter(
        "som_policy_decisions_total",
        "Decisions of policies: allowed or denied by the policy, or, as it gave no answer, by its configured answer.",
        ["point", "result"],
        registry=registry,
    )
    for point in POINTS:
        for result in RESULTS:
            counter.labels(point, result)
    return lambda point, result: counter.labels(point, result).inc()
