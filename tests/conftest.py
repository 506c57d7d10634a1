"""What every kind of test shares: the database, and the reference data where it is."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from typing import Any

import pytest
import structlog
import uvloop
from pymongo import AsyncMongoClient

from tests import reference
from tests.database import database_of_the_run

pytest.register_assert_rewrite("som.sdk_testing")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    reference.leave_out(config, items)


def pytest_asyncio_loop_factories() -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """The loop that the server runs on."""
    return {"uvloop": uvloop.new_event_loop}


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Told by xdist when a worker has finished."""
    reference.note_of_worker(node.config, getattr(node, "workeroutput", {}))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    note = reference.summary(config)
    if note:
        terminalreporter.write_sep("-", note)


structlog.configure(  # a traceback with every local variable takes seconds to draw
    processors=[
        structlog.processors.add_log_level,
        structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback),
    ]
)


@pytest.fixture(scope="session")
def mongodb_url() -> Iterator[str]:
    """The connection string of a real replica set, started when the first test asks for it.

    Each xdist worker has a database of its own; SOM_TEST_MONGODB_URL names one to use instead.
    """
    with database_of_the_run() as url:
        yield url


@pytest.fixture
async def database_name(mongodb_url: str) -> AsyncIterator[str]:
    """A name that no other test uses; the database is dropped afterwards."""
    name = f"som_test_{uuid.uuid4().hex[:16]}"
    yield name
    client: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(mongodb_url)
    async with client:
        await client.drop_database(name)
