"""Callback tokens: what a fulfiller is given to report with, and nobody can make up; and those of hubs that tell us.

A token names the call it belongs to and is signed, so that it needs no storage, is the same on every technical retry
(which is byte-equal), and an unknown one is told from a late one.
"""

import base64
import binascii
import contextlib
import hashlib
import hmac
import secrets
from dataclasses import dataclass

from models.domain.errors import AlreadyExists, SomError
from models.sealing import Sealer, SecretUnreadable
from models.store import Store

COLLECTION = "secret"
_CALLBACK = "callback"
_SIGNATURE_BYTES = 16
_REVISION_DIGITS = 9  # a revision counts edits; the database could not keep what is much longer
_OF_HUB = b"hub\0"  # no key of a call has a NUL, so that neither kind of token passes for the other


class CallbackKeyUnreadable(SomError):
    """The key of callback addresses in the database was encrypted with a key that the server does not have.

    Give that one back in SOM_SECRET_KEY or SOM_SECRET_KEY_FILE (with the embedded database: secret.key in the data
    folder). If it is lost, set SOM_CALLBACK_KEY to a new secret: reports to addresses that were given out before are
    then turned away, and what they would have told is found by asking, where a fulfiller can be asked.
    """


@dataclass(frozen=True, slots=True)
class CallKey:
    """One call to a fulfiller: the task, what is asked, and the revision of its input.

    Its text is the idempotency key: the same for every technical retry, another one when the input was edited.
    """

    plan: str
    task: str
    operation: str
    revision: int

    def __str__(self) -> str:
        """The idempotency key."""
        return f"{self.plan}:{self.task}:{self.operation}:{self.revision}"

    @classmethod
    def parse(cls, key: str) -> "CallKey | None":
        """The call that an idempotency key belongs to, or None when the text is no such key."""
        plan, *rest = key.rsplit(":", 3)
        if len(rest) != 3 or not rest[2].isdecimal() or len(rest[2]) > _REVISION_DIGITS:
            return None
        return cls(plan, rest[0], rest[1], int(rest[2]))


class CallbackTokens:
    """Makes and reads tokens with one key per installation."""

    def __init__(self, key: bytes) -> None:
        """Sign with this key."""
        self._key = key

    def issue(self, call: CallKey) -> str:
        """The token of a call, safe in a URL."""
        payload = str(call).encode()
        return base64.urlsafe_b64encode(self._sign(payload) + payload).decode().rstrip("=")

    def read(self, token: str) -> CallKey | None:
        """The call that a token was issued for, or None when this installation did not issue it."""
        signature, payload = _parts(token)
        if not hmac.compare_digest(signature, self._sign(payload)):
            return None
        return CallKey.parse(payload.decode())

    def issue_for_hub(self, fulfiller: str) -> str:
        """The token in the address at which the notifications of a fulfiller's hub are taken, safe in a URL."""
        payload = fulfiller.encode()
        return base64.urlsafe_b64encode(self._sign(_OF_HUB + payload) + payload).decode().rstrip("=")

    def read_of_hub(self, token: str) -> str | None:
        """The fulfiller that a hub's token was issued for, or None when this installation did not issue it."""
        signature, payload = _parts(token)
        if not hmac.compare_digest(signature, self._sign(_OF_HUB + payload)):
            return None
        return payload.decode()

    def _sign(self, payload: bytes) -> bytes:
        return hmac.new(self._key, payload, hashlib.sha256).digest()[:_SIGNATURE_BYTES]


def _parts(token: str) -> tuple[bytes, bytes]:
    """Signature and payload of a token; of what is no token, nothing that any signature fits."""
    try:
        raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
    except (binascii.Error, ValueError):
        return b"", b""
    return raw[:_SIGNATURE_BYTES], raw[_SIGNATURE_BYTES:]


def place_of(key: str) -> str:
    """What the secret of this name is sealed for."""
    return f"{COLLECTION}/{key}"


async def load_tokens(store: Store, sealer: Sealer, configured: str | None = None) -> CallbackTokens:
    """The tokens of this installation: with the configured key, or one made once and kept in the database, sealed.

    Without a key to seal with it is kept in the clear: nobody could report otherwise.

    Raises:
        CallbackKeyUnreadable: the one in the database cannot be read.
    """
    if configured:
        return CallbackTokens(hashlib.sha256(configured.encode()).digest())
    kept = await store.get(COLLECTION, _CALLBACK)
    if kept is None:
        made = secrets.token_hex(32)
        value = sealer.seal_text(made, place_of(_CALLBACK)) if sealer.can_seal else made
        with contextlib.suppress(AlreadyExists):
            await store.insert(COLLECTION, {"_id": _CALLBACK, "value": value})
        kept = await store.get(COLLECTION, _CALLBACK)
    if kept is None:
        raise LookupError("The key of callback tokens was removed while it was being read.")
    try:
        return CallbackTokens(bytes.fromhex(sealer.open_text(kept["value"], place_of(_CALLBACK)) or ""))
    except SecretUnreadable:
        raise CallbackKeyUnreadable from None
