"""Resource pools by the command line, against a running server."""

import json
import uuid
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.server_process import ServerProcess
from tests.acceptance.test_command_line import CommandLine


@pytest.fixture
def line(server: ServerProcess, tmp_path: Path) -> CommandLine:
    return CommandLine(server.url, tmp_path, f"vlans-{uuid.uuid4().hex[:8]}")


def test_a_pool_is_made_grown_shown_checked_and_removed(line: CommandLine) -> None:
    pool = line.family
    amount = {"capacityAmountFrom": "100", "capacityAmountTo": "109"}
    body: dict[str, Any] = {"id": pool, "name": pool, "kind": "discrete", "capacity": [{"capacityAmount": amount}]}
    file = line.file("pool", body)
    assert line.som("pool", "create", file).stdout == f"{pool}  made\n"
    assert "already" in line.som("pool", "create", file, code=3).stderr
    assert line.som("pool", "grow", pool, "--range", "300..309").stdout == f"{pool}  grown, 0.0% taken\n"
    assert "share" in line.som("pool", "grow", pool, "--range", "309..311", code=3).stderr
    line.som("pool", "grow", pool, code=2)
    shown = line.som("pool", "show", pool).stdout
    assert "300 to 309" in shown
    [count] = json.loads(line.som("pool", "show", pool, "--json").stdout)["utilisation"]["count"]
    assert (count["total"], count["free"]) == ("20", "20")
    assert pool in line.som("pool", "list").stdout
    assert "0 findings" in line.som("check", pool).stdout
    assert line.json("check")[-1]["finding"] == []
    assert line.som("pool", "remove", pool).stdout == f"{pool}  removed\n"
    assert "no resource pool" in line.som("check", pool, code=3).stderr


def test_pools_are_loaded_from_files_as_often_as_one_likes(line: CommandLine) -> None:
    body = {"@type": "ResourcePool", "id": line.family, "name": line.family, "kind": "address"}
    one = line.file("pool", {**body, "capacity": [{"id": "a", "prefix": "10.0.0.0/24"}]})
    outcomes = [line.som("load", one).stdout for _ in range(2)]
    more = line.file("pool", {**body, "quarantine": 60, "capacity": [{"id": "a", "prefix": "10.0.0.0/23"}]})
    outcomes.append(line.som("load", more).stdout)
    assert ["created" in outcomes[0], "unchanged" in outcomes[1], "updated" in outcomes[2]] == [True] * 3
    assert json.loads(line.som("pool", "show", line.family, "--json").stdout)["quarantine"] == 60
