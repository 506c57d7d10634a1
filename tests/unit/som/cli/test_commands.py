"""What commands ask of a server, what they show, and how they end."""

import json
from pathlib import Path
from typing import Any

import pytest
import typer

from som.cli.app import app, main
from tests.unit.som.cli.small_server import Answer, Asked, SmallServer, refusal

ORDERS = "/tmf-api/serviceOrdering/v4/serviceOrder"
CANCELLATIONS = "/tmf-api/serviceOrdering/v4/cancelServiceOrder"


def _order(state: str = "acknowledged", **more: Any) -> dict[str, Any]:
    item = {"id": "1", "action": "add", "state": state, "service": {"name": "Access"}}
    return {"id": "o1", "state": state, "serviceOrderItem": [item], **more}


@pytest.fixture
def order_file(tmp_path: Path) -> str:
    file = tmp_path / "order.json"
    file.write_text('{"serviceOrderItem": [{"id": "1", "action": "add", "service": {"name": "${NAME}"}}]}')
    return str(file)


@pytest.fixture
def placed(server: SmallServer) -> SmallServer:
    server.answers["POST", ORDERS] = Answer(201, _order())
    return server


def _goes_through(server: SmallServer, *states: str, **more: Any) -> None:
    left = list(states)

    def answer(_: Asked) -> Answer:
        return Answer(200, _order(left.pop(0) if len(left) > 1 else left[0], **more))

    server.answers["GET", f"{ORDERS}/o1"] = answer


def test_an_order_is_placed_with_a_key_of_its_own(
    placed: SmallServer, order_file: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["order", "submit", order_file, "--set", "NAME=Access"]) == 0
    (asked,) = placed.asked
    assert asked.body["serviceOrderItem"][0]["service"]["name"] == "Access"
    assert asked.headers["Idempotency-Key"]
    assert capsys.readouterr().out == "o1  acknowledged\n"


def test_the_key_can_be_given(placed: SmallServer, order_file: str) -> None:
    assert main(["order", "submit", order_file, "--set", "NAME=x", "--idempotency-key", "mine"]) == 0
    assert placed.asked[0].headers["Idempotency-Key"] == "mine"


def test_a_server_that_is_away_for_a_moment_is_asked_again_with_the_same_key(
    server: SmallServer, order_file: str
) -> None:
    answers = [refusal(503, "unavailable", "Not available at the moment", ""), Answer(201, _order())]
    server.answers["POST", ORDERS] = lambda _: answers.pop(0)
    assert main(["order", "submit", order_file, "--set", "NAME=x"]) == 0
    first, second = (one.headers["Idempotency-Key"] for one in server.asked)
    assert first == second


def test_watching_tells_every_change_once_and_ends_well_when_the_order_is_completed(
    placed: SmallServer, order_file: str, capsys: pytest.CaptureFixture[str]
) -> None:
    _goes_through(placed, "acknowledged", "inProgress", "inProgress", "completed")
    plan = {"id": "o1", "service": [], "task": [{"key": "k", "name": "install", "item": "1", "state": "running"}]}
    placed.answers["GET", "/som/v1/plan/o1"] = Answer(200, plan)
    placed.answers["GET", "/som/v1/fulfiller"] = Answer(200, [])
    assert main(["order", "submit", order_file, "--set", "NAME=x", "--watch"]) == 0
    lines = [line.split(" ", 1)[1] for line in capsys.readouterr().out.splitlines()]
    assert [line for line in lines if line.startswith("order")] == [
        "order o1 acknowledged",
        "order o1 inProgress",
        "order o1 completed",
    ]
    assert sum("install" in line for line in lines) == 1


def test_watching_an_order_that_fails_ends_with_one_and_says_why(
    placed: SmallServer, order_file: str, capsys: pytest.CaptureFixture[str]
) -> None:
    _goes_through(placed, "inProgress", "failed", errorMessage=[{"message": "No line in the street."}])
    assert main(["order", "submit", order_file, "--set", "NAME=x", "--watch"]) == 1
    assert "No line in the street." in capsys.readouterr().err


def test_watching_ends_with_five_when_the_time_is_over(placed: SmallServer, order_file: str) -> None:
    _goes_through(placed, "held")
    assert main(["order", "submit", order_file, "--set", "NAME=x", "--watch", "--timeout", "0.2"]) == 5


def test_watching_in_json_gives_the_order_at_its_end_and_nothing_else(
    placed: SmallServer, order_file: str, capsys: pytest.CaptureFixture[str]
) -> None:
    _goes_through(placed, "inProgress", "completed")
    assert main(["order", "submit", order_file, "--set", "NAME=x", "--watch", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["state"] == "completed"


def test_the_event_stream_wakes_the_watcher(placed: SmallServer, order_file: str) -> None:
    event = 'id: 1\nevent: ServiceOrderStateChangeEvent\ndata: {"id": "e"}\n\n: alive\n\n'
    placed.answers["GET", "/som/v1/order/o1/stream"] = Answer(200, event, {"Content-Type": "text/event-stream"})
    _goes_through(placed, "inProgress", "completed")
    assert main(["order", "submit", order_file, "--set", "NAME=x", "--watch"]) == 0
    assert any(one.path.endswith("/stream") for one in placed.asked)


def test_a_refused_order_ends_with_three_and_the_place_in_the_input(
    server: SmallServer, order_file: str, capsys: pytest.CaptureFixture[str]
) -> None:
    message = "/serviceOrderItem/0/service/serviceSpecification: it is missing"
    server.answers["POST", ORDERS] = refusal(400, "invalidRequest", "The request is not valid", message)
    assert main(["order", "submit", order_file, "--set", "NAME=x"]) == 3
    told = capsys.readouterr().err
    assert "400 invalidRequest" in told
    assert message in told


def test_a_missing_value_ends_with_two_before_the_server_is_asked(placed: SmallServer, order_file: str) -> None:
    assert main(["order", "submit", order_file]) == 2
    assert not placed.asked


@pytest.mark.parametrize(
    "arguments", [["order", "submit", "nowhere.json"], ["order", "lis"], ["order", "list", "--limit", "0"]]
)
def test_what_is_not_understood_ends_with_two(arguments: list[str]) -> None:
    assert main(arguments) == 2


def test_help_ends_with_zero() -> None:
    assert main(["order", "--help"]) == 0


@pytest.mark.parametrize("url", ["nonsense", "http://[::1", "ftp://h", "http://h:x"])
def test_an_address_that_is_none_ends_with_two(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["order", "list", "--url", url]) == 2
    assert "is no address" in capsys.readouterr().err


@pytest.mark.parametrize("url", ["http://127.0.0.1:9", "http://name.invalid"], ids=["port", "name"])
def test_a_server_that_is_not_there_ends_with_four_and_without_a_traceback(
    url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["order", "list", "--url", url]) == 4
    told = capsys.readouterr().err
    assert "cannot be reached" in told
    assert "Traceback" not in told


def test_something_else_that_answers_ends_with_four(server: SmallServer, capsys: pytest.CaptureFixture[str]) -> None:
    server.answers["GET", ORDERS] = Answer(200, "<html>")
    assert main(["order", "list"]) == 4
    assert "no service order manager" in capsys.readouterr().err


def test_a_fault_of_the_server_ends_with_four(server: SmallServer) -> None:
    server.answers["GET", ORDERS] = refusal(500, "internalError", "A fault of the server", "id 12")
    assert main(["order", "list"]) == 4


def test_a_list_is_plain_columns_in_a_pipe_and_says_when_there_is_more(
    server: SmallServer, capsys: pytest.CaptureFixture[str]
) -> None:
    orders = [_order("completed", description="x" * 300), _order("held", externalId="E1")]
    server.answers["GET", ORDERS] = Answer(200, orders, {"X-Total-Count": "7"})
    assert main(["order", "list", "--state", "completed,held", "--filter", "priority=1"]) == 0
    shown = capsys.readouterr()
    assert [line.split()[1] for line in shown.out.splitlines()] == ["state", "completed", "held"]
    assert "x" * 300 in shown.out
    assert "2 of 7" in shown.err
    assert server.asked[0].query["state"] == ["completed,held"]
    assert server.asked[0].query["priority"] == ["1"]


def test_a_list_in_json_is_the_servers_own(server: SmallServer, capsys: pytest.CaptureFixture[str]) -> None:
    server.answers["GET", ORDERS] = Answer(200, [_order()])
    assert main(["order", "list", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == [_order()]


def test_an_order_is_shown_with_items_tasks_and_troubles(
    server: SmallServer, capsys: pytest.CaptureFixture[str]
) -> None:
    _goes_through(server, "held", errorMessage=[{"message": "[bold]No[/bold] line."}])
    assert main(["order", "show", "o1"]) == 0
    shown = capsys.readouterr().out
    assert "Access" in shown
    assert "! [bold]No[/bold] line." in shown


def test_an_unknown_order_ends_with_three(server: SmallServer) -> None:
    assert main(["order", "show", "o 1/../2"]) == 3
    assert server.asked[0].path.endswith("/o%201%2F..%2F2")


def test_resuming_an_order_sets_its_state(server: SmallServer) -> None:
    server.answers["PATCH", f"{ORDERS}/o1"] = Answer(200, _order("inProgress"))
    assert main(["order", "resume", "o1"]) == 0
    assert server.of("PATCH")[0].body == {"state": "inProgress"}


def test_resuming_an_item_reaches_it_alone_and_only_in_the_version_that_was_read(server: SmallServer) -> None:
    inner = {"id": "2", "action": "add", "state": "held"}
    held = {"id": "o1", "state": "held", "serviceOrderItem": [{"id": "1", "serviceOrderItem": [inner]}]}
    server.answers["GET", f"{ORDERS}/o1"] = Answer(200, held, {"ETag": '"5"'})
    server.answers["PATCH", f"{ORDERS}/o1"] = Answer(200, held)
    assert main(["order", "resume", "o1", "--item", "1/2"]) == 0
    (patch,) = server.of("PATCH")
    path = "/serviceOrderItem/0/serviceOrderItem/0/state"
    assert patch.body == [{"op": "replace", "path": path, "value": "inProgress"}]
    assert (patch.headers["If-Match"], patch.headers["Content-Type"]) == ('"5"', "application/json-patch+json")


def test_resuming_an_item_that_is_not_there_ends_with_two(server: SmallServer) -> None:
    server.answers["GET", f"{ORDERS}/o1"] = Answer(200, _order("held"))
    assert main(["order", "resume", "o1", "--item", "9"]) == 2


def _cancellation(server: SmallServer, state: str, **more: Any) -> None:
    request = {"id": "c1", "state": "acknowledged", "serviceOrder": {"id": "o1"}}
    server.answers["POST", CANCELLATIONS] = Answer(201, request)
    server.answers["GET", f"{CANCELLATIONS}/c1"] = Answer(200, request | {"state": state} | more)


def test_cancelling_asks_for_it_with_the_reason(server: SmallServer, capsys: pytest.CaptureFixture[str]) -> None:
    _cancellation(server, "acknowledged")
    assert main(["order", "cancel", "o1", "--reason", "moved away"]) == 0
    assert server.asked[0].body == {"serviceOrder": {"id": "o1"}, "cancellationReason": "moved away"}
    assert capsys.readouterr().out == "c1  acknowledged\n"


def test_a_watched_cancellation_ends_well_when_the_order_is_cancelled(server: SmallServer) -> None:
    _cancellation(server, "done")
    _goes_through(server, "pendingCancellation", "pendingCancellation", "pendingCancellation", "cancelled")
    assert main(["order", "cancel", "o1", "--watch"]) == 0


def test_a_denied_cancellation_ends_with_one_and_the_reason(
    server: SmallServer, capsys: pytest.CaptureFixture[str]
) -> None:
    _cancellation(server, "done", completionMessage="Item 1 cannot be undone.")
    _goes_through(server, "inProgress")
    assert main(["order", "cancel", "o1", "--watch"]) == 1
    assert "Item 1 cannot be undone." in capsys.readouterr().err


def test_a_preview_shows_what_each_task_comes_after(
    server: SmallServer, order_file: str, capsys: pytest.CaptureFixture[str]
) -> None:
    plan = {
        "state": "preview",
        "item": [],
        "service": [
            {"id": "s", "action": "add", "item": "1", "state": "active", "specification": {"id": "x", "name": "Line"}}
        ],
        "task": [
            {"key": "a", "name": "dig", "item": "1", "service": "s", "fulfiller": "f"},
            {"key": "b", "name": "pull", "item": "1", "service": "s", "needs": ["a"]},
        ],
    }
    server.answers["POST", "/som/v1/planPreview"] = Answer(200, plan)
    server.answers["GET", "/som/v1/fulfiller"] = Answer(200, [{"id": "f", "name": "Field force"}])
    assert main(["plan", "preview", order_file, "--set", "NAME=x"]) == 0
    shown = capsys.readouterr().out
    assert "Field force" in shown
    assert next(line for line in shown.splitlines() if "pull" in line).endswith("dig of Line")


@pytest.mark.parametrize(
    ("arguments", "path", "answer"),
    [
        (["service", "list"], "/tmf-api/serviceInventory/v4/service", [{"id": "x1", "state": "active", "name": "n"}]),
        (["service", "show", "x1"], "/tmf-api/serviceInventory/v4/service/x1", {"id": "x1", "state": "active"}),
        (
            ["resource", "list", "--status", "reserved"],
            "/tmf-api/resourceInventoryManagement/v4/resource",
            [{"id": "x1", "resourceStatus": "reserved", "value": "7", "resourceSpecification": {"id": "s"}}],
        ),
        (
            ["resource", "show", "x1"],
            "/tmf-api/resourceInventoryManagement/v4/resource/x1",
            {"id": "x1", "@type": "LogicalResource", "resourceRelationship": [{"id": "r", "relationshipType": "c"}]},
        ),
        (
            ["resource", "history", "x1"],
            "/som/v1/history",
            [{"id": "x1", "at": "t", "what": "ResourceStateChangeEvent", "after": {"usageState": "x1"}, "who": "som"}],
        ),
        (
            ["fulfiller", "list"],
            "/som/v1/fulfiller",
            [{"id": "x1", "capability": [{"specification": "s", "action": "*"}]}],
        ),
        (
            ["repair", "list"],
            "/som/v1/repair",
            [{"id": "x1", "service": {"name": "n"}, "since": "t", "state": "proposed", "order": {"id": "o"}}],
        ),
        (
            ["repair", "show", "x1"],
            "/som/v1/repair/x1",
            {"id": "x1", "since": "t", "difference": [{"attribute": "state", "desired": "active", "actual": "x"}]},
        ),
        (["sink", "list"], "/som/v1/sink", [{"id": "x1", "kind": "tmf638", "state": "active", "address": "a"}]),
        (["fulfiller", "health", "x1"], "/som/v1/fulfiller/x1/health", {"status": "down", "down": {"reason": "x1"}}),
        (["fulfiller", "show", "x1"], "/som/v1/fulfiller/x1", {"id": "x1", "kind": "rest", "settings": {"a": 1}}),
        (["listener", "list"], "/som/v1/hubListener", [{"id": "x1", "api": "tmf641", "version": "v4"}]),
        (["delivery", "list", "--state", "dead"], "/som/v1/delivery", [{"id": "x1", "last": {"status": 500}}]),
        (["event", "list"], "/som/v1/event", [{"id": "x1", "sequence": 1}]),
        (["plan", "show", "x1"], "/som/v1/plan/x1", {"id": "x1", "state": "done"}),
        (
            ["task", "show", "x1"],
            "/som/v1/task/x1",
            {"id": "x1", "name": "dig", "attempt": [{"at": "t", "outcome": "done"}]},
        ),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) and isinstance(value[0], str) else "",
)
def test_what_is_there_can_be_looked_at_by_people_and_programs(
    arguments: list[str], path: str, answer: Any, server: SmallServer, capsys: pytest.CaptureFixture[str]
) -> None:
    server.answers["GET", "/som/v1/fulfiller"] = Answer(200, [])
    server.answers["GET", "/som/v1/fulfiller/x1/health"] = Answer(200, {"status": "up", "inFlight": 0})
    server.answers["GET", "/tmf-api/serviceInventory/v4/service"] = Answer(200, [{"id": "s1"}])
    server.answers["GET", path] = Answer(200, answer)
    assert main(arguments) == 0
    assert "x1" in capsys.readouterr().out
    assert main([*arguments, "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == answer


def test_a_delivery_is_replayed(server: SmallServer, capsys: pytest.CaptureFixture[str]) -> None:
    server.answers["POST", "/som/v1/delivery/d1/replay"] = Answer(200, {"id": "d1", "state": "pending"})
    assert main(["delivery", "replay", "d1"]) == 0
    assert capsys.readouterr().out == "d1  pending\n"


def test_a_fulfiller_is_removed(server: SmallServer) -> None:
    server.answers["DELETE", "/som/v1/fulfiller/net"] = Answer(204)
    assert main(["fulfiller", "remove", "net"]) == 0


def test_a_setting_that_cannot_be_used_ends_with_two_and_names_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SOM_LEASE_SECONDS", "0")
    assert main(["stop"]) == 2
    assert "lease_seconds (SOM_LEASE_SECONDS)" in capsys.readouterr().err


def test_stopping_where_nothing_runs_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["stop", "--data-dir", str(tmp_path)]) == 0
    assert capsys.readouterr().out == "Nothing was running.\n"


def test_the_version_is_shown_with_or_without_a_server(server: SmallServer, capsys: pytest.CaptureFixture[str]) -> None:
    server.answers["GET", "/healthz"] = Answer(200, {"version": "9.9"})
    assert main(["version", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["server"] == "9.9"
    assert main(["version", "--url", "http://127.0.0.1:9"]) == 0
    assert "none answers" in capsys.readouterr().out


def test_a_fulfiller_is_drained_withdrawn_and_resumed(server: SmallServer, capsys: pytest.CaptureFixture[str]) -> None:
    server.answers["PATCH", "/som/v1/fulfiller/net"] = Answer(200, {"id": "net"})
    for arguments in (["drain", "net"], ["drain", "net", "--withdraw"], ["resume", "net"]):
        assert main(["fulfiller", *arguments]) == 0
    states = [request.body for request in server.of("PATCH")]
    assert states == [{"administrativeState": state} for state in ("draining", "withdrawn", "enabled")]
    assert "net  enabled" in capsys.readouterr().out
    assert main(["fulfiller", "resume", "net", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"id": "net"}


def test_whatever_asks_a_server_answers_scripts_in_json() -> None:
    """The export is a document as it is, which goes into a file or to standard output."""
    without = {path for path, names in options().items() if "--url" in names and "--json" not in names}
    assert without == {"som catalog export"}


def options() -> dict[str, set[str]]:
    """The options of every command, by its path."""
    found: dict[str, set[str]] = {}

    def walk(path: str, command: Any) -> None:
        inner = getattr(command, "commands", None)
        if inner is None:
            found[path] = {name for parameter in command.params for name in parameter.opts}
        for name, one in (inner or {}).items():
            walk(f"{path} {name}", one)

    walk("som", typer.main.get_command(app))
    return found


def test_a_fulfiller_that_is_not_well_says_why_in_the_list(
    server: SmallServer, capsys: pytest.CaptureFixture[str]
) -> None:
    health = {
        "status": "down",
        "circuitBreaker": {"state": "open", "until": "2026-11-25T12:00:00.000Z", "reason": "no connection"},
        "maintenance": {"until": "2026-11-25T13:00:00.000Z", "name": "move"},
    }
    listed: dict[str, Any] = {"id": "net", "name": "Net", "administrativeState": "draining", "health": health}
    listed["capability"] = [{"category": "access", "action": "add"}]
    server.answers["GET", "/som/v1/fulfiller"] = Answer(200, [listed])
    assert main(["fulfiller", "list"]) == 0
    told = capsys.readouterr().out
    for words in ("draining", "breaker open until 2026-11-25T12:00:00.000Z: no connection", "category access:add"):
        assert words in told


def test_a_fulfiller_at_work_tells_how_much_it_has(server: SmallServer, capsys: pytest.CaptureFixture[str]) -> None:
    calls = {"calls": 12, "done": 7, "accepted": 4, "refused": 1, "unreachable": 0, "p50": 40.5, "p95": 80.0}
    health = {"status": "up", "inFlight": 3, "openTasks": 4, "heldTasks": 2, "lastHour": calls, "lastDay": calls}
    limits = {"rateLimit": {"calls": 20, "period": 1}, "capacity": None, "owner": "networks"}
    server.answers["GET", "/som/v1/fulfiller/net"] = Answer(200, {"id": "net", "kind": "rest", **limits})
    server.answers["GET", "/som/v1/fulfiller/net/health"] = Answer(200, health)
    for command in ("health", "show"):
        assert main(["fulfiller", command, "net"]) == 0
        told = " ".join(capsys.readouterr().out.split())
        assert "in flight 3 open tasks 4 held tasks 2" in told
        assert "hour 12 7 4 1 0 40.5 80.0" in told
    assert 'rateLimit {"calls": 20, "period": 1} owner networks' in told


def test_a_service_is_shown_with_where_its_values_come_from_and_what_was_ordered_instead(
    server: SmallServer, capsys: pytest.CaptureFixture[str]
) -> None:
    told = {"source": "reported", "by": "north", "at": "2026-01-02T00:00:00.000Z"}
    differs = {"attribute": "serviceCharacteristic", "name": "speed", "desired": 100, "actual": 50, **told}
    gone = {"attribute": "serviceCharacteristic", "name": "backup", "desired": True, "actual": None}
    off = {"attribute": "state", "desired": "active", "actual": "inactive", **told}
    service = {
        "id": "x1",
        "state": "inactive",
        "serviceCharacteristic": [{"name": "speed", "value": 50}, {"name": "colour", "value": "red"}],
        "desired": {
            "state": "active",
            "serviceSpecification": {"id": "l", "name": "Line", "version": "2"},
            "serviceOrderItem": {"serviceOrderId": "o7", "itemId": "1"},
        },
        "actual": {
            "serviceCharacteristic": [
                {"name": "speed", "value": 50, **told},
                {"name": "colour", "value": "red", "source": "ordered", "by": "o7"},
            ]
        },
        "hasDrift": True,
        "drift": {"since": "2026-01-02T00:00:00.000Z", "difference": [differs, gone, off]},
    }
    server.answers["GET", "/tmf-api/serviceInventory/v4/service/x1"] = Answer(200, service)
    assert main(["service", "show", "x1"]) == 0
    shown = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["speed", "50", "reported", "by", "north", "100"] in shown
    assert ["colour", "red", "as", "ordered", "-"] in shown
    assert ["backup", "-", "missing", "True"] in shown
    assert ["state", "inactive", "reported", "by", "north", "active"] in shown
    assert any("item 1 of o7, to be active, of Line 2" in " ".join(words) for words in shown)
    server.answers["GET", "/tmf-api/serviceInventory/v4/service"] = Answer(200, [service])
    assert main(["service", "list", "--drift"]) == 0
    assert server.asked[-1].query["hasDrift"] == ["true"]


def test_a_service_is_read_on_demand_and_waited_for(server: SmallServer, capsys: pytest.CaptureFixture[str]) -> None:
    path = "/som/v1/service/x1/reconciliation"
    said = {"at": "t", "answer": [{"fulfiller": "north", "outcome": "refused", "reason": "what is that?"}]}
    server.answers["POST", path] = Answer(202, {"id": "x1", "state": "asked"})
    server.answers["GET", path] = Answer(200, {"id": "x1", "state": "idle", "lastRead": said, "hasDrift": False})
    assert main(["service", "reconcile", "x1"]) == 0
    shown = capsys.readouterr().out
    assert "what is that?" in shown
    assert main(["service", "reconcile", "x1", "--wait", "0"]) == 0  # it goes on by itself
