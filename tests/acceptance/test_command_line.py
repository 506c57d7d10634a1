"""The command line against a running server: what it says, and how it ends."""

import json
import subprocess
import sys
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.server_process import ROOT, ServerProcess


@dataclass
class CommandLine:
    """Runs `som` on files in a folder; the catalogue and its fulfiller have names of their own."""

    url: str
    folder: Path
    family: str

    def som(self, *arguments: str, code: int = 0) -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, "-m", "som.cli", *arguments, "--url", self.url]
        run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=90, check=False)
        assert run.returncode == code, run.stdout + run.stderr
        assert "Traceback" not in run.stderr
        return run

    def json(self, *arguments: str) -> Any:
        return json.loads(self.som(*arguments, "--json").stdout)

    def file(self, name: str, content: Any) -> str:
        path = self.folder / f"{name}.json"
        path.write_text(json.dumps(content))
        return str(path)

    def load(self, **settings: Any) -> None:
        """A specification, and a simulator that behaves as the settings say."""
        capability = [{"specification": self.family, "action": "*"}]
        body = {"id": self.family, "name": self.family, "kind": "simulator", "capability": capability}
        specification = {"@type": "ServiceSpecification", "id": f"{self.family}-1", "name": self.family, "version": "1"}
        fulfiller = {"@type": "Fulfiller", **body, "settings": settings, "retry": {"delays": []}}
        self.som("load", self.file("specification", specification), self.file("fulfiller", fulfiller))

    @property
    def order(self) -> str:
        service = {"name": "one", "serviceSpecification": {"id": f"{self.family}-1"}}
        return self.file("order", {"serviceOrderItem": [{"id": "1", "action": "add", "service": service}]})


@pytest.fixture
def line(server: ServerProcess, tmp_path: Path) -> CommandLine:
    return CommandLine(server.url, tmp_path, f"thing-{uuid.uuid4().hex[:8]}")


def test_a_watched_order_is_told_line_by_line_until_it_is_completed(line: CommandLine) -> None:
    line.load(latency=0.5)
    told = line.som("order", "submit", line.order, "--watch", "--timeout", "60").stdout
    assert "acknowledged" in told.splitlines()[0]
    assert "completed" in told


def test_the_same_key_places_one_order(line: CommandLine) -> None:
    line.load()
    arguments = ("order", "submit", line.order, "--idempotency-key", line.family)
    assert line.json(*arguments)["id"] == line.json(*arguments)["id"]


def test_a_refused_task_holds_the_order_and_resuming_completes_it(line: CommandLine) -> None:
    line.load(refuse="No port is free.")
    placed = line.json("order", "submit", line.order)["id"]
    watched = line.som("order", "show", placed, "--watch", "--timeout", "5", code=5)
    assert "No port is free." in watched.stdout
    line.load(latency=0)
    line.som("order", "resume", placed, "--item", "1", "--watch", "--timeout", "60")


def test_a_running_order_is_cancelled_at_its_fulfiller(line: CommandLine) -> None:
    line.load(accept=True, latency=30)
    placed = line.json("order", "submit", line.order)["id"]
    line.som("order", "cancel", placed, "--reason", "not needed", "--watch", "--timeout", "60")
    assert line.json("order", "show", placed)["state"] == "cancelled"
    refused = line.som("order", "resume", placed, code=3)
    assert "409" in refused.stderr


def test_an_order_of_something_unknown_ends_with_three_and_the_place(line: CommandLine) -> None:
    refused = line.som("order", "submit", line.order, code=3)
    assert "/serviceOrderItem/0/service/serviceSpecification" in refused.stderr


def test_deliveries_subscriptions_and_tasks_can_be_looked_at(line: CommandLine) -> None:
    line.load()
    placed = line.json("order", "submit", line.order)["id"]
    line.som("order", "show", placed, "--watch", "--timeout", "60")
    (task,) = line.json("plan", "show", placed)["task"]
    assert line.family in line.som("task", "show", task["id"]).stdout
    assert line.json("event", "list", "--order", placed)[-1]["state"] == "completed"
    line.som("listener", "list")
    line.som("delivery", "list", "--state", "dead")
    line.som("delivery", "replay", "nothing", code=3)
    line.som("fulfiller", "show", line.family)
    line.som("fulfiller", "remove", line.family)
    line.som("fulfiller", "show", line.family, code=3)
