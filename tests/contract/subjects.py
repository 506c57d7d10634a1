"""Something for each path with an identifier to be about, made as users and engine would make it."""

from collections.abc import Awaitable, Callable

from models import changes
from models.domain.desired import link_of, ordered
from models.propagations import note
from tests.contract.plans import KEYS, hold_task, store_delivery, store_events, store_plan, store_run
from tests.contract.samples import (
    CANCELS,
    CATALOG,
    FULFILLERS,
    INVENTORY,
    LOGICAL_RESOURCES,
    ORDERING,
    ORDERS,
    PHYSICAL_RESOURCES,
    POLICIES,
    POOLS,
    PROCESS_FLOWS,
    PROCESSES,
    RECIPES,
    RELEASES,
    RESERVATIONS,
    RESOURCE_INVENTORY,
    RESOURCE_INVENTORY_V5,
    RESOURCE_SPECIFICATIONS,
    RESOURCES,
    RESOURCES_V5,
    SERVICES,
    SOM,
    SPECIFICATIONS,
    Body,
    bpmn,
    fulfiller,
    order,
    physical_resource,
    policy,
    pool,
    recipe,
    release,
    reservation,
    resource,
    resource_specification,
    service,
    set_state,
    specification,
)
from tests.contract.stage import Operation, Stage

Make = Callable[[Stage, Operation], Awaitable[str]]


async def posted(stage: Stage, path: str, body: Body) -> str:
    """The identifier of what a POST has made."""
    answer = await stage.client.post(path, json=body)
    assert answer.status_code in (201, 202), answer.text
    key: str = answer.json()["id"]
    return key


async def ensure_specification(stage: Stage) -> None:
    """Publish what the samples refer to, unless it is there."""
    answer = await stage.client.post(SPECIFICATIONS, json=specification())
    assert answer.status_code in (201, 409), answer.text


async def placed(stage: Stage) -> str:
    """An accepted order."""
    await ensure_specification(stage)
    return await posted(stage, ORDERS, order())


async def ended(stage: Stage) -> str:
    """An order that has ended."""
    key = await placed(stage)
    await set_state(stage.store, key, "completed", {"0": "completed"})
    return key


async def _order(stage: Stage, operation: Operation) -> str:
    return await (ended if operation.method == "DELETE" else placed)(stage)


async def _cancellation(stage: Stage, _: Operation) -> str:
    return await posted(stage, CANCELS, {"serviceOrder": {"id": await placed(stage)}})


async def recorded(stage: Stage, *_: object) -> str:
    """A service in the inventory."""
    await ensure_specification(stage)
    return await posted(stage, SERVICES, service())


async def built(stage: Stage, *_: object) -> str:
    """A service that a fulfiller has built which can be asked what is."""
    key, reader = await recorded(stage), fulfiller(stage.new("fulfiller"), reads=True)
    by = [{"specification": "vpn-1", "fulfiller": await posted(stage, FULFILLERS, reader)}]
    await stage.store.update("service", {"_id": key}, {"$set": {"builtBy": by}})
    return key


async def drifting(stage: Stage, *_: object) -> str:
    """A service that was ordered as active, and has been switched off."""
    key = await built(stage)
    body = (await stage.store.get("service", key) or {})["body"]
    wanted = ordered(body, "active", link_of("o1", "1", "add"), "2026-01-01T00:00:00.000Z")
    await stage.store.update("service", {"_id": key}, {"$set": {"desired": wanted}})
    answer = await stage.client.patch(f"{SERVICES}/{key}", json={"state": "inactive"})
    assert answer.status_code == 200, answer.text
    return key


async def sink(stage: Stage, *_: object) -> str:
    """A configuration sink."""
    body = {"id": stage.new("sink"), "kind": "webhook", "address": "http://sink.example/"}
    return await posted(stage, f"{SOM}/sink", body)


async def change_source(stage: Stage, *_: object) -> str:
    """A change source."""
    body = {"id": stage.new("source"), "name": "Changes", "endpoint": "http://changes.example/v4"}
    return await posted(stage, f"{SOM}/changeSource", body)


async def change(stage: Stage, *_: object) -> str:
    """A change request that its source has told of."""
    source = await change_source(stage)
    await changes.note(stage.store, stage.dependencies.clock, "default", source, ["CHG-1"])
    return changes.change_id("default", source, "CHG-1")


async def kept_resource(stage: Stage, *_: object) -> str:
    """A logical resource in the inventory."""
    return await posted(stage, RESOURCES, resource())


async def _physical_resource(stage: Stage, _: Operation) -> str:
    return await posted(stage, PHYSICAL_RESOURCES, physical_resource())


async def _specification(stage: Stage, _: Operation) -> str:
    return await posted(stage, SPECIFICATIONS, specification(stage.new("specification")))


async def _resource_specification(stage: Stage, _: Operation) -> str:
    return await posted(stage, RESOURCE_SPECIFICATIONS, resource_specification(stage.new("kind")))


async def registered(stage: Stage, *_: object) -> str:
    """A fulfiller."""
    return await posted(stage, FULFILLERS, fulfiller(stage.new("fulfiller")))


async def _listener(stage: Stage, operation: Operation) -> str:
    hub = operation.path.removesuffix("/{id}")
    return await posted(stage, hub, {"callback": f"http://subscriber.example/{stage.new()}"})


async def subscribed(stage: Stage, *_: object) -> str:
    """A subscription at the hub of TMF641."""
    return await posted(stage, f"{ORDERING}/hub", {"callback": f"http://subscriber.example/{stage.new()}"})


async def planned(stage: Stage, *_: object) -> str:
    """A plan of two tasks, the first one accepted by the fulfiller `north`."""
    key = stage.new("plan")
    await store_plan(stage.store, key)
    return key


async def _task(stage: Stage, _: Operation) -> str:
    return f"{await planned(stage)}:{KEYS[0]}"


async def _running_recipe(stage: Stage, _: Operation) -> str:
    return await store_run(stage.store, await planned(stage), bpmn())


async def held(stage: Stage, *_: object) -> str:
    """A task that is held."""
    return await hold_task(stage.store, await planned(stage))


async def _resolution(stage: Stage, _: Operation) -> str:
    return await posted(stage, f"{SOM}/falloutResolution", {"match": {"code": "refused"}, "do": "retry"})


async def _had(stage: Stage, _: Operation) -> str:
    """A service that somebody has."""
    await ensure_specification(stage)
    return await posted(stage, SERVICES, {**service(), "relatedParty": [{"id": "c-1", "role": "customer"}]})


async def _propagation(stage: Stage, _: Operation) -> str:
    """The change of a service that another one relies on."""
    relied = await recorded(stage)
    relation = {"relationshipType": "reliesOn", "service": {"id": relied}}
    await posted(stage, SERVICES, {**service(), "serviceRelationship": [relation]})
    event = {
        "_id": stage.new("event"), "tenant": "default", "resource": {"type": "service", "id": relied}, "seq": 2,
        "at": stage.dependencies.clock.text(), "before": {"state": "active"}, "after": {"state": "inactive"},
        "state": "inactive",
    }  # fmt: skip
    await note(stage.store, stage.dependencies.clock, [event])
    found = await stage.store.collection("propagation").find_one({"service": relied})
    assert found is not None
    return str(found["_id"])


async def _rule(stage: Stage, _: Operation) -> str:
    body = {"name": "later", "then": {"do": "retry", "delays": [60]}}
    return await posted(stage, f"{SOM}/falloutRule", body)


async def released(stage: Stage, *_: object) -> str:
    """An installed release."""
    return await posted(stage, RELEASES, release(stage.new("release")))


async def drafted(stage: Stage, *_: object) -> str:
    """A draft of a recipe."""
    return await posted(stage, RECIPES, recipe(stage.new("recipe")))


async def reviewed(stage: Stage, *_: object) -> str:
    """A recipe in review."""
    return await _moved(stage, await drafted(stage), "review")


async def published(stage: Stage, *_: object) -> str:
    """A published recipe."""
    return await _moved(stage, await reviewed(stage), "publish")


async def _secret(stage: Stage, _: Operation) -> str:
    """A secret that recipes can name."""
    return await posted(stage, f"{SOM}/secret", {"name": stage.new("token").replace("-", "_"), "value": "something"})


async def _message(stage: Stage, _: Operation) -> str:
    """A message that waits for a run."""
    return await posted(stage, f"{SOM}/recipeMessage", {"name": "paid", "timeToLive": "PT1H"})


async def policy_draft(stage: Stage, *_: object) -> str:
    """A draft of a policy."""
    return await posted(stage, POLICIES, policy(stage.new("policy")))


async def policy_published(stage: Stage, *_: object) -> str:
    """A published policy."""
    key = await policy_draft(stage)
    answer = await stage.client.post(f"{POLICIES}/{key}/publish", json={})
    assert answer.status_code == 200, answer.text
    return key


async def _moved(stage: Stage, key: str, step: str) -> str:
    answer = await stage.client.post(f"{RECIPES}/{key}/{step}", json={})
    assert answer.status_code == 200, answer.text
    return key


async def pooled(stage: Stage, *_: object) -> str:
    """A resource pool."""
    return await posted(stage, POOLS, pool(stage.new("pool")))


async def reserved(stage: Stage, *_: object) -> str:
    """A reservation."""
    return await posted(stage, RESERVATIONS, reservation(await pooled(stage), externalId=stage.new("reservation")))


async def _callback(stage: Stage, _: Operation) -> str:
    return stage.token(await planned(stage))


async def _hub_of_fulfiller(stage: Stage, _: Operation) -> str:
    return stage.dependencies.tokens.issue_for_hub(await registered(stage))


async def _event(stage: Stage, _: Operation) -> str:
    key = stage.new("order")
    await store_events(stage.store, key, 1)
    return f"{key}-e1"


async def delivered(stage: Stage, *_: object) -> str:
    """A dead letter."""
    return await store_delivery(stage.store, await subscribed(stage), stage.new("event"), "dead")


async def _told_to_its_end(stage: Stage, _: Operation) -> str:
    """An order whose stream ends, as all of it is told."""
    key = await ended(stage)
    await stage.store.collection("serviceOrder").update_one({"_id": key}, {"$set": {"seq": 0}})
    return key


async def process_flow(stage: Stage, *_: object) -> str:
    """A process flow of a client."""
    return await posted(stage, PROCESS_FLOWS, {"processFlowSpecification": "handover"})


async def task_flow(stage: Stage, *_: object) -> str:
    """A task flow of a client, in a process flow."""
    outer = await process_flow(stage)
    return f"{outer}/{await posted(stage, f'{PROCESS_FLOWS}/{outer}/taskFlow', {'name': 'Hand over the keys'})}"


HUBS = (ORDERING, INVENTORY, RESOURCE_INVENTORY, RESOURCE_INVENTORY_V5, CATALOG, PROCESSES, SOM)

SUBJECTS: dict[str, Make] = {
    f"{ORDERS}/{{id}}": _order,
    f"{CANCELS}/{{id}}": _cancellation,
    f"{SERVICES}/{{id}}": recorded,
    f"{RESOURCES}/{{id}}": kept_resource,
    f"{RESOURCES_V5}/{{id}}": kept_resource,
    f"{LOGICAL_RESOURCES}/{{id}}": kept_resource,
    f"{PHYSICAL_RESOURCES}/{{id}}": _physical_resource,
    f"{SPECIFICATIONS}/{{id}}": _specification,
    **{f"{base}/hub/{{id}}": _listener for base in HUBS},
    f"{PROCESSES}/processFlowSpecification/{{id}}": published,
    f"{PROCESS_FLOWS}/{{id}}": process_flow,
    f"{PROCESS_FLOWS}/{{processFlowId}}/taskFlow": process_flow,
    f"{PROCESS_FLOWS}/{{processFlowId}}/taskFlow/{{id}}": task_flow,
    f"{FULFILLERS}/{{id}}": registered,
    f"{FULFILLERS}/{{id}}/health": registered,
    f"{SOM}/plan/{{id}}": planned,
    f"{SOM}/plan/{{id}}/task": planned,
    f"{SOM}/task/{{id}}": _task,
    f"{SOM}/recipeRun/{{id}}": _running_recipe,
    f"{SOM}/callback/{{token}}": _callback,
    f"{SOM}/notification/{{token}}": _hub_of_fulfiller,
    f"{SOM}/hubListener/{{id}}": subscribed,
    f"{SOM}/hubListener/{{id}}/secret": subscribed,
    f"{SOM}/hubListener/{{id}}/replay": subscribed,
    f"{SOM}/subscription/{{id}}": _had,
    f"{SOM}/delivery/{{id}}": delivered,
    f"{SOM}/delivery/{{id}}/replay": delivered,
    f"{SOM}/event/{{id}}": _event,
    f"{SOM}/service/{{id}}/reconciliation": built,
    f"{SOM}/repair/{{id}}": drifting,
    f"{SOM}/repair/{{id}}/order": drifting,
    f"{SOM}/sink/{{id}}": sink,
    f"{SOM}/changeSource/{{id}}": change_source,
    f"{SOM}/change/{{id}}": change,
    f"{SOM}/sink/{{id}}/copy": sink,
    f"{SOM}/fallout/{{id}}": held,
    f"{SOM}/fallout/{{id}}/intervention": held,
    f"{SOM}/falloutResolution/{{id}}": _resolution,
    f"{SOM}/falloutRule/{{id}}": _rule,
    f"{RESOURCE_SPECIFICATIONS}/{{id}}": _resource_specification,
    f"{POOLS}/{{id}}": pooled,
    **{f"{POOLS}/{{id}}/{part}": pooled for part in ("push", "extract", "utilisation", "member", "demand", "check")},
    f"{RESERVATIONS}/{{id}}": reserved,
    f"{SOM}/release/{{id}}": released,
    f"{SOM}/release/{{id}}/difference": released,
    f"{SOM}/release/{{id}}/rollback": released,
    **{f"{RECIPES}/{{id}}{part}": drafted for part in ("", "/review", "/difference", "/try")},
    **{f"{RECIPES}/{{id}}{part}": reviewed for part in ("/return", "/publish")},
    **{f"{RECIPES}/{{id}}{part}": published for part in ("/retire", "/migration")},
    f"{SOM}/recipeMessage/{{id}}": _message,
    f"{SOM}/secret/{{id}}": _secret,
    **{f"{POLICIES}/{{id}}{part}": policy_draft for part in ("", "/publish", "/try")},
    f"{POLICIES}/{{id}}/retire": policy_published,
    f"{SOM}/propagation/{{id}}": _propagation,
    f"{SOM}/propagation/{{id}}/order": _propagation,
    f"{SOM}/order/{{id}}/explanation": _order,
    f"{SOM}/processFlow/{{id}}/explanation": process_flow,
    f"{SOM}/order/{{id}}/stream": _told_to_its_end,
}


async def subject(stage: Stage, operation: Operation) -> str:
    """The address of an operation, about something that is there and that it succeeds on."""
    if not operation.is_of_one:
        return operation.path
    make = SUBJECTS.get(operation.path)
    assert make is not None, f"tests/contract/subjects.py makes nothing for {operation.path}; please add how."
    return operation.url(await make(stage, operation))
