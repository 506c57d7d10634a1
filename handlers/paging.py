"""The headers that tell a client where in a list it is (TMF630, paging)."""

from urllib.parse import quote

_MAX_URL = 3_000
"""Characters. With a longer one the links would not fit into the headers that clients and proxies accept."""
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
    headers = [("X-Total-Count", str(total)), ("X-Result-Count", str(count))]
    if len(url) <= _MAX_URL:
        base = _base(url)
        links = (f'<{base}offset={start}&limit={limit}>; rel="{name}"' for name, start in _pages(offset, limit, total))
        headers.append(("Link", ", ".join(links)))
    return headers


def _pages(offset: int, limit: int, total: int) -> list[tuple[str, int]]:
    if limit == 0:
        return [("self", offset)]
    last = max(total - 1, 0) // limit * limit
    pages = [("self", offset), ("first", 0)]
    if offset > 0:
        pages.append(("prev", min(max(offset - limit, 0), last)))
    if offset + limit < total:
        pages.append(("next", offset + limit))
    return [*pages, ("last", last)]


def _base(url: str) -> str:
    """The URL less its offset and limit, ready for them to be appended."""
    path, _, query = url.partition("?")
    kept = [part for part in query.split("&") if part and part.partition("=")[0] not in ("offset", "limit")]
    return quote(path, safe=_KEPT) + "?" + "".join(f"{quote(part, safe=_KEPT)}&" for part in kept)
