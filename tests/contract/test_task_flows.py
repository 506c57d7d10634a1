"""People's tasks over TMF701, as a plain client works on them."""

from typing import Any

import pytest

from models.store import Store
from tests.contract.client import ContractClient
from tests.contract.samples import PROCESS_FLOWS, PROCESSES, Body

FORM = {
    "type": "object",
    "required": ["receivedBy"],
    "properties": {"receivedBy": {"type": "string"}, "keys": {"type": "array", "items": {"type": "integer"}}},
}


async def process(client: ContractClient) -> str:
    answer = await client.post(PROCESS_FLOWS, json={"processFlowSpecification": "handover"})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["href"])


@pytest.fixture
async def task(client: ContractClient) -> Body:
    body = {"name": "Hand over the keys", "queue": "facility", "form": FORM}
    answer = await client.post(f"{await process(client)}/taskFlow", json=body)
    assert answer.status_code == 201, answer.text
    made: Body = answer.json()
    return made


async def patched(client: ContractClient, task: Body, **change: Any) -> Body:
    answer = await client.patch(task["href"], json=change)
    assert answer.status_code == 200, answer.text
    body: Body = answer.json()
    return body


async def refusal(client: ContractClient, task: Body, status: int, **change: Any) -> str:
    answer = await client.patch(task["href"], json=change)
    assert answer.status_code == status, answer.text
    return str(answer.json()["message"])


async def events(store: Store, key: str) -> list[Body]:
    stored = await store.get("taskFlow", key)
    assert stored is not None
    owed: list[Body] = stored["outbox"]
    return owed


def party(role: str, key: str) -> Body:
    return {"id": key, "role": role, "@referredType": "Individual"}


async def test_a_task_of_a_client_is_new_and_stands_in_its_process_flow(client: ContractClient, task: Body) -> None:
    assert (task["state"], task["priority"], task["completionMethod"]) == ("new", 4, "manual")
    assert [(each["role"], each["id"]) for each in task["relatedParty"]] == [("queue", "facility")]
    outer = (await client.get(f"{PROCESS_FLOWS}/{task['processFlow']['id']}")).json()
    assert [each["id"] for each in outer["taskFlow"]] == [task["id"]]
    assert task["href"] == f"{outer['href']}/taskFlow/{task['id']}"


async def test_a_client_that_knows_tmf701_alone_claims_and_completes(client: ContractClient, task: Body) -> None:
    parties = [*task["relatedParty"], party("assignee", "anna")]
    claimed = await patched(client, task, state="active", relatedParty=parties)
    assert (claimed["state"], claimed["assignee"]) == ("active", "anna")
    assert claimed["startDate"]
    values = [{"name": "receivedBy", "value": "Ben"}]
    done = await patched(client, task, state="completed", characteristic=values)
    assert (done["state"], done["outcome"]) == ("completed", "done")
    assert done["completionDate"] >= done["startDate"]


async def test_what_does_not_fit_the_form_is_refused_with_its_place(client: ContractClient, task: Body) -> None:
    values = [{"name": "note", "value": 1}, {"name": "keys", "value": [7, "eight"]}]
    said = await refusal(client, task, 400, state="completed", characteristic=values)
    assert "/characteristic/1/value/1: " in said
    assert "/characteristic: " in said
    assert "receivedBy" in said
    assert (await client.get(task["href"])).json()["state"] == "new"


async def test_every_step_of_a_long_way_is_told_and_names_the_person(
    client: ContractClient, store: Store, task: Body
) -> None:
    values = [{"name": "receivedBy", "value": "Ben"}]
    await patched(client, task, state="completed", assignee="anna", characteristic=values)
    told = [(event["type"], event.get("state"), event["who"]) for event in await events(store, task["id"])]
    assert told == [
        ("TaskFlowCreateEvent", "new", "anonymous"),
        ("TaskFlowStateChangeEvent", "active", "anna"),
        ("TaskFlowStateChangeEvent", "completed", "anna"),
    ]


async def test_what_is_given_back_is_on_hold_and_can_be_taken_again(client: ContractClient, task: Body) -> None:
    await patched(client, task, state="active", assignee="anna")
    given_back = await patched(client, task, assignee=None)
    assert given_back["state"] == "hold"
    assert "assignee" not in given_back
    assert [each["role"] for each in given_back["relatedParty"]] == ["queue"]
    assert (await patched(client, task, state="active", assignee="ben"))["assignee"] == "ben"


async def test_delegating_is_the_deed_of_the_one_who_had_it(client: ContractClient, store: Store, task: Body) -> None:
    await patched(client, task, state="active", assignee="anna")
    delegated = await patched(client, task, assignee="ben")
    assert (delegated["state"], delegated["assignee"]) == ("active", "ben")
    last = (await events(store, task["id"]))[-1]
    assert (last["type"], last["who"]) == ("TaskFlowAttributeValueChangeEvent", "anna")
    assert (last["before"]["assignee"], last["after"]["assignee"]) == ("anna", "ben")


async def test_a_comment_gets_its_date_and_author_even_after_the_end(client: ContractClient, task: Body) -> None:
    await patched(client, task, state="cancelled", assignee="anna", reason="Nobody was there.")
    add = [{"op": "add", "path": "/note", "value": [{"text": "Try again in spring."}]}]
    answer = await client.patch(task["href"], json=add, headers={"content-type": "application/json-patch+json"})
    [note] = answer.json()["note"]
    assert note["author"] == "anonymous"
    assert note["id"]
    assert note["date"]
    assert "its end" in await refusal(client, task, 409, priority=0)


async def test_who_cannot_do_it_says_why(client: ContractClient, store: Store, task: Body) -> None:
    failed = await patched(client, task, state="cancelled", assignee="anna", reason="The lock is broken.")
    assert (failed["outcome"], failed["reason"]) == ("failed", "The lock is broken.")
    assert (await events(store, task["id"]))[-1]["why"] == "The lock is broken."


async def test_asking_the_customer_ends_the_task_and_is_told(client: ContractClient, store: Store, task: Body) -> None:
    asked = {"reason": "Which door?", "missing": [{"characteristic": "door"}]}
    ended = await patched(client, task, assignee="anna", informationRequired=asked)
    assert (ended["state"], ended["outcome"]) == ("cancelled", "informationRequired")
    told = [event["type"] for event in await events(store, task["id"])]
    assert told[-2:] == ["TaskFlowStateChangeEvent", "TaskFlowInformationRequiredEvent"]
    other = [{"name": "receivedBy", "value": "Ben"}]
    assert "its end" in await refusal(client, task, 409, state="completed", characteristic=other)


async def test_completing_and_asking_at_once_is_refused(client: ContractClient, task: Body) -> None:
    said = await refusal(client, task, 400, state="completed", informationRequired={"reason": "Which door?"})
    assert said.startswith("/state: ")


async def test_a_date_of_completion_goes_with_the_end(client: ContractClient, task: Body) -> None:
    date = "2026-12-01T10:00:00.000Z"
    assert (await refusal(client, task, 400, completionDate=date)).startswith("/completionDate: ")
    values = [{"name": "receivedBy", "value": "Ben"}]
    done = await patched(client, task, state="completed", completionDate=date, characteristic=values)
    assert done["completionDate"] == date


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({"form": {"type": "objekt"}}, "/form: "),
        ({"form": {"properties": {"a": {"pattern": "("}}}}, "/form/properties/a/pattern: "),
        ({"form": {"properties": {"a": {"$ref": "http://127.0.0.1/x"}}}}, "/form/properties/a/$ref: "),
        ({"escalation": [{"after": "soon", "priority": 0}]}, "/escalation/0/after: "),
        ({"escalation": [{"after": "PT1H"}]}, "/escalation/0: "),
        ({"state": "active"}, "/state: "),
    ],
)
async def test_a_task_that_could_not_be_done_is_not_made(client: ContractClient, body: Body, place: str) -> None:
    answer = await client.post(f"{await process(client)}/taskFlow", json=body)
    assert answer.status_code == 400, answer.text
    assert place in answer.json()["message"]


async def test_a_task_is_found_in_its_own_process_flow_only(client: ContractClient, task: Body) -> None:
    other = await process(client)
    assert (await client.get(f"{other}/taskFlow/{task['id']}")).status_code == 404
    assert (await client.get(f"{other}/taskFlow")).json() == []
    assert (await client.get(f"{PROCESS_FLOWS}/nowhere/taskFlow")).status_code == 404
    inside = f"{PROCESS_FLOWS}/{task['processFlow']['id']}/taskFlow"
    assert [each["id"] for each in (await client.get(f"{inside}?state=new")).json()] == [task["id"]]
    assert (await client.get(f"{inside}?state=active")).json() == []


async def test_work_lists_are_filtered_by_queue_and_person(client: ContractClient, task: Body) -> None:
    async def found(query: str) -> list[str]:
        return [each["href"] for each in (await client.get(f"{PROCESSES}/taskFlow?{query}")).json()]

    assert await found("queue=facility&fields=name") == [task["href"]]
    assert await found("assignee=anna") == []
    await patched(client, task, assignee="anna", state="active")
    assert await found("assignee=anna&state=active") == [task["href"]]
    assert await found("filter=$.relatedParty[?(@.role=='assignee' %26%26 @.id=='anna')]") == [task["href"]]


async def test_a_process_flow_ends_after_its_tasks_and_takes_them_with_it(
    client: ContractClient, store: Store, task: Body
) -> None:
    outer = f"{PROCESS_FLOWS}/{task['processFlow']['id']}"
    assert (await client.patch(outer, json={"state": "completed"})).status_code == 409
    await patched(client, task, state="cancelled")
    assert (await client.patch(outer, json={"state": "completed"})).json()["state"] == "completed"
    assert (await client.patch(outer, json={"characteristic": []})).status_code == 409
    assert (await client.delete(outer)).status_code == 204
    assert (await client.get(task["href"])).status_code == 404
    assert (await events(store, task["id"]))[-1]["type"] == "TaskFlowDeleteEvent"


async def test_a_deleted_task_is_not_referred_to_any_more(client: ContractClient, task: Body) -> None:
    assert (await client.delete(task["href"])).status_code == 204
    outer = await client.get(f"{PROCESS_FLOWS}/{task['processFlow']['id']}")
    assert outer.json()["taskFlow"] == []


async def test_one_idempotency_key_makes_one_task_in_each_process_flow(client: ContractClient) -> None:
    first, second = [await process(client) for _ in range(2)]
    made = [
        (await client.post(f"{outer}/taskFlow", json={"name": "Keys"}, headers={"idempotency-key": "k"})).json()
        for outer in (first, first, second)
    ]
    assert made[0] == made[1]
    assert made[2]["href"].startswith(second)


async def test_of_two_who_claim_with_if_match_one_is_told_that_it_lost(client: ContractClient, task: Body) -> None:
    seen = (await client.get(task["href"])).headers["etag"]
    for person, status in (("anna", 200), ("ben", 412)):
        claim = {"state": "active", "assignee": person}
        answer = await client.patch(task["href"], json=claim, headers={"if-match": seen})
        assert answer.status_code == status
    assert (await client.get(task["href"])).json()["assignee"] == "anna"
