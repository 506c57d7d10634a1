"""The figures of the roles that no request shows, for Prometheus; those of requests are in `handlers.telemetry`."""

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge

from models.domain.delivery import OUTCOMES


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
