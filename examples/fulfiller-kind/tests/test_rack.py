"""The kind `rack` keeps to the port, with a rack controller that behaves as it is told."""

import json
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import entry_points
from typing import Any, ClassVar

import pytest
from som_rack import RackFulfiller

from som.sdk import Credentials, Fulfiller, FulfillerDefinition, Tools
from som.sdk_testing import Behaviour, FulfillerSuite


class Rack(ThreadingHTTPServer):
    """A rack controller: a port for each name, to be asked for and given back any number of times."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.behaviour: Behaviour = "done"
        self.ports: dict[str, dict[str, Any]] = {}
        self.calls = 0
        self.over = threading.Event()


class Handler(BaseHTTPRequestHandler):
    """One request to it."""

    server: Rack

    def do_PUT(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        rack, behaviour = self.server, self.server.behaviour
        rack.calls += 1
        if behaviour == "slow":
            rack.over.wait(30)
        elif behaviour == "refusing":
            self.answer(409, b"The rack is full.")
        elif behaviour == "throttling":
            self.answer(429, b"slowly", "17")
        elif behaviour == "garbling":
            self.answer(200, b"<html>It works!")
        else:
            values = {entry["name"]: entry["value"] for entry in body["characteristics"]}
            port = rack.ports.setdefault(self.path, {"port": 7, "vlan": values["vlan"]})
            if behaviour == "late" and rack.calls == 1:
                rack.over.wait(2)
            self.answer(200, json.dumps(port).encode())

    def do_DELETE(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.server.ports.pop(self.path, None)
        self.answer(200, b"{}")

    def answer(self, status: int, body: bytes, retry_after: str | None = None) -> None:
        try:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            if retry_after:
                self.send_header("Retry-After", retry_after)
            self.end_headers()
            self.wfile.write(body)
        except ConnectionError:
            self.close_connection = True  # nobody waited for it

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


def no_session() -> Any:
    raise AssertionError("this kind has a client of its own")


class TestRack(FulfillerSuite):
    counterpart = "a stand-in of the controller, made of Python's http.server"
    cannot: ClassVar = {
        "accepted and reported": "The controller reserves at once, and calls nobody back.",
        "accepted and polled": "The controller reserves at once, so there is nothing to ask for.",
        "cancel": "The controller reserves at once, so there is nothing under way to call off.",
    }

    @pytest.fixture(autouse=True)
    def rack_of_the_test(self) -> Iterator[None]:
        self.rack = Rack()
        threading.Thread(target=self.rack.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        yield
        self.rack.over.set()
        self.rack.shutdown()
        self.rack.server_close()

    async def fulfiller(self, behaviour: Behaviour) -> Fulfiller:
        self.rack.behaviour = behaviour
        port = self.rack.server_address[1]
        if behaviour == "absent":
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", 0))
                port = probe.getsockname()[1]
        definition = FulfillerDefinition("r", "R", "rack", f"http://127.0.0.1:{port}")
        return RackFulfiller.create(definition, Credentials(None), Tools(no_session))

    async def standing(self) -> int:
        return len(self.rack.ports)


def test_it_is_found_where_it_is_installed() -> None:
    (found,) = entry_points(group="som.fulfillers", name="rack")
    assert found.load() is RackFulfiller


def test_a_registration_without_an_address_is_wrong() -> None:
    assert [each.pointer for each in RackFulfiller.check(FulfillerDefinition("r", "R", "rack"))] == ["/endpoint"]
