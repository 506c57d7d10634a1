"""How long parameters may be."""

from collections.abc import Mapping
from urllib.parse import parse_qsl

from handlers.errors import invalid
from handlers.exchange import Request


class ParameterLengths:
    """Checks the lengths that a document allows for query parameters and headers."""

    def __init__(self, query: Mapping[str, int], headers: Mapping[str, int]) -> None:
        """Know the greatest lengths by name."""
        self._query = dict(query)
        self._headers = [(name, name.lower().encode(), length) for name, length in headers.items()]
        self._harmless = min(query.values(), default=0)

    def check(self, request: Request) -> None:
        """Check a request; a short query string is not even looked into.

        Raises:
            InvalidRequest: a parameter is too long.
        """
        for name, key, limit in self._headers:
            given = request.header(key)
            if given is not None and len(given) > limit:
                raise _too_long(name, limit)
        if self._query and len(request.query) > self._harmless:
            for name, value in parse_qsl(request.query, errors="replace"):
                if len(value) > self._query.get(name, len(value)):
                    raise _too_long(name, self._query[name])


def _too_long(name: str, limit: int) -> Exception:
    return invalid(name, "wrongLength", f"{name} may have {limit} characters.")
