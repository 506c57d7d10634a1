"""`som change` asks the server for the right things, and shows what it answers."""

from pathlib import Path

import pytest

from som.cli.app import main
from tests.unit.som.cli.small_server import Answer, SmallServer


@pytest.mark.parametrize("as_json", [[], ["--json"]])
def test_sources_and_changes_are_listed(
    server: SmallServer, capsys: pytest.CaptureFixture[str], as_json: list[str]
) -> None:
    source = {"id": "x1", "name": "Board", "endpoint": "http://b", "hubTells": True}
    server.answers["GET", "/som/v1/changeSource"] = Answer(200, [source])
    server.answers["GET", "/som/v1/changeSource/x1"] = Answer(200, source)
    change = {"id": "c1", "changeRequest": {"id": "C-1"}, "state": "refused", "problem": "no such thing"}
    server.answers["GET", "/som/v1/change"] = Answer(200, [change])
    for arguments in (["source", "list"], ["source", "show", "x1"], ["list", "--state", "refused", "--source", "x1"]):
        assert main(["change", *arguments, *as_json]) == 0
    assert (server.asked[-1].query["state"], server.asked[-1].query["changeSource"]) == (["refused"], ["x1"])
    shown = capsys.readouterr().out
    assert all(word in shown for word in ("Board", "http://b", "C-1", "no such thing"))


def test_a_change_source_is_registered_with_its_template_and_removed(
    server: SmallServer, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    template = tmp_path / "order.yaml"
    template.write_text('serviceOrderItem: [{id: "= characteristic.x", action: "${ACTION}"}]')
    server.answers["POST", "/som/v1/changeSource"] = Answer(201, {"id": "x1"})
    server.answers["DELETE", "/som/v1/changeSource/x1"] = Answer(204)
    arguments = ["change", "source", "add", "http://a.example", "--name", "Board", "--order", str(template)]
    assert main([*arguments, "--set", "ACTION=add", "--poll", "5", "--no-hub", "--token", "t", "--id", "x1"]) == 0
    assert server.asked[-1].body == {
        "endpoint": "http://a.example",
        "name": "Board",
        "hub": False,
        "id": "x1",
        "pollInterval": 5,
        "order": {"serviceOrderItem": [{"id": "= characteristic.x", "action": "add"}]},
        "credentials": {"type": "bearer", "token": "t"},
    }
    changed = {"id": "x1", "endpoint": "http://b.example"}
    server.answers["PATCH", "/som/v1/changeSource/x1"] = Answer(200, changed)
    for as_json in ([], ["--json"]):
        given = ["--endpoint", "http://b.example", "--hub", "--status", "approved", "--set", "ACTION=modify"]
        assert main(["change", "source", "change", "x1", *given, "--order", str(template), *as_json]) == 0
    assert server.asked[-1].body == {
        "endpoint": "http://b.example",
        "hub": True,
        "status": ["approved"],
        "order": {"serviceOrderItem": [{"id": "= characteristic.x", "action": "modify"}]},
    }
    assert main(["change", "source", "change", "x1", "--name", "Boards"]) == 0
    assert server.asked[-1].body == {"name": "Boards"}
    assert main(["change", "source", "remove", "x1"]) == 0
    change = {"id": "x1", "changeRequest": {"id": "C-1", "status": "approved"}, "state": "placed", "owed": ["start"],
              "told": [{"what": "refusal", "at": "then"}], "serviceOrder": {"id": "o-1"}}  # fmt: skip
    server.answers["GET", "/som/v1/change"] = Answer(200, [])
    server.answers["GET", "/som/v1/change/x1"] = Answer(200, change)
    assert main(["change", "show", "x1"]) == 0
    shown = capsys.readouterr().out
    assert all(word in shown for word in ("C-1", "approved", "o-1", "start", "refusal"))
