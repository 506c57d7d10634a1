"""A catalogue goes out and comes back unchanged, and those of other systems come in with a report."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.server_process import ROOT, ServerProcess, som

EXAMPLES = ROOT / "examples"
ADDRESSES = ["--set=NETWORK_URL=http://127.0.0.1:1", "--set=PLATFORM_URL=http://127.0.0.1:2",
             "--set=MONITORING_URL=http://127.0.0.1:3"]  # fmt: skip
FULFILLERS = [
    str(EXAMPLES / "fulfillers" / f"{name}.json") for name in ("monitoring", "network", "platform", "surveyors")
]

POOLS: list[dict[str, Any]] = [
    {"id": "vlans", "name": "VLANs", "kind": "discrete", "quarantine": 86400,
     "threshold": [{"name": "soon", "level": 0.8}],
     "capacity": [{"capacityAmount": {"capacityAmountFrom": "100", "capacityAmountTo": "109"}, "withheld": ["101"]}]},
    {"id": "addresses", "name": "Addresses", "kind": "address",
     "capacity": [{"prefix": "192.0.2.0/24", "withheld": ["network"], "place": {"id": "berlin"}}]},
]  # fmt: skip


@pytest.fixture(scope="module")
def catalogue(mongodb_url: str, database: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server of its own, since all of its catalogue is looked at."""
    settings = {"SOM_MONGODB_URL": mongodb_url, "SOM_MONGODB_DATABASE": database.name, "SOM_ROLES": "api",
                "SOM_SECRET_KEY": "a text that is long enough to be a key of the tests"}  # fmt: skip
    running = ServerProcess(tmp_path_factory.mktemp("catalogue"), settings)
    try:
        running.start()
        yield running
    finally:
        running.stop()


def empty(database: Any) -> None:
    for name in database.list_collection_names():
        if name not in ("migration", "lease", "secret"):
            database[name].delete_many({})


def test_everything_of_ours_comes_back_unchanged(catalogue: ServerProcess, database: Any, tmp_path: Path) -> None:
    empty(database)
    rule = tmp_path / "rule.json"
    then = {"do": "retry", "delays": [60]}
    rule.write_text(json.dumps({"@type": "FalloutRule", "id": "later", "name": "Later", "then": then}))
    secret = tmp_path / "secret.json"
    secret.write_text(json.dumps({"@type": "Fulfiller", "id": "keeper", "name": "keeper", "kind": "rest",
                                  "endpoint": "http://127.0.0.1:4", "capability": [],
                                  "credentials": {"type": "bearer", "token": "nobody-may-know"}}))  # fmt: skip
    pool = tmp_path / "pool.json"
    pool.write_text(json.dumps([{"@type": "ResourcePool", **one} for one in POOLS]))
    files = [str(file) for file in (rule, secret, pool)]
    som(
        catalogue,
        "load",
        str(EXAMPLES / "catalogue"),
        str(EXAMPLES / "resource-specifications"),
        *FULFILLERS,
        *files,
        *ADDRESSES,
    )
    first, second = tmp_path / "first.json", tmp_path / "second.json"
    assert "Without the credentials of keeper" in som(catalogue, "catalog", "export", str(first))
    exported = json.loads(first.read_text())
    assert {kind: len(listed) > 0 for kind, listed in exported.items()} == dict.fromkeys(exported, True)
    assert "nobody-may-know" not in first.read_text()

    assert "unchanged" in som(catalogue, "catalog", "import", str(first))
    empty(database)
    told = som(catalogue, "catalog", "import", str(first))
    assert "created" in told
    assert "unchanged" not in told
    som(catalogue, "catalog", "export", str(second))
    assert second.read_bytes() == first.read_bytes()


def test_resource_specifications_are_looked_at_retired_and_removed(
    catalogue: ServerProcess, database: Any, tmp_path: Path
) -> None:
    empty(database)
    file = EXAMPLES / "resource-specifications" / "vlan.yaml"
    assert "created    resourceSpecification  vlan 1.0" in som(catalogue, "load", str(file))
    assert "unchanged" in som(catalogue, "load", str(file))
    other = tmp_path / "port.json"
    speeds = [{"valueFrom": 1, "valueTo": 100, "unitOfMeasure": "Gbit/s"}]
    told = [{"name": "speed", "valueType": "integer", "resourceSpecCharacteristicValue": speeds}]
    other.write_text(json.dumps({"id": "port-1", "name": "port", "resourceSpecCharacteristic": told}))
    command = "resource-specification"
    assert "port-1" in som(catalogue, command, "create", str(other))
    assert "1..100 Gbit/s" in som(catalogue, command, "show", "port-1")
    assert "Retired" in som(catalogue, command, "retire", "port-1")
    listed = som(catalogue, command, "list", "--status", "Active")
    assert ("vlan-1" in listed, "port-1" in listed) == (True, False)
    som(catalogue, command, "remove", "port-1")
    assert [one["id"] for one in json.loads(som(catalogue, command, "list", "--json"))] == ["vlan-1"]


def test_what_openslice_exports_comes_in_with_a_report_of_what_is_missing(
    catalogue: ServerProcess, database: Any
) -> None:
    empty(database)
    told = som(catalogue, "catalog", "import", str(EXAMPLES / "imports" / "openslice.json"), code=3)
    assert "created    serviceSpecification  Campus Core 0.2.0" in told
    assert "created    serviceSpecification  Campus Slice 0.2.0" in told
    assert "Campus Slice 0.2.0 /serviceSpecRelationship/0: taken for 'bundles'" in told
    assert "add of c7d1c5a0-2f0e-4a67-8a86-6e3f6c1f0d02, task add" in told
    assert "Campus Voice 0.1.0" in told.partition("Not imported:")[2]
    assert "not-exported" in told
