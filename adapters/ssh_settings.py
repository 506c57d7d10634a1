"""What the kinds that speak SSH are told: where, which host key, and how much at a time."""

import base64
import binascii
from collections.abc import Iterator, Mapping
from typing import Any

from adapters.settings_rules import wrong_values
from models.domain.violations import Violation

KNOWN = ("host", "port", "hostKey")


def wrong_settings(settings: Mapping[str, Any]) -> Iterator[Violation]:
    """What is wrong with host, port and host keys. A host key is never trusted for being there first."""
    yield from wrong_values(settings, _RULES, needed=("host", "hostKey"))


def host_keys(settings: Mapping[str, Any]) -> tuple[str, ...]:
    """The keys that the host may show, each as `ssh-keyscan` writes it behind the host's name."""
    given = settings["hostKey"]
    return (given,) if isinstance(given, str) else tuple(given)


def _is_host_key(value: Any) -> bool:
    """`type base64`, and the type inside is the one outside."""
    parts = value.split() if isinstance(value, str) else []
    if len(parts) < 2:
        return False
    try:
        blob = base64.b64decode(parts[1], validate=True)
    except (binascii.Error, ValueError):
        return False
    return blob[4 : 4 + int.from_bytes(blob[:4])] == parts[0].encode()


def _are_host_keys(value: Any) -> bool:
    return _is_host_key(value) or (isinstance(value, list) and bool(value) and all(map(_is_host_key, value)))


def _is_host(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value) < 256 and value.isprintable() and not set(value) & set(" /@")


def _is_port(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value < 65_536


_RULES = (
    ("host", "a host name or address", _is_host),
    ("port", "a port, from 1 to 65535", _is_port),
    ("hostKey", "a public key such as `ssh-ed25519 AAAA…`, or a list of them (ssh-keyscan shows them)", _are_host_keys),
)
