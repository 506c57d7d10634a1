"""The kind `kubernetes` keeps to the port, against a stand-in of the API server: no real one can be had in tests."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from typing import Any, ClassVar

import aiohttp
import pytest
from aiohttp import web

from adapters.credentials import Credentials
from adapters.http_session import Tools, open_session
from adapters.kubernetes import KubernetesFulfiller
from adapters.ports import Accepted, Done, Fulfiller, Outcome, Progress, Refused
from models.domain.fulfiller import FulfillerDefinition
from tests.integration.fulfiller_suite import Behaviour, FulfillerSuite, a_call

SETTINGS: dict[str, Any] = {
    "group": "rack.example",
    "version": "v1",
    "plural": "ports",
    "namespace": "som",
    "body": {"kind": "Port", "spec": {"vlan": "= service.characteristic.vlan"}},
    "failed": {"type": "Failed"},
    "output": {"port": "= object.status.port"},
    "serviceCharacteristic": [{"name": "vlan", "value": "= object.spec.vlan"}],
}
COLLECTION = "/apis/rack.example/v1/namespaces/som/ports"
PATH = f"{COLLECTION}/{{name}}"


class ApiServer:
    """Stands in for a Kubernetes API server with a controller behind it: server-side apply, GET, DELETE of one sort.

    It keeps the rules that matter here: a generation rises when the spec changes, the controller answers in the status
    some time later, a DELETE of what is not there is 404, refusals are `Status` objects.
    """

    def __init__(self) -> None:
        self.behaviour: Behaviour = "done"
        self.objects: dict[str, dict[str, Any]] = {}
        self.calls: list[tuple[str, str, str | None]] = []
        self.controllers: set[asyncio.Task[None]] = set()
        self.finalizers = 0.0
        self.may_watch = True
        self.watchers: list[asyncio.Queue[dict[str, Any]]] = []

    async def list_or_watch(self, request: web.Request) -> web.StreamResponse:
        """The collection: a list of it, or the stream of its changes from a version on."""
        self.calls.append((request.method, request.query_string, None))
        if not self.may_watch:
            return web.json_response(status("ports.rack.example is forbidden"), status=403)
        if request.query.get("watch") != "1":
            return web.json_response({"kind": "PortList", "metadata": {"resourceVersion": "41"}, "items": []})
        stream = web.StreamResponse()
        await stream.prepare(request)
        self.watchers.append(asyncio.Queue())
        while True:
            event = await self.watchers[-1].get()
            await stream.write(json.dumps(event).encode() + b"\n")

    def tell(self, kind: str, found: dict[str, Any]) -> None:
        for watcher in self.watchers:
            watcher.put_nowait({"type": kind, "object": found})

    async def take(self, request: web.Request) -> web.StreamResponse:
        query, kind = request.query_string, request.headers.get("Content-Type")
        self.calls.append((request.method, query, kind))
        if self.behaviour == "slow":
            await asyncio.sleep(30)
        if self.behaviour == "throttling":
            return web.json_response(status("Too many requests"), status=429, headers={"Retry-After": "17"})
        if self.behaviour == "garbling":
            return web.Response(text="<html>It works!", content_type="text/html")
        name = request.match_info["name"]
        if request.method == "PATCH":
            return await self.apply(name, json.loads(await request.read()))
        if name not in self.objects:
            return web.json_response(status(f'ports.rack.example "{name}" not found'), status=404)
        found = self.objects[name]
        if request.method == "DELETE":
            self.start(self.remove(name))
            await asyncio.sleep(0)
        return web.json_response(found)

    async def apply(self, name: str, body: dict[str, Any]) -> web.Response:
        if self.behaviour == "refusing":
            return web.json_response(status("admission webhook denied the request: The rack is full."), status=403)
        assert (body["apiVersion"], body["kind"]) == ("rack.example/v1", "Port")
        before = self.objects.get(name, {"metadata": {"name": name, "generation": 0}})
        kept = dict(before)
        if before.get("spec") != body["spec"]:
            generation = before["metadata"]["generation"] + 1
            kept = {**before, **body, "metadata": {**body["metadata"], "generation": generation}}
            self.objects[name] = kept
            if self.behaviour == "accepting":
                self.start(self.control(kept, 0.5))
            else:
                await self.control(kept, 0.0)
        if self.behaviour == "late" and len(self.calls) == 1:
            await asyncio.sleep(2)
        return web.json_response(kept)

    async def control(self, found: dict[str, Any], seconds: float) -> None:
        await asyncio.sleep(seconds)
        ready = {"type": "Ready", "status": "True"}
        found["status"] = {"observedGeneration": found["metadata"]["generation"], "conditions": [ready], "port": 7}
        self.tell("MODIFIED", found)

    async def remove(self, name: str) -> None:
        if self.finalizers:
            await asyncio.sleep(self.finalizers)
        self.objects.pop(name, None)

    def start(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self.controllers.add(task)
        task.add_done_callback(self.controllers.discard)


def status(message: str) -> dict[str, Any]:
    return {"kind": "Status", "apiVersion": "v1", "status": "Failure", "message": message}


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with open_session() as opened:
        yield opened


@pytest.fixture
async def server() -> AsyncIterator[tuple[ApiServer, str]]:
    told, app = ApiServer(), web.Application()
    app.router.add_route("*", PATH, told.take)
    app.router.add_get(COLLECTION, told.list_or_watch)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield told, f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


def kubernetes(session: aiohttp.ClientSession, endpoint: str, hint: Any = None, **settings: Any) -> KubernetesFulfiller:
    definition = FulfillerDefinition("k", "K", "kubernetes", endpoint, settings={**SETTINGS, **settings})
    assert KubernetesFulfiller.check(definition) == []
    secret = {"type": "bearer", "token": "t"}
    return KubernetesFulfiller.create(definition, Credentials(secret), Tools(lambda: session, hint=hint))


class TestKubernetesWithAStandIn(FulfillerSuite):
    counterpart = "a stand-in of the API server and of a controller, made of aiohttp; no real cluster"
    cannot: ClassVar = {
        "accepted and reported": "A controller writes into the object and calls nobody; it is looked at."
    }

    @pytest.fixture(autouse=True)
    async def set_up(self, session: aiohttp.ClientSession, server: tuple[ApiServer, str]) -> None:
        self.session, (self.server, self.address) = session, server

    async def fulfiller(self, behaviour: Behaviour) -> Fulfiller:
        self.server.behaviour = behaviour
        if behaviour != "absent":
            return kubernetes(self.session, self.address)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            return kubernetes(self.session, f"http://127.0.0.1:{probe.getsockname()[1]}")

    async def standing(self) -> int:
        return len(self.server.objects)


async def test_what_is_applied_is_ours_by_server_side_apply(session: Any, server: tuple[ApiServer, str]) -> None:
    assert isinstance(await kubernetes(session, server[1]).engage(a_call()), Done)
    assert server[0].calls == [("PATCH", "fieldManager=som&force=true", "application/apply-patch+yaml")]
    (applied,) = server[0].objects.values()
    assert applied["spec"] == {"vlan": 7}
    assert applied["metadata"]["namespace"] == "som"


async def test_a_condition_of_an_earlier_generation_says_nothing(session: Any, server: tuple[ApiServer, str]) -> None:
    fulfiller = kubernetes(session, server[1])
    await fulfiller.engage(a_call())
    server[0].behaviour = "accepting"
    service = {"id": "service-1", "serviceCharacteristic": [{"name": "vlan", "value": 8}]}
    call = a_call(key="second")
    changed = type(call)(**{**as_dict(call), "action": "modify", "service": service})
    accepted = await fulfiller.engage(changed)
    assert isinstance(accepted, Accepted)
    assert isinstance(await fulfiller.poll(accepted, changed), Progress)


def as_dict(call: Any) -> dict[str, Any]:
    return {name: getattr(call, name) for name in call.__slots__}


async def test_a_failed_condition_is_a_refusal_with_its_message(session: Any, server: tuple[ApiServer, str]) -> None:
    server[0].behaviour = "accepting"
    fulfiller = kubernetes(session, server[1])
    accepted = await fulfiller.engage(a_call())
    assert isinstance(accepted, Accepted)
    (found,) = server[0].objects.values()
    found["status"] = {"conditions": [{"type": "Failed", "status": "True", "message": "no cable"}]}
    assert await fulfiller.poll(accepted, a_call()) == Refused("Failed: no cable", maybe_done=True)


async def test_a_deletion_waits_for_finalizers(session: Any, server: tuple[ApiServer, str]) -> None:
    fulfiller = kubernetes(session, server[1])
    call = a_call()
    await fulfiller.engage(call)
    server[0].finalizers = 0.3
    deletion = type(call)(**{**as_dict(call), "action": "delete"})
    outcome: Outcome = await fulfiller.engage(deletion)
    assert isinstance(outcome, Accepted)
    accepted, outcome = outcome, Progress()
    async with asyncio.timeout(20):
        while isinstance(outcome, Progress):
            outcome = await fulfiller.poll(accepted, deletion)
            await asyncio.sleep(0.02)
    assert outcome == Done()
    assert await fulfiller.engage(deletion) == Done()


@pytest.mark.parametrize(
    ("endpoint", "settings", "pointer"),
    [
        (None, {}, "/endpoint"),
        ("http://k/", {"group": None}, "/settings/group"),
        ("http://k/", {"plural": "../secrets"}, "/settings/plural"),
        ("http://k/", {"body": {"spec": {}}}, "/settings/body"),
        ("http://k/", {"body": {"kind": "Port", "spec": "= 1 +"}}, "/settings/body/spec"),
        ("http://k/", {"ready": "Ready"}, "/settings/ready"),
        ("http://k/", {"certificateAuthority": "none"}, "/settings/certificateAuthority"),
        ("http://k/", {"inCluster": True}, "/settings/inCluster"),
    ],
)
def test_settings_are_checked(endpoint: str | None, settings: Any, pointer: str) -> None:
    definition = FulfillerDefinition("k", "K", "kubernetes", endpoint, settings={**SETTINGS, **settings})
    assert [violation.pointer for violation in KubernetesFulfiller.check(definition)] == [pointer]


class Hints:
    """Hears of changes, as a process does."""

    def __init__(self) -> None:
        self.heard: asyncio.Queue[tuple[str, str]] = asyncio.Queue()

    async def __call__(self, fulfiller: str, reference: str) -> None:
        await self.heard.put((fulfiller, reference))


async def test_a_change_that_is_watched_is_a_hint_to_look(session: Any, server: tuple[ApiServer, str]) -> None:
    hints = Hints()
    server[0].behaviour = "accepting"
    fulfiller = kubernetes(session, server[1], hints)
    accepted = await fulfiller.engage(a_call())
    assert isinstance(accepted, Accepted)
    async with asyncio.timeout(20):
        first = await hints.heard.get()  # what had changed before the watch began is looked at in any case
        assert first == ("k", accepted.reference)
        while not server[0].watchers:
            await asyncio.sleep(0.01)
        (found,) = server[0].objects.values()
        server[0].tell("MODIFIED", {"metadata": {"name": "somebody-elses"}})
        server[0].tell("MODIFIED", found)
        assert await hints.heard.get() == ("k", accepted.reference)
        outcome: Outcome = Progress()
        while isinstance(outcome, Progress):
            outcome = await fulfiller.poll(accepted, a_call())
    assert isinstance(outcome, Done)
    await fulfiller.aclose()


async def test_a_watch_that_breaks_is_begun_anew(session: Any, server: tuple[ApiServer, str]) -> None:
    hints = Hints()
    server[0].behaviour = "accepting"
    fulfiller = kubernetes(session, server[1], hints)
    await fulfiller.engage(a_call())
    async with asyncio.timeout(20):
        await hints.heard.get()
        while not server[0].watchers:
            await asyncio.sleep(0.01)
        server[0].tell("ERROR", status("too old resource version"))
        while len(server[0].watchers) < 2:
            await asyncio.sleep(0.01)
    await fulfiller.aclose()


async def test_an_account_that_may_not_watch_is_not_asked_again(session: Any, server: tuple[ApiServer, str]) -> None:
    hints = Hints()
    server[0].behaviour, server[0].may_watch = "accepting", False
    fulfiller = kubernetes(session, server[1], hints)
    accepted = await fulfiller.engage(a_call())
    assert isinstance(accepted, Accepted)
    outcome: Outcome = Progress()
    async with asyncio.timeout(20):
        while isinstance(outcome, Progress):
            outcome = await fulfiller.poll(accepted, a_call())
            await asyncio.sleep(0.02)
    assert isinstance(outcome, Done)
    assert [query for _, query, _ in server[0].calls if "limit" in query] == ["limit=1"]
    assert hints.heard.empty()
    await fulfiller.aclose()
