"""How each status of an operation is brought about: most of them the same way everywhere, the others by operation."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any

from httpx import Response

from models.domain.pools.demand import Demand, Holder
from models.pools.pools import ResourcePoolStore
from models.store import Store
from tests.contract.migrating import MIGRATIONS
from tests.contract.plans import store_plan
from tests.contract.samples import (
    CANCELS,
    FULFILLERS,
    PROCESS_FLOWS,
    RESERVATIONS,
    RESOURCES,
    SERVICES,
    SOM,
    SPECIFICATIONS,
    item,
    numbers,
    order,
    release,
    reservation,
    resource,
    service,
    set_state,
    specification,
)
from tests.contract.stage import BODIES, FAULT, Operation, Stage
from tests.contract.subjects import (
    delivered,
    ended,
    ensure_specification,
    placed,
    policy_published,
    pooled,
    posted,
    process_flow,
    published,
    recorded,
    subject,
    subscribed,
    task_flow,
)
from tests.contract.unanswerable import WITHOUT_DATABASE

Provoke = Callable[[Stage, Operation], Awaitable[Response]]

_TOO_LONG = "x" * 5_000
_UNKNOWN = "o-1"
_HUGE = b" " * 5_000_001
NAMED = (
    "ServiceSpecification", "ResourceSpecification", "Fulfiller", "ChangeSource", "Sink", "FalloutRule", "ResourcePool",
    "Policy", "Recipe", "Secret",
)  # fmt: skip
"""What has an id, or a name, that can be taken."""
RESOURCE_CLASSES = ("Resource", "LogicalResource", "PhysicalResource")


async def send(stage: Stage, operation: Operation, url: str, **options: Any) -> Response:
    """A request that follows the schema, but for the options given."""
    return await stage.client.request(operation.method, url, **{**operation.sent(), **options})


async def _success(stage: Stage, operation: Operation) -> Response:
    await ensure_specification(stage)
    url = await subject(stage, operation)
    body = BODIES.get(operation.id)
    if operation.id == "createCancelServiceOrder":
        body = {"serviceOrder": {"id": await placed(stage)}}
    return await send(stage, operation, url, **operation.sent(body))


async def _unchanged(stage: Stage, operation: Operation) -> Response:
    return await send(stage, operation, await subject(stage, operation), headers={"if-none-match": "*"})


async def _bad_request(stage: Stage, operation: Operation) -> Response:
    """Bodies that are no JSON or not the one asked for; without a body, what is wrong with a parameter."""
    url = await subject(stage, operation)
    if operation.consumes:
        for text in (b'"text"', b"7", b'{"a": {"$b": 1}}', b"["):
            answer = await send(stage, operation, url, content=text)
            assert answer.status_code == 400, text
        return await send(stage, operation, url, content=b"{")
    place, name = next(iter(operation.limited), ("query", "limit"))
    if place == "header":
        return await send(stage, operation, url, headers={name: _TOO_LONG})
    return await send(stage, operation, f"{url}?{name}={_TOO_LONG}")


async def _unknown(stage: Stage, operation: Operation) -> Response:
    return await send(stage, operation, operation.url(_UNKNOWN))


async def _wrong_method(stage: Stage, operation: Operation) -> Response:
    """The path's other methods are refused; the answer is held against what this operation declares."""
    answer = await stage.client.request("PUT", operation.url(_UNKNOWN), declared_by=operation.method)
    assert operation.method in answer.headers["allow"].split(", ")
    return answer


async def _unacceptable(stage: Stage, operation: Operation) -> Response:
    return await send(stage, operation, operation.url(_UNKNOWN), headers={"accept": "image/png"})


async def _other_revision(stage: Stage, operation: Operation) -> Response:
    options = operation.sent(**{"if-match": '"77"'})
    return await send(stage, operation, await subject(stage, operation), **options)


async def _too_large(stage: Stage, operation: Operation) -> Response:
    return await send(stage, operation, operation.url(_UNKNOWN), content=_HUGE)


async def _wrong_type(stage: Stage, operation: Operation) -> Response:
    return await send(stage, operation, operation.url(_UNKNOWN), content=b"x", headers={"content-type": "text/csv"})


async def _busy(stage: Stage, operation: Operation) -> Response:
    """While another client's body is still on its way, the server is at its limit."""
    begun, over = asyncio.Event(), asyncio.Event()

    async def slow_body() -> AsyncIterator[bytes]:
        begun.set()
        await over.wait()
        yield b"{}"

    json = {"content-type": "application/json"}
    other = asyncio.create_task(stage.client.post(f"{SOM}/planPreview", content=slow_body(), headers=json))
    await begun.wait()
    answer = await send(stage, operation, operation.url(_UNKNOWN))
    over.set()
    await other
    assert answer.headers["retry-after"] == "2"
    return answer


async def _fault(stage: Stage, operation: Operation) -> Response:
    options = operation.sent(**{FAULT: "now"})
    answer = await stage.client.request(operation.method, operation.url(_UNKNOWN), may_fail=True, **options)
    assert "secret" not in answer.text
    return answer


async def _without_database(stage: Stage, operation: Operation) -> Response:
    key = stage.token(_UNKNOWN) if operation.id == "reportTaskOutcome" else _UNKNOWN
    if operation.id == "takeNotification":
        key = stage.dependencies.tokens.issue_for_hub(_UNKNOWN)
    answer = await stage.cut_off.request(operation.method, operation.url(key), **operation.sent())
    assert answer.headers["retry-after"] == "2", answer.text
    assert answer.json()["code"] == "databaseUnavailable"
    return answer


async def _key_with_another_body(stage: Stage, operation: Operation) -> Response:
    await ensure_specification(stage)
    first = BODIES[operation.id]
    if operation.id == "createCancelServiceOrder":
        first = {"serviceOrder": {"id": await placed(stage)}}
    if "id" in first:
        first = {**first, "id": stage.new("specification"), "name": stage.new("name")}
    key = stage.new("key")
    url = await subject(stage, operation)
    options = operation.sent(first, **{"idempotency-key": key})
    assert (await send(stage, operation, url, **options)).status_code == 201
    second = operation.sent({**first, "description": "another"}, **{"idempotency-key": key})
    return await send(stage, operation, url, **second)


# By status, for every operation. What is not declared is tried all the same where it could occur.
GENERAL: Mapping[str, Provoke] = {
    **dict.fromkeys(("200", "201", "202", "204"), _success),
    "304": _unchanged,
    "400": _bad_request,
    "404": _unknown,
    "405": _wrong_method,
    "406": _unacceptable,
    "412": _other_revision,
    "413": _too_large,
    "415": _wrong_type,
    "422": _key_with_another_body,
    "429": _busy,
    "500": _fault,
    "503": _without_database,
}


def always_possible(operation: Operation) -> set[str]:
    """The statuses that can occur at an operation whatever its document says."""
    found = {"405", "429", "500"} | ({"503"} if operation.id not in WITHOUT_DATABASE else set())
    found |= {"404"} if operation.is_of_one else set()
    found |= {"406"} if operation.produces is not None else set()
    return found | ({"400", "413", "415"} if operation.consumes else set())


async def _twice(stage: Stage, operation: Operation) -> Response:
    """Once more what exists already."""
    assert (await _success(stage, operation)).status_code in (201, 409)  # its success was provoked before
    return await _success(stage, operation)


async def _key_of_what_is_deleted(stage: Stage, operation: Operation) -> Response:
    """The id that a key stands for is taken until the deletion has been told."""
    await ensure_specification(stage)
    options = operation.sent(**{"idempotency-key": stage.new("key")})
    made = (await send(stage, operation, operation.path, **options)).json()
    await set_state(stage.store, made["id"], "completed", {"0": "completed"})
    assert (await stage.client.delete(made["href"])).status_code == 204
    return await send(stage, operation, operation.path, **options)


async def _cancelled_twice(stage: Stage, operation: Operation) -> Response:
    body = {"serviceOrder": {"id": await placed(stage)}}
    assert (await stage.client.post(CANCELS, json=body)).status_code == 201
    return await send(stage, operation, operation.path, **operation.sent(body))


async def _change_after_the_end(stage: Stage, operation: Operation) -> Response:
    return await send(stage, operation, operation.url(await ended(stage)), **operation.sent({"description": "new"}))


async def _deletion_under_way(stage: Stage, operation: Operation) -> Response:
    return await send(stage, operation, operation.url(await placed(stage)))


async def _illegal_move(stage: Stage, operation: Operation) -> Response:
    return await send(stage, operation, operation.url(await recorded(stage)), **operation.sent({"state": "designed"}))


async def _deletion_of_what_another_service_uses(stage: Stage, operation: Operation) -> Response:
    key = await recorded(stage)
    user = service(supportingService=[{"id": key}])
    assert (await stage.client.post(SERVICES, json=user)).status_code == 201
    return await send(stage, operation, operation.url(key))


async def _specification_in_use(stage: Stage, operation: Operation) -> Response:
    await recorded(stage)
    return await send(stage, operation, operation.url("vpn-1"), **operation.sent({"name": "another"}))


async def _resource_specification_in_use(stage: Stage, operation: Operation) -> Response:
    url = await subject(stage, operation)
    await posted(stage, RESOURCES, resource(resourceSpecification={"id": url.rpartition("/")[2]}))
    return await send(stage, operation, url, **operation.sent({"name": "another"}))


async def _fulfiller_at_work(stage: Stage, operation: Operation) -> Response:
    answer = await stage.client.post(FULFILLERS, json={**BODIES["createFulfiller"], "id": "north"})
    assert answer.status_code == 201
    await store_plan(stage.store, stage.new("plan"))
    return await send(stage, operation, operation.url("north"))


async def _while_an_order_works_on_it(stage: Stage, operation: Operation) -> Response:
    url = await subject(stage, operation)
    owner = {"order": "o-2", "item": "1", "plan": "o-2"}
    await stage.store.collection("service").update_many({}, {"$set": {"owner": owner}})
    return await send(stage, operation, url)


async def _repair_that_cannot_be_ordered(stage: Stage, operation: Operation) -> Response:
    url = await subject(stage, operation)
    gone = {"desired.serviceSpecification": {"id": "gone"}, "body.serviceSpecification": {"id": "gone"}}
    await stage.store.collection("service").update_many({}, {"$set": gone})
    return await send(stage, operation, url)


async def _always_too_late(stage: Stage, operation: Operation) -> Response:
    """Somebody else changes the same thing before each of our tries."""
    url = await subject(stage, operation)
    other = {"$set": {"secret": "another"}} if operation.id == "rotateListenerSecret" else {}
    stage.store.rival = {"$inc": {"rev": 1}, **other}
    try:
        return await send(stage, operation, url, **operation.sent({"description": "new"}))
    finally:
        stage.store.rival = None


async def _end_subscription(store: Store, key: str) -> None:
    change = {"$set": {"state": "ended", "endedReason": "It answered 410."}}
    await store.collection("subscription").update_one({"_id": key}, change)


async def _replay_after_the_end(stage: Stage, operation: Operation) -> Response:
    key = await subscribed(stage)
    await _end_subscription(stage.store, key)
    return await send(stage, operation, operation.url(key))


async def _sink_that_has_ended(stage: Stage, operation: Operation) -> Response:
    url = await subject(stage, operation)
    await _end_subscription(stage.store, url.split("/sink/")[1].split("/")[0])
    return await send(stage, operation, url, **operation.sent({"name": "new"}))


async def _replay_of_one_after_the_end(stage: Stage, operation: Operation) -> Response:
    key = await delivered(stage)
    await _end_subscription(stage.store, key.partition(":")[2])
    return await send(stage, operation, operation.url(key))


async def _unplannable(stage: Stage, operation: Operation) -> Response:
    """Well formed; but it relies on a service that must be there, and is not."""
    relied, user = stage.new("relied"), stage.new("user")
    relation = {"id": relied, "name": "platform", "relationshipType": "dependency"}
    rules = {"fulfilment": {"reliesOn": {"platform": {"create": False}}}, "serviceSpecRelationship": [relation]}
    for body in (specification(relied), specification(user, **rules)):
        assert (await stage.client.post(SPECIFICATIONS, json=body)).status_code == 201
    body = order(item(specification=user))
    return await send(stage, operation, operation.path, **operation.sent(body))


async def _looking_after_what_has_gone_on(stage: Stage, operation: Operation) -> Response:
    url = await subject(stage, operation)
    await stage.store.collection("task").update_many({}, {"$set": {"state": "done"}})
    return await send(stage, operation, url)


async def _strange_number(stage: Stage, operation: Operation) -> Response:
    return await send(stage, operation, await subject(stage, operation), headers={"last-event-id": "x"})


async def _withdrawn(stage: Stage, operation: Operation) -> Response:
    return await send(stage, operation, operation.url(stage.dependencies.tokens.issue_for_hub("nobody")))


async def _into_what_has_ended(stage: Stage, operation: Operation) -> Response:
    outer = await process_flow(stage)
    assert (await stage.client.patch(f"{PROCESS_FLOWS}/{outer}", json={"state": "completed"})).status_code == 200
    return await send(stage, operation, operation.url(outer))


async def _end_with_open_tasks(stage: Stage, operation: Operation) -> Response:
    outer = (await task_flow(stage)).partition("/")[0]
    return await send(stage, operation, operation.url(outer), **operation.sent({"state": "completed"}))


async def _work_that_has_ended(stage: Stage, operation: Operation) -> Response:
    url = await subject(stage, operation)
    assert (await stage.client.patch(url, json={"state": "completed"})).status_code == 200
    return await send(stage, operation, url, **operation.sent({"state": "active"}))


async def _another_content(stage: Stage, operation: Operation) -> Response:
    """A version that is installed already, and says something else."""
    name = stage.new("release")
    assert (await send(stage, operation, operation.path, **operation.sent(release(name)))).status_code == 201
    return await send(stage, operation, operation.path, **operation.sent(release(name, description="another")))


async def _rolled_back_twice(stage: Stage, operation: Operation) -> Response:
    url = await subject(stage, operation)
    assert (await send(stage, operation, url)).status_code == 200
    return await send(stage, operation, url)


def _kept(make: Callable[[Stage], Awaitable[str]]) -> Provoke:
    """What is published stays as it is, and goes no way but one."""

    async def provoke(stage: Stage, operation: Operation) -> Response:
        url = operation.url(await make(stage))
        if operation.id.startswith("retire"):
            assert (await send(stage, operation, url)).status_code == 200
        body = {"description": "new"} if operation.method == "PATCH" else {}
        return await send(stage, operation, url, **operation.sent(body))

    return provoke


async def _message_that_nobody_awaits(stage: Stage, operation: Operation) -> Response:
    return await send(stage, operation, operation.path, **operation.sent({"name": "never"}))


async def _of_a_pool_that_is_there(stage: Stage, operation: Operation) -> Response:
    return await send(stage, operation, operation.path, **operation.sent(reservation(await pooled(stage))))


async def _given_back_before(stage: Stage, operation: Operation) -> Response:
    """What was reserved under this externalId was given back: it is not taken again."""
    pool, key = await pooled(stage), stage.new("reservation")
    await ResourcePoolStore(stage.store, stage.dependencies.clock).release(f"reservation:{key}")
    return await send(stage, operation, operation.path, **operation.sent(reservation(pool, externalId=key)))


async def _of_what_stands_in_line(stage: Stage, operation: Operation) -> Response:
    """More was wanted than the pool has: nothing of it can be used yet."""
    wanted = reservation(await pooled(stage), externalId=stage.new("reservation"))
    wanted["reservationItem"][0]["quantity"] = 1000
    key = await posted(stage, RESERVATIONS, wanted)
    return await send(stage, operation, operation.url(key), **operation.sent({"usageState": "active"}))


async def _what_is_taken(stage: Stage, operation: Operation) -> Response:
    """A member is reserved, and it shall go."""
    key = await pooled(stage)
    pools = ResourcePoolStore(stage.store, stage.dependencies.clock)
    await pools.reserve(stage.new("call"), Holder(service="s-1"), Demand(pool=key))
    body: dict[str, Any] | None = {"capacity": []} if operation.method == "PATCH" else None
    return await send(stage, operation, operation.url(key), **operation.sent(body))


async def _part_that_is_there(stage: Stage, operation: Operation) -> Response:
    body = {"capacity": [numbers(300, 309, "first")]}
    return await send(stage, operation, operation.url(await pooled(stage)), **operation.sent(body))


async def _a_resolution_that_is_done(stage: Stage, operation: Operation) -> Response:
    url = await subject(stage, operation)
    done = {"$set": {"state": "done"}}
    await stage.store.collection("falloutResolution").update_one({"_id": url.rsplit("/", 1)[-1]}, done)
    return await send(stage, operation, url, **operation.sent({"state": "cancelled"}))


async def _work_that_an_order_waits_for(stage: Stage, operation: Operation) -> Response:
    key = await task_flow(stage)
    waiting = {"$set": {"call": "plan-1:00aa:fulfil:0"}}
    await stage.store.collection("taskFlow").update_one({"_id": key.partition("/")[2]}, waiting)
    return await send(stage, operation, operation.url(key))


async def _held_resource(stage: Stage, operation: Operation) -> Response:
    url = await subject(stage, operation)
    holder = {"$set": {"holder": {"service": "s-1", "order": "o-1", "item": "1"}}}
    await stage.store.collection("resource").update_one({"_id": url.rpartition("/")[2]}, holder)
    return await send(stage, operation, url, **operation.sent({"usageState": "busy"}))


# By operationId and status, where the general way does not lead there.
SPECIAL: Mapping[tuple[str, str], Provoke] = {
    ("registerListener", "409"): _twice,
    **{(f"create{kind}", "409"): _twice for kind in NAMED},
    ("createServiceOrder", "409"): _key_of_what_is_deleted,
    ("createService", "409"): _key_of_what_is_deleted,
    ("createProcessFlow", "409"): _key_of_what_is_deleted,
    ("patchProcessFlow", "409"): _end_with_open_tasks,
    ("deleteProcessFlow", "409"): _end_with_open_tasks,
    ("createTaskFlow", "409"): _into_what_has_ended,
    ("patchTaskFlow", "409"): _work_that_has_ended,
    ("deleteTaskFlow", "409"): _work_that_an_order_waits_for,
    **{(f"create{kind}", "409"): _key_of_what_is_deleted for kind in RESOURCE_CLASSES},
    **{(f"patch{kind}", "409"): _held_resource for kind in RESOURCE_CLASSES},
    **{(f"delete{kind}", "409"): _held_resource for kind in RESOURCE_CLASSES},
    ("createCancelServiceOrder", "409"): _cancelled_twice,
    ("patchServiceOrder", "409"): _change_after_the_end,
    ("deleteServiceOrder", "409"): _deletion_under_way,
    ("patchService", "409"): _illegal_move,
    ("deleteService", "409"): _deletion_of_what_another_service_uses,
    ("patchServiceSpecification", "409"): _specification_in_use,
    ("deleteServiceSpecification", "409"): _specification_in_use,
    ("patchResourceSpecification", "409"): _resource_specification_in_use,
    ("deleteResourceSpecification", "409"): _resource_specification_in_use,
    ("patchChangeSource", "409"): _always_too_late,
    ("deleteChangeSource", "409"): _always_too_late,
    ("patchFulfiller", "409"): _always_too_late,
    ("deleteFulfiller", "409"): _fulfiller_at_work,
    ("rotateListenerSecret", "409"): _always_too_late,
    ("replayListener", "409"): _replay_after_the_end,
    ("replayDelivery", "409"): _replay_of_one_after_the_end,
    ("requestReconciliation", "409"): _while_an_order_works_on_it,
    ("placeRepair", "409"): _while_an_order_works_on_it,
    ("placeRepair", "400"): _repair_that_cannot_be_ordered,
    ("patchSink", "409"): _sink_that_has_ended,
    ("copySink", "409"): _sink_that_has_ended,
    ("patchFalloutRule", "409"): _always_too_late,
    ("deleteFalloutRule", "409"): _always_too_late,
    ("createReservation", "201"): _of_a_pool_that_is_there,
    ("createReservation", "409"): _given_back_before,
    ("patchReservation", "409"): _of_what_stands_in_line,
    **{(f"{what}ResourcePool", "409"): _what_is_taken for what in ("patch", "delete", "extract")},
    ("pushResourcePool", "409"): _part_that_is_there,
    **{(f"{step}Policy", "409"): _kept(policy_published) for step in ("patch", "delete", "publish", "retire")},
    **MIGRATIONS,
    ("patchSecret", "409"): _always_too_late,
    ("deleteSecret", "409"): _always_too_late,
    ("createRecipeMessage", "409"): _message_that_nobody_awaits,
    **{
        (f"{step}Recipe", "409"): _kept(published)
        for step in ("patch", "delete", "review", "return", "publish", "retire")
    },
    ("installRelease", "409"): _another_content,
    ("rollBackRelease", "409"): _rolled_back_twice,
    ("createFalloutIntervention", "409"): _looking_after_what_has_gone_on,
    ("patchFallout", "409"): _looking_after_what_has_gone_on,
    ("patchFalloutResolution", "409"): _a_resolution_that_is_done,
    ("createPlanPreview", "422"): _unplannable,
    ("streamOrderEvents", "400"): _strange_number,
    ("takeNotification", "410"): _withdrawn,
}


def provocation(operation: Operation, status: str) -> Provoke | None:
    """How an operation is brought to answer a status; None where nobody has said."""
    return SPECIAL.get((operation.id, status), GENERAL.get(status))
