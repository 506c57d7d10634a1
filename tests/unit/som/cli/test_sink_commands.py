"""`som sink`: what is registered, changed, copied and removed."""

import pytest

from som.cli.app import main
from tests.unit.som.cli.small_server import Answer, SmallServer


def test_a_sink_is_registered_with_what_was_said_and_its_secret_shown_once(
    server: SmallServer, capsys: pytest.CaptureFixture[str]
) -> None:
    server.answers["POST", "/som/v1/sink"] = Answer(201, {"id": "x1", "secret": "whsec_1"})
    server.answers["DELETE", "/som/v1/sink/x1"] = Answer(204)
    assert main(["sink", "add", "http://a.example/", "--kind", "tmf638", "--specification", "L", "--token", "t"]) == 0
    assert server.asked[-1].body == {
        "address": "http://a.example/",
        "kind": "tmf638",
        "specification": ["L"],
        "credentials": {"type": "bearer", "token": "t"},
    }
    assert "whsec_1" in capsys.readouterr().out
    assert main(["sink", "remove", "x1"]) == 0
    assert main(["sink", "add", "http://a.example/", "--whole"]) == 0
    assert server.asked[-1].body == {"address": "http://a.example/", "kind": "webhook", "initialCopy": True}


def test_a_sink_is_changed_by_what_is_given_and_the_whole_inventory_sent_to_it(
    server: SmallServer, capsys: pytest.CaptureFixture[str]
) -> None:
    copy = {"number": 2, "state": "inProgress", "copied": 300}
    server.answers["PATCH", "/som/v1/sink/x1"] = Answer(200, {"id": "x1", "address": "http://b.example/"})
    server.answers["POST", "/som/v1/sink/x1/copy"] = Answer(202, copy)
    assert main(["sink", "change", "x1", "--address", "http://b.example/", "--query", "", "--token", "t"]) == 0
    credentials = {"type": "bearer", "token": "t"}
    assert server.asked[-1].body == {"address": "http://b.example/", "query": None, "credentials": credentials}
    assert "http://b.example/" in capsys.readouterr().out
    assert main(["sink", "copy", "x1"]) == 0
    assert "300" in capsys.readouterr().out
    assert main(["sink", "change", "x1", "--specification", "L", "--json"]) == 0
    assert server.asked[-1].body == {"specification": ["L"]}
    server.answers["GET", "/som/v1/sink"] = Answer(200, [{"id": "x1", "kind": "tmf638", "state": "active",
                                                          "address": "a", "copy": copy}])  # fmt: skip
    assert main(["sink", "list"]) == 0
    assert "300 so far" in capsys.readouterr().out
