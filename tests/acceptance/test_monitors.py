"""A real Prometheus watches what an order has built, and stops when the service is deleted."""

import json
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import requests
from pymongo import MongoClient

from tests.acceptance.federation import CATALOG, ORDERS, SERVICES, Side, eventually
from tests.acceptance.server_process import ServerProcess, free_port

Document = dict[str, Any]
PROMETHEUS = shutil.which("prometheus")

pytestmark = pytest.mark.skipif(
    PROMETHEUS is None, reason="left out: Prometheus is not installed (apt-get install prometheus)"
)


class Router:
    """Something to be scraped: it counts how often it was."""

    def __init__(self) -> None:
        router, self.scraped = self, 0

        class Front(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                router.scraped += 1
                body = b"# TYPE router_ports_up gauge\nrouter_ports_up 3\n"
                self.send_response(200)
                self.send_header("Content-Type", "text/plain; version=0.0.4")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Front)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def target(self) -> str:
        return f"127.0.0.1:{self.server.server_address[1]}"


class Watchtower:
    """A Prometheus server, started as an operator would."""

    def __init__(self, folder: Path, monitors: Path) -> None:
        self.url = f"http://127.0.0.1:{free_port()}"
        configuration = {
            "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
            "rule_files": [f"{monitors}/rules/*.yml"],
            "scrape_configs": [
                {"job_name": "services", "file_sd_configs": [{"files": [f"{monitors}/targets/*.json"]}]}
            ],
        }
        (folder / "prometheus.yml").write_text(json.dumps(configuration), encoding="utf-8")
        command = [
            str(PROMETHEUS), f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data",
            f"--web.listen-address={self.url.removeprefix('http://')}", "--web.enable-lifecycle",
        ]  # fmt: skip
        with (folder / "prometheus.log").open("wb") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log)

    def is_ready(self) -> bool:
        try:
            return requests.get(f"{self.url}/-/ready", timeout=5).ok
        except requests.RequestException:
            return False

    def ask(self, path: str, **query: str) -> Any:
        return requests.get(f"{self.url}/api/v1/{path}", params=query, timeout=10).json()["data"]

    def targets(self) -> list[tuple[str, str]]:
        found = self.ask("targets", state="active")["activeTargets"]
        return [(one["labels"]["instance"], one["health"]) for one in found]

    def alerts(self) -> list[str]:
        return [rule["name"] for group in self.ask("rules")["groups"] for rule in group["rules"]]

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(30)


@pytest.fixture(scope="module")
def lab(mongodb_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Side, Watchtower]]:
    folder = tmp_path_factory.mktemp("monitors")
    for name in ("targets", "rules"):  # what is not there when Prometheus starts, it does not watch
        (folder / "allowed" / "lab" / name).mkdir(parents=True)
    database = f"som_test_monitors_{time.time_ns()}"
    settings = {"SOM_MONGODB_URL": mongodb_url, "SOM_MONGODB_DATABASE": database}
    server = ServerProcess(folder, {**settings, "SOM_MONITOR_DIR": str(folder / "allowed")})
    tower = Watchtower(folder, folder / "allowed" / "lab")
    try:
        server.start()
        eventually(tower.is_ready)
        yield Side(server), tower
    finally:
        server.stop()
        tower.stop()
        with MongoClient[Document](mongodb_url) as client:
            client.drop_database(database)


def specify(side: Side, tower: Watchtower, name: str, expression: str) -> None:
    """A router that is built by somebody, and watched from then on until it goes."""
    rule = {"alert": f"PortsDown-{name}", "expr": expression, "for": "1m", "labels": {"severity": "page"}}
    watch = {"targets": "=service.characteristic.address", "rules": [rule]}
    rules = {
        "add": {"tasks": {"build": {}, "watch": {"kind": "monitor", "needs": ["build"], "input": watch}}},
        "modify": {"tasks": {"watch": {"kind": "monitor", "input": watch}}},
        "delete": {"tasks": {"unwatch": {"kind": "monitor"}, "remove": {"needs": ["unwatch"]}}},
    }
    side.call("POST", CATALOG, {"id": name, "name": name, "version": "1", "fulfilment": rules})
    able = [{"specification": name, "action": "*"}]
    side.call("POST", "/som/v1/fulfiller", {"name": f"{name} builder", "kind": "simulator", "capability": able})
    watcher = {"kind": "prometheus", "endpoint": tower.url, "settings": {"folder": "lab"}}
    able = [{"specification": name, "action": "monitor"}]
    side.call("POST", "/som/v1/fulfiller", {"name": f"{name} watcher", "capability": able, **watcher})


def test_prometheus_scrapes_what_an_order_has_built_and_stops_after_its_deletion(lab: tuple[Side, Watchtower]) -> None:
    side, tower = lab
    specify(side, tower, "router", "router_ports_up < 2")
    router, other = Router(), Router()
    order = side.order("router", address=router.target)
    side.until(order, "completed")
    eventually(lambda: tower.targets() == [(router.target, "up")], lambda: str(tower.targets()))
    assert tower.alerts() == ["PortsDown-router"]
    service = side.service(order)
    (monitor,) = [one for one in service["supportingResource"] if one["@referredType"] == "Monitor"]
    assert monitor["href"] == f"{tower.url}/targets"
    labels = tower.ask("query", query="router_ports_up")["result"][0]["metric"]
    assert labels["som_service"] == service["id"]
    side.until(side.order("router", "modify", service["id"], address=other.target), "completed")
    eventually(lambda: tower.targets() == [(other.target, "up")], lambda: str(tower.targets()))
    (still,) = [one for one in side.service(order)["supportingResource"] if one["@referredType"] == "Monitor"]
    assert still["id"] == monitor["id"]
    gone = {"id": "1", "action": "delete", "service": {"id": service["id"]}}
    side.until(side.call("POST", ORDERS, {"serviceOrderItem": [gone]})["id"], "completed")
    eventually(lambda: tower.targets() == [], lambda: str(tower.targets()))
    assert tower.alerts() == []
    assert other.scraped > 0
    assert side.call("GET", f"{SERVICES}/{service['id']}")["state"] == "terminated"


def test_a_rule_that_prometheus_does_not_understand_is_held_and_spoils_nothing(lab: tuple[Side, Watchtower]) -> None:
    side, tower = lab
    specify(side, tower, "switch", "switch_ports_up <")
    order = side.until(side.order("switch", address="127.0.0.1:9"), "held")
    assert "does not understand" in order["serviceOrderItem"][0]["errorMessage"][0]["message"]
    assert tower.alerts() == []
    assert requests.post(f"{tower.url}/-/reload", timeout=10).ok
