"""`som flow`: recipes that run without an order."""

from pathlib import Path

import pytest

from som.cli.app import main
from tests.unit.som.cli.small_server import Answer, SmallServer

FLOWS = "/tmf-api/processFlowManagement/v4/processFlow"
FLOW = {
    "id": "p1",
    "state": "hold",
    "processFlowSpecification": "room",
    "processFlowSpecificationRef": {"id": "room:1.0.0"},
    "errorMessage": [{"message": "survey: not today"}],
    "characteristic": [{"name": "size", "value": 3}],
}


def test_a_recipe_is_started_with_values_of_a_file_and_of_the_line(
    server: SmallServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    server.answers["POST", FLOWS] = Answer(201, {**FLOW, "state": "active"})
    (tmp_path / "data.yaml").write_text("site: north\nsize: 1\n")
    data = ["--data", str(tmp_path / "data.yaml")]
    assert main(["flow", "start", "room:1.0.0", *data, "--set", "size=3", "--set", "who=ada"]) == 0
    asked = server.asked[-1].body
    assert asked["processFlowSpecificationRef"] == {"id": "room:1.0.0"}
    assert {one["name"]: one["value"] for one in asked["characteristic"]} == {"site": "north", "size": 3, "who": "ada"}
    assert "p1" in capsys.readouterr().out


def test_a_run_is_shown_with_its_steps_and_its_trouble(server: SmallServer, capsys: pytest.CaptureFixture[str]) -> None:
    step = {"id": "t1", "name": "survey", "state": "hold", "reason": "not today", "relatedEntity": [{"id": "robot"}]}
    server.answers["GET", f"{FLOWS}/p1"] = Answer(200, FLOW)
    server.answers["GET", f"{FLOWS}/p1/taskFlow"] = Answer(200, [step])
    assert main(["flow", "show", "p1"]) == 0
    shown = capsys.readouterr().out
    for word in ("room:1.0.0", "survey: not today", "size", "robot"):
        assert word in shown
    server.answers["GET", FLOWS] = Answer(200, [FLOW])
    assert main(["flow", "list", "--recipe", "room", "--state", "hold"]) == 0
    assert "room:1.0.0" in capsys.readouterr().out
    data = [{"name": "size", "minCardinality": 1}, {"name": "note"}]
    found = {"id": "room:1.0.0", "processFlowSpecificationCharacteristic": data, "taskFlowSpecification": [step]}
    server.answers["GET", "/tmf-api/processFlowManagement/v4/processFlowSpecification"] = Answer(200, [found])
    assert main(["flow", "recipes"]) == 0
    assert "size, note?" in capsys.readouterr().out


@pytest.mark.parametrize(("command", "state"), [("hold", "hold"), ("resume", "active"), ("cancel", "cancelled")])
def test_a_run_is_interrupted_resumed_and_cancelled(server: SmallServer, command: str, state: str) -> None:
    server.answers["PATCH", f"{FLOWS}/p1"] = Answer(200, {**FLOW, "cancellation": {"state": "requested"}})
    assert main(["flow", command, "p1"]) == 0
    assert server.asked[-1].body == {"state": state}
