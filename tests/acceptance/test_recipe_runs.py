"""A recipe from the drawing to the completed order, on a real server: machines, a person, a timer, versions."""

import json
import time
import uuid
from collections.abc import Callable
from typing import Any

import requests

from som.version import program_version
from tests.acceptance.server_process import ServerProcess
from tests.integration.engine.recipes import bpmn, flows, service

ORDERS = "/tmf-api/serviceOrdering/v4/serviceOrder"
SPECIFICATIONS = "/tmf-api/serviceCatalogManagement/v4/serviceSpecification"
TASK_FLOWS = "/tmf-api/processFlowManagement/v4/taskFlow"
PATIENCE = 180.0
PORT = {"type": "object", "required": ["port"], "properties": {"port": {"type": "integer", "minimum": 1}}}


class Story:
    """A specification of its own, whose add is done by a recipe."""

    for_orders = True

    def __init__(self, server: ServerProcess) -> None:
        self.server = server
        self.name = f"fibre-{uuid.uuid4().hex[:8]}"
        self.call("POST", SPECIFICATIONS, {"id": self.name, "name": self.name, "version": "1.0.0"})
        capability = [{"specification": self.name, "action": "add"}]
        settings = {"output": {"speed": 100, "did": "=input.name"}}
        body = {"name": self.name, "kind": "simulator", "capability": capability, "settings": settings}
        self.call("POST", "/som/v1/fulfiller", body)

    def drawing(self, *more: str) -> str:
        """Machine, gateway, person, timer, machine; what the person cannot do is done by a machine; and then more."""
        ways = ["start>survey", "survey>way", "way>patch[speed >= 100]", "way>slow", "slow>end2"]
        ways += ["patch>wait", "none>radio", "radio>end3"]
        machine, last = f'specification="{self.name}" action="add"', "wait"
        for key in more:
            ways.append(f"{last}>{key}")
            last = key
        return bpmn(
            '<startEvent id="start"/><exclusiveGateway id="way" default="way_slow"/><endEvent id="end"/>',
            '<endEvent id="end2"/><endEvent id="end3"/>',
            *(service(key, machine) for key in ("survey", "slow", "radio")),
            *(service(key, machine, port="=port") for key in more),
            f'<userTask id="patch" name="Patch the port"><extensionElements><som:task queue="{self.name}" form="port"/>'
            '</extensionElements></userTask>',
            '<boundaryEvent id="none" attachedToRef="patch"><errorEventDefinition errorRef="noPort"/></boundaryEvent>',
            '<intermediateCatchEvent id="wait"><timerEventDefinition><timeDuration>PT1S</timeDuration>'
            "</timerEventDefinition></intermediateCatchEvent>",
            flows(*ways, f"{last}>end"),
        )  # fmt: skip

    def publish(self, version: str, *more: str) -> None:
        """Draft a version of the recipe, and publish it."""
        bound = [{"specification": self.name, "action": "add"}] if self.for_orders else []
        form = [{"name": "port", "schema": PORT}]
        body = {"name": self.name, "version": version, "bpmn": self.drawing(*more), "binding": bound, "form": form}
        made = self.call("POST", "/som/v1/recipe", body)
        for step in ("review", "publish"):
            self.call("POST", f"/som/v1/recipe/{made['id']}/{step}", {"why": "a story"})

    def call(self, method: str, path: str, body: Any = None) -> Any:
        url = path if path.startswith("http") else self.server.url + path
        data = None if body is None else json.dumps(body)
        answer = requests.request(method, url, data=data, headers={"Content-Type": "application/json"}, timeout=30)
        assert answer.ok, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json()

    def until(self, look: Callable[[], Any]) -> Any:
        give_up = time.monotonic() + PATIENCE
        while not (found := look()):
            assert time.monotonic() < give_up, self.server.last_words()
            time.sleep(0.1)
        return found

    def order(self) -> str:
        items = [{"id": "1", "action": "add", "service": {"serviceSpecification": {"id": self.name}}}]
        return str(self.call("POST", ORDERS, {"serviceOrderItem": items})["id"])

    def flow(self) -> Any:
        """The one open task flow of the person."""
        return self.until(lambda: self.call("GET", f"{TASK_FLOWS}?queue={self.name}&state=new"))[0]

    def report(self, flow: Any, port: int) -> None:
        self.call("PATCH", flow["href"], {"state": "active", "assignee": "ada"})
        characteristic = [{"name": "port", "value": port}]
        self.call("PATCH", flow["href"], {"state": "completed", "characteristic": characteristic})

    def completed(self, order: str, port: int | None = None) -> Any:
        """The order once it is completed; whatever waits for the person is reported with this port meanwhile."""

        def look() -> Any:
            if port is not None:
                for flow in self.call("GET", f"{TASK_FLOWS}?queue={self.name}&state=new"):
                    self.report(flow, port)
            found = self.call("GET", f"{ORDERS}/{order}")
            assert found["state"] not in ("held", "failed", "rejected"), found
            return found if found["state"] == "completed" else None

        return self.until(look)

    def plan(self, order: str) -> Any:
        return self.call("GET", f"/som/v1/plan/{order}")

    def steps(self, order: str) -> list[str]:
        return [task["name"] for task in self.plan(order)["task"] if "stepOf" in task]


def test_a_published_recipe_builds_what_is_ordered_and_a_new_version_is_for_new_orders(server: ServerProcess) -> None:
    story = Story(server)
    story.publish("1.0.0")
    first = story.order()
    flow = story.flow()
    assert flow["name"] == "Patch the port"

    story.publish("1.1.0", "label")
    second = story.until(lambda: _on(story, story.order(), "1.1.0"))
    (waits,) = story.call("GET", f"/som/v1/order/{first}/explanation")["wait"]
    assert "Patch the port" in waits["message"]
    for order in (first, second):
        story.completed(order, port=7)
    assert story.steps(first) == ["survey", "Patch the port"]
    assert story.steps(second) == ["survey", "Patch the port", "label"]
    (run,) = story.plan(second)["recipeRun"]
    assert (run["recipe"]["version"], run["status"], run["data"]["port"]) == ("1.1.0", "completed", 7)
    kinds = [{"name": kind, "version": program_version()} for kind in ("manual", "simulator")]
    assert (run["engine"], run["fulfillerKind"]) == ([program_version()], kinds)
    assert [step["element"] for step in run["path"] if step["what"] == "taken"] == [
        "start_survey", "survey_way", "way_patch", "patch_wait", "wait_label", "label_end"
    ]  # fmt: skip


def _on(story: Story, order: str, version: str) -> str | None:
    """The order if it runs on this version; the server may have planned it before it heard of the version."""
    plan = story.until(lambda: _planned(story, order))
    (runs,) = (task["recipe"]["version"] for task in plan["task"] if task["kind"] == "recipe")
    return order if runs == version else None


def _planned(story: Story, order: str) -> Any:
    answer = requests.get(f"{story.server.url}/som/v1/plan/{order}", timeout=30)
    return answer.json() if answer.ok else None


def test_a_recipe_goes_on_after_the_server_was_killed_in_the_middle_of_it(server: ServerProcess) -> None:
    story = Story(server)
    story.publish("1.0.0", "label")
    order = story.order()
    flow = story.flow()
    server.kill()
    server.start()
    story.report(flow, 3)
    story.completed(order)
    assert story.steps(order) == ["survey", "Patch the port", "label"]
