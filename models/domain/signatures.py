"""Signatures by which a subscriber knows that a notification is ours and as we sent it.

Source: the Standard Webhooks specification, symmetric signatures (`v1`).
"""

import base64
import binascii
import hashlib
import hmac
import secrets
from collections.abc import Sequence

_PREFIX = "whsec_"
_BYTES = 32


def new_secret() -> str:
    """A fresh secret, in the form that webhook libraries take."""
    return _PREFIX + base64.b64encode(secrets.token_bytes(_BYTES)).decode()


def key_of(secret: str) -> bytes:
    """The key that a secret stands for: what is written in base64 after `whsec_`, otherwise the text itself."""
    if secret.startswith(_PREFIX):
        try:
            return base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
        except binascii.Error:
            pass  # somebody's own text that only begins like ours: it is its own key, as any other text
    return secret.encode()


def sign(secrets_in_force: Sequence[str], message_id: str, timestamp: int, body: bytes) -> str:
    """The value of `webhook-signature`: one signature per secret in force, so that a secret can be changed in peace."""
    content = b".".join((message_id.encode(), str(timestamp).encode(), body))
    made = (hmac.digest(key_of(secret), content, hashlib.sha256) for secret in secrets_in_force)
    return " ".join("v1," + base64.b64encode(signature).decode() for signature in made)
