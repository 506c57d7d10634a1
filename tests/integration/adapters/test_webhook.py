"""Calls to subscribers over real connections."""

import asyncio
import socket

import pytest
from aiohttp import web
from standardwebhooks import Webhook as Verifier

from adapters.webhook import MAX_ANSWER_BYTES, Webhook, WebhookSettings
from models.domain.delivery import Answered, Forbidden, Silent
from models.domain.signatures import new_secret
from tests.integration.delivery.subscribers import Call, listening

BODY = b'{"eventId":"e1"}'
OPEN = WebhookSettings(timeout=1.0, loopback_allowed=True, version="1.2")
CLOSED = WebhookSettings(timeout=1.0)


async def test_a_notification_is_signed_json_and_says_who_calls() -> None:
    secret = new_secret()
    async with listening() as subscriber, Webhook(OPEN) as webhook:
        assert await webhook.post(subscriber.url, "e1", BODY, [secret]) == Answered(204)
    [call] = subscriber.calls
    assert call.raw == BODY
    assert call.headers["content-type"] == "application/json"
    assert call.headers["user-agent"] == "som/1.2"
    assert call.headers["webhook-id"] == "e1"
    Verifier(secret).verify(call.raw, call.headers)


async def test_a_redirect_is_an_answer_and_is_not_followed() -> None:
    async with listening() as elsewhere:
        response = web.Response(status=307, headers={"Location": elsewhere.url})
        async with listening(lambda _call: response) as subscriber, Webhook(OPEN) as webhook:
            assert await webhook.post(subscriber.url, "e1", BODY, []) == Answered(307)
        assert not elsewhere.calls


async def test_retry_after_is_read() -> None:
    response = web.Response(status=503, headers={"Retry-After": "7"})
    async with listening(lambda _call: response) as subscriber, Webhook(OPEN) as webhook:
        assert await webhook.post(subscriber.url, "e1", BODY, []) == Answered(503, 7.0)


async def test_nobody_there_is_silence() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        async with Webhook(OPEN) as webhook:
            answer = await webhook.post(f"http://127.0.0.1:{taken.getsockname()[1]}/", "e1", BODY, [])
    assert isinstance(answer, Silent)


async def test_a_subscriber_that_says_nothing_in_time_is_silent() -> None:
    async def late(_call: Call) -> int:
        await asyncio.sleep(5)
        return 204

    async with listening(late) as subscriber, Webhook(WebhookSettings(timeout=0.2, loopback_allowed=True)) as webhook:
        assert await webhook.post(subscriber.url, "e1", BODY, []) == Silent("No answer within 0.2 s.")


async def _speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, said: bytes, *, endless: bool) -> None:
    await reader.readuntil(b"\r\n\r\n")
    try:
        writer.write(said)
        while endless:
            writer.write(b"x" * 10_000)
            await writer.drain()
    except ConnectionError:
        return
    finally:
        writer.close()


@pytest.mark.parametrize(
    ("said", "endless", "answer"),
    [
        (b"", False, Silent("The connection broke (ServerDisconnectedError).")),
        (b"GARBAGE\r\n\r\n", False, Silent("The connection broke (ClientResponseError).")),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\ncut", False, Answered(200)),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n", True, Answered(200)),
    ],
)
async def test_what_counts_is_the_status_however_the_answer_goes_on(
    said: bytes, answer: Answered | Silent, *, endless: bool
) -> None:
    server = await asyncio.start_server(lambda r, w: _speak(r, w, said, endless=endless), "127.0.0.1", 0)
    async with server, Webhook(OPEN) as webhook:
        port = server.sockets[0].getsockname()[1]
        assert await webhook.post(f"http://127.0.0.1:{port}/", "e1", BODY, []) == answer
    assert MAX_ANSWER_BYTES < 100_000


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "2130706433", "0x7f.1", "[::ffff:127.0.0.1]", "0"])
async def test_a_server_that_others_can_reach_never_calls_its_own_machine(host: str) -> None:
    async with listening() as subscriber, Webhook(CLOSED) as webhook:
        port = subscriber.url.rpartition(":")[2]
        answer = await webhook.post(f"http://{host}:{port}", "e1", BODY, [])
        assert isinstance(answer, Forbidden | Silent)
        assert not subscriber.calls


async def test_the_operator_can_allow_a_network() -> None:
    settings = WebhookSettings(timeout=1.0, allowed_networks=("127.0.0.1/32",))
    async with listening() as subscriber, Webhook(settings) as webhook:
        assert await webhook.post(subscriber.url, "e1", BODY, []) == Answered(204)
        elsewhere = subscriber.url.replace("127.0.0.1", "127.0.0.2")
        assert isinstance(await webhook.post(elsewhere, "e1", BODY, []), Forbidden)


@pytest.mark.parametrize(
    "url", ["ftp://127.0.0.1/", "file:///etc/passwd", "nonsense", "http://", "http://[::1", "http://a:b/"]
)
async def test_what_is_no_http_address_is_not_called(url: str) -> None:
    async with Webhook(OPEN) as webhook:
        assert isinstance(await webhook.post(url, "e1", BODY, []), Forbidden)


async def test_a_webhook_outside_of_its_context_is_a_fault_of_ours() -> None:
    with pytest.raises(RuntimeError):
        await Webhook(OPEN).post("http://127.0.0.1/", "e1", BODY, [])
