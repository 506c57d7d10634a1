"""`som decision`: what it prints, and how it says no."""

import json
from pathlib import Path

import pytest

from som.cli.app import main
from tests.unit.decision_models import decision, given, model, table, text


@pytest.fixture
def approval(tmp_path: Path) -> Path:
    file = tmp_path / "approval.dmn"
    rules = [(">= 18", '"yes"'), ("< 18", '"no"')]
    file.write_bytes(model(given("age", "number") + decision("approved", table("", "age", rules), "age")))
    return file


def test_a_decision_is_evaluated_with_values_from_the_command_line_or_a_file(
    approval: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["decision", "evaluate", str(approval), "--input", '{"age": 18}']) == 0
    assert json.loads(capsys.readouterr().out) == "yes"
    values = tmp_path / "values.yaml"
    values.write_text("age: 3\n")
    assert (
        main(["decision", "evaluate", str(approval), "--decision", "approved", "--input", str(values), "--json"]) == 0
    )
    assert json.loads(capsys.readouterr().out)["value"] == "no"


def test_an_input_that_does_not_fit_is_noted(approval: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["decision", "evaluate", str(approval), "--input", '{"age": "old"}']) == 0
    told = capsys.readouterr()
    assert told.out.strip() == "null"
    assert "age was given a value that does not fit number" in told.err


def test_check_names_element_and_reason(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "broken.dmn"
    file.write_bytes(model(decision("d", text("1 +"))))
    assert main(["decision", "check", str(file)]) == 2
    assert "decision 'd': '1 +' cannot be read" in capsys.readouterr().err
    assert main(["decision", "check", str(file), "--json"]) == 2
    assert json.loads(capsys.readouterr().out)["problem"][0]["element"] == "decision 'd'"


def test_what_cannot_be_evaluated_says_why(approval: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["decision", "evaluate", str(approval), "--decision", "nobody"]) == 2
    assert "has no decision 'nobody'; it has approved" in capsys.readouterr().err
    assert main(["decision", "evaluate", str(approval), "--input", '{"age": ']) == 2
    no_model = tmp_path / "text.dmn"
    no_model.write_text("hello")
    assert main(["decision", "check", str(no_model)]) == 2
    assert "no well-formed XML" in capsys.readouterr().err
