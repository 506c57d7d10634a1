"""What an operator can set about notifications."""

from dataclasses import dataclass

from models.domain.delivery import RETRY_SCHEDULE


@dataclass(frozen=True, slots=True)
class DeliverySettings:
    """How the notifier works.

    Attributes:
        concurrency: calls to one subscriber at the same time.
        retry_schedule: seconds to wait after the first, second … failed attempt; after the last one it is dead.
        circuit_after: failures in a row, over all lanes, after which a subscriber is only probed.
        circuit_pause: seconds before the first probe; doubled from probe to probe.
        circuit_longest_pause: seconds between probes at most.
        lease_margin: seconds that a lease lasts longer than a call: what a pause of this process may take.
        sweep_seconds: how often the notifier looks by itself for what no wake-up told it of.
        refresh_seconds: how often it reads all subscriptions, should a wake-up be lost.
        linger_seconds: how long a subscriber without work is kept before its lease is given back.
        relay_batch: resources relayed in one round.
        lanes_read: lanes read at a time for one subscriber.
        rows_read: deliveries read at a time for one subscriber; bounds its memory.
        rendered_bytes: rendered notifications kept for other subscribers and later attempts.
        copy_seconds: how often it looks whether the inventory is to be copied to a sink.
        copy_batch: instances that are queued in one slice of a copy.
        copy_waiting: deliveries of a sink that may wait before a copy waits, too.
        grace_seconds: how long calls under way may take to finish when the notifier is stopped.
    """

    concurrency: int = 16
    retry_schedule: tuple[float, ...] = RETRY_SCHEDULE
    circuit_after: int = 5
    circuit_pause: float = 1.0
    circuit_longest_pause: float = 60.0
    lease_margin: float = 5.0
    sweep_seconds: float = 1.0
    refresh_seconds: float = 15.0
    linger_seconds: float = 2.0
    relay_batch: int = 200
    lanes_read: int = 64
    rows_read: int = 512
    rendered_bytes: int = 32_000_000
    copy_seconds: float = 1.0
    copy_batch: int = 100
    copy_waiting: int = 500
    grace_seconds: float = 12.0
