"""What is changed by hand outside is found, told, and repaired by an ordinary order."""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from uuid import uuid4

import pytest
import requests

from tests.acceptance.server_process import ROOT, ServerProcess

ORDERS = "/tmf-api/serviceOrdering/v4/serviceOrder"
SERVICES = "/tmf-api/serviceInventory/v4/service"
SPECIFICATIONS = "/tmf-api/serviceCatalogManagement/v4/serviceSpecification"
PATIENCE = 60.0


@dataclass
class Network:
    """A network with a REST front: it builds lines, and knows what each of them is."""

    lines: dict[str, dict[str, Any]] = field(default_factory=dict)

    def serve(self) -> ThreadingHTTPServer:
        network = self

        class Front(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                task = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                status, body = network.do(task)
                raw = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(raw)))
                self.end_headers()
                self.wfile.write(raw)

            def log_message(self, *_: object) -> None:
                pass

        listening = ThreadingHTTPServer(("127.0.0.1", 0), Front)
        threading.Thread(target=listening.serve_forever, daemon=True).start()
        return listening

    def do(self, task: dict[str, Any]) -> tuple[int, Any]:
        service = task["service"]
        if task["operation"] == "read":
            line = self.lines.get(service["id"])
            if line is None:
                return 404, {"reason": "There is no such line."}
            return 200, {"state": "active", "serviceCharacteristic": [{"name": n, "value": v} for n, v in line.items()]}
        wanted = {one["name"]: one["value"] for one in service["serviceCharacteristic"]}
        self.lines[service["id"]] = {"port": 7, **wanted}
        return 200, {"serviceCharacteristic": [{"name": "port", "value": 7}]}


@dataclass
class Story:
    server: ServerProcess
    network: Network
    endpoint: str
    family: str

    def call(self, method: str, path: str, body: Any = None) -> Any:
        answer = requests.request(method, f"{self.server.url}{path}", json=body, timeout=30)
        assert answer.ok, answer.text
        return answer.json()

    def prepare(self, **reconcile: Any) -> None:
        """A specification, and the network that builds it and can be asked."""
        fulfilment = {"reconcile": {"interval": "PT1S", **reconcile}}
        speed = {"name": "speed", "valueType": "integer", "configurable": True}
        body = {"id": self.family, "name": self.family, "version": "3", "specCharacteristic": [speed],
                "fulfilment": fulfilment}  # fmt: skip
        self.call("POST", SPECIFICATIONS, body)
        can = [{"specification": self.family, "action": "*"}]
        self.call("POST", "/som/v1/fulfiller", {"id": f"{self.family}-net", "name": "Network", "kind": "rest",
                  "endpoint": self.endpoint, "capability": can, "reads": True, "maxConcurrent": 2})  # fmt: skip

    def order(self) -> tuple[str, str]:
        """A line of speed 100; returns the ids of order and service once it is done."""
        service = {
            "serviceSpecification": {"id": self.family},
            "serviceCharacteristic": [{"name": "speed", "value": 100}],
        }
        item = {"id": "1", "action": "add", "service": service}
        order = self.call("POST", ORDERS, {"serviceOrderItem": [item]})["id"]
        done = self.until(lambda: self.call("GET", f"{ORDERS}/{order}"), lambda found: found["state"] == "completed")
        return order, done["serviceOrderItem"][0]["service"]["id"]

    def service(self, key: str) -> Any:
        return self.call("GET", f"{SERVICES}/{key}")

    def until(self, look: Callable[[], Any], fits: Callable[[Any], bool]) -> Any:
        ends = time.monotonic() + PATIENCE
        while not fits(found := look()):
            assert time.monotonic() < ends, found
            time.sleep(0.1)
        return found

    def som(self, *arguments: str) -> str:
        command = [sys.executable, "-m", "som.cli", *arguments, "--url", self.server.url]
        answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
        assert answer.returncode == 0, answer.stdout + answer.stderr
        return answer.stdout


@pytest.fixture
def story(server: ServerProcess) -> Iterator[Story]:
    network = Network()
    listening = network.serve()
    yield Story(server, network, f"http://127.0.0.1:{listening.server_address[1]}/", f"line-{uuid4().hex[:8]}")
    listening.shutdown()
    listening.server_close()


def test_drift_made_by_hand_is_found_told_and_repaired_by_the_order_that_is_proposed(story: Story) -> None:
    story.prepare()
    order, key = story.order()
    service = story.service(key)
    assert service["desired"]["serviceSpecification"]["version"] == "3"
    assert service["desired"]["serviceOrderItem"]["serviceOrderId"] == order
    values = {one["name"]: (one["value"], one["source"]) for one in service["actual"]["serviceCharacteristic"]}
    assert values == {"speed": (100, "ordered"), "port": (7, "reported")}
    assert service["hasDrift"] is False

    story.network.lines[key]["speed"] = 10  # by hand, at the network itself
    found = story.until(lambda: story.service(key), lambda one: one["hasDrift"])
    [difference] = found["drift"]["difference"]
    assert (difference["name"], difference["desired"], difference["actual"]) == ("speed", 100, 10)
    assert difference["by"] == f"{story.family}-net"
    detected = f"/som/v1/event?resourceId={key}&eventType=ServiceDriftDetectedEvent"
    [event] = story.until(lambda: story.call("GET", detected), bool)
    assert event["resource"]["drift"] == found["drift"]

    [repair] = story.call("GET", f"/som/v1/repair?specification={story.family}")
    assert (repair["id"], repair["state"], repair["policy"]) == (key, "proposed", "propose")
    assert "speed is 10 and was ordered as 100" in story.som("repair", "list", "--specification", story.family)
    placed = json.loads(story.som("repair", "place", key, "--json"))
    story.until(lambda: story.call("GET", f"{ORDERS}/{placed['id']}"), lambda one: one["state"] == "completed")
    repaired = story.until(lambda: story.service(key), lambda one: not one["hasDrift"])
    assert story.network.lines[key]["speed"] == 100
    assert repaired["desired"]["serviceCharacteristic"] == service["desired"]["serviceCharacteristic"]
    assert story.call("GET", f"/som/v1/repair?specification={story.family}") == []
    made = story.call("GET", f"{ORDERS}/{placed['id']}")
    assert (made["category"], made["externalId"]) == ("reconciliation", key)


def test_where_policy_says_so_it_is_repaired_by_itself_and_whoever_asks_is_told_at_once(story: Story) -> None:
    story.prepare(policy="repair", interval="P1D")
    _, key = story.order()
    story.network.lines[key]["speed"] = 10
    assert json.loads(story.som("service", "reconcile", key, "--json"))["lastRead"]["answer"][0]["outcome"] == "told"
    story.until(
        lambda: story.service(key), lambda one: not one["hasDrift"] and story.network.lines[key]["speed"] == 100
    )
    orders = story.call("GET", f"{ORDERS}?category=reconciliation&externalId={key}")
    assert [one["state"] for one in orders] == ["completed"]


def test_a_service_that_is_gone_outside_is_built_anew_and_stays_the_service_that_it_was(story: Story) -> None:
    story.prepare()
    _, key = story.order()
    del story.network.lines[key]  # by hand, at the network itself
    gone = story.until(lambda: story.service(key), lambda one: one["hasDrift"])
    assert gone["state"] == "terminated"
    [repair] = story.call("GET", f"/som/v1/repair?specification={story.family}")
    assert (repair["state"], repair["proposedOrder"]["serviceOrderItem"][0]["action"]) == ("proposed", "add")
    assert 'state is "terminated" and was ordered as "active"' in repair["reason"]
    placed = story.call("POST", f"/som/v1/repair/{key}/order")
    done = story.until(lambda: story.call("GET", f"{ORDERS}/{placed['id']}"), lambda one: one["state"] == "completed")
    assert done["serviceOrderItem"][0]["service"]["id"] == key
    back = story.until(lambda: story.service(key), lambda one: not one["hasDrift"])
    assert (back["state"], "endDate" in back) == ("active", False)
    assert story.network.lines[key] == {"port": 7, "speed": 100}
    assert len(story.call("GET", f"{SERVICES}?serviceSpecification.id={story.family}")) == 1
    assert story.call("GET", f"/som/v1/repair?specification={story.family}") == []


def test_with_the_policy_repair_what_is_gone_comes_back_by_itself_by_one_order(story: Story) -> None:
    story.prepare(policy="repair", interval="P1D")
    _, key = story.order()
    del story.network.lines[key]
    story.som("service", "reconcile", key)
    story.until(lambda: story.service(key), lambda one: one["state"] == "active" and not one["hasDrift"])
    assert story.network.lines[key]["speed"] == 100
    [order] = story.call("GET", f"{ORDERS}?category=reconciliation&externalId={key}")
    assert order["state"] == "completed"
