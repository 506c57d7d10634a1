import re

import pytest

from handlers.paging import page_headers

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
