"""Fulfillers that misbehave: each leads to a state that a person understands, and none to lost or double work."""

import json
import sqlite3
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.acceptance.server_process import ROOT, ServerProcess, free_port

SCRIPT = ROOT / "examples" / "fulfillers" / "rest_fulfiller.py"
ORDERS = "/tmf-api/serviceOrdering/v4/serviceOrder"
SERVICES = "/tmf-api/serviceInventory/v4/service"
RESUME: dict[str, tuple[str, Any]] = {
    "order": ("application/merge-patch+json", {"state": "inProgress"}),
    "item": (
        "application/json-patch+json",
        [{"op": "replace", "path": "/serviceOrderItem/0/state", "value": "inProgress"}],
    ),
}
PATIENCE = 60.0


@dataclass
class Workshop:
    """A fulfiller process with a specification of its own, ordered from a server."""

    server: str
    folder: Path
    family: str = field(default_factory=lambda: f"faulty-{uuid.uuid4().hex[:8]}")
    port: int = field(default_factory=free_port)
    process: "subprocess.Popen[bytes] | None" = None

    def open(self, *options: str) -> None:
        """Begin to work, in the way that the options say, with the memory of former runs."""
        self.close()
        data = str(self.folder / "ledger.sqlite")
        command = [sys.executable, str(SCRIPT), "--port", str(self.port), "--data", data, *options]
        with (self.folder / "fulfiller.log").open("ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log)
        give_up = time.monotonic() + PATIENCE
        while True:
            try:
                requests.get(f"{self.url}/stats", timeout=5)
            except requests.ConnectionError:
                assert self.process.poll() is None
                assert time.monotonic() < give_up
                time.sleep(0.05)
            else:
                return

    def close(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait(30)
            self.process = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def register(self, **settings: Any) -> None:
        specification = {"id": f"{self.family}-1", "name": self.family, "version": "1", "lifecycleStatus": "Active"}
        self.call("POST", "/tmf-api/serviceCatalogManagement/v4/serviceSpecification", specification)
        body = {
            "name": self.family,
            "kind": "rest",
            "endpoint": self.url,
            "capability": [{"specification": self.family, "action": "*"}],
            "timeout": 10,
            "retry": {"delays": [0.1, 0.1, 0.1]},
            **settings,
        }
        self.call("POST", "/som/v1/fulfiller", body)

    def order(self) -> str:
        service = {"name": self.family, "serviceSpecification": {"id": f"{self.family}-1"}}
        item = {"id": "1", "action": "add", "service": service}
        return str(self.call("POST", ORDERS, {"externalId": self.family, "serviceOrderItem": [item]})["id"])

    def resume(self, order: str, by: str) -> None:
        media, patch = RESUME[by]
        self.call("PATCH", f"{ORDERS}/{order}", patch, media)

    def until(self, order: str, state: str) -> dict[str, Any]:
        give_up = time.monotonic() + PATIENCE
        while True:
            found: dict[str, Any] = self.call("GET", f"{ORDERS}/{order}")
            if found["state"] == state:
                return found
            assert time.monotonic() < give_up, f"not {state} but {found}"
            time.sleep(0.1)

    def task(self, order: str) -> dict[str, Any]:
        found: list[dict[str, Any]] = self.call("GET", f"/som/v1/plan/{order}")["task"]
        assert len(found) == 1
        return found[0]

    def effects(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = requests.get(f"{self.url}/effects", timeout=10).json()
        return found

    def callback_url(self) -> str:
        """Where the fulfiller was asked to report to, once it has accepted work."""
        give_up = time.monotonic() + PATIENCE
        while time.monotonic() < give_up:
            with closing(sqlite3.connect(self.folder / "ledger.sqlite")) as ledger:
                row = ledger.execute("select body from work").fetchone()
            if row is not None:
                return str(json.loads(row[0])["callbackUrl"])
            time.sleep(0.1)
        raise AssertionError("The fulfiller was not called.")

    def call(self, method: str, path: str, body: Any = None, media: str = "application/json") -> Any:
        content = None if body is None else json.dumps(body)
        headers = {"Content-Type": media}
        answer = requests.request(method, self.server + path, data=content, headers=headers, timeout=30)
        assert answer.ok, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json()

    def completes_once(self, order: str) -> None:
        """The order completes, its service is active, and the work was done once."""
        done = self.until(order, "completed")
        assert not done["serviceOrderItem"][0].get("errorMessage")
        services = self.call("GET", f"{SERVICES}?name={self.family}")
        assert [service["state"] for service in services] == ["active"]
        assert [effect["orderId"] for effect in self.effects()] == [order]


@pytest.fixture
def workshop(server: ServerProcess, tmp_path: Path) -> Iterator[Workshop]:
    made = Workshop(server.url, tmp_path)
    yield made
    made.close()


def message_of(order: dict[str, Any]) -> dict[str, Any]:
    """Why the order's item is held; it has to be something that a person understands."""
    item = order["serviceOrderItem"][0]
    assert item["state"] == "held"
    assert len(item["errorMessage"]) == 1
    message: dict[str, Any] = item["errorMessage"][0]
    assert message["reason"]
    assert message["timestamp"]
    assert "Traceback" not in message["message"]
    assert "Error(" not in message["message"]
    return message


@dataclass(frozen=True)
class Fault:
    """How a fulfiller misbehaves, and what the order has to say of it."""

    name: str
    options: tuple[str, ...]
    code: str
    words: str
    timeout: float = 10


FAULTS = (
    Fault("hangs", ("--hang-first", "9"), "unreachable", "did not answer within 1 second", timeout=1),
    Fault("answers 500", ("--fail-first", "9"), "unreachable", "HTTP 500: told to fail"),
    Fault("breaks off", ("--drop-first", "9"), "unreachable", "The connection to the fulfiller broke"),
    Fault("answers garbage", ("--garbage-first", "9"), "unusableAnswer", "not JSON but text/html"),
    Fault("refuses", ("--refuse", "No ports left in Bonn"), "refused", "No ports left in Bonn"),
)


@pytest.mark.parametrize("by", list(RESUME))
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_fault_that_lasts_holds_the_item_with_its_reason_and_once_it_is_repaired_the_item_resumes(
    workshop: Workshop, fault: Fault, by: str
) -> None:
    workshop.open(*fault.options)
    workshop.register(retry={"delays": [0.1]}, timeout=fault.timeout)
    order = workshop.order()
    message = message_of(workshop.until(order, "held"))
    assert message["code"] == fault.code
    assert fault.words in message["message"]
    # A client that knows TMF641 and nothing else is told what was tried and how to go on, and that is all it takes.
    assert "Tried " in message["message"]
    assert "set the state of the item to inProgress by a PATCH of the order" in message["message"]
    workshop.open()
    workshop.resume(order, by)
    workshop.completes_once(order)


@pytest.mark.parametrize("fault", ["--hang-first", "--fail-first", "--drop-first"])
def test_a_fault_that_passes_is_got_over_without_anybody(workshop: Workshop, fault: str) -> None:
    workshop.open(fault, "3" if fault == "--fail-first" else "1")
    workshop.register(timeout=1)
    order = workshop.order()
    workshop.completes_once(order)
    assert workshop.task(order)["attempts"] == (4 if fault == "--fail-first" else 2)


def test_a_fulfiller_that_is_not_there_is_waited_for_and_then_named(workshop: Workshop) -> None:
    workshop.register(retry={"delays": [0.1]})
    order = workshop.order()
    message = message_of(workshop.until(order, "held"))
    assert message["code"] == "unreachable"
    assert f"127.0.0.1:{workshop.port} takes no connection" in message["message"]
    workshop.open()
    workshop.resume(order, "order")
    workshop.completes_once(order)


def test_an_answer_that_comes_after_the_time_out_is_asked_for_again_and_the_work_is_not_repeated(
    workshop: Workshop,
) -> None:
    workshop.open("--late", "1.5")
    workshop.register(timeout=1, retry={"delays": [0.1]})
    order = workshop.order()
    assert message_of(workshop.until(order, "held"))["code"] == "unreachable"
    workshop.open()
    workshop.resume(order, "item")
    workshop.completes_once(order)


def test_a_report_that_comes_after_the_deadline_still_completes_the_order(workshop: Workshop) -> None:
    workshop.open("--mode", "callback", "--late", "3")
    workshop.register(deadline=1)
    order = workshop.order()
    message = message_of(workshop.until(order, "held"))
    assert message["code"] == "deadline"
    assert "did not report" in message["message"]
    workshop.completes_once(order)


def test_work_that_was_accepted_and_never_reported_resumes_with_the_same_call(workshop: Workshop) -> None:
    workshop.open("--mode", "callback", "--latency", "3600")
    workshop.register(deadline=1)
    order = workshop.order()
    assert message_of(workshop.until(order, "held"))["code"] == "deadline"
    workshop.open("--mode", "sync")  # it has lost the work, or somebody has hurried it
    workshop.resume(order, "order")
    workshop.completes_once(order)


def test_accepted_work_that_is_refused_later_is_held_and_a_report_of_garbage_changes_nothing(
    workshop: Workshop,
) -> None:
    workshop.open("--mode", "callback", "--latency", "3600")
    workshop.register()
    order = workshop.order()
    address = workshop.callback_url()
    refusal = {"status": "refused", "reason": "The exchange is full"}
    answers = [requests.post(address, json={"status": "perhaps"}, timeout=10)]
    answers += [requests.post(address, data=b"<html>", headers={"Content-Type": "text/html"}, timeout=10)]
    answers += [requests.post(f"{address}x", json=refusal, timeout=10)]
    answers += [requests.post(address, json=refusal, timeout=10)]
    assert [answer.status_code for answer in answers] == [400, 415, 404, 204]
    message = message_of(workshop.until(order, "held"))
    assert message["code"] == "refused"
    assert "The exchange is full" in message["message"]
    workshop.open("--mode", "sync")
    workshop.resume(order, "item")
    workshop.completes_once(order)


def test_what_is_told_three_times_counts_once(workshop: Workshop) -> None:
    workshop.open("--mode", "callback", "--duplicate-callbacks", "2")
    workshop.register()
    order = workshop.order()
    workshop.completes_once(order)
    time.sleep(0.5)  # the others have arrived by then
    workshop.completes_once(order)
    told = workshop.call("GET", f"/som/v1/event?resourceId={order}")
    states = [event["state"] for event in told if event["eventType"] == "ServiceOrderStateChangeEvent"]
    assert states == ["inProgress", "completed"]
