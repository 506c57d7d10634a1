"""Whom a server of others is trusted on: certificate authorities that its operator gives, in PEM."""

import ssl
from functools import lru_cache
from typing import Any

MOST_KEPT = 256
"""Contexts that are kept: making one takes milliseconds, and connections are used again only under the same one."""


@lru_cache(maxsize=MOST_KEPT)
def trust(authorities: str) -> ssl.SSLContext:
    """Trust these certificate authorities (PEM) alone, for servers whose certificate names their host.

    Raises:
        ValueError: these are none.
    """
    try:
        return ssl.create_default_context(cadata=authorities or "none")
    except (ssl.SSLError, TypeError) as error:  # the latter for what is not ASCII
        raise ValueError(str(error)) from None


def is_authority(value: Any) -> bool:
    """Whether this is one certificate in PEM, or several."""
    try:
        return isinstance(value, str) and bool(trust(value))
    except ValueError:
        return False
