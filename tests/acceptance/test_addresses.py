"""Addresses in answers, through the HTTP server as it is run."""

import requests

from tests.acceptance.server_process import ServerProcess

LISTS = "/tmf-api/serviceOrdering/v4/serviceOrder"


def test_what_a_client_says_of_proxies_is_not_believed_unless_told_to(server: ServerProcess) -> None:
    """A web server may believe callers from loopback by itself, which would leave half of it to us."""
    said = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "evil.example", "X-Forwarded-Prefix": "/x"}
    answer = requests.get(f"{server.url}{LISTS}", headers=said, timeout=30)
    assert answer.headers["Link"].startswith(f"<{server.url}{LISTS}?")
