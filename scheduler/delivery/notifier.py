"""The notifier: the role that tells subscribers of what has happened."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from typing import Any

import structlog
from pymongo.errors import PyMongoError

from models import delivery_queue
from models.clock import Clock
from models.domain.delivery import Inventories, Webhook
from models.domain.errors import SomError
from models.leases import Lease, Leases
from models.order_callbacks import order_of
from models.sealing import Sealer
from models.store import Store
from scheduler.delivery import copies
from scheduler.delivery.audience import Audience
from scheduler.delivery.renderings import Renderings
from scheduler.delivery.settings import DeliverySettings
from scheduler.delivery.sinks import SinkCalls
from scheduler.delivery.subscriber import Subscriber, Tools
from scheduler.ending import end
from scheduler.relay import Relay

Document = dict[str, Any]

RELAY_LEASE = "relay"
RENEWALS_PER_MARGIN = 2.5
ELSEWHERE_SECONDS = 1.0
OTHERS_RELAY_SECONDS = 0.05

log = structlog.get_logger(__name__)


class Notifier:
    """Relays owed events and delivers them.

    Any number of notifiers may run on one database: one of them relays at a time, and each subscription is served by
    one at a time. Give `by` anew to each process, or the same to a process that replaces a dead one for certain.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - what the bootstrap puts together
        self,
        store: Store,
        clock: Clock,
        webhook: Webhook,
        settings: DeliverySettings,
        public_url: str,
        by: str,
        counted: Callable[[str], None] = lambda _: None,
        sealer: Sealer | None = None,
        inventories: Inventories | None = None,
    ) -> None:
        """Put the parts together; `run` sets them to work. The webhook has to be open for as long.

        `counted` is told of every attempt, in a word of `models.domain.delivery.OUTCOMES`. The sealer opens the secrets
        that sign; without one, only those in the clear can be read. `inventories` writes to sinks.
        """
        self._store = store
        self._clock = clock
        self._settings = settings
        self._leases = Leases(store, clock, by, webhook.timeout + settings.lease_margin)
        self._audience = Audience(store, clock, public_url, sealer or Sealer())
        renderings = Renderings(store, public_url, settings.rendered_bytes)
        sinks = SinkCalls(store, inventories, webhook.timeout) if inventories is not None else None
        self._tools = Tools(store, clock, webhook, renderings, self._leases, settings, counted, sinks)
        self._relay = Relay(store, clock, self._audience, settings, self._wake)
        self._copies = copies.Copies(store, clock, self._audience, self._leases, settings, public_url)
        self._relay_lease: Lease | None = None
        self._subscribers: dict[str, Subscriber] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._elsewhere: dict[str, float] = {}
        self._stale = asyncio.Event()
        self._stopped = asyncio.Event()

    def owed(self, collection: str, key: str) -> None:
        """A resource owes events: called for every such change on the database, in any process."""
        self._relay.owed(collection, key)

    def subscriptions_changed(self) -> None:
        """A subscription has come, changed or gone."""
        self._stale.set()

    async def run(self) -> None:
        """Work until cancelled; then let calls under way finish, and give everything back."""
        jobs = [
            asyncio.create_task(self._again_and_again(job), name=f"notifier: {job.__name__}")
            for job in (self._relay_woken, self._sweep, self._renew, self._refresh, self._copy)
        ]
        try:
            done, _ = await asyncio.wait(jobs, return_when=asyncio.FIRST_COMPLETED)
            for job in done:
                job.result()
        finally:
            await self._stop(jobs)

    async def _again_and_again(self, job: Callable[[], Awaitable[None]]) -> None:
        while not self._stopped.is_set():
            try:
                await job()
            except (PyMongoError, SomError) as error:
                log.warning("notifier.fault", job=job.__name__, error=f"{type(error).__name__}: {error}")
                await self._pause(self._settings.sweep_seconds)

    async def _pause(self, seconds: float) -> None:
        """Let time pass, unless the notifier is stopped."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._stopped.wait()

    async def _relay_woken(self) -> None:
        await self._relay.woken()
        if self._relays():
            await self._relay.relay_woken()
        else:  # another notifier relays it; what this one serves it will find a moment later
            self._relay.forget()
            await self._pause(OTHERS_RELAY_SECONDS)
            for subscriber in self._subscribers.values():
                subscriber.wake()

    def _relays(self) -> bool:
        return self._relay_lease is not None and self._leases.holds(self._relay_lease)

    async def _sweep(self) -> None:
        """Look for what no wake-up told of: after a start, a lost change stream, the death of another notifier."""
        older_than = self._settings.sweep_seconds
        if not self._relays():
            self._relay_lease = await self._leases.take(RELAY_LEASE)
            older_than = 0.0
        if self._relays():
            await self._relay.sweep(older_than)
        self._wake(await delivery_queue.due_subscriptions(self._store, self._clock.now()))
        await self._pause(self._settings.sweep_seconds)

    async def _renew(self) -> None:
        await self._pause(self._settings.lease_margin / RENEWALS_PER_MARGIN)
        await self._leases.renew()

    async def _copy(self) -> None:
        """Go on with copying the inventory to sinks that wish for it."""
        found = await self._copies.look()
        self._wake(found)
        await self._pause(copies.BETWEEN if found else self._settings.copy_seconds)

    async def _refresh(self) -> None:
        self._stale.clear()
        await self._audience.refresh()
        for key, subscriber in self._subscribers.items():
            if order_of(key) is not None:  # served for as long as there is something to send, as it was read
                continue
            subscription = self._audience.get(key)
            if subscription is None or subscription.mute:
                subscriber.stop()
            else:
                subscriber.subscription = subscription
        with suppress(TimeoutError):
            async with asyncio.timeout(self._settings.refresh_seconds):
                await self._stale.wait()

    def _wake(self, subscriptions: Iterable[str]) -> None:
        """These have something due: wake whoever serves them here, or begin to."""
        now = asyncio.get_running_loop().time()
        self._elsewhere = {key: until for key, until in self._elsewhere.items() if until > now}
        for key in subscriptions:
            if key in self._subscribers:
                self._subscribers[key].wake()
            elif key not in self._tasks and key not in self._elsewhere and not self._stopped.is_set():
                self._tasks[key] = asyncio.create_task(self._attend(key), name=f"notifier: subscription {key}")

    async def _attend(self, key: str) -> None:
        """Serve a subscription until it has nothing to do, if nobody else does."""
        try:
            while await self._serve(key):
                pass
        except (PyMongoError, SomError) as error:
            log.warning("delivery.fault", subscription=key, error=f"{type(error).__name__}: {error}")
        except Exception:
            log.exception("delivery.fault", subscription=key)
        finally:
            del self._tasks[key]

    async def _serve(self, key: str) -> bool:
        """Serve a subscription once.

        Returns:
            Whether something came just when it had nothing to do.
        """
        subscription = await self._audience.find(key)
        if subscription is None and order_of(key) is None:
            await self._audience.refresh()
            subscription = self._audience.get(key)
        if subscription is None:
            await delivery_queue.clear_away(self._store, key, self._clock.now())
            return False
        if subscription.mute:  # what is due waits for a secret that can be read
            return False
        lease = await self._leases.take(f"subscription:{key}")
        if lease is None:
            self._elsewhere[key] = asyncio.get_running_loop().time() + ELSEWHERE_SECONDS
            return False
        subscriber = self._subscribers[key] = Subscriber(subscription, lease, self._tools)
        try:
            if not self._stopped.is_set():
                await subscriber.run()
        finally:
            del self._subscribers[key]
            if subscriber.ended:
                self._audience.forget(key)
            await self._leases.give_back(lease)
        return subscriber.has_news and not subscriber.ended and not self._stopped.is_set()

    async def _stop(self, jobs: list[asyncio.Task[None]]) -> None:
        """End in peace: what is cancelled amid a call of the database leaves a broken connection behind."""
        self._stopped.set()
        self._stale.set()
        self._relay.wake()
        for subscriber in self._subscribers.values():
            subscriber.stop()
        at_work = [*jobs, *self._tasks.values()]
        await asyncio.wait(at_work, timeout=self._settings.grace_seconds + 1)
        await end(at_work)
        await self._tools.renderings.aclose()
        if self._relay_lease is not None:
            try:
                await self._leases.give_back(self._relay_lease)
            except (PyMongoError, SomError):
                log.warning("notifier.lease_kept", lease=RELAY_LEASE)
