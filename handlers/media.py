"""Media types: what a body claims to be, and what the client would take."""

from functools import lru_cache

from handlers.errors import NotAcceptable, UnsupportedMediaType

JSON = "application/json"


def media_type_of(content_type: str | None, consumes: frozenset[str]) -> str:
    """The body's media type without parameters; a body that does not say is taken for JSON.

    Raises:
        UnsupportedMediaType: the operation does not read it.
    """
    given = JSON if not content_type else content_type.partition(";")[0].strip().lower()
    if given in consumes:
        return given
    readable = ", ".join(sorted(consumes))
    raise UnsupportedMediaType(f"A body of type {given[:100]!r} cannot be read here; what can be read is {readable}.")


def check_encoding(content_encoding: str | None) -> None:
    """Bodies are taken as they are, never compressed.

    Raises:
        UnsupportedMediaType: it is.
    """
    if content_encoding and content_encoding.strip().lower() != "identity":
        raise UnsupportedMediaType("A body with a Content-Encoding cannot be read here; send it as it is.")


def check_accept(accept: str | None, produces: str) -> None:
    """Make sure that the client takes what the operation produces.

    Raises:
        NotAcceptable: it does not.
    """
    if accept and not _accepts(accept, produces):
        raise NotAcceptable(f"The Accept header rules out {produces}, which is all that can be produced here.")


@lru_cache(maxsize=256)
def _accepts(accept: str, produces: str) -> bool:
    """RFC 9110 12.5.1: the most specific range that matches decides, by whether its weight is above zero."""
    decisive = (0, 0.0)
    for part in accept.split(","):
        name, *parameters = (piece.strip().lower() for piece in part.split(";"))
        precision = _precision(name, produces)
        if precision:
            decisive = max(decisive, (precision, _weight(parameters)))
    return decisive[1] > 0


def _precision(media_range: str, produces: str) -> int:
    if media_range == produces:
        return 3
    if media_range == produces.partition("/")[0] + "/*":
        return 2
    return int(media_range == "*/*")


def _weight(parameters: list[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                return float(value)
            except ValueError:
                return 0.0
    return 1.0
