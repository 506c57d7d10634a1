"""The example subscriber believes genuine notifications only, and counts each event once."""

import base64
import importlib.util
import json
import time
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from aiohttp import ClientSession, web
from standardwebhooks.webhooks import Webhook

SCRIPT = Path(__file__).parents[3] / "examples" / "subscriber.py"
SECRET = "whsec_" + base64.b64encode(b"a key of some length").decode()
EVENT = {"eventId": "e1", "eventType": "ServiceOrderCreateEvent", "event": {"serviceOrder": {"id": "o", "state": "x"}}}


@pytest.fixture(scope="module")
def subscriber() -> ModuleType:
    spec = importlib.util.spec_from_file_location("example_subscriber", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _signed(body: str, *, secret: str = SECRET, at: float | None = None) -> dict[str, str]:
    """Headers as the reference implementation of Standard Webhooks makes them."""
    moment = datetime.fromtimestamp(at or time.time(), UTC)
    signature = Webhook(secret).sign("e1", moment, body)
    return {"webhook-id": "e1", "webhook-timestamp": str(int(moment.timestamp())), "webhook-signature": signature}


def test_a_genuine_notification_is_believed(subscriber: ModuleType) -> None:
    assert subscriber.why_untrusted(subscriber.key_of(SECRET), _signed("{}"), b"{}", time.time()) is None


def test_one_good_signature_among_several_is_enough(subscriber: ModuleType) -> None:
    headers = _signed("{}")
    headers["webhook-signature"] = (
        f"v1,!!! v2,{'A' * 44} v1,{base64.b64encode(b'x' * 32).decode()} " + (headers["webhook-signature"])
    )
    assert subscriber.why_untrusted(subscriber.key_of(SECRET), headers, b"{}", time.time()) is None


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ({}, b"{}"),
        (_signed("{}"), b"{ }"),
        (_signed("{}", secret="whsec_" + base64.b64encode(b"another").decode()), b"{}"),
        (_signed("{}", at=1_600_000_000), b"{}"),
        (_signed("{}") | {"webhook-id": "e2"}, b"{}"),
        (_signed("{}") | {"webhook-timestamp": "soon"}, b"{}"),
    ],
    ids=["unsigned", "changed", "other secret", "old", "other id", "no time"],
)
def test_any_other_is_not(subscriber: ModuleType, headers: dict[str, str], body: bytes) -> None:
    assert subscriber.why_untrusted(subscriber.key_of(SECRET), headers, body, time.time()) is not None


async def test_an_event_is_kept_once_over_repetitions_and_restarts(subscriber: ModuleType, tmp_path: Path) -> None:
    record = tmp_path / "events.jsonl"
    first = await _talk(subscriber, record, [200, 204, 204, 401])
    assert (first["received"], first["repeated"], first["refused"]) == (1, 1, 1)
    again = await _talk(subscriber, record, [200, 204])
    assert (again["received"], again["repeated"]) == (1, 1)


async def _talk(subscriber: ModuleType, record: Path, expected: list[int]) -> dict[str, Any]:
    """Sends the event as often as a 204 is expected, once without a signature for a 401."""
    runner = web.AppRunner(subscriber.application(subscriber.Subscriber(subscriber.key_of(SECRET), record)))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    body = json.dumps(EVENT)
    try:
        async with ClientSession() as session:
            for status in expected[1:]:
                headers = _signed(body) if status == 204 else {}
                async with session.post(f"{url}/any/where", data=body, headers=headers) as response:
                    assert response.status == status
            async with session.get(f"{url}/notifications") as response:
                assert [one["state"] for one in await response.json()] == ["x"]
            async with session.get(f"{url}/stats") as response:
                assert response.status == expected[0]
                counts: dict[str, Any] = await response.json()
                return counts
    finally:
        await runner.cleanup()
