"""The kind `tmf628` keeps to the port, against a stand-in of a performance management system; no real one was met."""

import socket
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from typing import Any, ClassVar

import aiohttp
import pytest
from aiohttp import web

from adapters.credentials import Credentials
from adapters.http_session import Tools, open_session
from adapters.ports import Done, Fulfiller, FulfillerCall, Refused
from adapters.tmforum.performance import Tmf628Fulfiller
from models.domain.fulfiller import FulfillerDefinition
from tests.integration.adapters.performance_stand_in import PerformanceManagement
from tests.integration.fulfiller_suite import Behaviour, FulfillerSuite, a_call

Document = dict[str, Any]

JOB = {"granularity": "g_15mn", "fileTransferData": [{"transportProtocol": "SFTP"}]}


@pytest.fixture
async def stand_in() -> AsyncIterator[tuple[PerformanceManagement, str]]:
    server, app = PerformanceManagement(), web.Application()
    for path, handler in server.routes:
        app.router.add_route("*", path, handler)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield server, f"http://127.0.0.1:{runner.addresses[0][1]}{server.base}"
    await runner.cleanup()


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with open_session() as opened:
        yield opened


def made(session: aiohttp.ClientSession, endpoint: str, **settings: Any) -> Tmf628Fulfiller:
    definition = FulfillerDefinition("pm", "PM", "tmf628", endpoint, settings=settings)
    assert Tmf628Fulfiller.check(definition) == []
    return Tmf628Fulfiller.create(definition, Credentials(None), Tools(lambda: session))


class TestTmf628WithAStandIn(FulfillerSuite):
    counterpart = "a stand-in, in memory, that knows the paths and names of TM Forum's document"
    cannot: ClassVar = {
        "accepted and reported": "A job is made at once, and nothing of it is waited for.",
        "accepted and polled": "A job is made at once, and nothing of it is waited for.",
        "cancel": "A job is made at once: there is nothing to be stopped, but it can be undone.",
    }
    facts: ClassVar = {"executionState": "inProgress"}
    characteristics: ClassVar[dict[str, Any]] = {}

    @pytest.fixture(autouse=True)
    def _set_up(self, stand_in: tuple[PerformanceManagement, str], session: aiohttp.ClientSession) -> None:
        self.server, self.url = stand_in
        self.session = session

    async def fulfiller(self, behaviour: Behaviour) -> Fulfiller:
        self.server.behaviour = behaviour
        return made(self.session, nobody() if behaviour == "absent" else self.url, monitor=JOB)

    async def standing(self) -> int:
        return len(self.server.jobs)


def nobody() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}"


def watching(action: str, granularity: str, key: str, *references: Mapping[str, Any], **more: Any) -> FulfillerCall:
    job = {"granularity": granularity, "fileTransferData": [{"transportProtocol": "SFTP"}]}
    call = a_call("fulfil", key, input=job, kind="monitor", name="watch", **more)
    return replace(call, action=action, service={**call.service, "supportingResource": list(references)})


async def test_a_monitor_is_made_changed_and_removed_with_its_service(
    stand_in: tuple[PerformanceManagement, str], session: aiohttp.ClientSession
) -> None:
    server, url = stand_in
    fulfiller = made(session, url)
    first = await fulfiller.engage(watching("add", "g_15mn", "k1"))
    assert isinstance(first, Done)
    [reference] = first.supporting_resource
    assert (reference["id"], reference["@referredType"], reference["fulfiller"], reference["task"]) == (
        "job 1", "MeasurementCollectionJob", "pm", "watch",
    )  # fmt: skip
    alien = {**reference, "id": "alien", "fulfiller": "other"}
    changed = await fulfiller.engage(watching("modify", "g_1h", "k2", alien, reference))
    assert isinstance(changed, Done)
    assert {key: job["granularity"] for key, job in server.jobs.items()} == {"job 1": "g_1h"}
    again = await fulfiller.engage(watching("modify", "g_1h", "k2", reference, repeated=True))
    assert isinstance(again, Done)
    undo = replace(watching("modify", "g_1h", "k2", reference, output=changed.output), operation="compensate")
    assert await fulfiller.engage(undo) == Done()
    assert server.jobs["job 1"]["granularity"] == "g_15mn"
    lost = await fulfiller.engage(replace(undo, output=again.output))  # whose first answer was lost
    assert isinstance(lost, Refused)
    assert "job 1" in server.jobs
    removed = await fulfiller.engage(watching("delete", "g_1h", "k3", alien, reference))
    assert removed == Done({"removed": ["job 1"]})
    assert server.jobs == {}
    assert await fulfiller.engage(watching("delete", "g_1h", "k3", reference, repeated=True)) == removed


async def test_what_is_edited_changes_the_job_that_was_made_and_what_is_gone_there_is_made_anew(
    stand_in: tuple[PerformanceManagement, str], session: aiohttp.ClientSession
) -> None:
    server, url = stand_in
    fulfiller = made(session, url)
    await fulfiller.engage(watching("add", "g_15mn", "k1"))
    edited = await fulfiller.engage(watching("add", "g_1h", "k2", superseded=("k1:fulfil",)))
    assert isinstance(edited, Done)
    assert {key: job["granularity"] for key, job in server.jobs.items()} == {"job 1": "g_1h"}
    server.jobs.clear()
    anew = await fulfiller.engage(watching("modify", "g_5mn", "k4", edited.supporting_resource[0]))
    assert isinstance(anew, Done)
    assert {key: job["granularity"] for key, job in server.jobs.items()} == {"job 2": "g_5mn"}


@pytest.mark.parametrize("job", ["nothing", {"granularity": "g_1h"}, {"fileTransferData": "sftp"}])
async def test_what_is_no_job_is_refused_before_anybody_is_asked(
    stand_in: tuple[PerformanceManagement, str], session: aiohttp.ClientSession, job: Any
) -> None:
    server, url = stand_in
    refused = await made(session, url).engage(replace(watching("add", "g_1h", "k1"), input=job))
    assert isinstance(refused, Refused)
    assert "fileTransferData" in refused.reason
    assert server.asked == []


async def test_a_job_that_was_rejected_there_is_a_refusal(
    stand_in: tuple[PerformanceManagement, str], session: aiohttp.ClientSession
) -> None:
    server, url = stand_in
    server.jobs["job 1"] = {"id": "job 1", "jobId": "k1:fulfil", "executionState": "rejected"}
    refused = await made(session, url).engage(watching("add", "g_1h", "k1", repeated=True))
    assert isinstance(refused, Refused)
    assert "rejected" in refused.reason


def test_a_registration_needs_a_base_path_and_a_template_that_can_be_read() -> None:
    wrong = FulfillerDefinition("pm", "PM", "tmf628", None, settings={"monitor": {"granularity": "= 1 +"}})
    found = [one.pointer for one in Tmf628Fulfiller.check(wrong)]
    assert found == ["/endpoint", "/settings/monitor/granularity"]
