"""References to secrets in what fulfillers are sent: found, and replaced by what they stand for. Pure.

`{{secrets.NAME}}` inside a text stands for the secret NAME of the tenant. Only those names are replaced that the recipe
itself names in the input of the very step: a text that merely looks like a reference, because a client has written it
into an order, stays what it is.
"""

import re
from collections.abc import Callable, Collection, Mapping
from typing import Any

from models.domain.errors import SomError

NAME = r"[A-Za-z_][A-Za-z0-9_]{0,99}"
"""How a secret may be called: as expressions can name it."""

_REFERENCE = re.compile(r"\{\{secrets\.(" + NAME + r")\}\}")


class SecretMissing(SomError):
    """There is no secret of this name."""

    def __init__(self, name: str) -> None:
        """Name it."""
        super().__init__(f"There is no secret {name!r}.")


def referred(value: Any, allowed: Collection[str]) -> frozenset[str]:
    """The names, of those allowed, that references in a JSON value name."""
    found: set[str] = set()

    def note(text: str) -> str:
        found.update(name for name in _REFERENCE.findall(text) if name in allowed)
        return text

    if allowed:
        _each(value, note)
    return frozenset(found)


def put_in(value: Any, secrets: Mapping[str, str]) -> Any:
    """The same JSON value with the secrets in the places of references to them; other references stay."""

    def resolved(text: str) -> str:
        return _REFERENCE.sub(lambda found: secrets.get(found[1], found[0]), text)

    return _each(value, resolved) if secrets else value


def _each(value: Any, of: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return of(value)
    if isinstance(value, Mapping):
        return {key: _each(part, of) for key, part in value.items()}
    return [_each(part, of) for part in value] if isinstance(value, list | tuple) else value
