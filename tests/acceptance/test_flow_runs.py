"""A client that speaks only TMF701 runs a recipe to its end, and receives its events at its listener."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import orjson
import pytest
import requests

from tests.acceptance.server_process import ServerProcess
from tests.acceptance.test_recipe_runs import Story
from tests.integration.engine.recipes import bpmn, flows, service

BASE = "/tmf-api/processFlowManagement/v4"
START = """<extensionElements><som:inputSchema>
{"type": "object", "required": ["site"], "properties": {"site": {"type": "string"}}}
</som:inputSchema></extensionElements>"""


class Listener:
    """A listener as TM Forum describes it, with what it was told."""

    def __init__(self) -> None:
        self.told: list[Any] = []

    @contextmanager
    def open(self) -> Iterator[str]:
        told = self.told

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                told.append(orjson.loads(self.rfile.read(int(self.headers["content-length"]))))
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/listener"
        finally:
            server.shutdown()
            server.server_close()

    def of(self, kind: str, key: str) -> list[tuple[str, str]]:
        """What was told of a resource: type and state of each event, in the order of coming."""
        ours = [one for one in self.told if one["event"].get(kind, {}).get("id") == key]
        return [(one["eventType"], one["event"][kind]["state"]) for one in ours]


class Drawn(Story):
    """A recipe for no order: a machine, then a person, then a machine."""

    for_orders = False

    def drawing(self, *more: str) -> str:
        machine = f'specification="{self.name}" action="add"'
        return bpmn(
            START,
            '<startEvent id="start"/><endEvent id="end"/>',
            service("survey", machine, site="=site"),
            f'<userTask id="patch" name="Patch the port"><extensionElements><som:task queue="{self.name}" form="port"/>'
            "</extensionElements></userTask>",
            service("light", machine, port="=port"),
            flows("start>survey", "survey>patch", "patch>light", "light>end"),
        )


@pytest.fixture
def story(server: ServerProcess) -> Drawn:
    made = Drawn(server)
    made.publish("1.0.0")
    return made


def begun(story: Drawn) -> Any:
    """What a client of TMF701 does: it looks for the recipe, and starts it with its data."""
    (found,) = story.call("GET", f"{BASE}/processFlowSpecification?name={story.name}")
    body = {
        "processFlowSpecification": found["name"],
        "processFlowSpecificationRef": {"id": found["id"], "href": found["href"]},
        "characteristic": [{"name": "site", "value": "north"}],
    }
    return story.call("POST", f"{BASE}/processFlow", body)


def test_a_client_of_tmf701_alone_runs_a_recipe_and_hears_of_it(story: Drawn) -> None:
    listener = Listener()
    with listener.open() as callback:
        hub = story.call("POST", f"{BASE}/hub", {"callback": callback})
        flow = begun(story)
        (work,) = story.until(lambda: story.call("GET", f"{flow['href']}/taskFlow?completionMethod=manual"))
        assert work["name"] == "Patch the port"
        story.report(work, 7)
        done = story.until(lambda: _in_state(story, flow, "completed"))
        values = {one["name"]: one["value"] for one in done["characteristic"]}
        assert (values["site"], values["port"], values["did"]) == ("north", 7, "light")
        steps = [story.call("GET", f"{flow['href']}/taskFlow/{one['id']}") for one in done["taskFlow"]]
        assert [(one["name"], one["state"]) for one in steps] == [
            ("survey", "completed"), ("Patch the port", "completed"), ("light", "completed")
        ]  # fmt: skip
        recipe = story.call("GET", f"{BASE}/processFlowSpecification?name={story.name}")[0]
        of = {one["id"]: one["name"] for one in recipe["taskFlowSpecification"]}
        assert [of[one["taskFlowSpecification"]] for one in steps] == [one["name"] for one in steps]
        assert story.call("GET", f"/tmf-api/serviceOrdering/v4/serviceOrder?fields=id&externalId={flow['id']}") == []
        _delete(story, flow["href"])
        kinds = ["ProcessFlowCreateEvent", "ProcessFlowStateChangeEvent", "ProcessFlowDeleteEvent"]
        story.until(lambda: [one for one in listener.of("processFlow", flow["id"]) if one[0] == kinds[-1]])
        told = [one for one in listener.of("processFlow", flow["id"]) if one[0] in kinds]
        assert [state for _, state in told] == ["active", "completed", "completed"]
        for step in steps:
            kinds = [kind for kind, _ in story.until(lambda step=step: _ended(listener, step["id"]))]  # type: ignore[misc]
            assert kinds[0] == "TaskFlowCreateEvent"
            assert kinds[-1] == "TaskFlowDeleteEvent"
            assert kinds.count("TaskFlowStateChangeEvent") >= 2
        for step in ("retire", "publish"):
            story.call("POST", f"/som/v1/recipe/{recipe['id']}/{step}", {})
        assert [told["eventType"] for told in story.until(lambda: _told_of(listener, recipe))] == [
            "ProcessFlowSpecificationDeleteEvent", "ProcessFlowSpecificationCreateEvent"
        ]  # fmt: skip
        _delete(story, f"{BASE}/hub/{hub['id']}")


def _ended(listener: Listener, key: str) -> list[tuple[str, str]]:
    told = listener.of("taskFlow", key)
    return told if told and told[-1][0] == "TaskFlowDeleteEvent" else []


def _told_of(listener: Listener, recipe: Any) -> list[Any]:
    """Both events of a specification, with the body that GET answers but for the moment of its change.

    That it was published before anybody listened may be told, too, where it is relayed after that.
    """
    told = [one for one in listener.told if one["event"].get("processFlowSpecification", {}).get("id") == recipe["id"]]
    while told and told[0]["eventType"] != "ProcessFlowSpecificationDeleteEvent":
        del told[0]
    for one in told:
        assert {**one["event"]["processFlowSpecification"], "lastUpdate": recipe["lastUpdate"]} == recipe
    return told if len(told) == 2 else []


def _in_state(story: Drawn, flow: Any, state: str) -> Any:
    found = story.call("GET", flow["href"])
    return found if found["state"] == state else None


def _delete(story: Drawn, path: str) -> None:
    url = path if path.startswith("http") else story.server.url + path
    assert requests.delete(url, timeout=30).status_code == 204


def test_a_client_of_tmf701_interrupts_and_cancels_what_it_has_started(story: Drawn) -> None:
    flow = begun(story)
    (work,) = story.until(lambda: story.call("GET", f"{flow['href']}/taskFlow?completionMethod=manual"))
    assert story.call("PATCH", flow["href"], {"state": "hold"})["state"] == "hold"
    story.report(work, 7)
    story.call("PATCH", flow["href"], {"state": "cancelled"})
    ended = story.until(lambda: _in_state(story, flow, "cancelled"))
    assert ended["cancellation"]["state"] == "done"
    names = [one["name"] for one in story.call("GET", f"{flow['href']}/taskFlow")]
    assert "light" not in names
