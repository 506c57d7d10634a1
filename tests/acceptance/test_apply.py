"""A pipeline applies a file: one order for each commit, none where nothing differs, and its end is the exit code."""

import json
import subprocess
import sys
import uuid
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml

from tests.acceptance.server_process import ROOT, ServerProcess

ORDERS = "/tmf-api/serviceOrdering/v4/serviceOrder"
SERVICES = "/tmf-api/serviceInventory/v4/service"
SPECIFICATIONS = "/tmf-api/serviceCatalogManagement/v4/serviceSpecification"


class Shop:
    """A system of a database and a front end that relies on it, whose specifications are its own."""

    def __init__(self, server: ServerProcess, folder: Path) -> None:
        self.server = server
        self.name = f"shop-{uuid.uuid4().hex[:8]}"
        self.file = folder / "shop.yaml"
        for part in ("database", "front"):
            name = f"{self.name}-{part}"
            capability = [{"specification": name, "action": action} for action in ("add", "modify", "delete")]
            self.post("/som/v1/fulfiller", {"id": name, "name": name, "kind": "simulator", "capability": capability})
            cpus = {"name": "cpus", "valueType": "integer", "minCardinality": 0, "maxCardinality": 1}
            add = {"tasks": {"build": {"milestone": f"{part} built"}}}
            body = {
                "id": f"{name}-1",
                "name": name,
                "version": "1",
                "specCharacteristic": [cpus],
                "fulfilment": {"add": add},
            }
            self.post(SPECIFICATIONS, body)
        self.wanted: dict[str, Any] = {
            "system": self.name,
            "services": {
                "front": {"specification": f"{self.name}-front", "needs": ["database"], "characteristics": {"cpus": 2}},
                "database": {"specification": {"name": f"{self.name}-database", "version": "1"}},
            },
        }

    def post(self, path: str, body: Any) -> None:
        answer = requests.post(self.server.url + path, json=body, timeout=30)
        assert answer.ok, answer.text

    def get(self, path: str) -> Any:
        answer = requests.get(self.server.url + path, timeout=30)
        assert answer.ok, answer.text
        return answer.json()

    def write(self) -> None:
        self.file.write_text(yaml.safe_dump(self.wanted, sort_keys=False))

    def apply(self, *arguments: str, code: int = 0, commit: str | None = None) -> str:
        self.write()
        environment = {"GITHUB_SHA": commit} if commit else {}
        command = [sys.executable, "-m", "som.cli", "apply", str(self.file), "--url", self.server.url, *arguments]
        done = subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=False
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr

    def orders(self) -> list[Any]:
        found: list[Any] = self.get(f"{ORDERS}?serviceOrderItem.service.relatedEntity.id={self.name}")
        return found

    def services(self) -> dict[str, Any]:
        return {one["name"]: one for one in self.get(f"{SERVICES}?relatedEntity.id={self.name}")}

    def set_simulator(self, part: str, **settings: Any) -> None:
        url = f"{self.server.url}/som/v1/fulfiller/{self.name}-{part}"
        assert requests.patch(url, json={"settings": settings}, timeout=30).ok


@pytest.fixture
def shop(server: ServerProcess, tmp_path: Path) -> Shop:
    return Shop(server, tmp_path)


def test_a_commit_that_is_applied_twice_makes_one_order(shop: Shop) -> None:
    assert "+ front" in shop.apply("--dry-run", commit="c1")
    assert shop.orders() == []
    told = shop.apply("--wait", commit="c1")
    assert "milestone front built reached" in told
    assert "Nothing differs." in shop.apply("--wait", commit="c1")
    [order] = shop.orders()
    assert (order["state"], order["category"], order["externalId"]) == ("completed", "pipeline", f"{shop.name}@c1")
    services = shop.services()
    assert {name: one["state"] for name, one in services.items()} == {"front": "active", "database": "active"}
    relied = [one["service"]["id"] for one in services["front"]["serviceRelationship"]]
    assert relied == [services["database"]["id"]]


def test_two_runs_at_the_same_time_make_one_order(shop: Shop) -> None:
    shop.write()
    command = [sys.executable, "-m", "som.cli", "apply", str(shop.file), "--wait", "--commit", "c1"]
    runs = [subprocess.Popen([*command, "--url", shop.server.url], cwd=ROOT, stdout=subprocess.DEVNULL) for _ in "12"]
    assert [run.wait(timeout=120) for run in runs] == [0, 0]
    assert len(shop.orders()) == 1


def test_another_commit_orders_what_differs_and_nothing_where_nothing_does(shop: Shop) -> None:
    shop.apply("--wait", commit="c1")
    assert "Nothing differs." in shop.apply("--wait", commit="c2")
    shop.wanted["services"]["front"]["characteristics"]["cpus"] = 4
    shop.wanted["services"]["cache"] = {"specification": f"{shop.name}-front", "needs": ["database"]}
    del shop.wanted["services"]["database"]["specification"]["version"]
    told = shop.apply("--wait", commit="c3")
    assert "cpus: 2 → 4" in told
    orders = shop.get(f"{ORDERS}?externalId={shop.name}@c3")
    actions = {item["id"]: item["action"] for item in orders[0]["serviceOrderItem"]}
    assert actions == {"front": "modify", "cache": "add", "database": "noChange"}
    assert set(shop.services()) == {"front", "database", "cache"}


def test_what_left_the_file_is_deleted_only_when_that_is_asked_for(shop: Shop) -> None:
    shop.apply("--wait", commit="c1")
    shop.wanted["services"]["front"].pop("needs")
    assert "needs: database → nothing" in shop.apply("--wait", commit="c1b")
    assert "serviceRelationship" not in shop.services()["front"] or not shop.services()["front"]["serviceRelationship"]
    del shop.wanted["services"]["database"]
    assert "`--prune` deletes it" in shop.apply("--wait", commit="c2")
    shop.wanted["services"] = {}
    shop.apply("--wait", "--prune", commit="c3")
    assert {one["state"] for one in shop.services().values()} == {"terminated"}


def test_the_exit_code_tells_how_the_order_ended_also_when_it_runs_again(shop: Shop) -> None:
    shop.set_simulator("front", refuse="no room")
    shop.apply(commit="c1")
    assert "still held" in shop.apply("--wait", "--timeout", "3", commit="c1", code=5)
    [order] = shop.orders()
    cancel = {"serviceOrder": {"id": order["id"]}}
    shop.post("/tmf-api/serviceOrdering/v4/cancelServiceOrder", cancel)
    assert "is cancelled, not completed" in shop.apply("--wait", commit="c1", code=1)
    assert len(shop.orders()) == 1
    shop.set_simulator("front", refuse=None)
    shop.apply("--wait", "--attempt", "2", commit="c1")
    assert len(shop.orders()) == 2


def test_a_system_that_was_changed_by_others_since_is_told_apart(shop: Shop) -> None:
    shop.apply("--wait", commit="c1")
    shop.wanted["services"]["front"]["characteristics"]["cpus"] = 8
    told = shop.apply("--wait", commit="c1", code=1)
    assert "has been changed since" in told
    assert "Nothing" not in told
    shown = json.loads(shop.apply("--dry-run", "--json", commit="c1"))
    assert shown["change"][0]["characteristic"] == [{"name": "cpus", "before": 2, "after": 8}]


def test_a_file_that_describes_no_system_is_refused_with_places(shop: Shop) -> None:
    shop.wanted["services"] = {"a": {"specification": 7, "needs": ["b"], "colour": "red"}, "b/": []}
    told = shop.apply(code=2)
    for place in ("/services/a/specification", "/services/a/colour", "/services/b~1"):
        assert place in told
