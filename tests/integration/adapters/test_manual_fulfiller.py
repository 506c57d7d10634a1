"""The kind `manual` keeps to the port; what a person is asked, told and can report."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any, ClassVar

import pytest

from adapters.manual import ManualFulfiller
from adapters.ports import Accepted, Done, Fulfiller, FulfillerCall, Progress, Refused, TaskFlows
from models import outbox, task_flows
from models.clock import Clock, to_text
from models.domain import task_flow
from models.domain.errors import Unavailable
from models.domain.fulfiller import FulfillerDefinition
from models.domain.lifecycles import TASK_FLOW
from models.domain.outcomes import InformationRequired
from models.domain.task_flow import NEW
from models.store import Store, connect
from tests.integration.fulfiller_suite import Behaviour, FulfillerSuite, a_call

Document = dict[str, Any]
SETTINGS: Document = {
    "queue": "field-engineering",
    "due": "PT8H",
    "instructions": ['= "Visit " + order.place', '= "Speed: " + string(input.speed)', "= order.nothing"],
    "form": {"type": "object", "properties": {"port": {"type": "integer"}}},
}
REPORTED = [{"name": "port", "value": 7}]


class AwayFlows(TaskFlows):
    """Task flows whose database is away."""

    async def order(self, order_id: str) -> Document | None:
        raise Unavailable

    async def open(self, key: str, body: Mapping[str, Any], seconds: float) -> Document:
        raise Unavailable

    async def look(self, key: str) -> Document | None:
        raise Unavailable

    async def withdraw(self, key: str) -> Document | None:
        raise Unavailable


class People(task_flows.TaskFlowStore):
    """Task flows in the database, and a person who does what a test tells."""

    def __init__(self, store: Store, behaviour: str = "idle") -> None:
        super().__init__(store, Clock())
        self.store = store
        self.behaviour = behaviour
        self.work: list[asyncio.Task[None]] = []

    async def open(self, key: str, body: Mapping[str, Any], seconds: float) -> Document:
        made = await super().open(key, body, seconds)
        if made["state"] == NEW and self.behaviour != "idle":
            self.work.append(asyncio.create_task(self._work(made["id"])))
        return made

    async def _work(self, key: str) -> None:
        if self.behaviour == "accepting":
            await asyncio.sleep(0.5)
        change = {"state": "completed", "assignee": "anna", "characteristic": REPORTED}
        if self.behaviour == "refusing":
            change = {"state": "cancelled", "assignee": "anna", "reason": "The rack is full."}
        await self.patch(key, change)

    async def patch(self, key: str, change: Document) -> None:
        stored = await self.store.get("taskFlow", key)
        assert stored is not None
        if stored["body"]["state"] in TASK_FLOW.final:
            return
        now = Clock().now()
        body = task_flow.changed(stored["body"], {**stored["body"], **change}, awaited=True, now=now).body
        written = outbox.change(stored, {"body": body}, [], now)
        await self.store.update("taskFlow", {"_id": key, "rev": stored["rev"]}, written)


@pytest.fixture
async def store(mongodb_url: str, database_name: str) -> AsyncIterator[Store]:
    client = connect(mongodb_url)
    made = Store(client, database_name)
    body = {"id": "order-1", "place": "Main Street 1", "priority": "1", "serviceOrderItem": [{"id": "1"}]}
    await made.insert(
        "serviceOrder", outbox.first({"_id": "order-1", "tenant": "default", "body": body}, [], Clock().now())
    )
    yield made
    await client.close()


def manual(flows: TaskFlows | None, **settings: Any) -> ManualFulfiller:
    given = {**SETTINGS, **settings}
    return ManualFulfiller(FulfillerDefinition("m", "Field engineering", "manual", settings=given), flows)


class TestManual(FulfillerSuite):
    counterpart = "task flows in a real database, and a person played by the test"
    cannot: ClassVar = {
        "accepted and reported": "A person's answer goes to the plan inside the server; nobody calls back.",
        "slow": "The call ends when the task flow stands in the queue; the person's time is not the call's.",
        "late": "The call ends when the task flow stands in the queue; the person's time is not the call's.",
        "throttled": "A queue takes whatever is put into it.",
        "garbage": "What a person reports is checked by the form before it is taken.",
    }
    characteristics: ClassVar[Mapping[str, Any]] = {}

    @pytest.fixture(autouse=True)
    async def database(self, store: Store) -> AsyncIterator[None]:
        self.store, self.people = store, list[People]()
        yield
        await asyncio.gather(*(work for people in self.people for work in people.work))

    async def fulfiller(self, behaviour: Behaviour) -> Fulfiller:
        if behaviour == "absent":
            return manual(AwayFlows())
        self.people.append(People(self.store, behaviour))
        return manual(self.people[-1])

    async def standing(self) -> int:
        found = await self.store.collection("taskFlow").find({"body.outcome": "done"}).to_list()
        keys = [stored["call"] for stored in found]
        return len([key for key in keys if ":fulfil:" in key]) - len([key for key in keys if ":compensate:" in key])


async def opened(flows: People, call: FulfillerCall, **settings: Any) -> Document:
    accepted = await manual(flows, **settings).engage(call)
    assert isinstance(accepted, Accepted), accepted
    assert accepted.keeps_time
    stored = await flows.store.get("taskFlow", str(accepted.reference))
    assert stored is not None
    body: Document = stored["body"]
    return body


async def test_a_person_is_told_what_to_do_from_the_orders_data(store: Store) -> None:
    body = await opened(People(store), a_call(key="plan-1:00aa"))
    assert body["instructions"] == "Visit Main Street 1\n\nSpeed: 100"
    assert (body["queue"], body["priority"], body["state"]) == ("field-engineering", 1, "new")
    assert {entity["role"]: entity["id"] for entity in body["relatedEntity"]} == {
        "serviceOrder": "order-1", "serviceOrderItem": "1", "service": "service-1",
    }  # fmt: skip
    assert body["input"] == {"speed": 100}


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (a_call(key="p:1", name="survey"), "survey: add service-1"),
        (a_call(key="p:2", name="add"), "add service-1"),
        (a_call("compensate", "p:3", name="survey", fulfil_key="p:1"), "Undo: survey: add service-1"),
    ],
)
async def test_without_a_name_of_its_own_work_is_called_by_its_task(
    store: Store, call: FulfillerCall, name: str
) -> None:
    assert (await opened(People(store), call))["name"] == name


async def test_the_specifications_word_stands_above_the_registrations(store: Store) -> None:
    own = {"queue": "surveyors", "due": "PT1H", "instructions": "= not an expression any more", "priority": 0}
    body = await opened(People(store), a_call(key="p:00aa", input={"manual": own, "floor": 3}))
    assert (body["queue"], body["priority"], body["input"]) == ("surveyors", 0, {"floor": 3})
    assert body["instructions"] == "= not an expression any more"


async def test_a_specification_that_asks_what_cannot_be_is_refused(store: Store) -> None:
    outcome = await manual(People(store)).engage(a_call(input={"manual": {"due": "soon"}}))
    assert isinstance(outcome, Refused)
    assert "/manual/due" in outcome.reason


async def test_what_a_person_says_is_the_outcome(store: Store) -> None:
    flows, call = People(store), a_call(key="plan-2:00aa")
    fulfiller = manual(flows)
    body = await opened(flows, call)
    waiting = await fulfiller.poll(Accepted(body["id"]), call)
    assert isinstance(waiting, Progress)
    assert waiting.reason == "It waits in the queue field-engineering."
    await flows.patch(body["id"], {"state": "active", "assignee": "anna"})
    assert await fulfiller.poll(Accepted(body["id"]), call) == Progress(reason="anna has it.")
    await flows.patch(body["id"], {"informationRequired": {"reason": "Which door?"}})
    assert await fulfiller.poll(Accepted(body["id"]), call) == InformationRequired("Which door?")


async def test_what_is_completed_is_not_withdrawn_but_undone(store: Store) -> None:
    flows, call = People(store), a_call(key="plan-3:00aa")
    fulfiller = manual(flows)
    body = await opened(flows, call)
    await flows.patch(body["id"], {"state": "completed", "characteristic": REPORTED})
    stop = a_call("cancel", key="plan-3:00aa", engaged=Accepted(body["id"]), fulfil_key=call.idempotency_key)
    assert isinstance(await fulfiller.engage(stop), Refused)
    undo = a_call(
        "compensate",
        key="plan-3:00aa",
        engaged=Accepted(body["id"]),
        output={"port": 7},
        fulfil_key=call.idempotency_key,
    )
    undoing = await opened(flows, undo)
    assert undoing["taskFlowRelationship"][0]["relationshipType"] == "undoes"
    assert undoing["taskFlowRelationship"][0]["taskFlow"]["id"] == body["id"]
    assert undoing["input"] == {"output": {"port": 7}}
    assert "form" not in undoing


async def test_a_withdrawn_task_is_seen_as_withdrawn_by_its_person(store: Store) -> None:
    flows, call = People(store), a_call(key="plan-4:00aa")
    body = await opened(flows, call)
    stop = a_call("cancel", key="plan-4:00aa", engaged=Accepted(body["id"]), fulfil_key=call.idempotency_key)
    assert await manual(flows).engage(stop) == Done()
    stored = await store.get("taskFlow", body["id"])
    assert stored is not None
    assert (stored["body"]["state"], stored["body"]["outcome"]) == ("cancelled", "withdrawn")
    assert [event["state"] for event in stored["outbox"]] == ["new", "active", "cancelled"]


@pytest.mark.parametrize(
    ("settings", "place"),
    [
        ({"queue": ""}, "/settings/queue"),
        ({"due": "tomorrow"}, "/settings/due"),
        ({"form": {"type": "array"}}, "/settings/form"),
        ({"instructions": "= 1 +"}, "/settings/instructions"),
        ({"escalation": [{"after": "PT1H"}]}, "/settings/escalation/0"),
        ({"compensation": {"priority": 9}}, "/settings/compensation/priority"),
        ({"colour": "red"}, "/settings/colour"),
    ],
)
def test_settings_that_cannot_be_are_found_at_registration(settings: Document, place: str) -> None:
    definition = FulfillerDefinition("m", "M", "manual", settings={**SETTINGS, **settings})
    assert [violation.pointer for violation in ManualFulfiller.check(definition)] == [place]
    assert ManualFulfiller.check(FulfillerDefinition("m", "M", "manual", settings=SETTINGS)) == []


async def test_overdue_work_is_escalated_step_by_step_and_told(store: Store) -> None:
    steps = [{"priority": 0}, {"after": "PT1H", "queue": "supervisors"}]
    flows = People(store)
    body = await opened(flows, a_call(key="plan-5:00aa"), escalation=steps)
    assert await task_flows.escalate(store, Clock()) == 0
    for minutes, expected in ((0, (0, "field-engineering")), (61, (0, "supervisors"))):
        due = to_text(Clock().after(-1 - 60 * minutes))
        stored = await store.get("taskFlow", body["id"])
        assert stored is not None
        change = {"$set": {"body.requestedCompletionDate": due, "escalate": Clock().after(-1)}}
        await store.update("taskFlow", {"_id": body["id"]}, change)
        assert await task_flows.escalate(store, Clock()) == 1
        stored = await store.get("taskFlow", body["id"])
        assert stored is not None
        assert (stored["body"]["priority"], stored["body"]["queue"]) == expected
        assert stored["outbox"][-1]["why"] == f"overdue since {due}"
    stored = await store.get("taskFlow", body["id"])
    assert stored is not None
    assert "escalate" not in stored
    assert await task_flows.escalate(store, Clock()) == 0
