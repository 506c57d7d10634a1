"""How we prove to a fulfiller who we are. Never shown, never logged."""

import base64
from collections.abc import Iterator, Mapping
from typing import Any

_PLAIN = frozenset({"type", "name", "username"})
_SHORTEST = 4
"""Letters of the shortest secret that is looked for: shorter ones stand in any text by chance."""
_LINE = 20
"""Letters beyond which a single line of it, such as of a key, is looked for, too."""


class Credentials:
    """Credentials as registered; they become headers, and nothing else can be read from them."""

    __slots__ = ("_secret",)

    def __init__(self, secret: Mapping[str, Any] | None) -> None:
        """Take {type: bearer|basic|header|privateKey, …}, checked at registration; None stands for no credentials."""
        self._secret = dict(secret or {})

    def __repr__(self) -> str:
        """Say what they are, not what is in them."""
        return f"Credentials({self._secret.get('type', 'none')})"

    def headers(self) -> dict[str, str]:
        """The headers that carry them."""
        secret = self._secret
        match secret.get("type"):
            case "bearer":
                return {"Authorization": f"Bearer {secret['token']}"}
            case "basic":
                pair = f"{secret['username']}:{secret['password']}".encode()
                return {"Authorization": f"Basic {base64.b64encode(pair).decode()}"}
            case "header":
                return {secret["name"]: secret["value"]}
        return {}

    def environment(self) -> dict[str, str]:
        """Variables that carry them to a program: SOM_CREDENTIAL_TYPE, SOM_CREDENTIAL_TOKEN and the like."""
        return {f"SOM_CREDENTIAL_{_capitals(name)}": str(value) for name, value in self._secret.items()}

    def hidden(self, text: str) -> str:
        """A text in which none of the secrets stands any more: fulfillers may repeat what they were sent."""
        for secret in self._secrets():
            text = text.replace(secret, "[hidden]")
        return text

    def _secrets(self) -> Iterator[str]:
        for value in self.headers().values():
            yield value
            yield value.partition(" ")[2] or value
        for name, value in self._secret.items():
            if name not in _PLAIN and isinstance(value, str) and len(value) >= _SHORTEST:
                yield value
                yield from (line for line in value.splitlines() if len(line) > _LINE and not line.startswith("-"))

    def secret(self) -> Mapping[str, Any]:
        """All of it, for kinds that speak something other than HTTP."""
        return dict(self._secret)


def _capitals(name: str) -> str:
    return "".join(f"_{char}" if char.isupper() else char for char in name).upper()
