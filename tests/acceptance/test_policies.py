"""Policies, as their users see them: tables and a policy service, over HTTP and the command line."""

import json
import threading
import uuid
from collections.abc import Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.acceptance.server_process import ServerProcess, som
from tests.acceptance.test_people import CANCELS, ORDERS, Story
from tests.unit.decision_models import decision, model, table

DECISIONS = "/som/v1/policyDecision"
APPROVE = model(decision("approve", table("", "order.description", [
    ('"large"', '{queue: "managers of " + specification[1], reason: "It is large."}'),
    ('"small"', "true"),
]))).decode()  # fmt: skip
LOOKED_AT = ('"acknowledged"', '{allow: false, reason: "It is being looked at."}')
KEEP = model(decision("keep", table("", "state", [LOOKED_AT]))).decode()


class Desk(Story):
    """A specification of its own that people work on, and policies about nothing but its orders."""

    def publish(self, point: str, **body: Any) -> str:
        """Publish a policy about the orders of this desk."""
        policy = {
            "name": f"{self.name}-{point}",
            "version": "1.0.0",
            "decisionPoint": point,
            "whenDown": {"allow": False, "reason": "Nobody could say."},
            "appliesTo": {"specification": [self.name]},
            **body,
        }
        key = str(self.call("POST", "/som/v1/policy", policy)["id"])
        self.call("POST", f"/som/v1/policy/{key}/publish", {"why": "a story"})
        return key

    def place(self, description: str) -> str:
        """Place an order that says this of itself."""
        items = [{"id": "1", "action": "add", "service": {"serviceSpecification": {"id": self.name}}}]
        return str(self.call("POST", ORDERS, {"description": description, "serviceOrderItem": items})["id"])

    def waits_for(self, order: str, kind: str) -> bool:
        """Whether that is all it waits for."""
        return [one["kind"] for one in self.call("GET", f"/som/v1/order/{order}/explanation")["wait"]] == [kind]

    def is_in(self, order: str, state: str) -> bool:
        return bool(self.call("GET", f"{ORDERS}/{order}")["state"] == state)

    def rejected(self, order: str) -> str:
        """Wait until it is rejected, and return why."""

        def look() -> Any:
            found = self.call("GET", f"{ORDERS}/{order}")
            return found if found["state"] == "rejected" else None

        return str(self.until(look)["errorMessage"][0]["message"])

    def decided(self, order: str) -> list[Any]:
        return list(self.call("GET", f"{DECISIONS}?order={order}"))


@pytest.fixture
def desk(server: ServerProcess) -> Desk:
    return Desk(server)


def test_an_order_begins_when_people_have_approved_it_and_is_rejected_where_they_refuse(desk: Desk) -> None:
    key = desk.publish("approve", kind="dmn", dmn=APPROVE)
    small, first, second = desk.place("small"), desk.place("large"), desk.place("large")
    queue = f"managers of {desk.name}"
    for order, said in ((first, {"approved": True}), (second, {"approved": False, "reason": "Too dear."})):
        flows = f"/tmf-api/processFlowManagement/v4/taskFlow?queue={queue}&relatedEntity.id={order}"
        (flow,) = desk.until(partial(desk.call, "GET", flows))
        desk.until(partial(desk.waits_for, order, "approval"))
        values = [{"name": name, "value": value} for name, value in said.items()]
        desk.call("PATCH", flow["href"], {"state": "completed", "assignee": "mia", "characteristic": values})
    assert f"Too dear. (refused by mia; policy {key})" in desk.rejected(second)
    for order in (small, first):
        desk.until(partial(desk.is_in, order, "inProgress"))
    (decision_made,) = desk.decided(second)
    assert decision_made["approval"]["approved"] is False
    assert decision_made["approval"]["who"] == "mia"
    (told,) = desk.call("GET", f"/som/v1/order/{second}/explanation")["policyDecision"]
    assert told["result"]["queue"] == queue


def test_what_a_policy_says_of_a_cancellation_is_the_error_of_the_request(desk: Desk) -> None:
    desk.publish("approve", kind="dmn", dmn=APPROVE)
    key = desk.publish("cancel", kind="dmn", dmn=KEEP)
    desk.publish("amend", kind="dmn", dmn=KEEP)
    order = desk.place("large")
    desk.until(partial(desk.waits_for, order, "approval"))
    for method, path, body in (
        ("POST", CANCELS, {"serviceOrder": {"id": order}}),
        ("PATCH", f"{ORDERS}/{order}", {"category": "another"}),
    ):
        answer = requests.request(method, desk.server.url + path, json=body, timeout=30)
        assert answer.status_code == 409, answer.text
        assert "It is being looked at." in answer.text
    assert [one["policy"] for one in desk.decided(order)][1] == key
    desk.call("PATCH", f"{ORDERS}/{order}", {"note": [{"text": "Notes are no amendment."}]})


class _Listener(BaseHTTPRequestHandler):
    heard: list[Any] = []  # noqa: RUF012 - of the class, which the server makes anew for each request

    def do_POST(self) -> None:
        """Keep what is told."""
        self.heard.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture
def listener() -> Iterator[tuple[str, list[Any]]]:
    """The address of a subscriber, and what it has heard."""
    kind = type("Listener", (_Listener,), {"heard": []})
    with ThreadingHTTPServer(("127.0.0.1", 0), kind) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/", kind.heard  # type: ignore[attr-defined]
        server.shutdown()


def test_without_its_service_a_policy_takes_its_configured_answer_and_listeners_are_told(
    desk: Desk, listener: tuple[str, list[Any]]
) -> None:
    url, heard = listener
    callback = {"callback": url, "query": "eventType=PolicyDecisionFallbackEvent"}
    hub = desk.call("POST", "/som/v1/hub", callback)
    key = desk.publish("accept", kind="opa", url="http://127.0.0.1:9", path="som/accept")
    order = desk.place("small")
    assert "Nobody could say." in desk.rejected(order)
    told = desk.until(lambda: [one for one in heard if one["correlationId"] == order])
    assert {one["eventId"] for one in told} == {told[0]["eventId"]}
    about = told[0]["event"]["policyDecision"]
    assert (about["policy"], about["outcome"]) == (key, "deniedByDefault")
    assert about["problem"].startswith("The policy service cannot be reached")
    requests.delete(f"{desk.server.url}/som/v1/hub/{hub['id']}", timeout=30)


def test_the_command_line_loads_publishes_and_tells(desk: Desk, tmp_path: Path) -> None:
    name = f"size-{uuid.uuid4().hex[:8]}"
    example = Path(__file__).parents[2] / "examples/policies/size.dmn"
    policy: dict[str, Any] = {
        "name": name,
        "version": "1.0.0",
        "kind": "dmn",
        "decisionPoint": "accept",
        "dmn": str(example),
    }
    policy |= {"appliesTo": {"specification": [desk.name]}, "whenDown": {"allow": False}}
    file = tmp_path / "size.yaml"
    file.write_text(json.dumps(policy), "utf-8")
    assert f"{name}:1.0.0  published" in som(desk.server, "policy", "load", str(file), "--publish")
    items = [{"id": f"{n}", "action": "add", "service": {"serviceSpecification": {"id": desk.name}}} for n in range(3)]
    order = desk.call("POST", ORDERS, {"serviceOrderItem": items})["id"]
    assert "3 items are too many." in desk.rejected(order)
    assert "denied" in som(desk.server, "policy", "decisions", "--order", order)
    assert f"policy {name}:1.0.0" in som(desk.server, "explain", order)
