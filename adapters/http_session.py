"""The one HTTP client of a process: connections are pooled, cookies are not kept, proxies are not guessed."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from adapters.allowances import Allowances
from adapters.ports import ResourcePools, TaskFlows
from models.domain.violations import Violation

MAX_CONNECTIONS = 1000
MAX_CONNECTIONS_PER_HOST = 200


def open_session() -> aiohttp.ClientSession:
    """A session for all calls to fulfillers; whoever opens it closes it. Needs a running event loop."""
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(
            limit=MAX_CONNECTIONS, limit_per_host=MAX_CONNECTIONS_PER_HOST, ttl_dns_cache=30, keepalive_timeout=15
        ),
        cookie_jar=aiohttp.DummyCookieJar(),
        headers={"User-Agent": "som", "Accept-Encoding": "identity"},
        max_line_size=16_384,
        max_field_size=16_384,
    )


SchemaCheck = Callable[[Any], list[Violation]]
SchemaChecks = Callable[[str, str], SchemaCheck]


@dataclass(frozen=True, slots=True)
class Tools:
    """What a process lends to its fulfillers.

    Attributes:
        session: gives the process's HTTP client; it is not opened before somebody needs it.
        notification_url: gives the address at which notifications of a fulfiller's hub are taken (POST of any TM Forum
            event; a secret), by the fulfiller's id; None where this process has none.
        schema_check: compiles the check of a schema of one of our own API documents, by API (`tmf641`) and schema
            (`ServiceOrder`); takes up to a second, so call it in a thread; None where this process has no documents.
        allowed: what of this host registrations may name.
        task_flows: the tasks of people; None where this process has none.
        resource_pools: the pools of this server; None where this process has none.
        order_url: gives the address of an order of ours, by its id; None where this process serves none.
        hint: told the id of a fulfiller, and its own name for work that it has accepted, when there is something new
            about that work: it is polled at once. None where nobody listens.
    """

    session: Callable[[], aiohttp.ClientSession]
    notification_url: Callable[[str], str] | None = None
    schema_check: SchemaChecks | None = None
    allowed: Allowances = field(default_factory=Allowances)
    task_flows: TaskFlows | None = None
    resource_pools: ResourcePools | None = None
    hint: Callable[[str, str], Awaitable[object]] | None = None
    order_url: Callable[[str], str] | None = None
