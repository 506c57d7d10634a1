"""`som fallout` and `som explain`: what they ask of a server, and what they show."""

import json
from pathlib import Path
from typing import Any

import pytest

from som.cli.app import main
from tests.unit.som.cli.small_server import Answer, SmallServer, refusal

TASK = "/som/v1/fallout/o1%3Aa"
HELD: dict[str, Any] = {
    "id": "o1:a",
    "state": "held",
    "name": "build",
    "serviceOrder": {"id": "o1", "href": "x"},
    "code": "refused",
    "message": "no port",
    "since": "2026-11-25T10:00:00.000Z",
    "count": 2,
    "actions": ["retry", "edit"],
    "queue": "fallout",
    "attempt": [{"at": "2026-11-25T10:00:00.000Z", "fulfiller": "f", "outcome": "refused", "detail": "no port"}],
    "comment": [{"at": "2026-11-25T10:00:00.000Z", "who": "bo", "text": "hm"}],
}


def test_fallout_is_listed_shown_and_grouped(server: SmallServer, capsys: pytest.CaptureFixture[str]) -> None:
    group = {"id": "c1", "count": 500, "orderCount": 400, "code": "refused", "oldest": "x", "fulfiller": "f"}
    server.answers["GET", "/som/v1/fallout"] = Answer(200, [HELD])
    server.answers["GET", "/som/v1/falloutGroup"] = Answer(200, [group])
    server.answers["GET", TASK] = Answer(200, HELD)
    assert main(["fallout", "list", "--code", "refused", "--cause", "c1"]) == 0
    assert server.asked[-1].query["cause"] == ["c1"]
    assert main(["fallout", "groups"]) == 0
    assert main(["fallout", "show", "o1:a"]) == 0
    shown = capsys.readouterr().out
    for part in ("o1:a", "500", "no port", "retry, edit", "hm"):
        assert part in shown


@pytest.mark.parametrize(
    ("arguments", "sent"),
    [
        (["retry", "o1:a"], {"do": "retry"}),
        (
            ["edit", "o1:a", "--input", '{"port": 9}', "--set", "vlan=7", "--set", "name=x y", "--who", "ana"],
            {
                "do": "edit",
                "input": {"port": 9},
                "characteristic": [{"name": "vlan", "value": 7}, {"name": "name", "value": "x y"}],
                "who": "ana",
            },
        ),
        (["reassign", "o1:a", "--to", "g", "--force", "--why", "new"],
         {"do": "reassign", "fulfiller": "g", "force": True, "why": "new"}),
        (["skip", "o1:a", "--why", "later"], {"do": "skip", "why": "later"}),
        (["fail", "o1:a", "--why", "enough", "--undo"], {"do": "fail", "why": "enough", "undo": True}),
    ],
)  # fmt: skip
def test_an_intervention_is_sent_as_it_was_said(
    server: SmallServer, arguments: list[str], sent: dict[str, Any]
) -> None:
    server.answers["POST", f"{TASK}/intervention"] = Answer(202, {"do": sent["do"]})
    assert main(["fallout", *arguments]) == 0
    assert server.asked[-1].body == sent


def test_whoever_has_said_who_they_are_is_named_in_all_that_they_do(
    server: SmallServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOM_USER", "ana")
    job = {"id": "j1", "state": "done", "do": "retry", "found": 1, "taken": 1, "refused": 0}
    server.answers["POST", f"{TASK}/intervention"] = Answer(202, {"do": "retry"})
    server.answers["PATCH", TASK] = Answer(200, HELD)
    server.answers["POST", "/som/v1/falloutResolution"] = Answer(202, job)
    for arguments, who in (
        (["retry", "o1:a"], "ana"),
        (["assign", "o1:a", "--to", "bo"], "ana"),
        (["resolve", "--cause", "c1", "--as", "bo"], "bo"),
    ):
        assert main(["fallout", *arguments]) == 0
        assert server.asked[-1].body["who"] == who


def test_what_was_done_by_hand_is_read_from_a_file(server: SmallServer, tmp_path: Path) -> None:
    report = tmp_path / "report.yaml"
    report.write_text("output: {port: 3}\n")
    server.answers["POST", f"{TASK}/intervention"] = Answer(202, {"do": "complete"})
    assert main(["fallout", "complete", "o1:a", "--why", "by hand", "--report", str(report)]) == 0
    assert server.asked[-1].body == {"do": "complete", "why": "by hand", "output": {"port": 3}}


def test_an_input_that_is_no_json_is_not_sent(server: SmallServer) -> None:
    assert main(["fallout", "edit", "o1:a", "--input", "{"]) != 0
    assert server.asked == []


def test_who_looks_after_it_is_said(server: SmallServer) -> None:
    server.answers["PATCH", TASK] = Answer(200, HELD)
    assert main(["fallout", "assign", "o1:a", "--to", "", "--comment", "done for today"]) == 0
    assert server.asked[-1].body == {"assignee": None, "comment": "done for today"}


def test_an_order_is_explained_as_a_tree(server: SmallServer, capsys: pytest.CaptureFixture[str]) -> None:
    wait = {
        "kind": "held",
        "by": "person",
        "message": "The task build is held",
        "item": "1",
        "actions": ["retry"],
        "decision": {
            "reason": "North is the only one.",
            "candidate": [
                {"fulfiller": {"id": "n", "name": "North"}},
                {"fulfiller": {"id": "s"}, "rejected": "closed"},
            ],
        },
    }
    item = {"path": "1", "state": "held", "tasks": 3, "ended": 1, "behind": 1, "needs": []}
    found = {"id": "o1", "state": "held", "summary": "It is held.", "wait": [wait], "item": [item]}
    found["policyDecision"] = [
        {"policy": "who:1.0.0", "decisionPoint": "select", "task": "o1:a", "outcome": "allowed"}
        | {"result": {"allow": True, "refuse": [{"fulfiller": "s", "reason": "audit"}], "prefer": ["n"]}},
        {"policy": "medium:1.0.0", "decisionPoint": "decompose", "item": "1", "outcome": "allowed"}
        | {"result": {"allow": True, "recipe": [{"name": "fibre", "versions": "^1.0.0"}], "characteristic": {"a": 1}}},
    ]
    server.answers["GET", "/som/v1/order/o1/explanation"] = Answer(200, found)
    assert main(["explain", "o1"]) == 0
    shown = capsys.readouterr().out
    for part in ("The task build is held", "North: chosen", "s: closed", "1 of 3 tasks ended", "can be done: retry"):
        assert part in shown
    assert "policy who:1.0.0 at select about o1:a: allowed; refuses s (audit); prefers n" in shown
    assert 'at decompose about item 1: allowed; recipe fibre ^1.0.0; fills in {"a": 1}' in shown
    assert main(["explain", "o1", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["id"] == "o1"


def test_much_fallout_is_resolved_at_once(server: SmallServer, capsys: pytest.CaptureFixture[str]) -> None:
    job = {
        "id": "j1",
        "state": "inProgress",
        "do": "retry",
        "found": 500,
        "taken": 499,
        "refused": 1,
        "outcome": {"done": 498, "held": 1},
        "error": [{"task": "o9:a", "message": "not held any more"}],
    }
    server.answers["POST", "/som/v1/falloutResolution"] = Answer(202, job)
    server.answers["GET", "/som/v1/falloutResolution/j1"] = Answer(200, {**job, "state": "done"})
    assert main(["fallout", "resolve", "--cause", "c1", "--why", "back", "--rate", "20", "--watch"]) == 0
    posted = server.of("POST")[0].body
    assert posted == {"match": {"cause": "c1"}, "do": "retry", "rate": 20.0, "why": "back"}
    assert main(["fallout", "resolution", "j1"]) == 0
    shown = capsys.readouterr().out
    for part in ("498 done, 1 held", "o9:a", "not held any more"):
        assert part in shown
    assert main(["fallout", "resolve"]) != 0


def test_bulk_jobs_are_listed_for_whoever_has_lost_the_id(
    server: SmallServer, capsys: pytest.CaptureFixture[str]
) -> None:
    job = {"id": "j1", "state": "done", "do": "retry", "found": 500, "taken": 499, "refused": 1, "who": "bo",
           "outcome": {"done": 490, "held": 9}}  # fmt: skip
    server.answers["GET", "/som/v1/falloutResolution"] = Answer(200, [job])
    assert main(["fallout", "resolution"]) == 0
    told = " ".join(capsys.readouterr().out.split())
    assert "j1 done retry 500 499 1 490 done, 9 held bo" in told


def test_a_bulk_job_is_stopped_and_says_what_is_left(server: SmallServer, capsys: pytest.CaptureFixture[str]) -> None:
    stays = {"serviceOrder": {"id": "o1"}, "item": "1", "task": {"id": "o1:a", "name": "dig"}, "reason": "A hole."}
    job = {"id": "j1", "state": "cancelled", "do": "fail", "found": 500, "taken": 20, "refused": 0, "left": 480,
           "outcome": {"failed": 20}, "stopped": {"who": "bo"}, "notUndoneCount": 1, "notUndone": [stays]}  # fmt: skip
    server.answers["PATCH", "/som/v1/falloutResolution/j1"] = Answer(200, job)
    assert main(["fallout", "stop", "j1", "--why", "too fast", "--who", "bo"]) == 0
    assert server.of("PATCH")[0].body == {"state": "cancelled", "why": "too fast", "who": "bo"}
    shown = capsys.readouterr().out
    for part in ("480", "bo", "20 failed", "dig", "A hole."):
        assert part in shown
    assert main(["fallout", "stop", "j1", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["left"] == 480


RULE = {"id": "later", "version": 2, "name": "later", "position": 1, "then": {"do": "retry", "delays": [60]}}


def test_rules_are_kept_and_tried(server: SmallServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "later.yaml"
    file.write_text("id: later\nname: later\nthen: {do: retry, delays: [60]}\n")
    rules = "/som/v1/falloutRule"
    server.answers["POST", rules] = refusal(409, "alreadyExists", "In conflict", "There is one already.")
    server.answers["PATCH", f"{rules}/later"] = Answer(200, RULE)
    server.answers["GET", rules] = Answer(200, [RULE])
    server.answers["DELETE", f"{rules}/later"] = Answer(204)
    tally = {"id": "later", "name": "later", "do": "retry", "count": 41}
    tried = {"since": "x", "holds": 50, "tasks": 40, "leftToPeople": 9, "rule": [tally], "hold": []}
    server.answers["POST", "/som/v1/falloutRuleDryRun"] = Answer(200, tried)
    assert main(["fallout", "rules", "add", str(file)]) == 0
    assert server.asked[-1].body == {"name": "later", "then": {"do": "retry", "delays": [60]}}
    assert main(["fallout", "rules", "list"]) == 0
    assert main(["fallout", "rules", "disable", "later"]) == 0
    assert server.asked[-1].body == {"enabled": False}
    assert main(["fallout", "rules", "try", "--file", str(file), "--since", "2026-11-24T00:00:00Z"]) == 0
    assert server.asked[-1].body["rule"][0]["id"] == "later"
    assert main(["fallout", "rules", "remove", "later"]) == 0
    shown = capsys.readouterr().out
    for part in ("version 2", "retry delays [60]", "41", "disabled"):
        assert part in shown
    server.answers["GET", f"{rules}/later"] = Answer(200, RULE)
    for command in ("show", "enable", "disable"):
        assert main(["fallout", "rules", command, "later", "--json"]) == 0
        assert json.loads(capsys.readouterr().out) == RULE
    assert main(["fallout", "rules", "show", "later"]) == 0
    assert "retry delays [60]" in capsys.readouterr().out
    assert main(["fallout", "rules", "remove", "later", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"id": "later", "removed": True}


def test_decisions_of_policies_about_orders_and_process_flows_are_listed(
    server: SmallServer, capsys: pytest.CaptureFixture[str]
) -> None:
    decided = {
        "id": "d",
        "date": "t",
        "policy": "p:1.0.0",
        "decisionPoint": "retry",
        "outcome": "allowed",
        "duration": 1,
    }
    found = [
        {**decided, "order": "o1", "result": {"allow": True, "after": 5.0}},
        {**decided, "processFlow": "f1", "result": {"allow": False, "reason": "No use."}},
    ]
    server.answers["GET", "/som/v1/policyDecision"] = Answer(200, found)
    assert main(["policy", "decisions", "--flow", "f1"]) == 0
    shown = capsys.readouterr().out
    for part in ("o1", "after 5 s", "f1", "No use."):
        assert part in shown
