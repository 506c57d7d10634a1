"""A password is reset by an order, and afterwards nobody finds it: not in the database or its oplog, nor in logs."""

import json
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import requests
from bson import BSON

from tests.acceptance.server_process import ROOT, ServerProcess, som

ORDERS = "/tmf-api/serviceOrdering/v4/serviceOrder"
SERVICES = "/tmf-api/serviceInventory/v4/service"
SPECIFICATIONS = "/tmf-api/serviceCatalogManagement/v4/serviceSpecification"
EXAMPLES = ROOT / "examples"
PATIENCE = 60.0


@pytest.fixture(scope="module")
def server(mongodb_url: str, database: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server that says all it has to say."""
    settings = {"SOM_MONGODB_URL": mongodb_url, "SOM_MONGODB_DATABASE": database.name, "SOM_LOG_LEVEL": "debug",
                "SOM_SECRET_KEY": "a text that is long enough to be a key of the tests"}  # fmt: skip
    running = ServerProcess(tmp_path_factory.mktemp("server"), settings)
    try:
        running.start()
        yield running
    finally:
        running.stop()


class Account:
    """An account, and a fulfiller of one kind that does whatever is asked of it."""

    def __init__(self, server: ServerProcess, **fulfiller: Any) -> None:
        self.server = server
        self.name = f"account-{uuid.uuid4().hex[:8]}"
        capability = [{"specification": self.name, "action": "modify"}]
        body = {"id": self.name, "name": self.name, "capability": capability, "pollInterval": 1, **fulfiller}
        self.call("POST", "/som/v1/fulfiller", body)
        reset = {"input": {"login": "=service.name", "password": "=operation.input.newPassword"}, "milestone": "reset"}
        inputs = [{"name": "newPassword", "valueType": "string", "minCardinality": 1, "regex": ".{8,}"}]
        operations = {"resetPassword": {"input": inputs, "tasks": {"reset": reset}}}
        specification = {"id": self.name, "name": self.name, "version": "1", "fulfilment": {"operations": operations}}
        self.call("POST", SPECIFICATIONS, specification)
        recorded = {"name": "ana", "state": "active", "serviceSpecification": {"id": self.name}}
        self.service = self.call("POST", SERVICES, recorded)["id"]

    def call(self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None) -> Any:
        answer = requests.request(method, self.server.url + path, json=body, headers=headers, timeout=30)
        assert answer.ok, answer.text
        return answer.json()

    def order(self, password: str, **more: Any) -> dict[str, Any]:
        operation = {"name": "resetPassword", "input": [{"name": "newPassword", "value": password}]}
        item = {"id": "1", "action": "modify", "operation": operation, "service": {"id": self.service}}
        return {"externalId": self.name, "serviceOrderItem": [item], **more}

    def until(self, look: Callable[[], Any]) -> Any:
        give_up = time.monotonic() + PATIENCE
        while not (found := look()):
            assert time.monotonic() < give_up, self.server.last_words()
            time.sleep(0.1)
        return found

    def state(self, order: str, *states: str) -> str:
        return str(self.until(lambda: (s := self.call("GET", f"{ORDERS}/{order}")["state"]) in states and s))

    def input(self, order: str) -> Any:
        """Of the one task of an order, as it is written down."""
        [task] = self.until(lambda: self.call("GET", f"/som/v1/plan/{order}/task"))
        return self.call("GET", f"/som/v1/task/{task['id']}").get("input")


def places(database: Any, server: ServerProcess, word: str) -> list[str]:
    """Where a text is found: in documents of any collection, in what the database keeps of writes, in the log."""
    wanted, names = word.encode(), database.list_collection_names()
    found = [
        f"{name} {one['_id']}" for name in names for one in database[name].find() if wanted in bytes(BSON.encode(one))
    ]
    written = [f"{database.name}.{name}" for name in names] + ["admin.$cmd"]
    oplog = database.client["local"]["oplog.rs"].find({"ns": {"$in": written}})
    found += [f"oplog {entry['ns']}" for entry in oplog if wanted in bytes(BSON.encode(entry))]
    return found + (["log"] if word in server.log.read_text() else [])


@contextmanager
def receiver(*, accepts: bool = False) -> Iterator[tuple[str, list[Any]]]:
    """A fulfiller that does at once, or accepts, whatever it is asked for: its address, and what it was sent."""
    received: list[Any] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            answer = b'{"status": "accepted", "reference": "1"}' if accepts else b'{"status": "done"}'
            self.send_response(202 if accepts else 200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *args: Any) -> None:
            return

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield f"http://127.0.0.1:{http.server_address[1]}", received
        finally:
            http.shutdown()
            thread.join()


@pytest.mark.parametrize("accepts", [False, True], ids=["at once", "by callback"])
def test_of_a_password_nothing_is_kept(server: ServerProcess, database: Any, accepts: bool) -> None:
    password = f"Correct-Horse-{uuid.uuid4().hex}"
    echo = {"output": {"seen": "=input", "said": '="set to " + string(input.password)'}}
    settings = {**echo, "latency": 0.5, "accept": accepts}
    account = Account(server, kind="simulator", settings=settings)
    key = {"Idempotency-Key": uuid.uuid4().hex}
    placed = account.call("POST", ORDERS, account.order(password), key)
    assert account.call("POST", ORDERS, account.order(password), key)["id"] == placed["id"]
    assert placed["serviceOrderItem"][0]["operation"] == {"name": "resetPassword", "input": [{"name": "newPassword"}]}
    assert account.state(placed["id"], "completed", "held", "rejected", "failed") == "completed"
    assert account.input(placed["id"]) == {"login": "ana", "password": {"@transient": "newPassword"}}
    assert places(database, server, password) == []
    stored = database.serviceOrder.find_one({"_id": placed["id"]})
    assert "transient" not in stored
    assert places(database, server, account.name)  # the search finds what is there


def test_a_fulfiller_gets_the_password_also_when_the_server_was_killed_meanwhile(
    server: ServerProcess, database: Any
) -> None:
    password = f"Battery-Staple-{uuid.uuid4().hex}"
    with receiver() as (url, received):
        account = Account(server, kind="rest", endpoint="http://127.0.0.1:9", retry={"delays": [1] * 30})
        order = account.call("POST", ORDERS, account.order(password))["id"]
        account.until(lambda: database.task.find_one({"order": order, "attempts.0": {"$exists": True}}))
        server.kill()
        server.start()
        account.call("PATCH", f"/som/v1/fulfiller/{account.name}", {"endpoint": url})
        assert account.state(order, "completed", "failed", "held") == "completed"
    assert [one["input"] for one in received] == [{"login": "ana", "password": password}]
    assert places(database, server, password) == []


def test_a_report_that_repeats_the_password_does_not_bring_it_into_the_database(
    server: ServerProcess, database: Any
) -> None:
    password = f"Lion-Tamer-{uuid.uuid4().hex}"
    with receiver(accepts=True) as (url, received):
        account = Account(server, kind="rest", endpoint=url)
        order = account.call("POST", ORDERS, account.order(password))["id"]
        account.until(lambda: received)
    report = {"status": "done", "output": {"said": f"It is {password} now."}}
    assert requests.post(received[0]["callbackUrl"], json=report, timeout=30).status_code == 204
    assert account.state(order, "completed", "failed", "held") == "completed"
    [task] = account.call("GET", f"/som/v1/plan/{order}/task")
    assert account.call("GET", f"/som/v1/task/{task['id']}")["output"] == {"said": "It is (newPassword) now."}
    assert places(database, server, password) == []


@pytest.mark.parametrize(
    ("change", "code", "place"),
    [
        ({"operation": {"name": "nothing"}}, "unknownOperation", "/operation/name"),
        ({"operation": {"name": "resetPassword"}}, "characteristicMissing", "/operation/input"),
        ({"action": "delete"}, "illegalOperation", "/operation"),
    ],
)
def test_what_is_no_operation_is_refused(server: ServerProcess, change: Any, code: str, place: str) -> None:
    account = Account(server, kind="simulator")
    order = account.order("long enough")
    order["serviceOrderItem"][0].update(change)
    answer = requests.post(server.url + ORDERS, json=order, timeout=30)
    assert (answer.status_code, answer.json()["code"]) == (400, code), answer.text
    assert f"/serviceOrderItem/0{place}" in answer.json()["message"]


def test_before_it_is_planned_an_order_can_be_changed_and_keeps_what_is_not_said_anew(
    server: ServerProcess, database: Any
) -> None:
    password = f"Purple-Monkey-{uuid.uuid4().hex}"
    account = Account(server, kind="simulator", settings={"output": {"seen": "=input.login"}})
    order = account.call("POST", ORDERS, account.order(password, requestedStartDate="2099-01-01T00:00:00Z"))["id"]
    changed = account.call("PATCH", f"{ORDERS}/{order}", {"priority": "1"})
    assert "value" not in json.dumps(changed["serviceOrderItem"][0]["operation"])
    first = database.serviceOrder.find_one({"_id": order})["transient"]
    items = account.order(f"{password}-2")["serviceOrderItem"]
    account.call("PATCH", f"{ORDERS}/{order}", {"serviceOrderItem": items, "requestedStartDate": None})
    assert account.state(order, "completed", "held", "rejected") == "completed"
    assert first
    assert places(database, server, password) == []


def test_the_example_orders_of_it4it_complete(server: ServerProcess, database: Any) -> None:
    """An account, a right granted and removed, a password reset, a test environment, more capacity, a patch."""
    password = f"Staple-Horse-{uuid.uuid4().hex}"
    with receiver() as (url, _):
        addresses = [f"--set={name}_URL={url}" for name in ("NETWORK", "PLATFORM", "MONITORING")]
        files = [str(EXAMPLES / "fulfillers" / f"{name}.json") for name in ("monitoring", "network", "platform")]
        som(server, "load", str(EXAMPLES / "catalogue"), *files, *addresses)

        def done(name: str, **fill: str) -> str:
            arguments = ["--watch", "--json", *(f"--set={key}={value}" for key, value in fill.items())]
            order = json.loads(som(server, "order", "submit", str(EXAMPLES / "orders" / f"{name}.json"), *arguments))
            assert order["state"] == "completed", order
            return str(order["serviceOrderItem"][0]["service"].get("id"))

        account = done("add-user-account")
        done("reset-password", ACCOUNT_ID=account, NEW_PASSWORD=password)
        done("remove-access", ACCESS_ID=done("grant-access"))
        done("add-test-environment")
        done("change-capacity", VM_ID=done("add-virtual-machine"))
        done("install-patch")
    assert places(database, server, password) == []
