"""A server that is told to end does so within half a minute, whatever hangs, and what was under way goes on later."""

import json
import signal
import socket
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests
from pymongo import MongoClient

from tests.acceptance.server_process import ROOT, ServerProcess, free_port

ORDERS = "/tmf-api/serviceOrdering/v4/serviceOrder"
SPECIFICATIONS = "/tmf-api/serviceCatalogManagement/v4/serviceSpecification"
PROMISED_SECONDS = 30.0
PATIENCE = 60.0


class Hanging:
    """Takes requests and answers none, until it is told to be done with all that come."""

    def __init__(self) -> None:
        self.heads: list[str] = []
        self.answers = False
        self.port = 0

    @contextmanager
    def open(self) -> Iterator["Hanging"]:
        with socket.create_server(("127.0.0.1", 0)) as listening:
            self.port = listening.getsockname()[1]
            threading.Thread(target=self._accept, args=[listening], daemon=True).start()
            yield self

    def _accept(self, listening: socket.socket) -> None:
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            threading.Thread(target=self._take, args=[connection], daemon=True).start()

    def _take(self, connection: socket.socket) -> None:
        with connection:
            while piece := connection.recv(65536):
                if not piece.startswith(b"POST"):
                    continue
                self.heads.append(piece.decode("utf-8", "replace"))
                if self.answers:
                    head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n"
                    connection.sendall(head + b"{}")

    def until_called(self, times: int = 1) -> None:
        give_up = time.monotonic() + PATIENCE
        while len(self.heads) < times:
            assert time.monotonic() < give_up
            time.sleep(0.05)

    def keys(self) -> set[str]:
        lines = [line for head in self.heads for line in head.split("\r\n")]
        return {line.partition(":")[2].strip() for line in lines if line.lower().startswith("idempotency-key:")}


def _post(server: ServerProcess, path: str, body: dict[str, Any]) -> dict[str, Any]:
    answer = requests.post(server.url + path, json=body, timeout=30)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def _timed_stop(server: ServerProcess) -> float:
    began = time.monotonic()
    assert server.stop() == 0, server.last_words()
    return time.monotonic() - began


def test_a_fulfiller_and_a_subscriber_that_hang_and_an_open_stream_do_not_hold_up_the_end(
    own_server: ServerProcess,
) -> None:
    family = f"stop-{uuid.uuid4().hex[:8]}"
    with Hanging().open() as fulfiller, Hanging().open() as subscriber:
        server = own_server
        _post(server, SPECIFICATIONS, {"id": family, "name": family, "version": "1", "lifecycleStatus": "Active"})
        able = {"capability": [{"specification": family, "action": "*"}], "timeout": 120}
        endpoint = {"kind": "rest", "endpoint": f"http://127.0.0.1:{fulfiller.port}"}
        _post(server, "/som/v1/fulfiller", {"name": family, **endpoint, **able})
        callback = f"http://127.0.0.1:{subscriber.port}"
        _post(server, "/tmf-api/serviceOrdering/v4/hub", {"callback": callback})
        item = {"id": "1", "action": "add", "service": {"serviceSpecification": {"id": family}}}
        order = str(_post(server, ORDERS, {"serviceOrderItem": [item]})["id"])
        with requests.get(f"{server.url}/som/v1/order/{order}/stream", stream=True, timeout=PATIENCE) as stream:
            assert stream.status_code == 200, stream.text
            fulfiller.until_called()
            subscriber.until_called()
            assert _timed_stop(server) < PROMISED_SECONDS
        fulfiller.answers = subscriber.answers = True
        server.start()
        give_up = time.monotonic() + PATIENCE
        while (found := requests.get(f"{server.url}{ORDERS}/{order}", timeout=30).json())["state"] != "completed":
            assert time.monotonic() < give_up, json.dumps(found)
            time.sleep(0.1)
        assert len(fulfiller.heads) == 2, "the call was broken off and made again"
        assert len(fulfiller.keys()) == 1


def test_a_server_that_waits_for_its_database_at_its_start_ends_when_it_is_told_to(tmp_path: Path) -> None:
    nowhere = f"mongodb://127.0.0.1:{free_port()}/?directConnection=true"
    arguments = ["--port", "0", "--data-dir", str(tmp_path), "--mongodb-url", nowhere]
    command = [sys.executable, "-m", "som.cli", "serve", *arguments]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if "waiting for the database" in line:
                break
        process.send_signal(signal.SIGTERM)
        said = process.stdout.read()
        assert process.wait(PROMISED_SECONDS) == 0, said
    assert "told to stop while starting" in said
    assert "cannot start" not in said


@pytest.fixture
def own_server(mongodb_url: str, tmp_path: Path) -> Iterator[ServerProcess]:
    name = f"som_test_{uuid.uuid4().hex[:16]}"
    server = ServerProcess(tmp_path, {"SOM_MONGODB_URL": mongodb_url, "SOM_MONGODB_DATABASE": name})
    server.start()
    yield server
    server.stop()
    with MongoClient[dict[str, object]](mongodb_url) as client:
        client.drop_database(name)
