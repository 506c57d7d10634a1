"""What can be set about the HTTP side."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class HttpSettings:
    """How the server speaks HTTP.

    Attributes:
        public_url: what `href`, `Location` and `Link` begin with, such as `https://orders.example.com/som`; without it
            they begin with what the client called.
        path_prefix: a prefix that a proxy in front does not take off, such as `/som`.
        trust_forwarded: whether `X-Forwarded-Proto`, `-Host` and `-Prefix` are believed; only behind a proxy of ours,
            since anybody can send them.
        max_body_bytes: larger bodies are answered 413.
        max_body_values: bodies with more values (attributes, elements of arrays) are answered 413.
        body_seconds: a body that takes longer to arrive is answered 400.
        max_in_flight: more requests at a time are answered 429.
        page_size: how many resources a list answers when nothing is said.
        max_page_size: how many it answers at most.
        query_seconds: how long a list may take in the database.
        heartbeat_seconds: pause between two signs of life in an event stream.
    """

    public_url: str | None = None
    path_prefix: str = ""
    trust_forwarded: bool = False
    max_body_bytes: int = 5_000_000
    max_body_values: int = 100_000
    body_seconds: float = 30.0
    max_in_flight: int = 1000
    page_size: int = 100
    max_page_size: int = 1000
    query_seconds: float = 5.0
    heartbeat_seconds: float = 15.0
