"""The headers that tell a client where in a list it is (TMF630, paging)."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from models.domain.listing import Cursor, ListQuery
from models.queries import Page

_MAX_URL = 3_000
"""Characters. With a longer one the links would not fit into the headers that clients and proxies accept."""
_WHERE = ("offset", "limit", "after", "before")
_KEPT = "/:?#[]@!$&()*+,;=%~-._'"  # what may stand in a Link's target as it is; < > " and spaces may not


def page_headers(url: str, offset: int, limit: int, count: int, total: int) -> list[tuple[str, str]]:
    """X-Total-Count, X-Result-Count and the Link to this page and those around it.

    Args:
        url: of the request as the client knows it, with its query string, still percent-encoded.
        offset: where the page starts.
        limit: how many it may have.
        count: the resources on it.
        total: the resources that match.
    """
    return _headers(url, limit, count, total, _pages(offset, limit, total))


def headers_by_cursor(url: str, query: ListQuery, page: Page) -> list[tuple[str, str]]:
    """The same for a list that can be followed by `after` and `before`, which the links of one in its own order do.

    Args:
        url: as for `page_headers`.
        query: what was asked for.
        page: what was found.
    """
    in_its_order = not query.sort and query.limit > 0
    places = _around(query, page) if in_its_order else _pages(query.offset, query.limit, page.total)
    return _headers(url, query.limit, len(page.docs), page.total, places)


def _headers(url: str, limit: int, count: int, total: int, places: list[tuple[str, str]]) -> list[tuple[str, str]]:
    headers = [("X-Total-Count", str(total)), ("X-Result-Count", str(count))]
    if len(url) <= _MAX_URL:
        base = _base(url)
        links = (f'<{base}{place}limit={limit}>; rel="{name}"' for name, place in places)
        headers.append(("Link", ", ".join(links)))
    return headers


def _around(query: ListQuery, page: Page) -> list[tuple[str, str]]:
    """The pages around, by their neighbours; so the last page costs as little as the first one."""
    here = query.cursor
    if here is not None:
        this = f"{'before' if here.backwards else 'after'}={quote(here.text, safe='-')}&"
    else:
        this = f"offset={query.offset}&" if query.offset else ""
    places = [("self", this), ("first", "")]
    if not page.docs:
        return places
    full = len(page.docs) == query.limit
    if query.offset or (here is not None and (full or not here.backwards)):
        places.append(("prev", f"before={_place(page.docs[0])}&"))
    more = query.offset + query.limit < page.total if here is None else full or here.backwards
    return [*places, ("next", f"after={_place(page.docs[-1])}&")] if more else places


def _place(document: Mapping[str, Any]) -> str:
    return quote(Cursor(document["created"], document["_id"]).text, safe="-")


def _pages(offset: int, limit: int, total: int) -> list[tuple[str, str]]:
    pages = [("self", offset)]
    if limit > 0:
        last = max(total - 1, 0) // limit * limit
        pages.append(("first", 0))
        if offset > 0:
            pages.append(("prev", min(max(offset - limit, 0), last)))
        if offset + limit < total:
            pages.append(("next", offset + limit))
        pages.append(("last", last))
    return [(name, f"offset={start}&") for name, start in pages]


def _base(url: str) -> str:
    """The URL less what says where the page is, ready for that to be appended."""
    path, _, query = url.partition("?")
    kept = [part for part in query.split("&") if part and part.partition("=")[0] not in _WHERE]
    return quote(path, safe=_KEPT) + "?" + "".join(f"{quote(part, safe=_KEPT)}&" for part in kept)
