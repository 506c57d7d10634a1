"""Placing, reading, changing and deleting service orders."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from handlers.dependencies import Dependencies
from models.clock import to_text
from models.store import Store
from tests.contract.client import BASE_URL, ContractClient
from tests.contract.samples import CANCELS, ORDERS, item, order, place, publish, record, set_state
from tests.contract.server import serve

SERVER_SET = ["id", "href", "state", "orderDate", "startDate", "completionDate", "expectedCompletionDate"]


@pytest.fixture(autouse=True)
async def _catalogue(client: ContractClient) -> None:
    await publish(client)


async def test_an_accepted_order_is_acknowledged_with_everything_the_server_sets(client: ContractClient) -> None:
    answer = await client.post(ORDERS, json=order(item("1"), item("2"), description="Two lines"))
    placed = answer.json()
    assert answer.status_code == 201
    assert answer.headers["etag"] == '"1"'
    assert answer.headers["location"] == placed["href"] == f"{BASE_URL}{ORDERS}/{placed['id']}"
    assert placed["state"] == "acknowledged"
    assert [one["state"] for one in placed["serviceOrderItem"]] == ["acknowledged", "acknowledged"]
    assert placed["@type"] == "ServiceOrder"
    assert placed["priority"] == "4"
    assert placed["orderDate"].endswith("Z")


async def test_what_was_answered_is_what_is_read(client: ContractClient) -> None:
    placed = await place(client)
    answer = await client.get(placed["href"])
    assert answer.json() == placed
    assert answer.headers["etag"] == '"1"'


async def test_nested_items_are_acknowledged_too(client: ContractClient) -> None:
    placed = await place(client, order(item("1", serviceOrderItem=[item("2")])))
    assert placed["serviceOrderItem"][0]["serviceOrderItem"][0]["state"] == "acknowledged"


@pytest.mark.parametrize("name", SERVER_SET)
async def test_an_attribute_that_the_server_sets_is_refused_by_name(client: ContractClient, name: str) -> None:
    answer = await client.post(
        ORDERS, json=order(**{name: "2026-01-01T00:00:00Z" if "Date" in name else "acknowledged"})
    )
    assert answer.status_code == 400
    assert answer.json()["code"] == "serverSetAttribute"
    assert f"/{name}" in answer.json()["message"]


async def test_the_state_of_an_item_is_refused_with_its_place(client: ContractClient) -> None:
    answer = await client.post(ORDERS, json=order(item("1", serviceOrderItem=[item("2", state="acknowledged")])))
    assert answer.status_code == 400
    assert "/serviceOrderItem/0/serviceOrderItem/0/state" in answer.json()["message"]


async def test_unknown_attributes_and_an_extension_class_are_kept(client: ContractClient) -> None:
    placed = await place(client, order(**{"@type": "SpecialOrder", "campaign": {"code": 7}}))
    assert (placed["@type"], placed["campaign"]) == ("SpecialOrder", {"code": 7})


async def test_dates_come_back_in_utc_with_milliseconds(client: ContractClient) -> None:
    placed = await place(client, order(requestedCompletionDate="2026-03-02T10:00:00+02:00"))
    assert placed["requestedCompletionDate"] == "2026-03-02T08:00:00.000Z"


async def test_a_start_in_the_past_means_now_and_one_in_the_future_waits(client: ContractClient, store: Store) -> None:
    now = datetime.now(UTC)
    past = await place(client, order(requestedStartDate="2018-01-15T09:37:40.508Z"))
    later = await place(client, order(requestedStartDate=to_text(now + timedelta(days=1))))
    stored = [await store.get("serviceOrder", one["id"]) for one in (past, later)]
    assert [document is not None for document in stored] == [True, True]
    due = [document["due"] for document in stored if document]
    assert abs(due[0] - now) < timedelta(seconds=30)
    assert due[1] - now > timedelta(hours=23)


@pytest.mark.parametrize(("text", "rank"), [("0", 0), ("4", 4), (None, 4), ("urgent", 4)])
async def test_priority_is_kept_as_text_and_ranked(
    client: ContractClient, store: Store, text: str | None, rank: int
) -> None:
    placed = await place(client, order(**({"priority": text} if text else {})))
    stored = await store.get("serviceOrder", placed["id"])
    assert placed["priority"] == (text or "4")
    assert stored is not None
    assert stored["priority"] == rank


async def test_a_new_order_owes_its_create_event(client: ContractClient, store: Store) -> None:
    placed = await place(client)
    stored = await store.get("serviceOrder", placed["id"])
    assert stored is not None
    assert [(stub["type"], stub["seq"], stub["state"]) for stub in stored["outbox"]] == [
        ("ServiceOrderCreateEvent", 1, "acknowledged")
    ]
    assert "owed" in stored


async def test_an_unknown_specification_is_refused_with_its_place(client: ContractClient) -> None:
    answer = await client.post(ORDERS, json=order(item("1", "nonexistent")))
    assert answer.status_code == 400
    assert "/serviceOrderItem/0/service/serviceSpecification" in answer.json()["message"]
    assert (await client.get(ORDERS)).json() == []


async def test_only_the_fields_asked_for_come_back(client: ContractClient) -> None:
    answer = await client.post(f"{ORDERS}?fields=state,serviceOrderItem.state", json=order())
    body = answer.json()
    assert set(body) == {"id", "href", "@type", "state", "serviceOrderItem"}
    assert body["serviceOrderItem"] == [{"state": "acknowledged"}]
    narrowed = await client.get(f"{body['href']}?fields=none")
    assert set(narrowed.json()) == {"id", "href", "@type"}


async def test_an_unknown_order_is_not_found(client: ContractClient) -> None:
    url = f"{ORDERS}/nothing"
    for answer in (await client.get(url), await client.patch(url, json={}), await client.delete(url)):
        assert answer.status_code == 404


async def test_a_change_is_one_event_and_a_new_tag(client: ContractClient, store: Store) -> None:
    placed = await place(client)
    answer = await client.patch(placed["href"], json={"description": "new"})
    assert (answer.status_code, answer.headers["etag"], answer.json()["description"]) == (200, '"2"', "new")
    stored = await store.get("serviceOrder", placed["id"])
    assert stored is not None
    stub = stored["outbox"][-1]
    assert stub["type"] == "ServiceOrderAttributeValueChangeEvent"
    assert (stub["before"], stub["after"], stub["who"]) == ({}, {"description": "new"}, "anonymous")


@pytest.mark.parametrize("patch", [{}, {"state": "acknowledged"}, {"priority": "4"}])
async def test_a_change_of_nothing_is_no_event(client: ContractClient, store: Store, patch: dict[str, str]) -> None:
    placed = await place(client)
    answer = await client.patch(placed["href"], json=patch)
    stored = await store.get("serviceOrder", placed["id"])
    assert (answer.status_code, answer.headers["etag"]) == (200, '"1"')
    assert stored is not None
    assert len(stored["outbox"]) == 1


async def test_a_resource_sent_back_as_it_was_read_changes_nothing(client: ContractClient) -> None:
    placed = await place(client)
    answer = await client.patch(placed["href"], json=placed)
    assert (answer.status_code, answer.headers["etag"]) == (200, '"1"')


@pytest.mark.parametrize("name", ["id", "href", "@type", "@baseType", "@schemaLocation"])
async def test_what_identifies_a_resource_cannot_be_changed(client: ContractClient, name: str) -> None:
    placed = await place(client)
    answer = await client.patch(placed["href"], json={name: "http://other"})
    assert answer.status_code == 400
    assert f"/{name}" in answer.json()["message"]


async def test_while_acknowledged_an_order_may_become_any_order(client: ContractClient, store: Store) -> None:
    await publish(client, "voice-1")
    placed = await place(client)
    answer = await client.patch(
        placed["href"], json={"serviceOrderItem": [item("9", "voice-1")], "priority": "0", "category": "new"}
    )
    assert answer.status_code == 200, answer.text
    assert [(one["id"], one["state"]) for one in answer.json()["serviceOrderItem"]] == [("9", "acknowledged")]
    stored = await store.get("serviceOrder", placed["id"])
    assert stored is not None
    assert (stored["priority"], "poke" in stored) == (0, True)


async def test_a_change_while_acknowledged_is_checked_like_a_new_order(client: ContractClient) -> None:
    placed = await place(client)
    answer = await client.patch(placed["href"], json={"serviceOrderItem": [item("9", "nonexistent")]})
    assert answer.status_code == 400
    assert (await client.get(placed["href"])).json() == placed


@pytest.mark.parametrize("state", ["inProgress", "held", "completed", "rejected", "partial"])
async def test_a_state_that_is_not_the_clients_to_set_is_a_conflict(client: ContractClient, state: str) -> None:
    placed = await place(client)
    answer = await client.patch(placed["href"], json={"state": state})
    assert (answer.status_code, answer.json()["code"]) == (409, "illegalTransition")


@pytest.mark.parametrize("state", ["cancelled", "assessingCancellation", "pendingCancellation"])
async def test_a_cancellation_by_patch_is_pointed_to_the_cancel_task(client: ContractClient, state: str) -> None:
    placed = await place(client)
    answer = await client.patch(placed["href"], json={"state": state})
    assert answer.status_code == 409
    assert "cancelServiceOrder" in answer.json()["message"]


@pytest.mark.parametrize("media_type", ["application/json", "application/merge-patch+json"])
async def test_a_held_order_is_resumed_by_its_state(client: ContractClient, store: Store, media_type: str) -> None:
    placed = await place(client, order(item("1"), item("2"), item("3")))
    await set_state(store, placed["id"], "held", {"0": "held", "1": "completed", "2": "pending"}, plan=placed["id"])
    await store.insert("plan", {"_id": placed["id"], "tenant": "default", "state": "running", "inbox": []})
    answer = await client.patch(
        placed["href"], content=b'{"state": "inProgress"}', headers={"content-type": media_type}
    )
    assert answer.status_code == 200, answer.text
    assert answer.json()["state"] == "inProgress"
    states = [one["state"] for one in answer.json()["serviceOrderItem"]]
    assert states == ["inProgress", "completed", "inProgress"]
    plan = await store.get("plan", placed["id"])
    assert plan is not None
    assert [(entry["kind"], entry["item"], entry["who"]) for entry in plan["inbox"]] == [("resume", None, "anonymous")]
    assert {"poke", "due"} <= set(plan)
    stored = await store.get("serviceOrder", placed["id"])
    assert stored is not None
    assert stored["outbox"][-1]["type"] == "ServiceOrderStateChangeEvent"


@pytest.mark.parametrize(
    ("media_type", "patch"),
    [
        (
            "application/json-patch+json",
            [{"op": "replace", "path": "/serviceOrderItem/0/state", "value": "inProgress"}],
        ),
        (
            "application/json-patch-query+json",
            [{"op": "replace", "path": "$.serviceOrderItem[?(@.id=='1')].state", "value": "inProgress"}],
        ),
    ],
)
async def test_one_held_item_is_resumed_by_its_own_state(
    client: ContractClient, store: Store, media_type: str, patch: list[dict[str, str]]
) -> None:
    placed = await place(client, order(item("1"), item("2")))
    await set_state(store, placed["id"], "held", {"0": "held", "1": "held"}, plan=placed["id"])
    await store.insert("plan", {"_id": placed["id"], "tenant": "default", "state": "running", "inbox": []})
    answer = await client.patch(placed["href"], json=patch, headers={"content-type": media_type})
    assert answer.status_code == 200, answer.text
    assert answer.json()["state"] == "inProgress"
    assert [one["state"] for one in answer.json()["serviceOrderItem"]] == ["inProgress", "held"]
    plan = await store.get("plan", placed["id"])
    assert plan is not None
    assert [entry["item"] for entry in plan["inbox"]] == ["1"]


async def test_an_order_in_progress_resumes_its_held_items(client: ContractClient, store: Store) -> None:
    placed = await place(client, order(item("1"), item("2")))
    await set_state(store, placed["id"], "inProgress", {"0": "held", "1": "inProgress"}, plan=placed["id"])
    await store.insert("plan", {"_id": placed["id"], "tenant": "default", "state": "running", "inbox": []})
    answer = await client.patch(placed["href"], json={"state": "inProgress"})
    assert [one["state"] for one in answer.json()["serviceOrderItem"]] == ["inProgress", "inProgress"]
    stored = await store.get("serviceOrder", placed["id"])
    assert stored is not None
    assert stored["outbox"][-1]["type"] == "ServiceOrderAttributeValueChangeEvent"


async def test_what_is_ordered_stays_once_it_is_planned(client: ContractClient, store: Store) -> None:
    placed = await place(client)
    await set_state(store, placed["id"], "inProgress", {"0": "inProgress"}, plan=placed["id"])
    for items in ([item("9")], [], [item("1", quantity=2, state="inProgress")]):
        answer = await client.patch(placed["href"], json={"serviceOrderItem": items})
        assert answer.status_code in (400, 409), items
        if items:
            assert "amendments" in answer.json()["message"]
    answer = await client.patch(placed["href"], json={"category": "other"})
    assert answer.status_code == 409
    assert "/category" in answer.json()["message"]


@pytest.mark.parametrize(
    "patch",
    [
        {"description": "d"},
        {"note": [{"text": "n", "author": "a", "date": "2026-01-01T00:00:00Z"}]},
        {"notificationContact": "a@b.example"},
        {"externalReference": [{"name": "x", "externalReferenceType": "y"}]},
        {"expectedCompletionDate": "2026-01-01T00:00:00Z"},
        {"relatedParty": [{"id": "1", "role": "customer", "@referredType": "Individual"}]},
    ],
)
async def test_what_may_change_at_any_time_before_the_end(client: ContractClient, store: Store, patch: object) -> None:
    placed = await place(client)
    await set_state(store, placed["id"], "inProgress", {"0": "inProgress"}, plan=placed["id"])
    assert (await client.patch(placed["href"], json=patch)).status_code == 200
    await set_state(store, placed["id"], "completed", {"0": "completed"})
    assert (await client.patch(placed["href"], json={"description": "after the end"})).status_code == 409


async def test_dates_that_the_server_sets_cannot_be_patched(client: ContractClient) -> None:
    placed = await place(client)
    answer = await client.patch(placed["href"], json={"orderDate": "2020-01-01T00:00:00Z"})
    assert (answer.status_code, answer.json()["code"]) == (400, "serverSetAttribute")


async def test_a_patch_is_all_or_nothing(client: ContractClient) -> None:
    placed = await place(client)
    patch = [{"op": "replace", "path": "/priority", "value": "1"}, {"op": "remove", "path": "/nothing"}]
    answer = await client.patch(placed["href"], json=patch, headers={"content-type": "application/json-patch+json"})
    assert answer.status_code == 400
    assert (await client.get(placed["href"])).json() == placed


async def test_what_a_patch_makes_has_to_fit_the_schema(client: ContractClient) -> None:
    placed = await place(client)
    for patch in (
        [{"op": "remove", "path": "/serviceOrderItem"}],
        [{"op": "replace", "path": "/note", "value": "text"}],
        [{"op": "remove", "path": "/serviceOrderItem/0/action"}],
    ):
        answer = await client.patch(placed["href"], json=patch, headers={"content-type": "application/json-patch+json"})
        assert answer.status_code == 400, patch


async def test_a_failed_test_operation_is_a_conflict(client: ContractClient) -> None:
    placed = await place(client)
    patch = [{"op": "test", "path": "/priority", "value": "0"}, {"op": "replace", "path": "/priority", "value": "1"}]
    answer = await client.patch(placed["href"], json=patch, headers={"content-type": "application/json-patch+json"})
    assert answer.status_code == 409


async def test_only_an_order_at_its_end_is_deleted(client: ContractClient, store: Store) -> None:
    placed = await place(client)
    refused = await client.delete(placed["href"])
    assert refused.status_code == 409
    assert "cancelServiceOrder" in refused.json()["message"]
    await set_state(store, placed["id"], "completed", {"0": "completed"})
    assert (await client.delete(placed["href"])).status_code == 204
    assert (await client.get(placed["href"])).status_code == 404
    tombstone = await store.get("serviceOrder", placed["id"])
    assert tombstone is not None
    assert tombstone["tenant"] == "~default"
    assert tombstone["outbox"][-1]["type"] == "ServiceOrderDeleteEvent"


async def test_an_order_that_another_refers_to_is_kept(client: ContractClient, store: Store) -> None:
    placed = await place(client)
    await place(client, order(orderRelationship=[{"id": placed["id"], "relationshipType": "dependsOn"}]))
    await set_state(store, placed["id"], "completed", {"0": "completed"})
    assert (await client.delete(placed["href"])).status_code == 409


async def test_a_deleted_orders_plan_and_tasks_go_with_it(client: ContractClient, store: Store) -> None:
    placed = await place(client)
    key = placed["id"]
    await set_state(store, key, "completed", {"0": "completed"}, plan=key)
    await store.insert("plan", {"_id": key, "state": "done"})
    await store.insert("planDefinition", {"_id": key})
    await store.insert("task", {"_id": f"{key}:a", "plan": key})
    assert (await client.delete(placed["href"])).status_code == 204
    left = [await store.get(*where) for where in (("plan", key), ("planDefinition", key), ("task", f"{key}:a"))]
    assert left == [None, None, None]


async def test_modify_of_an_unknown_service_is_refused_and_of_a_known_one_accepted(client: ContractClient) -> None:
    known = await record(client)
    for key, status in (("unknown", 400), (known["id"], 201)):
        body = order({"id": "1", "action": "modify", "service": {"id": key, "state": "inactive"}})
        assert (await client.post(ORDERS, json=body)).status_code == status, key


async def test_a_cancel_task_waits_for_the_engine(client: ContractClient, store: Store) -> None:
    placed = await place(client)
    answer = await client.post(CANCELS, json={"serviceOrder": {"id": placed["id"]}, "cancellationReason": "duplicate"})
    assert answer.status_code == 201, answer.text
    task = answer.json()
    assert (task["state"], task["@type"]) == ("acknowledged", "CancelServiceOrder")
    assert answer.headers["location"] == task["href"]
    stored = await store.get("cancelServiceOrder", task["id"])
    assert stored is not None
    assert stored["order"] == placed["id"]
    assert stored["outbox"][0]["type"] == "CancelServiceOrderCreateEvent"
    assert "due" in stored
    assert (await client.get(task["href"])).json() == task
    assert [one["id"] for one in (await client.get(CANCELS)).json()] == [task["id"]]


async def test_a_cancel_task_needs_an_order_that_can_be_cancelled(client: ContractClient, store: Store) -> None:
    unknown = await client.post(CANCELS, json={"serviceOrder": {"id": "nothing"}})
    assert unknown.status_code == 400
    assert "/serviceOrder/id" in unknown.json()["message"]
    placed = await place(client)
    wish = {"serviceOrder": {"id": placed["id"]}}
    assert (await client.post(CANCELS, json=wish)).status_code == 201
    assert (await client.post(CANCELS, json=wish)).status_code == 409
    ended = await place(client)
    await set_state(store, ended["id"], "completed")
    assert (await client.post(CANCELS, json={"serviceOrder": {"id": ended["id"]}})).status_code == 409


@pytest.mark.parametrize("name", ["id", "href", "state", "completionMessage", "effectiveCancellationDate"])
async def test_a_cancel_task_is_given_nothing_that_the_server_sets(client: ContractClient, name: str) -> None:
    placed = await place(client)
    answer = await client.post(CANCELS, json={"serviceOrder": {"id": placed["id"]}, name: "2026-01-01T00:00:00Z"})
    assert (answer.status_code, answer.json()["code"]) == (400, "serverSetAttribute")


async def test_without_the_catalogue_check_unknown_specifications_are_accepted(dependencies: Dependencies) -> None:
    async with ContractClient(serve(dependencies, catalogue_check=False)) as lenient:
        answer = await lenient.post(ORDERS, json=order(item("1", "nonexistent")))
        assert answer.status_code == 201


async def _pending(client: ContractClient, store: Store, specification: str = "vpn-1") -> dict[str, Any]:
    placed = await place(client, order(item("1", specification), item("2")))
    await set_state(store, placed["id"], "pending", {"0": "pending", "1": "completed"}, plan=placed["id"])
    await store.insert("plan", {"_id": placed["id"], "tenant": "default", "state": "running", "inbox": []})
    return dict((await client.get(placed["href"])).json())


async def test_what_a_pending_item_waits_for_is_given_by_patch_and_sets_it_going(
    client: ContractClient, store: Store
) -> None:
    placed = await _pending(client, store)
    value = {"name": "siteContact", "value": "Ada"}
    items = placed["serviceOrderItem"]
    items[0]["service"].setdefault("serviceCharacteristic", []).append(value)
    answer = await client.patch(placed["href"], json={"serviceOrderItem": items})
    assert answer.status_code == 200, answer.text
    assert [one["state"] for one in answer.json()["serviceOrderItem"]] == ["inProgress", "completed"]
    assert answer.json()["state"] == "inProgress"
    plan = await store.get("plan", placed["id"])
    assert plan is not None
    (entry,) = plan["inbox"]
    assert (entry["kind"], entry["item"], entry["who"]) == ("information", "1", "anonymous")
    assert entry["service"] == {"serviceCharacteristic": [value]}
    stored = await store.get("serviceOrder", placed["id"])
    assert stored is not None
    assert stored["said"] == []


async def test_a_pending_item_is_given_nothing_but_what_was_left_open(client: ContractClient, store: Store) -> None:
    placed = await _pending(client, store)
    for path, value in (("/serviceOrderItem/0/action", "delete"), ("/serviceOrderItem/1/service/name", "other")):
        patch = [{"op": "add", "path": path, "value": value}]
        headers = {"content-type": "application/json-patch+json"}
        answer = await client.patch(placed["href"], json=patch, headers=headers)
        assert answer.status_code == 409, answer.text
    plan = await store.get("plan", placed["id"])
    assert plan is not None
    assert plan["inbox"] == []


async def test_a_value_given_to_a_pending_item_has_to_fit_its_specification(
    client: ContractClient, store: Store
) -> None:
    bandwidth = {"name": "bandwidth", "valueType": "integer"}
    await publish(client, "line-1", specCharacteristic=[bandwidth])
    placed = await _pending(client, store, "line-1")
    value = [{"name": "bandwidth", "value": "a lot"}]
    patch = [{"op": "add", "path": "/serviceOrderItem/0/service/serviceCharacteristic", "value": value}]
    answer = await client.patch(placed["href"], json=patch, headers={"content-type": "application/json-patch+json"})
    assert answer.status_code == 400, answer.text
    assert "/serviceOrderItem/0/service/serviceCharacteristic" in answer.json()["message"]


CALLBACK = {"callback": "https://shop.example/events", "secret": "s" * 24, "query": "eventType=ServiceOrderCreateEvent"}


async def test_an_order_brings_a_callback_that_nobody_reads_or_changes(
    client: ContractClient, store: Store, dependencies: Dependencies
) -> None:
    placed = await place(client, order(notificationCallback=CALLBACK))
    assert "notificationCallback" not in placed
    stored = await store.get("serviceOrder", placed["id"])
    assert stored is not None
    kept = stored["callback"]
    assert CALLBACK["secret"] not in str(stored)
    opened = dependencies.sealer.open_text(kept["secret"], f"subscription/order:{placed['id']}")
    assert {**kept, "secret": opened} == {**CALLBACK, "state": "active"}
    changed = await client.patch(placed["href"], json={"notificationCallback": CALLBACK})
    assert (changed.status_code, changed.json()["code"]) == (400, "immutable")


@pytest.mark.parametrize(
    ("wrong", "at"),
    [
        ({"callback": "ftp://shop.example/"}, "/notificationCallback"),
        ({"secret": "short"}, "/notificationCallback/secret"),
        ({"query": "eventType=Nothing"}, "query"),
        ({"more": 1}, "/notificationCallback"),
    ],
)
async def test_a_callback_that_cannot_work_is_refused(client: ContractClient, wrong: dict[str, Any], at: str) -> None:
    answer = await client.post(ORDERS, json=order(notificationCallback={**CALLBACK, **wrong}))
    assert answer.status_code == 400
    assert at in answer.json()["message"]
