"""Secrets at rest: encrypted with a key that the database does not have.

AES-256-GCM; the key is derived (HKDF-SHA256) from a text that the operator gives or the server has made. Each sealed
value names its key, so that keys can be changed: the first key of several seals, all of them open. What a value belongs
to is authenticated with it: whoever can write to the database cannot have one fulfiller's secret sent to another.
"""

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from models.domain.errors import Conflict, SomError

Document = dict[str, Any]

SHORTEST_KEY = 32
_NONCE_BYTES = 12  # as NIST SP 800-38D asks of random ones


class NoSecretKey(Conflict):
    """The server has no key to encrypt secrets with.

    Give all processes of the server the same one: a random text of at least 32 characters in SOM_SECRET_KEY, or a file
    with it in SOM_SECRET_KEY_FILE. Then repeat the request.
    """


class SecretUnreadable(SomError):
    """This secret was encrypted with a key that the server does not have any more; set it anew."""


class Sealer:
    """Seals and opens secrets."""

    def __init__(self, keys: Sequence[str] = ()) -> None:
        """Seal with the first of these keys, open with any of them; without any, refuse to seal."""
        derived = [_derived(key) for key in keys]
        self._keys = {identity: AESGCM(key) for identity, key in derived}
        self._current = derived[0][0] if derived else None

    def __repr__(self) -> str:
        """Say how many keys there are, and nothing of them."""
        return f"Sealer({len(self._keys)} keys)"

    @property
    def can_seal(self) -> bool:
        """Whether there is a key."""
        return self._current is not None

    @property
    def current(self) -> str | None:
        """The name of the key that seals now, as sealed values have it in `key`; it tells nothing of the key."""
        return self._current

    def seal(self, secret: Mapping[str, Any], place: str) -> Document:
        """Encrypt a secret.

        Args:
            secret: a JSON object.
            place: what it belongs to, such as `fulfiller/north`; it opens nowhere else.

        Raises:
            NoSecretKey: there is no key.
        """
        if self._current is None:
            raise NoSecretKey
        nonce = secrets.token_bytes(_NONCE_BYTES)
        text = self._keys[self._current].encrypt(nonce, orjson.dumps(secret), place.encode())
        return {"sealed": 1, "key": self._current, "nonce": nonce, "text": text}

    def open(self, stored: Mapping[str, Any] | None, place: str) -> Document | None:
        """Decrypt what `seal` made. What was stored before there were keys is plain, and comes back as it is.

        Raises:
            SecretUnreadable: its key is missing, or it belongs to another place.
        """
        if stored is None or not is_sealed(stored):
            return None if stored is None else dict(stored)
        key = self._keys.get(stored["key"])
        if key is None:
            raise SecretUnreadable
        try:
            opened: Document = orjson.loads(key.decrypt(stored["nonce"], stored["text"], place.encode()))
        except InvalidTag:
            raise SecretUnreadable from None
        return opened

    def seal_text(self, text: str, place: str) -> Document:
        """Encrypt a text, as `seal` does.

        Raises:
            NoSecretKey: there is no key.
        """
        return self.seal({"text": text}, place)

    def open_text(self, stored: Mapping[str, Any] | str | None, place: str) -> str | None:
        """Decrypt what `seal_text` made. What was stored before there were keys is a text, and comes back as it is.

        Raises:
            SecretUnreadable: its key is missing, or it belongs to another place.
        """
        if stored is None or isinstance(stored, str):
            return stored
        opened = self.open(stored, place)
        return None if opened is None else str(opened["text"])

    def is_current(self, stored: Mapping[str, Any]) -> bool:
        """Whether it is sealed with the key that seals now."""
        return is_sealed(stored) and stored["key"] == self._current


def is_sealed(stored: Mapping[str, Any]) -> bool:
    """Whether a stored secret is encrypted."""
    return "sealed" in stored


def _derived(key: str) -> tuple[str, bytes]:
    """Name and bytes of a key; the name tells nothing of it."""
    text = key.encode()
    derived = HKDF(SHA256(), 32, salt=None, info=b"som secrets at rest").derive(text)
    named = HKDF(SHA256(), 32, salt=None, info=b"som name of the key").derive(text)
    return hashlib.sha256(named).hexdigest()[:12], derived
