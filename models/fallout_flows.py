"""Task flows of fallout: the TMF701 side of held tasks, owed by the plan write that holds them.

A plan write says which holds began, were helped, or ended; what that means here is safe to repeat, for the id of a task
flow follows from the task and the number of its hold. Who looks after a held task is written here first, and passed on
to the task's document (`care`): neither comes without the other.
"""

from collections.abc import Callable, Coroutine, Mapping, Sequence
from functools import partial
from typing import Any

from models import outbox
from models.clock import Clock
from models.domain import fallout_flow, task_flow
from models.domain.caller import ENGINE
from models.domain.errors import Conflict
from models.domain.events import event_type
from models.domain.ids import derived_id
from models.domain.order_items import items_of
from models.flow_changes import OPEN, change_task_flow
from models.ids import new_id
from models.process_flows import Work, attach, ensure
from models.reading import reading
from models.store import Store

Document = dict[str, Any]

NAME, TASKS = "taskFlow", "task"
LEFT_AFTER_SECONDS = 5.0
COMMENTS_KEPT = 100
_BATCH = 100
_TRIES = 8


async def carry_out(store: Store, clock: Clock, owed: Mapping[str, Any], order: Mapping[str, Any]) -> None:
    """Do what a plan write owes.

    Args:
        store: where.
        clock: tells when.
        owed: {plan, tenant, process: id, where the plan is for a process flow, n: revision of the plan, open?, again?,
            end?: [{task: key, hold}], done?: [{task, hold, do, who, why}]}. `again` is for holds whose task
            flow has ended although they go on.
        order: the body of the order, or of the process flow that the plan is for.

    Raises:
        Unavailable: the database cannot be reached; safe to repeat.
    """
    plan = owed["plan"]
    process = owed.get("process")
    work = Work(plan, owed["tenant"], None if process else order["id"], process)
    await open_flows(store, clock, work, owed.get("open", ()), order)
    if holds := owed.get("again", ()):
        closed = [hold for hold in holds if await flow_of(store, f"{plan}:{hold['task']}", hold["hold"]) is None]
        await open_flows(store, clock, work, closed, order, again=f"{owed['n']}")
    for deed in owed.get("done", ()):
        end = partial(fallout_flow.resolved, do=deed["do"], why=deed.get("why"))
        await _end(store, clock, f"{plan}:{deed['task']}", deed["hold"], end, deed["who"], deed.get("why"))
    for hold in owed.get("end", ()):
        key = f"{plan}:{hold['task']}"
        await _end(store, clock, key, {"$lte": hold["hold"]}, task_flow.withdrawn, ENGINE.subject, "not held any more")


async def open_flows(  # noqa: PLR0913 - what a task flow is made from
    store: Store,
    clock: Clock,
    work: Work,
    holds: Sequence[Mapping[str, Any]],
    order: Mapping[str, Any] | None,
    *,
    again: str = "",
) -> None:
    """Make the task flows of holds, unless they are there; one more for each where its last has ended (`again`)."""
    if not holds:
        return
    ids = {f"{work.plan}:{hold['task']}": hold["hold"] for hold in holds}
    with reading():
        found = await store.collection(TASKS).find({"_id": {"$in": list(ids)}}).to_list()
    tasks = [task for task in found if (task.get("fallout") or {}).get("count") == ids[task["_id"]]]
    keys = [flow_id(task["_id"], task["fallout"]["count"], again) for task in tasks]
    if not keys:
        return
    process, is_new = await ensure(store, clock, work, keys)
    items = {item.path: item.id for item in items_of(order or {})}
    priority = _priority(order)
    made = []
    for task, key in zip(tasks, keys, strict=True):
        wanted = fallout_flow.wanted(task, priority, items.get(task.get("item", "")))
        document = _document(clock, task, key, process, wanted)
        made.append(document | {"tenant": work.tenant, "plan": work.plan})
    await store.insert_missing(NAME, made)
    if not is_new:
        await attach(store, clock, process, keys)


def flow_id(task: str, hold: int, again: str = "") -> str:
    """The id of the task flow of a hold."""
    return derived_id(NAME, task, str(hold), again)


def _priority(order: Mapping[str, Any] | None) -> int:
    given = (order or {}).get("priority")
    return int(given) if given in ("0", "1", "2", "3", "4") else task_flow.LOWEST_PRIORITY


def _document(clock: Clock, task: Mapping[str, Any], key: str, process: str, wanted: Document) -> Document:
    now = clock.now()
    body = task_flow.begun(wanted, new_id, now, ENGINE.subject)
    body |= {"id": key, "processFlow": {"id": process, "@referredType": "ProcessFlow"}}
    hold = {"task": task["_id"], "hold": task["fallout"]["count"]}
    document: Document = {"_id": key, "body": body, "fallout": hold}
    if task.get("order"):
        document["order"] = task["order"]
    stub = outbox.stub(event_type(NAME, "Create"), state=body["state"], who=ENGINE.subject)
    return outbox.first(document, [stub], now)


async def flow_of(store: Store, task: str, hold: int) -> Document | None:
    """The open task flow of a hold; None where it has ended, or there is none yet."""
    with reading():
        return await store.collection(NAME).find_one({"fallout.task": task, "fallout.hold": hold, "body.state": OPEN})


async def last_flow_of(store: Store, task: str) -> Document | None:
    """The task flow of a task's last hold, whether it has ended or not; None where there is none."""
    with reading():
        where = {"fallout.task": task}
        return await store.collection(NAME).find_one(
            where, {"body.id": 1, "body.processFlow": 1}, sort=[("fallout.hold", -1), ("created", -1)]
        )


async def _end(  # noqa: PLR0913, PLR0917 - what an end is made of
    store: Store,
    clock: Clock,
    task: str,
    hold: Any,
    ended: Callable[..., tuple[Document, tuple[str, ...]]],
    who: str,
    why: str | None,
) -> None:
    """End the open task flows of a task's holds."""
    for _ in range(_TRIES):
        with reading():
            where = {"fallout.task": task, "fallout.hold": hold, "body.state": OPEN}
            found = await store.collection(NAME).find(where).to_list()
        if not found:
            return
        for stored in found:
            now = clock.now()
            body, through = ended(stored["body"], now=now)
            await change_task_flow(store, clock, stored, body, through, who=who, why=why)


async def look_after(store: Store, clock: Clock, task: Mapping[str, Any], change: Mapping[str, Any], who: str) -> bool:
    """Change who looks after a held task, or add a comment.

    Args:
        store: where it stands.
        clock: tells when.
        task: its document.
        change: {queue?, assignee?, comment?}; None as queue is the usual one, as assignee nobody.
        who: does it.

    Returns:
        False where it is not held any more, or somebody is helping it at this moment.

    Raises:
        Conflict: others change it all the time.
        Unavailable: the database cannot be reached.
    """
    key, hold = task["_id"], task["fallout"]["count"]
    work = Work(task["plan"], task["tenant"], task.get("order"), task.get("process"))
    order = await store.get("serviceOrder", work.order or "")
    await open_flows(store, clock, work, [{"task": task["key"], "hold": hold}], order and order["body"])
    for _ in range(_TRIES):
        stored = await flow_of(store, key, hold)
        if stored is None:
            return False
        now = clock.now()
        note = {"text": change["comment"], "author": who} if change.get("comment") else None
        wished = fallout_flow.looked_after(stored["body"], change, note)
        made = task_flow.changed(stored["body"], wished, awaited=True, now=now)
        body = task_flow.with_notes(made.body, new_id, now, who)
        if body == stored["body"]:
            return True
        fields = {"care": caring(clock, stored, body, who)}
        if await change_task_flow(store, clock, stored, body, made.through, who=who, fields=fields):
            await pass_on_care(store, clock, stored["_id"])
            return True
    raise Conflict("Others change this task all the time; please repeat the request.")


def caring(clock: Clock, stored: Mapping[str, Any], body: Mapping[str, Any], who: str) -> list[Document]:
    """What a change of a task flow says of who looks after the task, behind what has not been passed on yet."""
    now = clock.now()
    told = [{"id": new_id(), "at": now, **one} for one in fallout_flow.care(stored["body"], body, who)]
    return [*stored.get("care", ()), *told]


async def pass_on_care(store: Store, clock: Clock, key: str) -> None:
    """Write what was said of who looks after a task into the task's document, and strike it off here.

    Whoever finds it does it; done twice, it comes once.
    """
    stored = await store.get(NAME, key)
    entries = (stored or {}).get("care") or ()
    if stored is None or not entries:
        return
    for entry in entries:
        change: Document = {"$set": {"updated": clock.now()}}
        for name in ("queue", "assignee"):
            if name in entry:
                operator = "$unset" if entry[name] is None else "$set"
                change.setdefault(operator, {})[f"care.{name}"] = entry[name] or ""
        change["$push"] = {"care.comment": {"$each": [entry], "$slice": -COMMENTS_KEPT}}
        guard = {"_id": stored["fallout"]["task"], "care.comment.id": {"$ne": entry["id"]}}
        await store.update(TASKS, guard, change)
    ids = [entry["id"] for entry in entries]
    await store.update(NAME, {"_id": key}, {"$pull": {"care": {"id": {"$in": ids}}}})


async def pass_on_what_is_left(store: Store, clock: Clock) -> None:
    """Pass on what was said a while ago: whoever wrote it has died since.

    Raises:
        Unavailable: the database cannot be reached.
    """
    with reading():
        left = {"care.at": {"$lt": clock.after(-LEFT_AFTER_SECONDS)}}
        found = await store.collection(NAME).find(left, {"_id": 1}).limit(_BATCH).to_list()
    for stored in found:
        await pass_on_care(store, clock, stored["_id"])


def jobs(store: Store, clock: Clock) -> list[tuple[Callable[[], Coroutine[Any, Any, None]], float]]:
    """What has to be done regularly, with the seconds between; by several processes at once it does no harm."""
    return [(partial(pass_on_what_is_left, store, clock), LEFT_AFTER_SECONDS)]
