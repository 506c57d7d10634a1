"""The engine dies after its n-th write, for every n of an order with change requests: each of them is closed once."""

from collections.abc import AsyncIterator, Callable
from dataclasses import replace

import aiohttp
import pytest

from adapters.credentials import Credentials
from adapters.http_session import Tools
from adapters.tmforum.changes import Tmf655Fulfiller
from models.change_closings import ChangeClosings
from models.domain.fulfiller import FulfillerDefinition
from models.domain.plan import Capability, Plan
from models.leases import Leases
from models.store import Store
from scheduler.change_closing import ChangeClosing
from scheduler.directory import Directory
from scheduler.places import Places
from tests.integration.engine.crash_points import die_at_every_write
from tests.integration.engine.harness import Document, Harness, Job, plan_of
from tests.integration.tmforum.change_stand_in import ChangeManagement

pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # sockets of the dead

BOARD = "f-board"


def guarded(*tasks: str) -> Callable[[Document], Plan]:
    """A plan in which the tasks whose name ends in `approve` open a change request."""
    plan = plan_of(*tasks)

    def make(order: Document) -> Plan:
        made, capability = plan(order), Capability("s1", "change", "Access")
        return replace(made, tasks=tuple(
            replace(task, kind="change", capability=capability, input=None) if task.name.endswith("approve") else task
            for task in made.tasks
        ))  # fmt: skip

    return make


@pytest.fixture
async def board(harness: Harness) -> AsyncIterator[ChangeManagement]:
    """A change management system that approves everything, and an engine's job that closes what is to be closed."""

    def closing(store: Store, directory: Directory, places: Places) -> Job:
        leases = Leases(store, harness.clock, "n1/closing", 60.0)
        return ChangeClosing(ChangeClosings(store, harness.clock), directory, places, leases).look, 0.05

    harness.jobs.append(closing)
    await harness.register(capability=[{"specification": "s1", "action": "add"}])
    await harness.register(name="board", capability=[{"specification": "s1", "action": "change"}])
    async with ChangeManagement() as stand_in, aiohttp.ClientSession() as session:
        settings = {"changeRequest": {"specification": {"id": "standard"}}}
        definition = FulfillerDefinition(BOARD, "Board", "tmf655", stand_in.url, settings=settings)
        harness.others[BOARD] = Tmf655Fulfiller.create(definition, Credentials(None), Tools(lambda: session))
        yield stand_in
        await harness.stop()
    assert stand_in.broken == [], "what was sent breaks TM Forum's document"


async def test_each_change_request_is_opened_and_closed_once_wherever_the_engine_dies(
    harness: Harness, board: ChangeManagement
) -> None:
    async def story(_: int) -> str:
        order = await harness.order(guarded("1/approve", "1/build", "2/approve"))
        await harness.until(order, "completed")

        async def closed() -> bool:
            query = {"plan": order, "closing.closed": {"$exists": True}, "closing.due": {"$exists": False}}
            return await harness.store.collection("task").count_documents(query) == 2

        await harness.until_true(closed)
        return order

    async def check(lives: int, order: str) -> None:
        mine = [key for key, one in board.requests.items() if _is_for(one, order)]
        assert len(mine) == 2, lives
        assert sorted(key for key, _ in board.patches if key in mine) == sorted(mine), lives
        for key in mine:
            request = board.requests[key]
            assert (request["status"], len(request["note"])) == ("completed", 1), lives

    await die_at_every_write(harness, story, check)


def _is_for(request: Document, order: str) -> bool:
    return any(one.get("name") == order for one in request["externalReference"])
