"""Secrets reach whom they are for, and are found nowhere else: not in the database, answers, events, files, the log."""

import asyncio
import json
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import requests
from pymongo import MongoClient
from standardwebhooks import Webhook

from tests.acceptance.server_process import ServerProcess
from tests.integration.openssh import needs_openssh, openssh

FULFILLERS = "/som/v1/fulfiller"
ORDERS = "/tmf-api/serviceOrdering/v4/serviceOrder"
OLD, NEW = "the old key of the test and long enough", "the new key of the test and long enough"
SECRET = "whsec_" + "c2VjcmV0IG9mIHRoZSBzdWJzY3JpYmVy"
TOKEN, LATER_TOKEN = "token-that-nobody-must-find", "second-token-that-nobody-must-find"


class Echo(BaseHTTPRequestHandler):
    """A fulfiller that refuses everything, and tattles what it was sent; and a subscriber that takes everything."""

    seen: list[str]
    told: list[tuple[bytes, dict[str, str]]]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path == "/told":
            self.told.append((body, dict(self.headers.items())))
            self.send_response(204)
            self.end_headers()
            return
        self.seen.append(self.headers["Authorization"])
        answer = json.dumps({"reason": f"I do not like {self.headers['Authorization']}"}).encode()
        self.send_response(422)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def echo() -> Iterator[tuple[str, type[Echo]]]:
    kind = type("Echo", (Echo,), {"seen": [], "told": []})
    listening = ThreadingHTTPServer(("127.0.0.1", 0), kind)
    threading.Thread(target=listening.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{listening.server_address[1]}/", kind
    listening.shutdown()
    listening.server_close()


def call(server: ServerProcess, method: str, path: str, body: Any = None) -> Any:
    answer = requests.request(method, f"{server.url}{path}", json=body, timeout=30)
    assert answer.ok, answer.text
    return answer.json() if answer.text else None


def order_that_is_refused(server: ServerProcess) -> str:
    return order_that_becomes(server, "held", "tattled-1")


def order_that_becomes(server: ServerProcess, state: str, specification: str) -> str:
    service = {"name": "s", "serviceSpecification": {"id": specification}}
    made = call(server, "POST", ORDERS, {"serviceOrderItem": [{"id": "1", "action": "add", "service": service}]})
    give_up = time.monotonic() + 60
    while (order := call(server, "GET", f"{ORDERS}/{made['id']}"))["state"] != state:
        assert time.monotonic() < give_up, order
        time.sleep(0.1)
    return str(made["id"])


def specify(server: ServerProcess, name: str) -> None:
    specification = {"id": f"{name}-1", "name": name, "version": "1", "lifecycleStatus": "Active"}
    call(server, "POST", "/tmf-api/serviceCatalogManagement/v4/serviceSpecification", specification)


def everything(
    server: ServerProcess, mongodb_url: str, database: str, order: str, fulfiller: str = "tattler"
) -> dict[str, str]:
    """All that can be read anywhere, by where it is."""
    paths = [
        FULFILLERS, f"{FULFILLERS}/{fulfiller}", f"{FULFILLERS}/{fulfiller}/health", f"{ORDERS}/{order}",
        f"/som/v1/plan/{order}", f"/som/v1/plan/{order}/task", "/som/v1/event?limit=1000", "/som/v1/history?limit=1000",
        "/som/v1/fallout", "/som/v1/hubListener", "/som/v1/delivery?limit=1000",
    ]  # fmt: skip
    found = {path: json.dumps(call(server, "GET", path)) for path in paths}
    files = (path for path in server.data_dir.rglob("*") if path.is_file())
    found |= {f"file {path}": path.read_text(encoding="utf-8", errors="replace") for path in files}
    with MongoClient[dict[str, Any]](mongodb_url) as client:
        for name in client[database].list_collection_names():
            found[f"collection {name}"] = str(list(client[database][name].find()))
    return found


def verified(told: list[tuple[bytes, dict[str, str]]], since: int, *known: str) -> None:
    """What was told since then is signed with each of these secrets; raises where it is not."""
    give_up = time.monotonic() + 60
    while len(told) <= since:
        assert time.monotonic() < give_up
        time.sleep(0.1)
    for body, headers in told[since:]:
        for secret in known:
            Webhook(secret).verify(body, headers)


def events_of_the_fulfiller(server: ServerProcess, count: int) -> list[dict[str, Any]]:
    give_up = time.monotonic() + 60
    while True:
        path = "/som/v1/history?resourceType=fulfiller&resourceId=tattler&limit=100"
        found: list[dict[str, Any]] = call(server, "GET", path)
        if len(found) >= count:
            return found
        assert time.monotonic() < give_up, found
        time.sleep(0.1)


def test_secrets_are_found_nowhere_and_survive_a_change_of_keys(
    tmp_path: Path, mongodb_url: str, database_name: str, echo: tuple[str, type[Echo]]
) -> None:
    url, seen, told = echo[0], echo[1].seen, echo[1].told
    settings = {"SOM_MONGODB_URL": mongodb_url, "SOM_MONGODB_DATABASE": database_name, "SOM_LOG_LEVEL": "debug"}
    server = ServerProcess(tmp_path, {**settings, "SOM_SECRET_KEY": OLD})
    server.start()
    try:
        specify(server, "tattled")
        body = {
            "id": "tattler",
            "name": "Tattler",
            "kind": "rest",
            "endpoint": url,
            "capability": [{"specification": "tattled", "action": "*"}],
            "credentials": {"type": "bearer", "token": TOKEN},
        }
        call(server, "POST", FULFILLERS, body)
        hub = call(server, "POST", f"{ORDERS.rpartition('/')[0]}/hub", {"callback": f"{url}told", "secret": SECRET})
        order_that_is_refused(server)
        verified(told, 0, SECRET)
        secret = call(server, "POST", f"/som/v1/hubListener/{hub['id']}/secret")["secret"]
        call(server, "PATCH", f"{FULFILLERS}/tattler", {"credentials": {"type": "bearer", "token": LATER_TOKEN}})
        order = order_that_is_refused(server)
        assert seen == [f"Bearer {TOKEN}", f"Bearer {LATER_TOKEN}"]
        history = events_of_the_fulfiller(server, 2)
        assert [one["what"] for one in history] == ["FulfillerCreateEvent", "FulfillerAttributeValueChangeEvent"]
        assert history[1]["after"] == {"credentials": "new"}
        found = everything(server, mongodb_url, database_name, order)
        assert "I do not like" in found[f"{ORDERS}/{order}"]
        hidden = (TOKEN, LATER_TOKEN, SECRET, secret)
        assert {where for where, text in found.items() if any(one in text for one in hidden)} == set()
        assert "'sealed': 1" in found["collection secret"], "the key of callback addresses"

        assert server.stop() == 0
        server.environment["SOM_SECRET_KEY"] = f"{NEW},{OLD}"
        server.start()
        assert server.stop() == 0
        server.environment["SOM_SECRET_KEY"] = NEW
        server.start()
        before = len(told)
        order_that_is_refused(server)
        assert seen[-1] == f"Bearer {LATER_TOKEN}"
        verified(told, before, SECRET, secret)
    finally:
        server.stop()


@needs_openssh
async def test_a_private_key_takes_a_playbook_to_another_host_and_is_found_nowhere(
    tmp_path: Path, mongodb_url: str, database_name: str
) -> None:
    project = tmp_path / "projects/racks"
    project.mkdir(parents=True)
    (project / "install.yaml").write_text(
        "- hosts: all\n  gather_facts: false\n  tasks:\n    - command: printenv SSH_CONNECTION\n      register: way\n"
        "    - set_stats: {data: {service_characteristic: {way: '{{ way.stdout }}'}}}\n"
    )
    async with openssh(tmp_path) as host:
        (tmp_path / "known_hosts").write_text(f"[127.0.0.1]:{host.port} {host.settings['hostKey']}\n")
        variables = {
            "ansible_host": "127.0.0.1",
            "ansible_port": host.port,
            "ansible_user": "{{ som_credentials.username }}",
            "ansible_python_interpreter": sys.executable,
            "ansible_ssh_args": f"-F none -o UserKnownHostsFile={tmp_path}/known_hosts",
        }
        (project / "hosts.json").write_text(json.dumps({"all": {"hosts": {"rack-1": variables}}}))
        settings = {"SOM_MONGODB_URL": mongodb_url, "SOM_MONGODB_DATABASE": database_name, "SOM_SECRET_KEY": NEW}
        data = tmp_path / "data"
        data.mkdir()
        server = ServerProcess(data, {**settings, "SOM_LOG_LEVEL": "debug", "SOM_ANSIBLE_DIR": str(project.parent)})
        server.start()
        try:
            specify(server, "rack")
            body = {
                "id": "racks",
                "name": "Racks",
                "kind": "ansible",
                "pollInterval": 1,
                "capability": [{"specification": "rack", "action": "*"}],
                "settings": {"project": "racks", "playbook": "install.yaml", "inventory": "hosts.json"},
                "credentials": host.credentials,
            }
            call(server, "POST", FULFILLERS, body)
            order = await asyncio.to_thread(order_that_becomes, server, "completed", "rack-1")
            found = everything(server, mongodb_url, database_name, order, "racks")
        finally:
            server.stop()
    assert f"127.0.0.1 {host.port}" in found["collection service"]
    assert any("rack-1" in text for where, text in found.items() if "/artifacts/run/" in where)
    parts = host.credentials["privateKey"].splitlines()[1:-1]
    assert {where for where, text in found.items() if any(part in text for part in parts)} == set()
