"""Loading files into a server."""

import json
from pathlib import Path
from typing import Any

import pytest

from som.cli.app import main
from som.cli.exits import Unusable
from som.cli.loading import FULFILLER, SERVICE, SPECIFICATION, entries
from tests.unit.som.cli.small_server import Answer, SmallServer, refusal

SPECIFICATIONS = "/tmf-api/serviceCatalogManagement/v4/serviceSpecification"
SERVICES = "/tmf-api/serviceInventory/v4/service"
FULFILLERS = "/som/v1/fulfiller"


def _file(path: Path, content: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))
    return path


def _router(tmp_path: Path, **more: Any) -> Path:
    return _file(
        tmp_path / "router.json",
        {"@type": "ServiceSpecification", "id": "router-1", "name": "Router", "version": "1", **more},
    )


def test_the_type_or_else_the_folder_says_what_a_file_holds(tmp_path: Path) -> None:
    paths = [
        _file(tmp_path / "any" / "1.json", {"@type": "CustomerFacingServiceSpecification", "name": "a"}),
        _file(tmp_path / "any" / "2.json", {"@type": "Fulfiller", "name": "b"}),
        _file(tmp_path / "any" / "3.json", {"@type": "Service", "name": "c"}),
        _file(tmp_path / "catalogue" / "4.json", {"name": "d"}),
        _file(tmp_path / "fulfillers" / "deep" / "5.json", {"name": "e"}),
        _file(tmp_path / "services" / "6.json", [{"name": "f"}, {"name": "g"}]),
    ]
    kinds = {entry.label: entry.kind for entry in entries(paths, {})}
    assert kinds == {
        **dict.fromkeys("ad", SPECIFICATION),
        **dict.fromkeys("be", FULFILLER),
        **dict.fromkeys("cfg", SERVICE),
    }


def test_a_file_that_does_not_say_what_it_holds_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Unusable, match="does not say what it holds"):
        entries([_file(tmp_path / "x.json", {"name": "a"})], {})


def test_specifications_come_after_those_they_refer_to(tmp_path: Path) -> None:
    folder = tmp_path / "catalogue"
    _file(folder / "1.json", {"id": "top", "name": "Top", "serviceSpecRelationship": [{"id": "mid"}, {"name": "Leaf"}]})
    _file(folder / "2.json", {"id": "mid", "name": "Mid", "serviceSpecRelationship": [{"id": "leaf", "name": "Leaf"}]})
    _file(folder / "3.json", {"id": "leaf", "name": "Leaf", "serviceSpecRelationship": [{"id": "elsewhere"}]})
    assert [entry.label for entry in entries([folder], {})] == ["Leaf", "Mid", "Top"]


def test_a_cycle_is_left_for_the_server_to_explain(tmp_path: Path) -> None:
    folder = tmp_path / "catalogue"
    _file(folder / "1.json", {"id": "a", "serviceSpecRelationship": [{"id": "b"}]})
    _file(folder / "2.json", {"id": "b", "serviceSpecRelationship": [{"id": "a"}]})
    assert len(entries([folder], {})) == 2


def test_what_is_not_there_is_created(server: SmallServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    server.answers["POST", SPECIFICATIONS] = Answer(201, {"id": "router-1"})
    assert main(["load", str(_router(tmp_path))]) == 0
    assert server.of("POST")[0].body["name"] == "Router"
    assert capsys.readouterr().out.split() == ["created", "serviceSpecification", "Router", "1"]


def test_what_is_the_same_is_left_alone(server: SmallServer, tmp_path: Path) -> None:
    file = _router(tmp_path, validFor={"startDateTime": "2026-01-01T00:00:00Z"}, specCharacteristic=[{"name": "ports"}])
    there = json.loads(file.read_text()) | {"href": "x", "lifecycleStatus": "Active"}
    there["validFor"] = {"startDateTime": "2026-01-01T00:00:00.000Z"}
    there["specCharacteristic"] = [{"name": "ports", "configurable": True}]
    server.answers["GET", f"{SPECIFICATIONS}/router-1"] = Answer(200, there)
    assert main(["load", str(file)]) == 0
    assert [one.method for one in server.asked] == ["GET"]


def test_what_differs_is_changed_and_nothing_else(server: SmallServer, tmp_path: Path) -> None:
    file = _router(tmp_path, description="new")
    there = json.loads(file.read_text()) | {"description": "old"}
    server.answers["GET", f"{SPECIFICATIONS}/router-1"] = Answer(200, there)
    server.answers["PATCH", f"{SPECIFICATIONS}/router-1"] = Answer(200, there)
    assert main(["load", str(file), "--json"]) == 0
    (patch,) = server.of("PATCH")
    assert (patch.body, patch.headers["Content-Type"]) == ({"description": "new"}, "application/merge-patch+json")


def test_settings_that_the_file_does_not_name_any_more_are_taken_away(server: SmallServer, tmp_path: Path) -> None:
    body = {"@type": "Fulfiller", "id": "net", "name": "Network", "kind": "simulator", "settings": {"latency": 1}}
    there = {"id": "net", "name": "Network", "kind": "simulator", "settings": {"latency": 1, "refuse": "no"}}
    server.answers["GET", f"{FULFILLERS}/net"] = Answer(200, there)
    server.answers["PATCH", f"{FULFILLERS}/net"] = Answer(200, there)
    assert main(["load", str(_file(tmp_path / "f.json", body))]) == 0
    assert server.of("PATCH")[0].body == {"settings": {"latency": 1, "refuse": None}}


def test_without_an_id_name_and_version_tell_what_is_there(server: SmallServer, tmp_path: Path) -> None:
    file = _file(tmp_path / "catalogue" / "1.json", {"name": "Router", "version": "2"})
    server.answers["GET", SPECIFICATIONS] = Answer(200, [{"id": "x", "name": "Router", "version": "2"}])
    assert main(["load", str(file)]) == 0
    assert server.asked[0].query == {"name": ["Router"], "version": ["2"], "limit": ["1"]}
    assert not server.of("POST")


def test_a_fulfiller_is_sent_without_a_type_and_its_credentials_every_time(server: SmallServer, tmp_path: Path) -> None:
    body = {"@type": "Fulfiller", "id": "net", "name": "Network", "kind": "rest", "credentials": {"token": "${TOKEN}"}}
    file = _file(tmp_path / "f.json", body)
    server.answers["GET", f"{FULFILLERS}/net"] = Answer(200, {"id": "net", "name": "Network", "kind": "rest"})
    server.answers["PATCH", f"{FULFILLERS}/net"] = Answer(200, {"id": "net"})
    assert main(["load", str(file), "--set", "TOKEN=t0p"]) == 0
    assert server.of("PATCH")[0].body == {"credentials": {"token": "t0p"}}


def test_a_service_is_found_again_by_name_and_specification(server: SmallServer, tmp_path: Path) -> None:
    body = {"name": "Platform", "state": "active", "serviceSpecification": {"id": "p"}}
    file = _file(tmp_path / "services" / "1.json", body)
    server.answers["GET", SERVICES] = Answer(200, [{"id": "s", **body}])
    assert main(["load", str(file)]) == 0
    assert server.asked[0].query["serviceSpecification.id"] == ["p"]


def test_a_refusal_names_file_and_resource(
    server: SmallServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    server.answers["POST", SPECIFICATIONS] = refusal(
        400, "invalidRequest", "The request is not valid", "/name: too long"
    )
    assert main(["load", str(_router(tmp_path))]) == 3
    told = capsys.readouterr().err
    assert "router.json: Router 1" in told
    assert "/name: too long" in told
