"""The database that the tests run on: one real `mongod` for each process of the test run."""

import asyncio
import os
import shutil
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from adapters.database_errors import DatabaseProblem, DataFolderInUse
from adapters.embedded_mongod import EmbeddedMongod
from adapters.mongod_binary import usable_mongod

# A fixed place, so that a run which was killed and left a mongod behind is found and tidied up by the next one.
_PLACE = Path(tempfile.gettempdir()) / f"som-tests-{os.getuid()}"


@contextmanager
def database_of_the_run() -> Iterator[str]:
    """Yields the connection string; of SOM_TEST_MONGODB_URL if it is set."""
    given = os.environ.get("SOM_TEST_MONGODB_URL")
    if given:
        yield given
        return
    asyncio.run(_tidy_up())
    _PLACE.mkdir(mode=0o700, exist_ok=True)
    folder = Path(tempfile.mkdtemp(dir=_PLACE))
    try:
        with _kept_running(EmbeddedMongod(folder)) as url:
            yield url
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _kept_running(mongod: EmbeddedMongod) -> Iterator[str]:
    """In a thread with an event loop of its own, which outlives the loops of the single tests."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="mongod of the tests", daemon=True)
    thread.start()
    try:
        yield asyncio.run_coroutine_threadsafe(mongod.start(), loop).result(timeout=150)
        asyncio.run_coroutine_threadsafe(mongod.stop(), loop).result(timeout=60)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(timeout=60)
        loop.close()


async def _tidy_up() -> None:
    """Ends what killed runs left behind. A folder whose owner lives refuses, and is left alone."""
    # Only folders in which a mongod has run: a younger one may be about to get its owner.
    for trace in _PLACE.glob("*/mongod/data/mongod.lock"):
        folder = trace.parents[2]
        try:
            await EmbeddedMongod(folder).end_orphan()
        except DataFolderInUse:
            continue
        shutil.rmtree(folder, ignore_errors=True)


def _embedded_mongod_runs_here() -> bool:
    try:
        usable_mongod()
    except DatabaseProblem:
        return False
    return True


needs_embedded_mongod = pytest.mark.skipif(
    not _embedded_mongod_runs_here(), reason="the embedded MongoDB does not run on this machine"
)
