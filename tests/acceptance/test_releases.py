"""A release is installed while orders run: by the command line, on two servers, one of which is killed meanwhile."""

import json
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.acceptance.server_process import ROOT, ServerProcess, som

ORDERS = "/tmf-api/serviceOrdering/v4/serviceOrder"
PACKAGES = ROOT / "examples" / "releases"
VERSIONS = ("1.0.0", "2.0.0")
PATIENCE = 60.0
Database = Any


@pytest.fixture(scope="module")
def servers(
    mongodb_url: str, database: Database, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[ServerProcess, ServerProcess]]:
    """Two servers on one database: a whole one, and one that only serves the API."""
    shared = {"SOM_MONGODB_URL": mongodb_url, "SOM_MONGODB_DATABASE": database.name}
    whole = ServerProcess(tmp_path_factory.mktemp("whole"), shared)
    api = ServerProcess(tmp_path_factory.mktemp("api"), {**shared, "SOM_ROLES": "api"})
    try:
        for server in (whole, api):
            server.start()
        yield whole, api
    finally:
        for server in (api, whole):
            server.stop()


class Wifi:
    """The example packages under a name of its own, and simulators that install what they are about."""

    def __init__(self, server: ServerProcess, folder: Path, latency: float) -> None:
        self.server = server
        self.name = f"wifi-{uuid.uuid4().hex[:8]}"
        self._folder = folder
        names = (self.name, f"{self.name}-point", f"{self.name}-report")
        able = [{"specification": name, "action": "add"} for name in names]
        body = {"name": self.name, "kind": "simulator", "capability": able,
                "settings": {"accept": True, "latency": latency}, "pollInterval": 1}  # fmt: skip
        answer = requests.post(f"{server.url}/som/v1/fulfiller", json=body, timeout=30)
        assert answer.ok, answer.text

    def package(self, version: str) -> str:
        """A folder with the package of this version."""
        source = PACKAGES / f"office-wifi-{version}"
        for file in source.rglob("*.yaml"):
            target = self._folder / version / self._renamed(str(file.relative_to(source)))
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(self._renamed(file.read_text()))
        return str(self._folder / version)

    def _renamed(self, text: str) -> str:
        for name, to in (("office-wifi", ""), ("access-point", "-point"), ("wifi-report", "-report")):
            text = text.replace(name, f"{self.name}{to}")
        return text

    def install(self, version: str) -> str:
        return som(self.server, "release", "install", self.package(version))


def until(look: Callable[[], Any]) -> Any:
    give_up = time.monotonic() + PATIENCE
    while not (found := look()):
        assert time.monotonic() < give_up
        time.sleep(0.1)
    return found


def order(server: ServerProcess, specification: str) -> requests.Response:
    service = {"serviceSpecification": {"id": specification}, "serviceCharacteristic": [{"name": "room", "value": "1"}]}
    body = {"serviceOrderItem": [{"id": "1", "action": "add", "service": service}]}
    return requests.post(f"{server.url}{ORDERS}", json=body, timeout=30)


def ended(server: ServerProcess, key: str) -> str:
    def look() -> str | None:
        state = str(requests.get(f"{server.url}{ORDERS}/{key}", timeout=30).json()["state"])
        return state if state in ("completed", "failed", "held", "rejected") else None

    return str(until(look))


def plan(server: ServerProcess, key: str) -> Any:
    return until(lambda: (answer := requests.get(f"{server.url}/som/v1/plan/{key}", timeout=30)).ok and answer.json())


def tasks(server: ServerProcess, key: str) -> set[str]:
    return {one["name"] for one in plan(server, key)["task"]}


def test_orders_of_both_versions_complete_on_theirs_and_the_older_one_comes_back(
    servers: tuple[ServerProcess, ServerProcess], tmp_path: Path
) -> None:
    whole, api = servers
    wifi = Wifi(whole, tmp_path, latency=1)

    def ordered(version: str) -> str:
        return str(until(lambda: (answer := order(api, f"{wifi.name}-{version}")).ok and answer.json()["id"]))

    def refused(version: str) -> bool:
        return order(api, f"{wifi.name}-{version}").status_code == 400

    wifi.install("1.0.0")
    old = ordered("1.0")
    assert "measure" not in tasks(whole, old)

    told = wifi.install("2.0.0")
    assert "+ task add/measure" in told
    assert "+ element Write the report" in told
    new = ordered("2.0")  # the other process has heard of it
    until(lambda: refused("1.0"))
    assert "measure" in tasks(whole, new)

    release = f"{wifi.name}:2.0.0"
    assert f"{wifi.name}:1.0.0 is installed again" in som(whole, "release", "rollback", release)
    again = ordered("1.0")
    until(lambda: refused("2.0"))
    assert "cannot go from rolledBack" in som(whole, "release", "rollback", release, code=3)
    listed = json.loads(som(whole, "release", "list", "--name", wifi.name, "--json"))
    assert [one["state"] for one in listed] == ["installed", "rolledBack"]
    assert [ended(whole, key) for key in (old, new, again)] == ["completed"] * 3
    assert "measure" not in tasks(whole, old) | tasks(whole, again)
    # The recipe, too, is that of the version: it was there to be run for the order that was on its way.
    assert ["Write the report" in tasks(whole, key) for key in (old, new, again)] == [False, True, False]
    assert all("Hand over" in tasks(whole, key) for key in (old, new, again))
    recipe = f"/som/v1/recipe/{wifi.name}-hand-over"
    states = [requests.get(f"{whole.url}{recipe}:{version}", timeout=30).json()["state"] for version in VERSIONS]
    assert states == ["published", "retired"]


def test_a_server_that_is_killed_in_the_middle_has_installed_nothing(
    servers: tuple[ServerProcess, ServerProcess], database: Database, tmp_path: Path
) -> None:
    """Somebody holds a specification that the release retires, so that its transaction cannot come to its end."""
    whole, api = servers
    wifi = Wifi(whole, tmp_path, latency=0)
    wifi.install("1.0.0")
    ours = {"_id": {"$regex": f"^{wifi.name}"}}

    def installed() -> list[list[Any]]:
        return [list(database[name].find(ours)) for name in ("serviceSpecification", "release", "recipe")]

    before = installed()
    with database.client.start_session() as session:
        session.start_transaction()
        held = {"_id": f"{wifi.name}-1.0"}
        database.serviceSpecification.update_one(held, {"$set": {"held": True}}, session=session)
        aborted = _aborted(database)
        command = [sys.executable, "-m", "som.cli", "release", "install", wifi.package("2.0.0"), "--url", api.url]
        installing = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until(lambda: _aborted(database) > aborted)  # it has written, and run into what is held
        api.kill()
        session.abort_transaction()
    assert installing.wait(timeout=120) == 4
    assert installed() == before
    assert order(whole, f"{wifi.name}-1.0").ok
    wifi.install("2.0.0")
    assert order(whole, f"{wifi.name}-2.0").ok
    api.start()


def _aborted(database: Database) -> int:
    return int(database.client.admin.command("serverStatus")["transactions"]["totalAborted"])


def test_a_broken_package_is_refused_with_file_and_place(server: ServerProcess, tmp_path: Path) -> None:
    (tmp_path / "catalogue").mkdir()
    (tmp_path / "release.yaml").write_text("name: broken\nversion: 1.0.0\nneeds: [{specification: nothing}]\n")
    rules = "fulfilment: {add: {tasks: {build: {needs: [nowhere]}}}}"
    lines = ["- {name: a, version: '1'}", "- name: b", "  version: '1'", f"  {rules}"]
    (tmp_path / "catalogue" / "line.yaml").write_text("\n".join(lines))
    told = som(server, "release", "validate", str(tmp_path), code=3)
    assert "catalogue/line.yaml[1] /fulfilment/add/tasks/build/needs/0" in told
    assert "broken" not in som(server, "release", "list")
