"""People as fulfillers: auto, manual, auto, with a restart in between, over HTTP as any TMF701 client would do it."""

import json
import time
import uuid
from collections.abc import Callable
from typing import Any

import pytest
import requests

from tests.acceptance.server_process import ServerProcess

ORDERS = "/tmf-api/serviceOrdering/v4/serviceOrder"
CANCELS = "/tmf-api/serviceOrdering/v4/cancelServiceOrder"
TASK_FLOWS = "/tmf-api/processFlowManagement/v4/taskFlow"
PATIENCE = 60.0
FORM = {"type": "object", "required": ["port"], "properties": {"port": {"type": "integer", "minimum": 1}}}


class Story:
    """A specification of its own with three tasks, of which people do the middle one."""

    def __init__(self, server: ServerProcess) -> None:
        self.server = server
        self.name = f"survey-{uuid.uuid4().hex[:8]}"
        auto = {"kind": "simulator", "settings": {"output": {"seen": "= input"}}}
        manual = {
            "kind": "manual",
            "settings": {
                "queue": self.name,
                "instructions": '= "Survey for " + order.externalId',
                "form": FORM,
                "compensation": {"instructions": '= "Remove the port " + string(service.name)'},
            },
        }
        for kind, action, settings in (("auto", "modify", auto), ("people", "add", manual)):
            capability = [{"specification": self.name, "action": action}]
            body = {"id": f"{self.name}-{kind}", "name": kind, "capability": capability, **settings}
            self.call("POST", "/som/v1/fulfiller", body)
        by_machine = {"capability": {"action": "modify"}, "compensation": "operation"}
        tasks = {
            "prepare": by_machine,
            "survey": {"needs": ["prepare"], "input": {"rack": "=service.name"}, "compensation": "operation"},
            "activate": {"needs": ["survey"], "input": {"port": "=task.survey.output.port"}, **by_machine},
        }
        door = {"name": "door", "valueType": "string", "minCardinality": 0, "maxCardinality": 1}
        fulfilment = {"add": {"tasks": tasks}}
        specification = {"id": self.name, "name": self.name, "specCharacteristic": [door], "fulfilment": fulfilment}
        self.call("POST", "/tmf-api/serviceCatalogManagement/v4/serviceSpecification", specification)

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """A request; a body that is a list is a JSON Patch."""
        url = path if path.startswith("http") else self.server.url + path
        media = "application/json-patch+json" if isinstance(body, list) else "application/json"
        data = None if body is None else json.dumps(body)
        answer = requests.request(method, url, data=data, headers={"Content-Type": media}, timeout=30)
        assert answer.ok, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json()

    def order(self) -> str:
        service = {"name": "rack 7", "serviceSpecification": {"id": self.name}}
        items = [{"id": "1", "action": "add", "service": service}]
        return str(self.call("POST", ORDERS, {"externalId": self.name, "serviceOrderItem": items})["id"])

    def until(self, look: Callable[[], Any]) -> Any:
        give_up = time.monotonic() + PATIENCE
        while not (found := look()):
            assert time.monotonic() < give_up, self.server.last_words()
            time.sleep(0.1)
        return found

    def work(self, **wanted: str) -> Any:
        """The one task flow in the queue with these attributes."""
        query = "&".join(f"{name}={value}" for name, value in {"queue": self.name, **wanted}.items())
        return self.until(lambda: self.call("GET", f"{TASK_FLOWS}?{query}"))[0]

    def ended(self, order: str) -> Any:
        ends = ("completed", "cancelled", "failed", "held", "pending")

        def look() -> Any:
            found = self.call("GET", f"{ORDERS}/{order}")
            return found if found["state"] in ends else None

        return self.until(look)

    def tasks(self, order: str) -> dict[str, Any]:
        return {task["name"]: task for task in self.call("GET", f"/som/v1/plan/{order}")["task"]}

    def process_state(self, order: str) -> str:
        [process] = self.call("GET", f"/tmf-api/processFlowManagement/v4/processFlow?relatedEntity.id={order}")
        return str(process["state"])


@pytest.fixture
def story(server: ServerProcess) -> Story:
    return Story(server)


def test_a_persons_task_between_two_of_machines_outlives_a_restart(story: Story) -> None:
    order = story.order()
    work = story.work(state="new")
    assert work["instructions"] == f"Survey for {story.name}"
    assert (work["input"], work["form"]) == ({"rack": "rack 7"}, FORM)
    story.until(lambda: story.tasks(order)["survey"]["state"] == "accepted")
    waiting = story.tasks(order)["survey"]
    assert waiting["due"] is None, "nobody polls a person, and no deadline of ours holds the task"
    assert story.tasks(order)["activate"]["state"] == "waiting"
    [wait] = story.call("GET", f"/som/v1/order/{order}/explanation")["wait"]
    assert (wait["kind"], wait["by"], wait["queue"], wait["assignee"]) == ("report", "person", story.name, None)
    assert (wait["until"], wait["taskFlow"]["href"]) == (work["requestedCompletionDate"], work["href"])

    assert story.server.stop() == 0
    story.server.start()

    href = f"/tmf-api/processFlowManagement/v4/processFlow/{work['processFlow']['id']}/taskFlow/{work['id']}"
    anna = {"id": "anna", "role": "assignee", "@referredType": "Individual"}
    story.call("PATCH", href, {"state": "active", "relatedParty": [*work["relatedParty"], anna]})
    refused = requests.patch(
        story.server.url + href,
        json={"state": "completed", "characteristic": [{"name": "port", "value": 0}]},
        timeout=30,
    )
    assert refused.status_code == 400
    assert "/characteristic/0/value" in refused.json()["message"]
    done = story.call("PATCH", href, {"state": "completed", "characteristic": [{"name": "port", "value": 7}]})

    assert story.ended(order)["state"] == "completed"
    tasks = story.tasks(order)
    assert [tasks[name]["state"] for name in ("prepare", "survey", "activate")] == ["done", "done", "done"]
    assert tasks["prepare"]["endDate"] <= done["completionDate"] <= tasks["activate"]["startDate"]
    activated = story.call("GET", f"/som/v1/task/{tasks['activate']['id']}")
    assert activated["output"] == {"seen": {"port": 7}}
    surveyed = story.call("GET", f"/som/v1/task/{tasks['survey']['id']}")
    assert [attempt.get("who") for attempt in surveyed["attempt"]] == [None, "anna"]
    story.until(lambda: len(audit(story, work["id"])) == 3)
    assert audit(story, work["id"]) == [("som", "new"), ("anna", "active"), ("anna", "completed")]
    story.until(lambda: story.process_state(order) == "completed")


def test_what_a_person_cannot_do_comes_to_the_people_who_deal_with_fallout(story: Story) -> None:
    order = story.order()
    work = story.work()
    story.call("PATCH", work["href"], {"state": "cancelled", "reason": "The site is flooded.", "assignee": "anna"})
    assert story.ended(order)["state"] == "held"
    query = f"{TASK_FLOWS}?queue=fallout&relatedEntity.id={order}"
    [fallout] = story.until(lambda: story.call("GET", query))
    assert "flooded" in fallout["instructions"]
    story.call("PATCH", fallout["href"], {"queue": "north", "assignee": "cleo"})
    [wait] = story.call("GET", f"/som/v1/order/{order}/explanation")["wait"]
    assert (wait["kind"], wait["queue"], wait["assignee"]) == ("held", "north", "cleo")
    assert wait["taskFlow"] == {"id": fallout["id"], "href": fallout["href"]}
    by_hand = {"do": "complete", "why": "seen from a boat", "output": {"port": 7}}
    said = [{"name": name, "value": value} for name, value in by_hand.items()]
    story.call("PATCH", fallout["href"], {"state": "completed", "assignee": "ben", "characteristic": said})
    story.until(lambda: story.call("GET", f"{ORDERS}/{order}")["state"] == "completed")
    [deed] = story.call("GET", f"/som/v1/history?resourceId={order}&who=ben")
    assert deed["after"]["do"] == "complete"
    assert ("ben", "completed") in audit(story, fallout["id"])


def audit(story: Story, key: str) -> list[tuple[str, str]]:
    return [(told["who"], told["state"]) for told in story.call("GET", f"/som/v1/history?resourceId={key}")]


def test_a_cancellation_takes_the_work_away_or_has_it_undone(story: Story) -> None:
    orders = [story.order() for _ in range(2)]
    first, second = (story.work(**{"relatedEntity.id": order}) for order in orders)
    story.call("POST", CANCELS, {"serviceOrder": {"id": orders[0]}})
    assert story.ended(orders[0])["state"] == "cancelled"
    assert story.call("GET", first["href"])["outcome"] == "withdrawn"

    story.call("PATCH", second["href"], {"assignee": "ben", "state": "cancelled", "reason": "No such rack."})
    held = story.ended(orders[1])
    assert held["state"] == "held"
    assert "No such rack." in str(held["serviceOrderItem"][0]["errorMessage"])
    story.call("PATCH", f"{ORDERS}/{orders[1]}", {"state": "inProgress"})
    again = story.work(state="new")
    assert again["id"] != second["id"]
    assert story.call("GET", second["href"])["outcome"] == "failed"


def test_a_person_asks_the_customer_and_goes_on_with_the_answer(story: Story) -> None:
    order = story.order()
    asking = story.work(state="new")
    asked = {"reason": "Which door?", "missing": [{"characteristic": "door"}]}
    story.call("PATCH", asking["href"], {"assignee": "anna", "informationRequired": asked})
    assert story.ended(order)["state"] == "pending"
    answer = {"op": "add", "path": "/serviceOrderItem/0/service/serviceCharacteristic",
              "value": [{"name": "door", "value": "the green one"}]}  # fmt: skip
    story.call("PATCH", f"{ORDERS}/{order}", [answer])
    again = story.work(state="new")
    assert again["id"] != asking["id"]
    done = {"assignee": "anna", "state": "completed", "characteristic": [{"name": "port", "value": 7}]}
    story.call("PATCH", again["href"], done)
    assert story.ended(order)["state"] == "completed"


def test_what_a_person_has_done_is_undone_by_a_person(story: Story) -> None:
    specification = f"/tmf-api/serviceCatalogManagement/v4/serviceSpecification/{story.name}"
    last = {"op": "add", "path": "/fulfilment/add/tasks/inspect", "value": {"needs": ["activate"]}}
    story.call("PATCH", specification, [last])
    order = story.order()
    done = {"assignee": "anna", "state": "completed", "characteristic": [{"name": "port", "value": 7}]}
    surveyed = story.work(state="new")
    story.call("PATCH", surveyed["href"], done)
    story.until(lambda: story.tasks(order)["inspect"]["state"] == "accepted")
    story.call("POST", CANCELS, {"serviceOrder": {"id": order}})
    undo = story.until(lambda: [task for task in story.call("GET", f"{TASK_FLOWS}?queue={story.name}&state=new")
                                if "taskFlowRelationship" in task])[0]  # fmt: skip
    assert undo["instructions"] == "Remove the port rack 7"
    assert undo["taskFlowRelationship"][0]["taskFlow"]["id"] == surveyed["id"]
    assert undo["input"] == {"output": {"port": 7}}
    story.call("PATCH", undo["href"], {"assignee": "ben", "state": "completed"})
    assert story.ended(order)["state"] == "cancelled"
    story.until(lambda: story.process_state(order) == "cancelled")
