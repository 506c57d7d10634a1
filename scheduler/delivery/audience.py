"""Who is subscribed to what, as this process knows it."""

import asyncio
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import structlog

from models import order_callbacks
from models.clock import Clock
from models.domain.errors import InvalidRequest
from models.domain.subscriptions import ACTIVE, Subscription
from models.patterns import Re2Patterns
from models.sealing import Sealer
from models.signing_secrets import opened, trouble
from models.store import Store
from models.wire.events import render

Document = dict[str, Any]

OVERLAP = timedelta(minutes=1)
"""A subscription may become visible later than one with a younger date: writers differ in speed, and in time."""

log = structlog.get_logger(__name__)


class Audience:
    """The active subscriptions, cached.

    A subscription made before an event is always told of it: the relay calls `catch_up` after it has read what is owed,
    and so finds whatever was registered before that.
    """

    def __init__(self, store: Store, clock: Clock, public_url: str, sealer: Sealer) -> None:
        """Begin empty; `refresh` fills it, with secrets that the sealer opens: once whenever a subscription is read."""
        self._store = store
        self._sealer = sealer
        self._mute: set[str] = set()
        self._clock = clock
        self._public_url = public_url
        self._active: dict[str, Subscription] = {}
        self._seen_until: datetime | None = None
        self._reading = asyncio.Lock()

    async def refresh(self) -> None:
        """Read all active subscriptions.

        Raises:
            PyMongoError: the database cannot be reached; the former ones stay.
        """
        async with self._reading:
            started = self._clock.now()
            found: dict[str, Subscription] = {}
            async for document in self._store.collection("subscription").find({"state": ACTIVE}):
                self._add(found, document)
            self._active = found
            self._seen_until = started

    async def catch_up(self) -> None:
        """Read the subscriptions that have come since.

        Raises:
            PyMongoError: the database cannot be reached.
        """
        async with self._reading:
            started = self._clock.now()
            wanted: Document = {"state": ACTIVE}
            if self._seen_until is not None:
                wanted["created"] = {"$gte": self._seen_until - OVERLAP}
            async for document in self._store.collection("subscription").find(wanted):
                if document["_id"] not in self._active:
                    self._add(self._active, document)
            self._seen_until = started

    def get(self, subscription: str) -> Subscription | None:
        """An active subscription."""
        return self._active.get(subscription)

    def forget(self, subscription: str) -> None:
        """It has ended."""
        self._active.pop(subscription, None)

    async def find(self, subscription: str) -> Subscription | None:
        """An active subscription, or the callback of an order, which is read when it is needed and not kept.

        Raises:
            Unavailable: the database cannot be reached.
        """
        order = order_callbacks.order_of(subscription)
        if order is None:
            return self._active.get(subscription)
        document = await self._store.get("serviceOrder", order)
        return self.own(document) if document is not None else None

    def own(self, order: Mapping[str, Any]) -> Subscription | None:
        """The callback of a stored order; None where it has none, or it has ended."""
        registered = order_callbacks.registered_with(order)
        found: dict[str, Subscription] = {}
        if registered is not None:
            self._add(found, registered)
        return next(iter(found.values()), None)

    def wanting(self, event: Mapping[str, Any], own: Subscription | None = None) -> list[Subscription]:
        """The subscriptions that are to be told of a stored event; `own` is the callback of the order that it is of."""
        envelopes: dict[str, Document] = {}
        found = []
        for subscription in (*self._active.values(), *((own,) if own is not None else ())):
            if not subscription.concerns(event):
                continue
            version = subscription.version
            if version not in envelopes:
                envelopes[version] = render(event, version, self._public_url)
            if subscription.interest.wants(envelopes[version]):
                found.append(subscription)
        return found

    def _add(self, subscriptions: dict[str, Subscription], document: Document) -> None:
        key = document["_id"]
        try:
            subscriptions[key] = Subscription.of(self._opened(document), Re2Patterns())
        except InvalidRequest as error:  # registered by a release that understood more; the reason says all
            log.error("subscription.unreadable", subscription=key, reason=str(error))  # noqa: TRY400

    def _opened(self, document: Document) -> Document:
        """The registration with its secrets as texts, or mute; who has become mute is told of once."""
        key, reason = document["_id"], trouble(document, self._sealer)
        if reason is None:
            self._mute.discard(key)
            return opened(document, self._sealer)
        if key not in self._mute:
            self._mute.add(key)
            log.error("subscription.mute", subscription=key, reason=reason)
        return {**document, "secret": None, "former": None, "mute": True}
