"""Actual instances go to another inventory and to a webhook as they become real, change and end: in order, once."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from uuid import uuid4

import pytest
import requests

from adapters.foreign_inventories import ForeignInventories
from adapters.http_session import open_session
from models.domain.delivery import Answered
from models.domain.sinks import Sink, instance
from tests.acceptance.server_process import ServerProcess

ORDERS = "/tmf-api/serviceOrdering/v4/serviceOrder"
INVENTORY = "/tmf-api/serviceInventory/v4"
SPECIFICATIONS = "/tmf-api/serviceCatalogManagement/v4/serviceSpecification"
PATIENCE = 60.0


class Mailbox:
    """A webhook that keeps what it is told, and can be out of order for a while."""

    def __init__(self) -> None:
        self.told: list[dict[str, Any]] = []
        self.signed: list[bool] = []
        self.broken = False
        mailbox = self

        class Front(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                if not mailbox.broken:
                    mailbox.told.append(body)
                    mailbox.signed.append("webhook-signature" in self.headers)
                self.send_response(503 if mailbox.broken else 204)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.listening = ThreadingHTTPServer(("127.0.0.1", 0), Front)
        threading.Thread(target=self.listening.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.listening.server_address[1]}/"


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    made = Mailbox()
    yield made
    made.listening.shutdown()
    made.listening.server_close()


class Story:
    def __init__(self, server: ServerProcess) -> None:
        self.server = server
        self.family = f"line-{uuid4().hex[:8]}"
        body = {"id": self.family, "name": self.family, "version": "1"}
        self.call("POST", SPECIFICATIONS, body)
        can = [{"specification": self.family, "action": "*"}]
        port = [{"name": "port", "value": 7}]
        self.call("POST", "/som/v1/fulfiller", {"id": f"{self.family}-net", "name": "Network", "kind": "simulator",
                  "capability": can, "settings": {"serviceCharacteristic": port}})  # fmt: skip

    def call(self, method: str, path: str, body: Any = None) -> Any:
        answer = requests.request(method, f"{self.server.url}{path}", json=body, timeout=30)
        assert answer.ok, answer.text
        return answer.json() if answer.content else None

    def sink(self, kind: str, address: str) -> Any:
        body = {"kind": kind, "address": address, "specification": [self.family], "name": "CMDB"}
        return self.call("POST", "/som/v1/sink", body)

    def order(self, action: str, **service: Any) -> str:
        item = {"id": "1", "action": action, "service": {"serviceSpecification": {"id": self.family}, **service}}
        order = self.call("POST", ORDERS, {"serviceOrderItem": [item]})["id"]
        done = self.until(lambda: self.call("GET", f"{ORDERS}/{order}"), lambda found: found["state"] == "completed")
        key: str = done["serviceOrderItem"][0]["service"]["id"]
        return key

    def copies(self, key: str) -> list[Any]:
        found: list[Any] = self.call("GET", f"{INVENTORY}/service?relatedEntity.id={key}")
        return found

    def until(self, look: Callable[[], Any], fits: Callable[[Any], bool]) -> Any:
        ends = time.monotonic() + PATIENCE
        while not fits(found := look()):
            assert time.monotonic() < ends, found
            time.sleep(0.1)
        return found


def test_an_instance_is_made_changed_and_ended_in_another_inventory_as_it_is_here(server: ServerProcess) -> None:
    story = Story(server)
    sink = story.sink("tmf638", f"{server.url}{INVENTORY}")  # the server's own inventory stands for another one
    key = story.order("add", serviceCharacteristic=[{"name": "speed", "value": 100}])

    def values(copies: list[Any]) -> dict[str, Any]:
        return {one["name"]: one["value"] for copy in copies for one in copy["serviceCharacteristic"]}

    [copy] = story.until(lambda: story.copies(key), lambda found: len(found) == 1)
    assert (copy["state"], copy["serviceSpecification"]["id"]) == ("active", story.family)
    assert values([copy]) == {"speed": 100, "port": 7}
    story.order("modify", id=key, serviceCharacteristic=[{"name": "speed", "value": 200}])
    story.until(lambda: story.copies(key), lambda found: values(found) == {"speed": 200, "port": 7})
    story.order("delete", id=key)
    [ended] = story.until(lambda: story.copies(key), lambda found: found[0]["state"] == "terminated")
    assert ended["id"] == copy["id"]
    left = story.until(lambda: story.call("GET", f"/som/v1/sink/{sink['id']}"), lambda one: one["pending"] == 0)
    assert (left["dead"], left["state"]) == (0, "active")
    deliveries = story.call("GET", f"/som/v1/delivery?listener={sink['id']}")
    assert {one["resourceId"] for one in deliveries} == {key}  # a copy is not copied again
    story.call("DELETE", f"/som/v1/sink/{sink['id']}")
    assert len(story.copies(key)) == 1  # what it has stays there


async def test_after_a_crash_an_instance_is_found_by_its_mark_and_made_once(server: ServerProcess) -> None:
    story = Story(server)
    ours, base = f"s-{uuid4().hex[:8]}", f"{server.url}{INVENTORY}"
    sink = Sink("tmf638", base)
    body = instance("tmf638", {"id": ours, "state": "active", "serviceSpecification": {"id": story.family}})
    async with open_session() as session:
        inventories = ForeignInventories(session)

        async def put(theirs: str | None, event: str, what: dict[str, Any] | None = body) -> tuple[Any, str | None]:
            return await inventories.put(sink, ours, theirs, what, f"sink:{event}", 10.0)

        made, theirs = await put(None, "e1")
        again, found = await put(None, "e1")  # killed before it had written down what the instance is called there
        assert (made, again, found) == (Answered(201), Answered(200), theirs)
        assert len(story.copies(ours)) == 1
        story.call("DELETE", f"{INVENTORY}/service/{theirs}")  # by somebody there
        anew, other = await put(theirs, "e2")
        assert anew == Answered(201)
        assert other not in (None, theirs)
        assert [await put(other, "e3", None), await put(None, "e3", None)] == [(Answered(204), None)] * 2
        assert story.copies(ours) == []
        ended = {**body, "state": "terminated"}
        assert await put(None, "e4", ended) == (Answered(204), None)  # never told of there
        refused = Sink("tmf638", f"{server.url}/nowhere")
        answer, _ = await inventories.put(refused, ours, None, body, "k", 10.0)
        assert answer == Answered(404)


def test_a_webhook_that_was_away_is_told_of_every_change_in_order(server: ServerProcess, mailbox: Mailbox) -> None:
    story = Story(server)
    made = story.sink("webhook", mailbox.url)
    assert made["secret"].startswith("whsec_")
    assert "secret" not in story.call("GET", f"/som/v1/sink/{made['id']}")
    mailbox.broken = True
    key = story.order("add", serviceCharacteristic=[{"name": "speed", "value": 100}])
    story.order("modify", id=key, serviceCharacteristic=[{"name": "speed", "value": 200}])
    mailbox.broken = False

    def told() -> list[Any]:
        return [one["event"]["service"] for one in mailbox.told]

    services = story.until(told, lambda found: len(found) >= 2)
    assert {service["id"] for service in services} == {key}
    assert [service["state"] for service in services] == ["active"] * len(services)
    assert services[-1]["serviceCharacteristic"][0]["value"] == 200
    assert [one["name"] for one in services[-1]["actual"]["serviceCharacteristic"]] == ["speed", "port"]
    assert all(mailbox.signed)
    times = [one["eventTime"] for one in mailbox.told]
    assert times == sorted(times)
