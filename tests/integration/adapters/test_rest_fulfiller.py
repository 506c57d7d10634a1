"""The kind `rest` keeps to the port, over real HTTP with real servers, some of which misbehave."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from adapters.credentials import Credentials
from adapters.http_exchange import MAX_ANSWER
from adapters.http_session import open_session
from adapters.ports import Accepted, Done, Fulfiller, Outcome, Probe, Progress, Refused, Unreachable, parse_report
from adapters.rest import RestFulfiller, request_body
from models.domain.fulfiller import FulfillerDefinition
from tests.integration.example_fulfiller import example_fulfiller
from tests.integration.fulfiller_suite import Behaviour, FulfillerSuite, a_call

FACTS = {"output": {"port": 7}, "serviceCharacteristic": [{"name": "vlan", "value": 7}]}


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with open_session() as opened:
        yield opened


def rest(session: aiohttp.ClientSession, endpoint: str, secret: Any = None, **attributes: Any) -> RestFulfiller:
    definition = FulfillerDefinition("r", "R", "rest", endpoint, **attributes)
    return RestFulfiller(definition, Credentials(secret), session)


class TestRestWithTheExampleFulfiller(FulfillerSuite):
    counterpart = "the example fulfiller of this project (examples/fulfillers), a process of its own, over HTTP"

    @pytest.fixture(autouse=True)
    async def set_up(self, session: aiohttp.ClientSession, script: "Script", tmp_path: Path) -> AsyncIterator[None]:
        self.session, self.script = session, script
        script.answer = plain(429, {"reason": "slowly"}, Retry_After="17")
        self.answers = tmp_path / "answers.json"
        self.answers.write_text(json.dumps({"*": FACTS}))
        self.running: dict[Behaviour, tuple[Any, str]] = {}
        yield
        for process, _ in self.running.values():
            await process.__aexit__(None, None, None)

    async def fulfiller(self, behaviour: Behaviour) -> Fulfiller:
        if behaviour == "absent":
            return rest(self.session, f"http://127.0.0.1:{free_port()}/")
        if behaviour == "throttling":
            return rest(self.session, self.script.address)
        if behaviour not in self.running:
            options = {
                "done": [],
                "accepting": ["--mode", "poll", "--latency", "0.5"],
                "reporting": ["--mode", "callback", "--latency", "0.5"],
                "refusing": ["--refuse", "The rack is full."],
                "slow": ["--latency", "30"],
                "late": ["--hang-first", "1"],
                "garbling": ["--garbage-first", "9"],
            }[behaviour]
            process = example_fulfiller("--answers", str(self.answers), *options)
            self.running[behaviour] = (process, await process.__aenter__())
        return rest(self.session, self.running[behaviour][1])

    async def standing(self) -> int:
        count = 0
        for _, address in self.running.values():
            async with self.session.get(f"{address}/effects") as response:
                operations = [effect["operation"] for effect in await response.json()]
            count += operations.count("fulfil") - operations.count("compensate")
        return count


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Script:
    """A server that answers as told and keeps what it was sent."""

    def __init__(self) -> None:
        self.answer: Answer = plain(200)
        self.requests: list[tuple[str, str, dict[str, str], bytes]] = []
        self.address = ""

    async def take(self, request: web.Request) -> web.StreamResponse:
        self.requests.append((request.method, request.path_qs, dict(request.headers), await request.read()))
        return await self.answer(request)


def plain(status: int, body: Any = None, **headers: str) -> Answer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}

    async def answer(_: web.Request) -> web.Response:
        return (
            web.json_response(body, status=status, headers=named) if body is not None else web.Response(status=status)
        )

    return answer


@pytest.fixture
async def script() -> AsyncIterator[Script]:
    told = Script()
    app = web.Application(client_max_size=2**24)
    app.router.add_route("*", "/{path:.*}", told.take)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    told.address = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield told
    await runner.cleanup()


@pytest.fixture
def engaged(session: aiohttp.ClientSession, script: Script) -> Callable[..., Awaitable[Outcome]]:
    async def engage(**attributes: Any) -> Outcome:
        return await rest(session, f"{script.address}/tasks?x=1").engage(a_call(timeout=1.0, **attributes))

    return engage


async def test_the_request_is_what_the_document_writes(session: aiohttp.ClientSession, script: Script) -> None:
    fulfiller = rest(session, f"{script.address}/tasks?x=1", {"type": "header", "name": "X-Key", "value": "s3cret"})
    assert await fulfiller.engage(a_call()) == Done()
    method, path, headers, body = script.requests[0]
    assert (method, path) == ("POST", "/tasks?x=1")
    assert headers["Idempotency-Key"] == "key:fulfil"
    assert headers["X-Key"] == "s3cret"
    assert headers["Content-Type"] == "application/json"
    assert json.loads(body) == {
        "taskId": "plan-1:00aa",
        "orderId": "order-1",
        "orderItemId": "1",
        "action": "add",
        "operation": "fulfil",
        "service": {"id": "service-1", "serviceCharacteristic": [{"name": "vlan", "value": 7}]},
        "input": {"speed": 100},
        "callbackUrl": "http://127.0.0.1:9/callback/token",
    }


async def test_a_retry_is_equal_to_the_byte_whatever_the_order_of_attributes(script: Script, session: Any) -> None:
    script.answer = plain(500)
    fulfiller = rest(session, script.address)
    await fulfiller.engage(a_call(input={"a": 1, "b": 2}))
    await fulfiller.engage(a_call(input={"b": 2, "a": 1}, attempt=2, timeout=1.0))
    first, second = script.requests
    assert first[3] == second[3]
    assert first[2]["Idempotency-Key"] == second[2]["Idempotency-Key"]
    assert first[3] == request_body(a_call(input={"a": 1, "b": 2}))


async def test_what_no_order_caused_names_no_order(script: Script, engaged: Any) -> None:
    await engaged(order_id=None, order_item_id=None, callback_url=None)
    assert not {"orderId", "orderItemId", "callbackUrl"} & json.loads(script.requests[0][3]).keys()


async def test_a_throttled_call_is_put_off_as_long_as_asked(script: Script, engaged: Any) -> None:
    script.answer = plain(429, {"reason": "slowly"}, Retry_After="17")
    said = "The fulfiller answered with HTTP 429: slowly."
    assert await engaged() == Unreachable(said, 17.0, maybe_done=False, cause="status", status=429)


async def test_a_redirect_is_not_followed(script: Script, engaged: Any) -> None:
    script.answer = plain(307, {}, Location="http://127.0.0.1:1/")
    assert isinstance(await engaged(), Refused)
    assert len(script.requests) == 1


async def test_an_answer_without_end_is_cut_off(script: Script, engaged: Any) -> None:
    async def endless(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        await response.prepare(request)
        for _ in range(100):
            await response.write(b" " * (MAX_ANSWER // 10))
        return response

    script.answer = endless
    outcome = await engaged()
    assert isinstance(outcome, Refused)
    assert "longer than" in outcome.reason


async def test_a_compressed_bomb_is_cut_off_too(script: Script, engaged: Any) -> None:
    async def bomb(_: web.Request) -> web.Response:
        response = web.Response(body=b" " * (20 * MAX_ANSWER), content_type="application/json")
        response.enable_compression(web.ContentCoding.gzip, strategy=0)
        response._compression_force = web.ContentCoding.gzip
        return response

    script.answer = bomb
    assert isinstance(await engaged(), Refused)


async def test_silence_in_the_middle_of_an_answer_is_given_up_in_time(script: Script, engaged: Any) -> None:
    async def stalling(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        await response.prepare(request)
        await response.write(b'{"output"')
        await asyncio.sleep(30)
        return response

    script.answer = stalling
    outcome = await asyncio.wait_for(engaged(), 5)
    assert outcome == Unreachable("The fulfiller did not answer within 1 seconds.", cause="timeout")


async def raw_server(speak: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]) -> Any:
    return await asyncio.start_server(speak, "127.0.0.1", 0)


@pytest.mark.parametrize(
    "words",
    [
        b"",
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\nContent-Type: application/json\r\n\r\n{",
    ],
)
async def test_a_connection_that_breaks_or_speaks_no_http_leaves_the_outcome_unknown(
    words: bytes, session: Any
) -> None:
    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(words)
        await writer.drain()
        writer.close()

    async with await raw_server(speak) as server:
        outcome = await rest(session, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/").engage(a_call())
    assert isinstance(outcome, Unreachable)
    assert outcome.maybe_done


async def test_a_name_that_does_not_exist_is_unreachable_and_nothing_was_done(session: Any) -> None:
    outcome = await rest(session, "http://no-such-host.invalid/").engage(a_call())
    assert outcome == Unreachable(
        "The fulfiller cannot be reached: the name no-such-host.invalid is not known.", None, False, "connection"
    )


async def test_a_server_without_tls_where_https_is_asked_for_has_done_nothing(script: Script, session: Any) -> None:
    outcome = await rest(session, script.address.replace("http:", "https:")).engage(a_call())
    assert isinstance(outcome, Unreachable)
    assert not outcome.maybe_done


async def test_a_fulfiller_that_does_not_honour_keys_gets_a_fresh_connection_each_time(
    script: Script, session: Any
) -> None:
    ports: list[Any] = []

    async def answer(request: web.Request) -> web.Response:
        ports.append(request.transport.get_extra_info("peername") if request.transport else None)
        return web.json_response({})

    script.answer = answer
    fulfiller = rest(session, script.address, honours_idempotency_key=False)
    for _ in range(3):
        assert await fulfiller.engage(a_call()) == Done()
    assert len(set(ports)) == 3


@pytest.mark.parametrize(
    ("poll_url", "resolved"),
    [
        ("/task/1", "{here}/task/1"),
        ("task/1", "{here}/a/task/1"),
        ("?id=1", "{here}/a/b?id=1"),
        ("{here}/x", "{here}/x"),
    ],
)
async def test_a_poll_url_is_resolved_against_the_endpoint(
    poll_url: str, resolved: str, script: Script, session: Any
) -> None:
    script.answer = plain(202, {"reference": "r", "pollUrl": poll_url.format(here=script.address)})
    outcome = await rest(session, f"{script.address}/a/b").engage(a_call())
    assert outcome == Accepted("r", resolved.format(here=script.address))


@pytest.mark.parametrize(
    "poll_url",
    ["http://elsewhere.example/", "//elsewhere.example/", "ftp://127.0.0.1/", "http://u:p@127.0.0.1/", "http://[::1/"],
)
async def test_a_poll_url_that_leads_astray_is_refused(poll_url: str, script: Script, engaged: Any) -> None:
    script.answer = plain(202, {"pollUrl": poll_url})
    outcome = await engaged()
    assert isinstance(outcome, Refused)
    assert "pollUrl" in outcome.reason


async def test_another_host_may_be_allowed_for_polls_and_a_stored_poll_url_is_checked_again(
    script: Script, session: Any
) -> None:
    other = script.address.replace("127.0.0.1", "localhost")
    script.answer = plain(200, {"status": "progress", "milestone": "half"})
    strict = rest(session, other, {"type": "bearer", "token": "t"})
    outcome = await strict.poll(Accepted("r", f"{script.address}/t"), a_call())
    assert isinstance(outcome, Refused)
    assert script.requests == [], "the credentials must not leave for another host"
    allowing = rest(session, other, settings={"allowPollHosts": ["127.0.0.1"]})
    assert await allowing.poll(Accepted("r", f"{script.address}/t"), a_call()) == Progress("half")


async def test_the_example_fulfiller_calls_back_once_or_more_and_takes_effect_once(
    script: Script, session: Any
) -> None:
    script.answer = plain(204)
    call = a_call(callback_url=f"{script.address}/callback/tok")
    async with example_fulfiller("--mode", "callback", "--latency", "0.1", "--duplicate-callbacks", "2") as address:
        outcomes = [await rest(session, address).engage(call) for _ in range(3)]
        assert all(isinstance(outcome, Accepted) for outcome in outcomes)
        for _ in range(100):
            if len(script.requests) >= 3:
                break
            await asyncio.sleep(0.05)
        async with session.get(f"{address}/effects") as response:
            effects = await response.json()
    assert [json.loads(body) for *_, body in script.requests] == [
        {"status": "done", "output": {"reference": "work-1"}}
    ] * 3
    assert parse_report(json.loads(script.requests[0][3])) == Done({"reference": "work-1"})
    assert [effect["taskId"] for effect in effects] == ["plan-1:00aa"]


@pytest.mark.parametrize("fault", ["--fail-first", "--hang-first", "--drop-first"])
async def test_the_example_fulfiller_takes_effect_once_whatever_happens_to_the_answers(
    fault: str, session: Any
) -> None:
    async with example_fulfiller(fault, "2") as address:
        fulfiller = rest(session, address)
        outcomes = [await fulfiller.engage(a_call(attempt=attempt, timeout=0.5)) for attempt in range(1, 4)]
        assert [type(outcome) for outcome in outcomes] == [Unreachable, Unreachable, Done]
        async with session.get(f"{address}/stats") as response:
            assert await response.json() == {"calls": 3, "keys": 1, "effects": 1, "mismatches": 0}


async def test_the_example_fulfiller_answers_garbage_and_then_sense(session: Any) -> None:
    async with example_fulfiller("--garbage-first", "1") as address:
        fulfiller = rest(session, address)
        assert isinstance(await fulfiller.engage(a_call()), Refused)
        assert isinstance(await fulfiller.engage(a_call()), Done)


async def test_the_example_fulfiller_remembers_over_a_crash_and_finishes_what_it_accepted(
    script: Script, session: Any, tmp_path: Path
) -> None:
    script.answer = plain(204)
    kept = ("--data", str(tmp_path / "data.sqlite"), "--effects", str(tmp_path / "effects.jsonl"))
    call = a_call(callback_url=f"{script.address}/callback/tok")
    async with example_fulfiller("--mode", "callback", "--latency", "1", *kept, end="kill") as address:
        assert isinstance(await rest(session, address).engage(call), Accepted)
    assert script.requests == []
    async with example_fulfiller("--mode", "callback", "--latency", "1", *kept) as address:
        for _ in range(100):
            if script.requests:
                break
            await asyncio.sleep(0.05)
        assert isinstance(await rest(session, address).engage(call), Accepted)
    assert len(script.requests) == 1
    assert len((tmp_path / "effects.jsonl").read_text().splitlines()) == 1


async def test_the_example_fulfiller_drops_cancelled_work_and_refuses_a_changed_body(
    script: Script, session: Any
) -> None:
    async with example_fulfiller("--mode", "poll", "--latency", "0.4") as address:
        fulfiller = rest(session, address)
        accepted = await fulfiller.engage(a_call())
        assert isinstance(accepted, Accepted)
        assert await fulfiller.engage(a_call("cancel")) == Done()
        await asyncio.sleep(0.6)
        assert await fulfiller.poll(accepted, a_call()) == Refused("It was called off.")
        assert isinstance(await fulfiller.engage(a_call(input="other")), Refused)
        async with session.get(f"{address}/effects") as response:
            assert [effect["operation"] for effect in await response.json()] == ["cancel"]


async def test_a_probe_reads_the_health_url_and_sends_credentials_to_the_endpoints_host_only(
    session: aiohttp.ClientSession, script: Script
) -> None:
    health = {"healthUrl": f"{script.address}/health"}
    secret = {"type": "bearer", "token": "s3cr3t-token"}
    at_home = rest(session, script.address, secret, settings=health)
    elsewhere = rest(session, "http://127.0.0.2:9/", secret, settings=health)
    assert await at_home.probe(5) == Probe()
    assert await elsewhere.probe(5) == Probe()
    assert [(method, "Authorization" in headers) for method, _, headers, _ in script.requests] == [
        ("GET", True),
        ("GET", False),
    ]
    script.answer = plain(503, {"status": "starting"})
    assert await at_home.probe(5) == Probe("Its healthUrl answers 503.")
    gone = rest(session, script.address, settings={"healthUrl": f"http://127.0.0.1:{free_port()}/"})
    found = await gone.probe(5)
    assert found is not None
    assert "takes no connection" in str(found.down)
    assert await rest(session, script.address).probe(5) is None


def test_a_health_url_has_to_be_an_address() -> None:
    for address in ("health", "ftp://x/", 7, "http://me:secret@f/"):
        definition = FulfillerDefinition("r", "R", "rest", "http://f/", settings={"healthUrl": address})
        assert [found.pointer for found in RestFulfiller.check(definition)] == ["/settings/healthUrl"], address
