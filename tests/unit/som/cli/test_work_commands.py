"""What `som work` asks of a server, and what it shows."""

import json
from pathlib import Path
from typing import Any

import pytest

from som.cli.app import main
from tests.unit.som.cli.small_server import Answer, Asked, SmallServer

TASK_FLOWS = "/tmf-api/processFlowManagement/v4/taskFlow"
ONE = "/tmf-api/processFlowManagement/v4/processFlow/p1/taskFlow/t1"
WORK: dict[str, Any] = {
    "id": "t1",
    "name": "Survey the site",
    "state": "new",
    "priority": 2,
    "queue": "surveyors",
    "processFlow": {"id": "p1"},
    "instructions": "Ask for the key.",
    "form": {"required": ["port"], "properties": {"port": {"type": "integer"}}},
    "relatedEntity": [{"id": "o1", "role": "serviceOrder"}],
}


@pytest.fixture
def queue(server: SmallServer) -> SmallServer:
    """A server with one piece of work, which changes as it is told."""
    work = dict(WORK)

    def patched(asked: Asked) -> Answer:
        if isinstance(asked.body, dict):
            work.update(asked.body)
        return Answer(200, work)

    server.answers["GET", TASK_FLOWS] = lambda _: Answer(200, [work], {"X-Total-Count": "1"})
    server.answers["GET", ONE] = lambda _: Answer(200, work, {"ETag": '"5"'})
    server.answers["PATCH", ONE] = patched
    return server


def som(server: SmallServer, *arguments: str) -> int:
    return main(["work", *arguments, "--url", server.url])


def sent(server: SmallServer) -> Any:
    [asked] = server.of("PATCH")
    return asked.body


def test_the_list_asks_for_open_work_the_most_urgent_first(
    queue: SmallServer, capsys: pytest.CaptureFixture[str]
) -> None:
    assert som(queue, "list", "--queue", "surveyors", "--mine", "--as", "anna") == 0
    query = queue.asked[0].query
    assert query["state"] == ["new,active,hold"]
    assert (query["queue"], query["assignee"]) == (["surveyors"], ["anna"])
    assert query["sort"] == ["priority,requestedCompletionDate"]
    assert "Survey the site" in capsys.readouterr().out


def test_mine_needs_to_know_who_asks(
    queue: SmallServer, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SOM_USER", raising=False)
    assert som(queue, "list", "--mine") == 2
    assert "SOM_USER" in capsys.readouterr().err
    assert queue.asked == []


def test_show_says_what_to_do_and_what_to_report(queue: SmallServer, capsys: pytest.CaptureFixture[str]) -> None:
    assert som(queue, "show", "t1") == 0
    shown = capsys.readouterr().out
    assert all(word in shown for word in ("Ask for the key.", "port", "integer", "yes", "o1"))
    assert som(queue, "show", "t1", "--json") == 0
    assert json.loads(capsys.readouterr().out)["id"] == "t1"


def test_a_claim_is_guarded_and_refused_where_somebody_else_has_it(
    queue: SmallServer, capsys: pytest.CaptureFixture[str]
) -> None:
    assert som(queue, "claim", "t1", "--as", "anna") == 0
    [asked] = queue.of("PATCH")
    assert asked.body == {"assignee": "anna", "state": "active"}
    assert asked.headers["If-Match"] == '"5"'
    assert "t1  active, anna has it" in capsys.readouterr().out
    assert som(queue, "claim", "t1", "--as", "ben") == 3
    assert "anna has it already" in capsys.readouterr().err
    assert len(queue.of("PATCH")) == 1


def test_values_are_reported_by_name_as_json_or_text(queue: SmallServer, tmp_path: Path) -> None:
    report = tmp_path / "report.yaml"
    report.write_text("port: 3\nphotos: [a, b]\n")
    assert (
        som(queue, "complete", "t1", "--report", str(report), "--set", "port=7", "--set", "note=ok", "--as", "b") == 0
    )
    assert sent(queue) == {
        "state": "completed",
        "assignee": "b",
        "characteristic": [
            {"name": "port", "value": 7},
            {"name": "photos", "value": ["a", "b"]},
            {"name": "note", "value": "ok"},
        ],
    }


@pytest.mark.parametrize(
    ("arguments", "change"),
    [
        (("release", "t1"), {"assignee": None}),
        (("delegate", "t1", "--to", "ben"), {"assignee": "ben"}),
        (("delegate", "t1", "--queue", "supervisors"), {"queue": "supervisors"}),
        (("fail", "t1", "--why", "No rack."), {"state": "cancelled", "reason": "No rack."}),
        (
            ("ask", "t1", "--why", "Which door?", "--missing", "door"),
            {"informationRequired": {"reason": "Which door?", "missing": [{"characteristic": "door"}]}},
        ),
        (
            ("comment", "t1", "Rings twice.", "--as", "anna"),
            [{"op": "add", "path": "/note", "value": [{"text": "Rings twice.", "author": "anna"}]}],
        ),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)
def test_each_command_is_one_change(
    queue: SmallServer, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], change: Any
) -> None:
    monkeypatch.delenv("SOM_USER", raising=False)
    assert som(queue, *arguments) == 0
    assert sent(queue) == change


@pytest.mark.parametrize(
    "arguments",
    [
        ("list",),
        ("show", "t1"),
        ("claim", "t1", "--as", "anna"),
        ("release", "t1"),
        ("delegate", "t1", "--to", "ben"),
        ("complete", "t1", "--set", "port=1"),
        ("fail", "t1", "--why", "no"),
        ("ask", "t1", "--why", "which?"),
        ("comment", "t1", "Hm."),
    ],
    ids=lambda value: value[0],
)
def test_scripts_get_one_document_and_nothing_else(
    queue: SmallServer, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...]
) -> None:
    assert som(queue, *arguments, "--json") == 0
    answer = json.loads(capsys.readouterr().out)
    assert (answer[0] if isinstance(answer, list) else answer)["id"] == "t1"


def test_the_form_of_fallout_says_what_can_be_done(queue: SmallServer, capsys: pytest.CaptureFixture[str]) -> None:
    form = {"required": ["do"], "properties": {"do": {"enum": ["retry", "skip"]}, "why": {"type": "string"}}}
    queue.answers["GET", TASK_FLOWS] = Answer(200, [{**WORK, "form": form}], {"X-Total-Count": "1"})
    assert som(queue, "show", "t1") == 0
    assert "retry | skip" in capsys.readouterr().out


def test_delegating_to_nobody_is_not_understood(queue: SmallServer) -> None:
    assert som(queue, "delegate", "t1") == 2
    assert queue.asked == []


def test_work_that_is_not_there_is_named(queue: SmallServer, capsys: pytest.CaptureFixture[str]) -> None:
    queue.answers["GET", TASK_FLOWS] = Answer(200, [], {"X-Total-Count": "0"})
    assert som(queue, "show", "t9") == 3
    assert "t9" in capsys.readouterr().err
