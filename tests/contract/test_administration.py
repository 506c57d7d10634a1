"""The administration API: fulfillers, plans, callbacks, subscriptions, deliveries, events."""

from typing import Any

import pytest

from handlers.dependencies import Dependencies
from models.sealing import Sealer
from models.store import Store
from tests.contract.client import ContractClient
from tests.contract.plans import KEYS, call, store_delivery, store_events, store_plan
from tests.contract.samples import FULFILLERS, ORDERING, SOM, fulfiller, item, order, place, publish
from tests.contract.server import serve


async def register(client: ContractClient, key: str = "north", **attributes: Any) -> dict[str, Any]:
    answer = await client.post(FULFILLERS, json=fulfiller(key, **attributes))
    assert answer.status_code == 201, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def test_credentials_go_in_and_never_come_out(
    client: ContractClient, store: Store, dependencies: Dependencies
) -> None:
    secret = {"type": "bearer", "token": "very-secret"}
    body = fulfiller(kind="rest", endpoint="http://f.example/tasks", credentials=secret)
    answers = [await client.post(FULFILLERS, json=body)]
    answers.append(await client.get(answers[0].json()["href"]))
    answers.append(await client.get(FULFILLERS))
    answers.append(await client.patch(answers[0].json()["href"], json={"timeout": 3}))
    assert [answer.status_code for answer in answers] == [201, 200, 200, 200]
    assert "very-secret" not in "".join(answer.text for answer in answers)
    assert answers[3].json()["credentialsSet"] is True
    stored = await store.get("fulfiller", "north")
    assert stored is not None
    assert "very-secret" not in str(stored)
    assert stored["body"]["timeout"] == 3
    assert dependencies.sealer.open(stored["secret"], "fulfiller/north") == secret
    cleared = await client.patch(answers[0].json()["href"], json={"credentials": None})
    assert cleared.json()["credentialsSet"] is False


async def test_credentials_are_refused_where_they_could_not_be_encrypted(
    dependencies: Dependencies, store: Store
) -> None:
    body = fulfiller(kind="rest", endpoint="http://f.example/", credentials={"type": "bearer", "token": "very-secret"})
    async with ContractClient(serve(dependencies, sealer=Sealer())) as keyless:
        refused = await keyless.post(FULFILLERS, json=body)
        assert refused.status_code == 409
        assert "SOM_SECRET_KEY" in refused.json()["message"]
        assert await store.get("fulfiller", "north") is None
        assert (await keyless.post(FULFILLERS, json=fulfiller())).status_code == 201


async def test_credentials_that_nobody_can_read_any_more_are_set_anew(
    client: ContractClient, dependencies: Dependencies, store: Store
) -> None:
    secret = {"type": "bearer", "token": "very-secret"}
    made = await register(client, kind="rest", endpoint="http://f.example/", credentials=secret)
    async with ContractClient(serve(dependencies, sealer=Sealer(["another key, of some length as well"]))) as other:
        assert (await other.patch(made["href"], json={"cost": 5})).status_code == 200
        changed = await other.patch(made["href"], json={"credentials": secret})
        assert (changed.status_code, changed.json()["credentialsSet"], changed.headers["etag"]) == (200, True, '"3"')
        again = await other.patch(made["href"], json={"credentials": secret})
        assert again.headers["etag"] == '"3"'


async def test_a_fulfiller_has_defaults_and_gets_them_back(client: ContractClient) -> None:
    made = await register(client, timeout=3)
    assert (made["administrativeState"], made["priority"], made["timeout"]) == ("enabled", 100, 3)
    answer = await client.patch(made["href"], json={"timeout": None, "priority": 1})
    assert (answer.json()["timeout"], answer.json()["priority"], answer.headers["etag"]) == (10.0, 1, '"2"')
    unchanged = await client.patch(made["href"], json={"priority": 1})
    assert unchanged.headers["etag"] == '"2"'


async def test_an_id_of_a_fulfiller_is_taken_once(client: ContractClient) -> None:
    await register(client)
    assert (await client.post(FULFILLERS, json=fulfiller())).status_code == 409


@pytest.mark.parametrize(
    "body",
    [
        {"name": "x"},
        {"name": "x", "kind": "rest", "endpoint": "ftp://x"},
        {"name": "x", "kind": "rest", "credentials": {"type": "basic", "username": "u"}},
        {"name": "x", "kind": "rest", "unknown": 1},
        {"name": "x", "kind": "rest", "id": "a b"},
        {"name": "x", "kind": "rest", "capability": [{"specification": "a", "action": "noChange"}]},
        {"name": "x", "kind": "rest", "capability": [{"action": "add"}]},
        {"name": "x", "kind": "rest", "capability": [{"specification": "a", "category": "b", "action": "add"}]},
        {"name": "x", "kind": "rest", "capability": [{"specification": "a", "action": "add", "condition": "1 +"}]},
        {"name": "x", "kind": "rest", "capability": [{"specification": "a", "action": "add", "condition": "order.id"}]},
        {"name": "x", "kind": "rest", "maintenanceWindow": [{"startTime": "25:00", "endTime": "26:00"}]},
        {"name": "x", "kind": "rest", "maintenanceWindow": [{"startTime": "20:00"}]},
        {"name": "x", "kind": "rest", "circuitBreaker": {"openSeconds": 60, "longestSeconds": 30}},
        {"name": "x", "kind": "rest", "rateLimit": {"calls": 0, "period": 1}},
    ],
)
async def test_a_registration_that_cannot_work_is_refused(client: ContractClient, body: dict[str, Any]) -> None:
    assert (await client.post(FULFILLERS, json=body)).status_code == 400


async def test_changes_of_a_fulfiller_owe_the_history_what_was_and_what_is(
    client: ContractClient, store: Store
) -> None:
    secret = {"type": "bearer", "token": "very-secret"}
    made = await register(client, kind="rest", endpoint="http://f.example/", credentials=secret)
    await client.patch(made["href"], json={"cost": 5, "credentials": {"type": "bearer", "token": "another-secret"}})
    await client.patch(made["href"], json={"administrativeState": "draining"})
    assert (await client.delete(made["href"])).status_code == 204
    stored = await store.get("fulfiller", "north")
    assert stored is not None
    assert "secret" not in stored
    told = [(stub["type"], stub["who"], stub.get("before"), stub.get("after")) for stub in stored["outbox"]]
    assert told == [
        ("FulfillerCreateEvent", "anonymous", None, None),
        (
            "FulfillerAttributeValueChangeEvent",
            "anonymous",
            {"cost": 0, "credentials": "replaced"},
            {"cost": 5, "credentials": "new"},
        ),
        (
            "FulfillerStateChangeEvent",
            "anonymous",
            {"administrativeState": "enabled"},
            {"administrativeState": "draining"},
        ),
        ("FulfillerDeleteEvent", "anonymous", None, None),
    ]
    assert "very-secret" not in str(stored)
    assert (await client.post(FULFILLERS, json=fulfiller())).status_code == 409


async def test_fulfillers_are_found_by_what_they_can_do(client: ContractClient) -> None:
    await register(client, "north")
    await register(
        client, "south", administrativeState="draining", capability=[{"specification": "voice", "action": "*"}]
    )
    for query, found in (
        ("specification=voice", ["south"]),
        ("administrativeState=enabled", ["north"]),
        ("kind=simulator&limit=1", ["north"]),
        ("name=The%20south%20one", ["south"]),
        ("kind=rest", []),
    ):
        answer = await client.get(f"{FULFILLERS}?{query}")
        assert [one["id"] for one in answer.json()] == found, query
    page = await client.get(f"{FULFILLERS}?limit=1&fields=name")
    assert (page.headers["x-total-count"], page.headers["x-result-count"]) == ("2", "1")
    assert 'rel="next"' in page.headers["link"]
    assert set(page.json()[0]) == {"id", "href", "name"}
    for query in ("nothing=1", "administrativeState=maybe", "limit=-1"):
        assert (await client.get(f"{FULFILLERS}?{query}")).status_code == 400, query


async def test_the_health_of_a_fulfiller_tells_of_breaker_probes_maintenance_and_calls(
    client: ContractClient, store: Store, dependencies: Dependencies
) -> None:
    window = [{"name": "move", "startDateTime": "2020-01-01T00:00:00Z", "endDateTime": "2120-01-01T00:00:00Z"}]
    made = await register(client, maintenanceWindow=window)
    well = (await client.get(f"{made['href']}/health")).json()
    assert (well["status"], well["circuitBreaker"], well["lastHour"]["calls"]) == ("up", {"state": "closed"}, 0)
    assert well["maintenance"] == {"until": "2120-01-01T00:00:00.000Z", "name": "move"}
    await store_plan(store, "o-1")
    now = dependencies.clock.now()
    breaker = {"until": dependencies.clock.after(60), "opened": now, "times": 1, "reason": "no connection"}
    state = {"breaker": breaker, "down": {"reason": "HTTP 500", "since": now}}
    await store.insert("fulfillerState", {"_id": "north", "tenant": "default", **state})
    calls = {"outcomes": {"done": 3, "unreachable": 1}, "classes": {"7": 4}, "milliseconds": 40}
    await store.insert("fulfillerStatistics", {"_id": "north:1", "fulfiller": "north", "at": now, **calls})
    ill = (await client.get(f"{made['href']}/health")).json()
    assert (ill["status"], ill["circuitBreaker"]["state"], ill["down"]["reason"]) == ("down", "open", "HTTP 500")
    assert (ill["openTasks"], ill["inFlight"], ill["heldTasks"]) == (1, 0, 0)
    assert (ill["lastHour"]["calls"], ill["lastHour"]["successRate"], ill["lastDay"]["meanLatency"]) == (4, 0.75, 10.0)
    listed = (await client.get(FULFILLERS)).json()
    assert listed[0]["health"] == {name: ill[name] for name in ("status", "circuitBreaker", "down", "maintenance")}


async def test_a_fulfiller_with_open_tasks_is_kept(client: ContractClient, store: Store) -> None:
    made = await register(client)
    await store_plan(store, "o-1")
    assert (await client.delete(made["href"])).status_code == 409
    await store.collection("task").update_many({}, {"$set": {"state": "done"}})
    assert (await client.delete(made["href"], headers={"if-match": '"9"'})).status_code == 412
    assert (await client.delete(made["href"])).status_code == 204
    assert (await client.get(made["href"])).status_code == 404


async def test_a_plan_shows_its_tasks_and_who_has_them(client: ContractClient, store: Store) -> None:
    await publish(client)
    placed = await place(client)
    await store_plan(store, placed["id"])
    answer = await client.get(f"{SOM}/plan/{placed['id']}")
    plan = answer.json()
    assert plan["owner"]["href"] == placed["href"]
    assert [(task["name"], task["state"], task["fulfiller"]) for task in plan["task"]] == [
        ("reserve", "accepted", "north"),
        ("build", "waiting", None),
    ]
    assert plan["task"][1]["needs"] == [plan["task"][0]["key"]]
    assert plan["item"][0]["pointer"] == "/serviceOrderItem/0"
    tag = answer.headers["etag"]
    assert (await client.get(f"{SOM}/plan/{placed['id']}", headers={"if-none-match": tag})).status_code == 304
    assert [one["id"] for one in (await client.get(f"{SOM}/plan?state=running")).json()] == [placed["id"]]
    assert (await client.get(f"{SOM}/plan?order=other")).json() == []
    assert (await client.get(f"{SOM}/plan?state=strange")).status_code == 400


async def test_a_task_shows_its_input_attempts_and_the_decision(client: ContractClient, store: Store) -> None:
    await store_plan(store, "o-1")
    tasks = (await client.get(f"{SOM}/plan/o-1/task")).json()
    assert [task["name"] for task in tasks] == ["reserve", "build"]
    assert [task["name"] for task in (await client.get(f"{SOM}/plan/o-1/task?state=waiting")).json()] == ["build"]
    task = (await client.get(tasks[0]["href"])).json()
    assert task == tasks[0]
    assert task["input"] == {"vlan": 7}
    assert [attempt["outcome"] for attempt in task["attempt"]] == ["accepted"]
    assert [(one["fulfiller"]["id"], one["rejected"]) for one in task["decision"]["candidate"]] == [
        ("north", None),
        ("south", "It is disabled."),
    ]
    for path in ("/task/o-1:nothing", "/task/other", "/plan/other/task", "/plan/other"):
        assert (await client.get(SOM + path)).status_code == 404, path


async def test_a_preview_plans_and_changes_nothing(client: ContractClient, store: Store) -> None:
    await publish(client)
    await register(client)
    answer = await client.post(f"{SOM}/planPreview", json=order(item("1"), item("2")))
    assert answer.status_code == 200, answer.text
    plan = answer.json()
    assert [task["fulfiller"] for task in plan["task"]] == ["north", "north"]
    assert [one["path"] for one in plan["item"]] == ["1", "2"]
    for name in ("serviceOrder", "plan", "service"):
        assert await store.collection(name).count_documents({}) == 0, name


async def test_a_preview_names_what_is_wrong_with_the_order(client: ContractClient) -> None:
    await publish(client)
    unknown = await client.post(f"{SOM}/planPreview", json=order(item("1", "nonexistent")))
    assert unknown.status_code == 400
    assert "/serviceOrderItem/0" in unknown.json()["message"]
    missing = await client.post(f"{SOM}/planPreview", json={"serviceOrderItem": [{"id": "1"}]})
    assert missing.status_code == 400


async def test_a_report_goes_into_the_inbox_of_its_plan(
    client: ContractClient, store: Store, dependencies: Dependencies
) -> None:
    await store_plan(store, "o-1")
    token = dependencies.tokens.issue(call("o-1"))
    for _ in range(2):
        answer = await client.post(f"{SOM}/callback/{token}", json={"status": "done", "output": {"a": 1}})
        assert answer.status_code == 204
    plan = await store.get("plan", "o-1")
    assert plan is not None
    assert [(entry["kind"], entry["task"], entry["operation"]) for entry in plan["inbox"]] == [
        ("callback", KEYS[0], "fulfil")
    ] * 2
    assert plan["inbox"][0]["report"] == {"status": "done", "output": {"a": 1}}


async def test_a_report_can_ask_the_customer_or_tell_of_a_shortage(
    client: ContractClient, store: Store, dependencies: Dependencies
) -> None:
    await store_plan(store, "o-1")
    url = f"{SOM}/callback/{dependencies.tokens.issue(call('o-1'))}"
    asks = {"status": "informationRequired", "missing": [{"characteristic": "floor", "description": "which one"}]}
    lacks = {"status": "shortage", "reason": "no block is left", "pool": ["north"]}
    for body in (asks, lacks):
        assert (await client.post(url, json=body)).status_code == 204, body
    plan = await store.get("plan", "o-1")
    assert plan is not None
    assert [entry["report"] for entry in plan["inbox"]] == [asks, lacks]


async def test_a_late_report_is_answered_and_an_unknown_token_is_not(
    client: ContractClient, store: Store, dependencies: Dependencies
) -> None:
    await store_plan(store, "o-1", state="done")
    late = dependencies.tokens.issue(call("o-1"))
    assert (await client.post(f"{SOM}/callback/{late}", json={"status": "done"})).status_code == 204
    for token in ("nothing", "%00", late[:-4] + "AAAA", "=", "x" * 600):
        answer = await client.post(f"{SOM}/callback/{token}", json={"status": "done"})
        assert answer.status_code == 404, token


async def test_a_report_has_a_known_shape_and_size(client: ContractClient, dependencies: Dependencies) -> None:
    url = f"{SOM}/callback/{dependencies.tokens.issue(call('o-1'))}"
    for body in ({}, {"status": "maybe"}, {"status": "done", "output": []}):
        assert (await client.post(url, json=body)).status_code == 400, body
    big = {"status": "done", "output": {"x": "x" * 1_100_000}}
    assert (await client.post(url, json=big)).status_code == 413


async def subscribe(client: ContractClient) -> str:
    answer = await client.post(f"{ORDERING}/hub", json={"callback": "http://subscriber.example/"})
    key: str = answer.json()["id"]
    return key


async def test_a_subscription_shows_what_waits_for_it(client: ContractClient, store: Store) -> None:
    key = await subscribe(client)
    for number, state in enumerate(("pending", "pending", "dead", "delivered")):
        await store_delivery(store, key, f"e-{number}", state)
    shown = (await client.get(f"{SOM}/hubListener/{key}")).json()
    assert (shown["pending"], shown["dead"], shown["state"]) == (2, 1, "active")
    assert (await client.get(f"{SOM}/hubListener?state=active&api=tmf641")).json() == [shown]
    assert (await client.get(f"{SOM}/hubListener?state=ended")).json() == []
    assert (await client.get(f"{SOM}/hubListener/other")).status_code == 404
    assert "secret" not in shown


async def test_a_new_secret_is_shown_once(client: ContractClient, store: Store, dependencies: Dependencies) -> None:
    key = await subscribe(client)
    shown = (await client.post(f"{SOM}/hubListener/{key}/secret")).json()
    stored = await store.get("subscription", key)
    assert stored is not None
    assert shown == {"id": key, "secret": dependencies.sealer.open_text(stored["secret"], f"subscription/{key}")}
    assert shown["secret"] not in str(stored)
    assert (await client.post(f"{SOM}/hubListener/other/secret")).status_code == 404


async def test_without_a_key_no_secret_of_a_subscriber_is_taken(dependencies: Dependencies) -> None:
    hub, secret = f"{ORDERING}/hub", "whsec_" + "c2VjcmV0IG9mIHRoZSBzdWJzY3JpYmVy"
    async with ContractClient(serve(dependencies, sealer=Sealer())) as keyless:
        answer = await keyless.post(hub, json={"callback": "http://a.example/a", "secret": secret})
        assert answer.status_code == 409
        assert "SOM_SECRET_KEY" in answer.json()["message"]
        key = (await keyless.post(hub, json={"callback": "http://a.example/a"})).json()["id"]
        shown = (await keyless.get(f"{SOM}/hubListener/{key}")).json()
        assert (shown["signed"], shown["problem"]) == (False, None)
        assert (await keyless.post(f"{SOM}/hubListener/{key}/secret")).status_code == 409


async def test_a_subscription_whose_secret_cannot_be_read_says_so_until_it_has_a_new_one(
    client: ContractClient, dependencies: Dependencies
) -> None:
    key = await subscribe(client)
    async with ContractClient(serve(dependencies, sealer=Sealer(["another key, of some length as well"]))) as other:
        shown = (await other.get(f"{SOM}/hubListener/{key}")).json()
        assert shown["signed"]
        assert f"/som/v1/hubListener/{key}/secret" in shown["problem"]
        assert (await other.post(f"{SOM}/hubListener/{key}/secret")).status_code == 200
        assert (await other.get(f"{SOM}/hubListener/{key}")).json()["problem"] is None


@pytest.mark.parametrize(
    ("body", "count"), [(None, 1), ({"state": "delivered"}, 2), ({"since": "2099-01-01T00:00:00Z"}, 0)]
)
async def test_deliveries_are_replayed(
    client: ContractClient, store: Store, body: dict[str, str] | None, count: int
) -> None:
    key = await subscribe(client)
    for number, state in enumerate(("pending", "dead", "delivered")):
        await store_delivery(store, key, f"e-{number}", state)
    options = {} if body is None else {"json": body}
    answer = await client.post(f"{SOM}/hubListener/{key}/replay", **options)
    assert answer.json() == {"replayed": count}


async def test_one_delivery_is_read_and_replayed(client: ContractClient, store: Store) -> None:
    key = await store_delivery(store, await subscribe(client), "e-1", "dead")
    listed = (await client.get(f"{SOM}/delivery?state=dead&resourceId=o-1&event=e-1")).json()
    assert [one["id"] for one in listed] == [key]
    assert listed[0]["last"] == {
        "at": "2026-11-22T10:00:00.000Z",
        "status": 500,
        "error": "Internal Server Error",
        "duration": 17,
    }
    replayed = (await client.post(f"{listed[0]['href']}/replay")).json()
    assert (replayed["state"], replayed["attempts"]) == ("pending", 0)
    assert (await client.get(listed[0]["href"])).json() == replayed
    assert (await client.post(f"{SOM}/delivery/other/replay")).status_code == 404
    assert (await client.get(f"{SOM}/delivery/other")).status_code == 404


async def test_a_subscription_that_has_ended_gets_nothing_more(client: ContractClient, store: Store) -> None:
    key = await subscribe(client)
    delivery = await store_delivery(store, key, "e-1", "dead")
    await store.collection("subscription").update_one({"_id": key}, {"$set": {"state": "ended"}})
    assert (await client.post(f"{SOM}/hubListener/{key}/replay")).status_code == 409
    assert (await client.post(f"{SOM}/delivery/{delivery}/replay")).status_code == 409


async def test_events_and_history_tell_what_has_happened(client: ContractClient, store: Store) -> None:
    await store_events(store, "o-1", 3)
    await store_events(store, "o-2", 1)
    events = (await client.get(f"{SOM}/event?order=o-1")).json()
    assert [event["sequence"] for event in events] == [1, 2, 3]
    assert (await client.get(events[0]["href"])).json() == events[0]
    assert (await client.get(f"{SOM}/event?since=2099-01-01T00:00:00Z")).json() == []
    assert (await client.get(f"{SOM}/event?since=yesterday")).status_code == 400
    history = (await client.get(f"{SOM}/history?resourceId=o-2&who=anonymous")).json()
    assert [(entry["before"], entry["after"]) for entry in history] == [
        ({"state": "acknowledged"}, {"state": "inProgress"})
    ]
    assert (await client.get(f"{SOM}/event/other")).status_code == 404
