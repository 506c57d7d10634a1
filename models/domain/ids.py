"""Identities that follow from what they identify, so that doing a thing twice makes it once."""

import hashlib
import uuid
from functools import lru_cache

_SEPARATOR = "\x1f"


def _digest(parts: tuple[str, ...]) -> bytes:
    return hashlib.sha256(_SEPARATOR.join(parts).encode()).digest()


def derived_id(*parts: str) -> str:
    """A UUID text that is the same for the same parts."""
    return str(uuid.UUID(bytes=_digest(parts)[:16], version=5))


@lru_cache(maxsize=8_192)  # plans of one specification have the same keys
def task_key(item_path: str, specification_path: str, action: str, name: str) -> str:
    """A task's identity inside its plan: 16 hexadecimal digits of what it is, never of where it stands in a list.

    Tasks can be added and superseded while a plan runs without any other key changing, and the key is safe as a
    name in a database update, which a client's names never are.
    """
    return _digest((item_path, specification_path, action, name))[:8].hex()
