"""Three fulfillers for one capability, over HTTP: whatever happens to them, the right one works, and is explained."""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from uuid import uuid4

import pytest
import requests

from tests.acceptance.server_process import ROOT, ServerProcess

ORDERS = "/tmf-api/serviceOrdering/v4/serviceOrder"
FULFILLERS = "/som/v1/fulfiller"
PATIENCE = 60.0


@dataclass
class Workshop:
    """A fulfiller with an HTTP front of its own."""

    name: str
    work: list[dict[str, Any]] = field(default_factory=list)
    may_go_on: threading.Event = field(default_factory=threading.Event)
    listening: ThreadingHTTPServer | None = None

    def open(self) -> None:
        """Begin to listen."""
        workshop = self
        self.may_go_on.set()

        class Front(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                workshop.work.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                workshop.may_go_on.wait(PATIENCE)
                self.send_response(204)
                self.send_header("Content-Length", "0")
                self.send_header("Connection", "close")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.listening = ThreadingHTTPServer(("127.0.0.1", 0), Front)
        threading.Thread(target=self.listening.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        assert self.listening is not None
        return f"http://127.0.0.1:{self.listening.server_address[1]}/"

    def kill(self) -> None:
        """Be gone, so that no connection comes about any more."""
        self.may_go_on.set()
        if self.listening is not None:
            self.listening.shutdown()
            self.listening.server_close()
            self.listening = None


@dataclass
class Town:
    """A specification, and three workshops that can build it."""

    server: ServerProcess
    family: str
    north: Workshop
    south: Workshop
    depot: Workshop

    def call(self, method: str, path: str, body: Any = None) -> Any:
        answer = requests.request(method, f"{self.server.url}{path}", json=body, timeout=30)
        assert answer.ok, answer.text
        return answer.json()

    def register(self, workshop: Workshop, **attributes: Any) -> None:
        place = attributes.pop("place", None)
        can = {"specification": self.family, "action": "*", **({"place": place} if place else {})}
        body = {
            "id": f"{self.family}-{workshop.name}",
            "name": workshop.name,
            "kind": "rest",
            "endpoint": workshop.url,
            "capability": [can],
            "retry": {"delays": [0.1] * 8},
            "circuitBreaker": {"failures": 2, "openSeconds": 300},
            **attributes,
        }
        self.call("POST", FULFILLERS, body)

    def change(self, workshop: Workshop, **attributes: Any) -> None:
        self.call("PATCH", f"{FULFILLERS}/{self.family}-{workshop.name}", attributes)

    def order(self, place: str) -> str:
        service = {
            "name": self.family,
            "serviceSpecification": {"id": f"{self.family}-1"},
            "place": [{"id": place, "role": "installation", "@type": "GeographicAddress"}],
        }
        items = [{"id": "1", "action": "add", "service": service}]
        return str(self.call("POST", ORDERS, {"serviceOrderItem": items})["id"])

    def until(self, order: str, state: str) -> None:
        give_up = time.monotonic() + PATIENCE
        while self.call("GET", f"{ORDERS}/{order}")["state"] != state:
            assert time.monotonic() < give_up, self.explain(order)
            time.sleep(0.05)

    def built_by(self, order: str) -> dict[str, Any]:
        """The decision for the task of a completed order."""
        self.until(order, "completed")
        (choice,) = self.call("GET", f"/som/v1/order/{order}/explanation")["choice"]
        return dict(choice)

    def explain(self, order: str) -> str:
        """What `som explain` prints, as one line of words."""
        command = [sys.executable, "-m", "som.cli", "explain", order, "--url", self.server.url]
        shown = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
        assert shown.returncode == 0, shown.stderr
        return " ".join(shown.stdout.replace("│", " ").split())


@pytest.fixture
def town(server: ServerProcess) -> Iterator[Town]:
    family = f"chosen-{uuid4().hex[:8]}"
    made = Town(server, family, Workshop("north"), Workshop("south"), Workshop("depot"))
    specification = {"id": f"{family}-1", "name": family, "version": "1", "lifecycleStatus": "Active"}
    made.call("POST", "/tmf-api/serviceCatalogManagement/v4/serviceSpecification", specification)
    for workshop in (made.north, made.south, made.depot):
        workshop.open()
    made.register(made.north, place=["north"], priority=1, maxConcurrent=1)
    made.register(made.south, place=["south"], priority=1)
    made.register(made.depot, priority=50)
    yield made
    for workshop in (made.north, made.south, made.depot):
        workshop.kill()


def candidates(choice: dict[str, Any]) -> dict[str, str | None]:
    """By name, which row of the policy turned each candidate away, None for the chosen one; strangers are left out."""
    return {
        one["fulfiller"]["name"]: one.get("rejectedBy")
        for one in choice["decision"]["candidate"]
        if one.get("rejectedBy") != "specification"
    }


def test_the_place_decides(town: Town) -> None:
    for place, chosen, other in (("north", "north", "south"), ("south", "south", "north")):
        order = town.order(place)
        choice = town.built_by(order)
        assert candidates(choice) == {chosen: None, other: "place", "depot": "priority"}
        told = town.explain(order)
        assert f"{chosen} is preferred among 2 fulfillers that fit: it has the lowest priority number." in told
        assert f"{other}: It works at {other}, not at {place}." in told
    assert [len(one.work) for one in (town.north, town.south, town.depot)] == [1, 1, 0]


def test_when_one_is_killed_the_next_takes_over_and_both_decisions_are_explained(town: Town) -> None:
    town.south.kill()
    order = town.order("south")
    choice = town.built_by(order)
    assert candidates(choice) == {"depot": None, "north": "place", "south": "circuitBreaker"}
    assert len(town.depot.work) == 1
    told = town.explain(order)
    assert "south is preferred among 2 fulfillers that fit" in told
    assert "depot is the only fulfiller that fits." in told
    assert "south: Its circuit breaker is open until" in told


def test_what_exceeds_a_limit_flows_over_to_the_next(town: Town) -> None:
    town.north.may_go_on.clear()
    first = town.order("north")
    give_up = time.monotonic() + PATIENCE
    while not town.north.work:
        assert time.monotonic() < give_up
        time.sleep(0.02)
    second = town.order("north")
    assert candidates(town.built_by(second)) == {"depot": None, "north": "room", "south": "place"}
    assert "north: It is at its limit, and another one has room." in town.explain(second)
    town.north.may_go_on.set()
    assert candidates(town.built_by(first))["north"] is None


def test_in_a_maintenance_window_another_one_works_and_without_one_the_order_goes_on_at_its_end(town: Town) -> None:
    ends = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    window = [{"name": "repair", "startDateTime": "2020-01-01T00:00:00Z", "endDateTime": ends}]
    town.change(town.south, maintenanceWindow=window)
    order = town.order("south")
    assert candidates(town.built_by(order)) == {"depot": None, "south": "maintenance", "north": "place"}
    assert "south: It is in maintenance (repair) until" in town.explain(order)
    town.change(town.depot, administrativeState="draining")
    held = town.order("south")
    town.until(held, "held")
    told = town.explain(held)
    assert "depot: It is draining: it gets no new work." in told
    town.change(town.south, maintenanceWindow=[])
    assert candidates(town.built_by(held)) == {"south": None, "depot": "administrativeState", "north": "place"}
