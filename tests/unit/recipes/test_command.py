"""`som recipe`, without a server."""

import json
from pathlib import Path

import pytest

from som.cli.app import main
from som.cli.exits import Exit
from tests.unit.recipes.drawing import document, process, service

GOOD = document(
    process(f'<startEvent id="s"/>{service("build")}<endEvent id="e" name="Built"/>', "s > build\nbuild > e")
)
OPEN = document(process('<startEvent id="s"/><serviceTask id="t" name="Build it"/><endEvent id="e"/>', "s > t\nt > e"))
REFUSED = document(
    process('<startEvent id="s"/><complexGateway id="g" name="Which"/><endEvent id="e"/>', "s > g\ng > e")
)


def file(folder: Path, text: str, name: str = "access.bpmn") -> str:
    path = folder / name
    path.write_text(text)
    return str(path)


@pytest.mark.parametrize(
    ("text", "ends", "says"),
    [
        (GOOD, Exit.OK, "can be published"),
        (OPEN, Exit.OTHER_END, "can be tried, not published"),
        (REFUSED, Exit.OTHER_END, "Complex gateways are not run"),
    ],
)
def test_check_says_what_is_wrong(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, ends: Exit, says: str
) -> None:
    assert main(["recipe", "check", file(tmp_path, text)]) == ends
    assert says in capsys.readouterr().out


def test_check_answers_in_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["recipe", "check", file(tmp_path, OPEN), "--json"]) == Exit.OTHER_END
    (answer,) = json.loads(capsys.readouterr().out)
    assert (answer["publishable"], answer["refused"], answer["problems"][0]["element"]) == (False, False, "t")


def test_try_shows_path_time_and_data(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    answers = file(tmp_path, "build: {output: {port: 7}, delay: P1DT2H}", "answers.yaml")
    assert main(["recipe", "try", file(tmp_path, GOOD), "--input", '{"speed": 5}', "--answers", answers]) == Exit.OK
    shown = capsys.readouterr().out
    assert "1 d 2 h" in shown
    assert '{"speed": 5, "port": 7}' in shown
    assert main(["recipe", "try", file(tmp_path, GOOD), "--json"]) == Exit.OK
    assert json.loads(capsys.readouterr().out)["status"] == "completed"


@pytest.mark.parametrize(
    ("text", "arguments", "refusal"),
    [
        (REFUSED, [], (Exit.OTHER_END, "is refused")),
        ("<!DOCTYPE x><definitions/>", [], (Exit.USAGE, "document type")),
        (GOOD, ["--input", "{"], (Exit.USAGE, "no JSON")),
        (GOOD, ["--process", "x"], (Exit.USAGE, "no process 'x'")),
    ],
)
def test_try_refuses_with_the_reason(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, arguments: list[str], refusal: tuple[Exit, str]
) -> None:
    ends, says = refusal
    assert main(["recipe", "try", file(tmp_path, text), *arguments]) == ends
    assert says in capsys.readouterr().err


def test_cases_beside_a_recipe_are_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    recipe = file(tmp_path, GOOD)
    assert main(["recipe", "test", recipe]) == Exit.USAGE
    file(tmp_path, "cases: [{name: good, expect: {end: Built}}]", "access.cases.yaml")
    assert main(["recipe", "test", recipe]) == Exit.OK
    file(tmp_path, "cases: [{name: bad, expect: {end: Refused}}]", "access.cases.yaml")
    capsys.readouterr()
    assert main(["recipe", "test", recipe]) == Exit.OTHER_END
    assert "'Refused' is not reached" in capsys.readouterr().out


def test_explore_shows_the_ways_and_what_is_never_reached(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["recipe", "explore", file(tmp_path, GOOD)]) == Exit.OK
    assert "come to an end that is drawn" in capsys.readouterr().out
    assert main(["recipe", "explore", file(tmp_path, GOOD), "--json"]) == Exit.OK
    assert json.loads(capsys.readouterr().out)["missed"] == []


WRITTEN = """recipe: Access line
steps:
  - service: Build it
    id: build
    fulfiller: builder
  - choose: Big?
    ways:
      - if: size > 10
        as: yes
        do:
          - person: Look at it
            queue: field
      - as: no
        do: []
cases:
  - name: yes
    input: {size: 30}
    expect: {status: completed, path: [Build it, Look at it]}
"""


def test_a_recipe_written_as_yaml_is_checked_tried_and_tested_as_it_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = file(tmp_path, WRITTEN, "access.yaml")
    assert main(["recipe", "check", path]) == Exit.OK
    assert main(["recipe", "try", path, "--input", '{"size": 3}', "--json"]) == Exit.OK
    assert main(["recipe", "test", path]) == Exit.OK
    shown = capsys.readouterr().out
    assert "can be published" in shown
    assert "as expected" in shown
    assert main(["recipe", "test", file(tmp_path, WRITTEN.replace("Look at it]", "Nobody]"), "wrong.yaml")]) == (
        Exit.OTHER_END
    )
    assert main(["recipe", "convert", path, "-o", str(tmp_path / "drawn.bpmn")]) == Exit.OK
    assert "<bpmn:process" in (tmp_path / "drawn.bpmn").read_text()


def test_a_recipe_that_says_what_it_is_for_begins_with_what_every_order_brings(tmp_path: Path) -> None:
    head, steps = (
        "recipe: Lines\n",
        "steps:\n  - compute: Lines\n    expression: service.characteristic.speed / 10\n    result: lines\n",
    )
    bound = f"{head}specification: access-line\naction: add\n{steps}"
    assert main(["recipe", "check", file(tmp_path, head + steps, "alone.yaml")]) == Exit.OTHER_END
    assert main(["recipe", "check", file(tmp_path, bound, "bound.yaml")]) == Exit.OK


def test_what_is_wrong_with_the_yaml_is_told_with_its_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = file(tmp_path, "recipe: Access line\nsteps:\n  - service: Build it\n    deadline: 4\n", "access.yaml")
    assert main(["recipe", "check", path]) == Exit.USAGE
    assert f"{path}:4: steps/0/deadline" in capsys.readouterr().err
