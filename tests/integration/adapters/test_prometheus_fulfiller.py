"""The kind `prometheus` keeps to the port, against a stand-in of the server; acceptance tests meet a real one."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import pytest
from aiohttp import web

from adapters.allowances import Allowances
from adapters.credentials import Credentials
from adapters.http_session import Tools, open_session
from adapters.monitor_files import monitor_of
from adapters.monitor_reading import NotAMonitor, read_monitor
from adapters.ports import Done, Fulfiller, Refused
from adapters.prometheus import PrometheusFulfiller
from models.domain.fulfiller import FulfillerDefinition
from tests.integration.fulfiller_suite import Behaviour, FulfillerSuite, a_call

RULE = {"alert": "Down", "expr": "up == 0", "for": "1m", "labels": {"severity": "page"}}
MONITOR = {"targets": "router:9100", "metricsPath": "/metrics", "rules": [RULE]}


class StandIn:
    """Stands in for a Prometheus server: it parses a query (all but one word), and reads its rules when told to."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.behaviour: Behaviour = "done"
        self.reloads = 0
        self.loaded: set[str] = set()

    async def query(self, request: web.Request) -> web.Response:
        if self.behaviour == "throttling":
            return web.Response(status=429, headers={"Retry-After": "17"})
        if self.behaviour == "garbling":
            return web.Response(text="<html>It works!", content_type="text/html")
        if self.behaviour == "refusing":
            wrong = {"status": "error", "errorType": "bad_data", "error": "The rack is full."}
            return web.json_response(wrong, status=400)
        return web.json_response({"status": "success", "data": {"resultType": "vector", "result": []}})

    async def reload(self, _: web.Request) -> web.Response:
        if self.behaviour == "slow":
            await asyncio.sleep(30)
        self.reloads += 1
        self.loaded = {path.stem for path in self.folder.glob("rules/*.yml")}
        if self.behaviour == "late" and self.reloads == 1:
            await asyncio.sleep(2)
        return web.Response()


@pytest.fixture
async def stand_in(tmp_path: Path) -> AsyncIterator[tuple[StandIn, str]]:
    (tmp_path / "lab").mkdir()
    server = StandIn(tmp_path / "lab")
    app = web.Application()
    app.router.add_get("/api/v1/query", server.query)
    app.router.add_post("/-/reload", server.reload)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield server, f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


def nobody() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}"


def made(endpoint: str, folder: Path, tools: Tools, monitor: Any = MONITOR) -> PrometheusFulfiller:
    settings = {"folder": folder.name, **({} if monitor is None else {"monitor": monitor})}
    body = {"name": "prometheus", "kind": "prometheus", "endpoint": endpoint, "settings": settings, "capability": []}
    definition = FulfillerDefinition.from_document({"_id": "prometheus", "body": body})
    assert PrometheusFulfiller.check(definition) == []
    assert PrometheusFulfiller.check_here(definition, tools) == []
    return PrometheusFulfiller.create(definition, Credentials(None), tools)


@pytest.fixture
async def tools(tmp_path: Path) -> AsyncIterator[Tools]:
    session = open_session()
    yield Tools(session=lambda: session, allowed=Allowances(monitors=tmp_path))
    await session.close()


class TestPrometheus(FulfillerSuite):
    counterpart = "a stand-in of Prometheus's HTTP API, and real files"
    at_once = "A monitor is made by writing files, which is done at once."
    cannot: ClassVar[dict[str, str]] = dict.fromkeys(
        ("accepted and polled", "accepted and reported", "restart in between", "cancel"), at_once
    )
    facts: ClassVar[dict[str, Any]] = {"target": ["router:9100"], "alert": ["Down"]}
    characteristics: ClassVar[dict[str, Any]] = {}

    @pytest.fixture(autouse=True)
    def parts(self, stand_in: tuple[StandIn, str], tools: Tools) -> None:
        (self.server, self.url), self.tools = stand_in, tools

    async def fulfiller(self, behaviour: Behaviour) -> Fulfiller:
        self.server.behaviour = behaviour
        return made(nobody() if behaviour == "absent" else self.url, self.server.folder, self.tools)

    async def standing(self) -> int:
        return len(list(self.server.folder.glob("targets/som-*.json")))


def task(key: str, action: str = "add", **attributes: Any) -> Any:
    return replace(a_call(key=key), action=action, name="watch", **attributes)


async def test_a_modification_replaces_the_monitor_and_is_undone_to_what_it_was(
    stand_in: tuple[StandIn, str], tools: Tools
) -> None:
    server, url = stand_in
    fulfiller = made(url, server.folder, tools, monitor=None)
    name = monitor_of("service-1", "watch")
    target = server.folder / "targets" / f"{name}.json"
    added = await fulfiller.engage(task("k1", input=MONITOR))
    assert isinstance(added, Done)
    assert added.supporting_resource[0]["id"] == name
    first = target.read_text(encoding="utf-8")
    changed = task("k2", "modify", input={**MONITOR, "targets": ["router:9101"]})
    assert isinstance(await fulfiller.engage(changed), Done)
    assert json.loads(target.read_text(encoding="utf-8"))[0]["targets"] == ["router:9101"]
    undo = replace(changed, operation="compensate", fulfil_key=changed.idempotency_key, idempotency_key="u")
    for _ in range(2):
        assert isinstance(await fulfiller.engage(undo), Done)
        assert target.read_text(encoding="utf-8") == first


async def test_a_deletion_takes_all_monitors_of_the_service_and_no_others(
    stand_in: tuple[StandIn, str], tools: Tools
) -> None:
    server, url = stand_in
    fulfiller = made(url, server.folder, tools)
    other = {"id": "service-2"}
    for key, name, service in (("a", "one", None), ("b", "two", None), ("c", "one", other)):
        call = replace(task(key), name=name)
        assert isinstance(await fulfiller.engage(replace(call, service=service or call.service)), Done)
    gone = replace(task("d", "delete"), name="unwatch")
    outcome = await fulfiller.engage(gone)
    assert isinstance(outcome, Done)
    assert len(outcome.output["removed"]) == 2
    assert server.loaded == {monitor_of("service-2", "one")}
    undo = replace(gone, operation="compensate", fulfil_key=gone.idempotency_key, idempotency_key="u")
    assert isinstance(await fulfiller.engage(undo), Done)
    assert len(server.loaded) == 3


async def test_rules_that_have_not_changed_trouble_nobody(stand_in: tuple[StandIn, str], tools: Tools) -> None:
    server, url = stand_in
    fulfiller = made(url, server.folder, tools)
    for key in ("a", "b"):
        assert isinstance(await fulfiller.engage(task(key)), Done)
    assert server.reloads == 1


async def test_without_leave_of_the_operator_nothing_is_written(stand_in: tuple[StandIn, str], tools: Tools) -> None:
    server, url = stand_in
    fulfiller = made(url, server.folder, tools)
    fulfiller.tools = replace(tools, allowed=Allowances())
    assert isinstance(await fulfiller.engage(task("a")), Refused)
    assert list(server.folder.glob("targets/*")) == []


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({}, "targets"),
        ({"target": "x:1"}, "'target'"),
        ({"targets": "http://x:1/metrics"}, "host:9100"),
        ({"targets": "x:1", "scheme": "ftp"}, "scheme"),
        ({"targets": "x:1", "labels": {"__address__": "y"}}, "__address__"),
        ({"rules": [{"alert": "A"}]}, "expr"),
        ({"rules": [{"expr": "up"}]}, "name of an `alert`"),
        ({"rules": [{"alert": "A", "expr": "up", "for": "soon"}]}, "length of time"),
        ("router:9100", "object"),
    ],
)
def test_what_is_no_monitor_is_refused_with_the_reason(wrong: Any, said: str) -> None:
    with pytest.raises(NotAMonitor, match=said):
        read_monitor(wrong, "s")
