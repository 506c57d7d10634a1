import re
from datetime import UTC, datetime
from typing import Any

import pytest

from handlers.paging import headers_by_cursor, page_headers
from handlers.query import Limits, parse_list_query
from models.domain.listing import Cursor
from models.domain.shapes import Shape
from models.patterns import Re2Patterns
from models.queries import Page

URL = "http://host/tmf-api/serviceOrdering/v4/serviceOrder?state=held&offset=40&limit=20&fields=id"


def links(url: str, offset: int, limit: int, total: int) -> dict[str, str]:
    headers = dict(page_headers(url, offset, limit, 20, total))
    return {name: target for target, name in re.findall(r'<([^>]*)>; rel="(\w+)"', headers.get("Link", ""))}


def starts(offset: int, limit: int, total: int) -> dict[str, int]:
    found = links(URL, offset, limit, total)
    return {name: int(re.findall(r"[?&]offset=(\d+)", target)[-1]) for name, target in found.items()}


@pytest.mark.parametrize(
    ("offset", "limit", "total", "expected"),
    [
        (0, 20, 100, {"self": 0, "first": 0, "next": 20, "last": 80}),
        (40, 20, 100, {"self": 40, "first": 0, "prev": 20, "next": 60, "last": 80}),
        (80, 20, 100, {"self": 80, "first": 0, "prev": 60, "last": 80}),
        (0, 20, 20, {"self": 0, "first": 0, "last": 0}),
        (0, 20, 21, {"self": 0, "first": 0, "next": 20, "last": 20}),
        (5, 20, 21, {"self": 5, "first": 0, "prev": 0, "last": 20}),
        (500, 20, 21, {"self": 500, "first": 0, "prev": 20, "last": 20}),
        (0, 20, 0, {"self": 0, "first": 0, "last": 0}),
        (7, 0, 21, {"self": 7}),
    ],
)
def test_links_lead_to_the_pages_around(offset: int, limit: int, total: int, expected: dict[str, int]) -> None:
    assert starts(offset, limit, total) == expected


def test_counts_are_told() -> None:
    headers = dict(page_headers(URL, 40, 20, 3, 43))
    assert headers["X-Total-Count"] == "43"
    assert headers["X-Result-Count"] == "3"


def test_the_rest_of_the_query_is_kept_as_it_was() -> None:
    target = links("http://host/x?state=held,a&name=%22a%26b%22&offset=1&limit=2", 1, 2, 9)["next"]
    assert target == "http://host/x?state=held,a&name=%22a%26b%22&offset=3&limit=2"
    assert links("http://host/x", 0, 2, 9)["self"] == "http://host/x?offset=0&limit=2"


def test_nothing_of_the_query_can_end_a_link_or_a_header() -> None:
    headers = dict(page_headers('http://host/x?a>5&b=<">\r\nSet-Cookie: x&ü=1', 0, 2, 0, 0))
    assert headers["Link"].count("<") == headers["Link"].count(">") == 3
    assert headers["Link"].isascii()
    assert "\r" not in headers["Link"]
    assert "\n" not in headers["Link"]


def test_a_query_too_long_for_headers_gets_no_links() -> None:
    assert "Link" not in dict(page_headers("http://host/x?a=" + "b" * 5000, 0, 2, 0, 0))


MADE: list[dict[str, Any]] = [
    {"_id": f"r-{number}", "created": datetime(2026, 1, number, tzinfo=UTC)} for number in range(1, 10)
]


def by_cursor(query: str, start: int, total: int = 9) -> dict[str, str]:
    url = f"http://host/x?name=a&{query}"
    asked = parse_list_query(query, Shape.compile({}, {}), Re2Patterns(), Limits(cursors=True))
    headers = dict(headers_by_cursor(url, asked, Page(MADE[start : start + asked.limit], total)))
    found = re.findall(r'<http://host/x\?name=a&([^>]*)>; rel="(\w+)"', headers["Link"])
    return {name: target for target, name in found}


def test_the_links_of_a_list_in_its_own_order_lead_on_from_its_last_and_its_first() -> None:
    behind, before = (Cursor(one["created"], one["_id"]).text for one in (MADE[2], MADE[0]))
    first = by_cursor("limit=3", 0)
    assert first == {"self": "limit=3", "first": "limit=3", "next": f"after={behind}&limit=3"}
    second = by_cursor(f"after={behind}&limit=3", 3)
    assert set(second) == {"self", "first", "prev", "next"}
    assert second["self"] == f"after={behind}&limit=3"
    assert set(by_cursor(f"after={behind}&limit=7", 3)) == {"self", "first", "prev"}
    assert set(by_cursor(f"before={before}&limit=3", 9)) == {"self", "first"}
    assert by_cursor("offset=3&limit=3", 3)["prev"] == f"before={Cursor(MADE[3]['created'], 'r-4').text}&limit=3"


def test_a_sorted_list_is_paged_by_numbers() -> None:
    assert by_cursor("sort=name&limit=3", 0)["next"] == "sort=name&offset=3&limit=3"
