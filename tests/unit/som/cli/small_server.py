"""A few answers over real HTTP, to see what the command line makes of them."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit


@dataclass
class Asked:
    """A request as it came."""

    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    body: Any


@dataclass
class Answer:
    """What is said to it."""

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class SmallServer:
    """Answers by method and path; what is unknown is 404 in TM Forum's shape."""

    url: str = ""
    answers: dict[tuple[str, str], Answer | Callable[[Asked], Answer]] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)

    def of(self, method: str) -> list[Asked]:
        return [one for one in self.asked if one.method == method]

    def answer(self, asked: Asked) -> Answer:
        self.asked.append(asked)
        known = self.answers.get((asked.method, asked.path))
        if known is None:
            return refusal(404, "notFound", "Not found", f"Nothing is at {asked.path}.")
        return known(asked) if callable(known) else known


def refusal(status: int, code: str, reason: str, message: str) -> Answer:
    return Answer(status, {"code": code, "reason": reason, "message": message, "status": str(status)})


@contextmanager
def small_server() -> Iterator[SmallServer]:
    server = SmallServer()

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            raw = self.rfile.read(length)
            parts = urlsplit(self.path)
            body = json.loads(raw) if raw else None
            answer = server.answer(Asked(self.command, parts.path, parse_qs(parts.query), dict(self.headers), body))
            text = answer.body if isinstance(answer.body, str) else json.dumps(answer.body)
            sent = b"" if answer.status == 204 else text.encode()
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(sent)))
            self.end_headers()
            self.wfile.write(sent)

        do_GET = do_POST = do_PATCH = do_DELETE = _answer  # noqa: N815 - named by the library

        def log_message(self, *args: Any) -> None:
            return

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        server.url = f"http://127.0.0.1:{http.server_address[1]}"
        thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield server
        finally:
            http.shutdown()
            thread.join()
