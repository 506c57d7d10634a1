"""Lists of the administration API: a few named filters, paging, and fields."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl

import orjson

from handlers.errors import invalid
from handlers.exchange import Reply, Request
from handlers.paging import page_headers
from handlers.settings import HttpSettings
from models.clock import parse
from models.reading import page
from models.store import Store

Document = dict[str, Any]
Where = Callable[[str], Document]

_MAX_NUMBER = 2**63 - 1
_MAX_PARAMETERS = 100
_PAGING = frozenset({"offset", "limit", "fields"})
BY_CREATION = (("created", 1), ("_id", 1))


@dataclass(frozen=True, slots=True)
class AdminQuery:
    """A parsed query string.

    Attributes:
        where: conditions on stored documents.
        offset: how many matches to leave out.
        limit: how many to answer at most.
        fields: attributes to answer; None for all.
    """

    where: Document
    offset: int
    limit: int
    fields: frozenset[str] | None


class AdminLists:
    """Reads and answers lists."""

    def __init__(self, store: Store, settings: HttpSettings) -> None:
        """Read from this store, in pages of these sizes."""
        self._store = store
        self._settings = settings

    def parse(self, request: Request, filters: Mapping[str, Where]) -> AdminQuery:
        """Read the query string.

        Args:
            request: the request.
            filters: for each filter's name what its value asks of a document.

        Raises:
            InvalidRequest: an unknown parameter, or a value that makes no sense.
        """
        where: Document = {}
        paging: dict[str, str] = {}
        for name, value in _parameters(request):
            if name in _PAGING:
                paging[name] = value
            elif name in filters:
                where.update(filters[name](value))
            else:
                known = ", ".join(sorted([*filters, *_PAGING]))
                raise invalid(
                    name[:100], "unknownParameter", f"There is no parameter {name[:100]!r}; there are {known}."
                )
        limit = _number(paging, "limit", self._settings.page_size)
        return AdminQuery(
            where,
            _number(paging, "offset", 0),
            min(limit, self._settings.max_page_size),
            parse_fields(paging.get("fields")),
        )

    async def answer(  # noqa: PLR0913 - what a list is
        self,
        request: Request,
        collection: str,
        filters: Mapping[str, Where],
        render: Callable[[Document], Document],
        *,
        sort: Sequence[tuple[str, int]] = BY_CREATION,
        tenant: str | None = None,
        always: Mapping[str, Any] | None = None,
    ) -> Reply:
        """Answer one page of a collection; `always` is asked of its documents besides what the request asks."""
        query = self.parse(request, filters)
        where = {"tenant": tenant or request.caller.tenant, **(always or {}), **query.where}
        total, documents = await page(
            self._store,
            collection,
            where,
            sort=sort,
            offset=query.offset,
            limit=query.limit,
            seconds=self._settings.query_seconds,
        )
        return list_reply(request, query, total, [render(document) for document in documents])


def list_reply(request: Request, query: AdminQuery, total: int, bodies: Sequence[Document]) -> Reply:
    """One page as it is answered."""
    shown = [narrowed(body, query.fields) for body in bodies]
    address = request.url(request.path) + (f"?{request.query}" if request.query else "")
    headers = page_headers(address, query.offset, query.limit, len(shown), total)
    return Reply(200, orjson.dumps(shown), [(name.encode(), value.encode()) for name, value in headers])


def one_reply(
    request: Request, body: Document, headers: Sequence[tuple[bytes, bytes]] = (), status: int = 200
) -> Reply:
    """One resource as it is answered, narrowed by `fields`."""
    return Reply(status, orjson.dumps(narrowed(body, asked_fields(request))), list(headers))


def asked_fields(request: Request) -> frozenset[str] | None:
    """The attributes that a request for one resource asks for; its other parameters are not ours to judge.

    Raises:
        InvalidRequest: it has too many parameters.
    """
    return parse_fields(dict(_parameters(request)).get("fields"))


def parameter(request: Request, name: str) -> str | None:
    """The value of a parameter of the query; None where it is not given.

    Raises:
        InvalidRequest: the query has too many parameters.
    """
    return dict(_parameters(request)).get(name)


def _parameters(request: Request) -> list[tuple[str, str]]:
    try:
        return parse_qsl(request.query, keep_blank_values=True, errors="replace", max_num_fields=_MAX_PARAMETERS)
    except ValueError:
        message = f"A query may have {_MAX_PARAMETERS} parameters."
        raise invalid("query", "tooManyParameters", message) from None


def parse_fields(text: str | None) -> frozenset[str] | None:
    """The attributes asked for; of nested ones, the outermost is answered whole."""
    if text is None:
        return None
    return frozenset(part.strip().partition(".")[0] for part in text.split(",")) | {"id", "href"}


def narrowed(body: Document, fields: frozenset[str] | None) -> Document:
    """The attributes asked for."""
    return body if fields is None else {name: value for name, value in body.items() if name in fields}


def equals(path: str) -> Where:
    """A filter for equality."""
    return lambda value: {path: value}


def one_of(path: str, name: str, values: Sequence[str]) -> Where:
    """A filter for equality with one of a few words."""

    def where(value: str) -> Document:
        if value not in values:
            raise invalid(name, "unknownValue", f"{value[:60]!r} is none of {', '.join(values)}.")
        return {path: value}

    return where


def flag(path: str, name: str) -> Where:
    """A filter for what is stored as true where it is so, and not at all elsewhere."""
    conditions: dict[str, Document] = {"true": {path: True}, "false": {path: {"$ne": True}}}

    def where(value: str) -> Document:
        if value not in conditions:
            raise invalid(name, "unknownValue", f"{value[:60]!r} is none of true, false.")
        return conditions[value]

    return where


def since(path: str, convert: Callable[[datetime], Any]) -> Where:
    """A filter for everything at or after a moment."""

    def where(value: str) -> Document:
        try:
            least = convert(parse(value.strip('"').replace(" ", "+")))
        except (ValueError, OverflowError):
            raise invalid("since", "invalidDate", f"{value[:60]!r} is no date-time of RFC 3339.") from None
        return {path: {"$gte": least}}

    return where


def _number(paging: Mapping[str, str], name: str, default: int) -> int:
    text = paging.get(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdigit()) or len(text) > 19 or int(text) > _MAX_NUMBER:
        raise invalid(name, "invalidNumber", f"{name} must be a whole number from 0 on, not {text[:40]!r}.")
    return int(text)
