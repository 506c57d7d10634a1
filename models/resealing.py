"""At each start secrets that are plain, or sealed with an earlier key, are sealed with the present one."""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import structlog

from models import callback_token, changes, fulfillers, order_callbacks, secrets, signing_secrets
from models.reading import reading
from models.sealing import Sealer, SecretUnreadable, is_sealed
from models.store import Store

Document = dict[str, Any]

_CURRENT, _RENEWED, _PLAIN, _CLOSED, _LOST = "current", "renewed", "plain", "closed", "lost"
NAMED = 20
"""Documents that a line of the log names at most."""
PIECE = 500
"""Documents that are sealed together; orders that have a callback may be many."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Kept:
    """Where secrets are kept.

    Attributes:
        collection: in which.
        path: of the secret in a document; a text or an object in the clear, or what `Sealer` makes.
        place_of: what the secret of a document is sealed for, by the document's id.
        what: its name in the log.
        always_sealed: whether it never stands in the clear, so that an index can find those of earlier keys.
    """

    collection: str
    path: str
    place_of: Callable[[str], str]
    what: str
    always_sealed: bool = False

    def wanted(self, sealer: Sealer) -> Document:
        """The filter for the documents whose secret is not under the present key."""
        key: Document = {} if sealer.current is None else {"$ne": sealer.current}
        if self.always_sealed:
            return {f"{self.path}.key": {"$exists": True, **key}}
        return {self.path: {"$type": ["string", "object"]}, **({f"{self.path}.key": key} if key else {})}


KEPT = (
    _Kept(fulfillers.COLLECTION, "secret", fulfillers.place_of, "credentials of fulfillers"),
    _Kept(changes.SOURCES, "secret", changes.place_of, "credentials of change sources"),
    _Kept(secrets.COLLECTION, "secret", secrets.place_of, "secrets of recipes", always_sealed=True),
    _Kept("subscription", "secret", signing_secrets.place_of, "signing secrets of subscriptions"),
    _Kept("subscription", "former.secret", signing_secrets.place_of, "former signing secrets of subscriptions"),
    _Kept("subscription", "credentials", signing_secrets.place_of, "credentials of configuration sinks"),
    _Kept(
        "serviceOrder",
        f"{order_callbacks.FIELD}.secret",
        lambda order: signing_secrets.place_of(order_callbacks.key_of(order)),
        "signing secrets of the callbacks of orders",
        always_sealed=True,
    ),
    _Kept(callback_token.COLLECTION, "value", callback_token.place_of, "the key of callback tokens"),
)


@dataclass(slots=True)
class _Tally:
    """What came of the secrets of one place: how many of each outcome, and the first of them by name."""

    counts: dict[str, int] = field(default_factory=dict)
    named: dict[str, list[str]] = field(default_factory=dict)

    def add(self, outcome: str, key: str) -> None:
        """Count one."""
        self.counts[outcome] = self.counts.get(outcome, 0) + 1
        named = self.named.setdefault(outcome, [])
        if len(named) < NAMED:
            named.append(key)


async def reseal(store: Store, sealer: Sealer) -> int:
    """Bring all secrets under the present key. Safe to repeat, and to run in several processes at once.

    Returns:
        How many were sealed anew.

    Raises:
        Unavailable: the database cannot be reached.
    """
    return sum([await _reseal_all(store, sealer, kept) for kept in KEPT])


async def _reseal_all(store: Store, sealer: Sealer, kept: _Kept) -> int:
    tally = _Tally()

    async def renew(piece: Sequence[Document]) -> None:
        outcomes = await asyncio.gather(*(_reseal(store, sealer, kept, document) for document in piece))
        for document, outcome in zip(piece, outcomes, strict=True):
            tally.add(outcome, document["_id"])

    with reading():
        piece: list[Document] = []
        async for document in store.collection(kept.collection).find(kept.wanted(sealer), {kept.path: 1}):
            piece.append(document)
            if len(piece) == PIECE:
                await renew(piece)
                piece = []
    await renew(piece)
    for outcome, count in tally.counts.items():
        _tell(outcome, kept.what, count, tally.named[outcome])
    return tally.counts.get(_RENEWED, 0)


async def _reseal(store: Store, sealer: Sealer, kept: _Kept, document: Mapping[str, Any]) -> str:
    """Seal the secret of a document anew, where it has to be."""
    secret: Any = document
    for step in kept.path.split("."):
        secret = secret[step]
    sealed = isinstance(secret, Mapping) and is_sealed(secret)
    if sealed and sealer.is_current(secret):
        return _CURRENT
    if not sealer.can_seal:
        return _CLOSED if sealed else _PLAIN
    key = document["_id"]
    place = kept.place_of(key)
    if isinstance(secret, str):
        renewed = sealer.seal_text(secret, place)
    else:
        try:
            renewed = sealer.seal(sealer.open(secret, place) or {}, place)
        except SecretUnreadable:
            return _LOST
    guard = {"_id": key, kept.path: secret}  # whoever has changed it meanwhile has sealed it
    return _RENEWED if await store.update(kept.collection, guard, {"$set": {kept.path: renewed}}) else _CURRENT


def _tell(outcome: str, what: str, count: int, named: Sequence[str]) -> None:
    if outcome in _WORDS:
        level, words = _WORDS[outcome]
        log.log(level, words, what=what, count=count, ids=named)


_WORDS = {
    _RENEWED: (logging.INFO, "secrets encrypted with the present key"),
    _PLAIN: (logging.WARNING, "secrets are stored in the clear: set SOM_SECRET_KEY to have them encrypted"),
    _CLOSED: (logging.ERROR, "secrets cannot be read without their key: set SOM_SECRET_KEY"),
    _LOST: (logging.ERROR, "secrets were encrypted with a key that is missing; give it back, or set them anew"),
}
