"""`som recipe` against a server."""

import json
from pathlib import Path

import pytest

from som.cli.app import main
from tests.unit.som.cli.small_server import Answer, SmallServer, refusal

RECIPES = "/som/v1/recipe"
ONE = {
    "id": "vpn:1.0.0", "state": "draft", "lastUpdate": "2026-01-01T00:00:00.000Z",
    "binding": [{"specification": "vpn", "versions": "^1.0.0"}, {"specification": "lan", "byPolicy": True}],
    "testCase": [{"name": "small"}],
    "step": [{"state": "draft", "date": "2026-01-01T00:00:00.000Z", "who": "bo", "why": "CR 7"}],
}  # fmt: skip


def test_a_yaml_file_is_loaded_with_all_that_it_names(server: SmallServer, tmp_path: Path) -> None:
    (tmp_path / "vpn.bpmn").write_text("<definitions/>")
    (tmp_path / "price.dmn").write_text("<dmn/>")
    (tmp_path / "cases.yaml").write_text("cases: [{name: small}]")
    (tmp_path / "form.json").write_text('{"type": "object"}')
    file = tmp_path / "recipe.yaml"
    file.write_text(
        "{name: vpn, version: 1.0.0, bpmn: vpn.bpmn, testCase: cases.yaml,"
        " decisionTable: [{name: price, dmn: price.dmn}], form: [{name: look, schema: form.json}]}"
    )
    server.answers["POST", RECIPES] = refusal(409, "alreadyExists", "In conflict", "There is one already.")
    server.answers["PATCH", f"{RECIPES}/vpn%3A1.0.0"] = Answer(200, ONE)
    for step, state in (("review", "inReview"), ("publish", "published")):
        server.answers["POST", f"{RECIPES}/vpn%3A1.0.0/{step}"] = Answer(200, {**ONE, "state": state})
    assert main(["recipe", "load", str(file), "--publish"]) == 0
    assert server.of("PATCH")[0].body == {
        "bpmn": "<definitions/>",
        "testCase": [{"name": "small"}],
        "decisionTable": [{"name": "price", "dmn": "<dmn/>"}],
        "form": [{"name": "look", "schema": {"type": "object"}}],
    }
    assert [one.path for one in server.of("POST")][1:] == [
        f"{RECIPES}/vpn%3A1.0.0/review",
        f"{RECIPES}/vpn%3A1.0.0/publish",
    ]


def test_a_drawing_alone_is_named_after_its_file(server: SmallServer, tmp_path: Path) -> None:
    file = tmp_path / "vpn.bpmn"
    file.write_text("<definitions/>")
    (tmp_path / "vpn.cases.yaml").write_text("cases: [{name: small}]")
    server.answers["POST", RECIPES] = Answer(201, ONE)
    assert main(["recipe", "load", str(file), "--version", "2.0.0"]) == 0
    body = server.of("POST")[0].body
    assert body == {"name": "vpn", "version": "2.0.0", "bpmn": "<definitions/>", "testCase": [{"name": "small"}]}


def test_recipes_are_listed_shown_and_moved(server: SmallServer, capsys: pytest.CaptureFixture[str]) -> None:
    key = f"{RECIPES}/vpn%3A1.0.0"
    server.answers["GET", RECIPES] = Answer(200, [ONE])
    server.answers["GET", key] = Answer(200, ONE)
    server.answers["DELETE", key] = Answer(204)
    assert main(["recipe", "list", "--state", "draft"]) == 0
    assert main(["recipe", "show", "vpn:1.0.0"]) == 0
    for step in ("review", "return", "publish", "retire"):
        server.answers["POST", f"{key}/{step}"] = Answer(200, ONE)
        assert main(["recipe", step, "vpn:1.0.0", "--why", "CR 7"]) == 0
        assert server.of("POST")[-1].body == {"why": "CR 7"}
    assert main(["recipe", "remove", "vpn:1.0.0"]) == 0
    shown = capsys.readouterr().out
    for part in ("add of vpn ^1.0.0, add of lan by policy", "small", "CR 7", "removed"):
        assert part in shown


def test_a_difference_names_what_changed(server: SmallServer, capsys: pytest.CaptureFixture[str]) -> None:
    changed = {"kind": "changed", "what": "input", "name": "Build: size", "before": "=size", "after": "=size * 2"}
    added = {"kind": "added", "what": "element", "name": "Tell"}
    found = {"from": "vpn:1.0.0", "to": "vpn:1.1.0", "difference": [changed, added]}
    server.answers["GET", f"{RECIPES}/vpn%3A1.1.0/difference"] = Answer(200, found)
    assert main(["recipe", "diff", "vpn:1.1.0", "vpn:1.0.0"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "vpn:1.0.0 → vpn:1.1.0",
        "  ~ input Build: size: =size → =size * 2",
        "  + element Tell",
    ]


def test_a_case_that_fails_is_told_by_the_exit_code(server: SmallServer, capsys: pytest.CaptureFixture[str]) -> None:
    trials = [
        {"name": "small", "passed": True, "difference": []},
        {"name": "big", "passed": False, "difference": ["status: 'stuck' instead of 'completed'."]},
    ]
    problem = {"name": "Build", "element": "b", "severity": "remark", "reason": "It is odd."}
    found = {"tryable": True, "problem": [problem], "trial": trials}
    server.answers["POST", f"{RECIPES}/vpn%3A1.0.0/try"] = Answer(200, found)
    assert main(["recipe", "verify", "vpn:1.0.0"]) == 3
    shown = capsys.readouterr()
    for part in ("Build: It is odd.", "passed  small", "failed  big", "'stuck' instead"):
        assert part in shown.out
    assert "big failed" in shown.err
    assert main(["recipe", "verify", "vpn:1.0.0", "--json"]) == 3
    assert json.loads(capsys.readouterr().out) == found
