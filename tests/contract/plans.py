"""A stored plan with tasks, as the engine leaves one."""

from datetime import UTC, datetime
from typing import Any

from models.callback_token import CallKey
from models.domain.plan import FORMAT, Capability, Plan, PlannedItem, PlannedService, PlannedTask
from models.domain.recipe_plays import play
from models.domain.recipe_runs import RecipeRun
from models.domain.recipe_steps import planned_step
from models.domain.recipes import start
from models.domain.recipes.effects import Passed, Start
from models.recipes import read_recipe
from models.store import Store

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
KEYS = ("00000000000000a1", "00000000000000a2")


def call(plan: str, task: str = KEYS[0]) -> CallKey:
    return CallKey(plan, task, "fulfil", 0)


async def store_plan(store: Store, order: str, *, state: str = "running") -> None:
    """A plan of one item with two tasks: one is accepted by a fulfiller, the other waits for it."""
    capability = Capability("vpn-1", "add", "vpn")
    first = PlannedTask(KEYS[0], "reserve", "1", "s-1", "vpn-1", "add", capability, duration=5.0)
    second = PlannedTask(KEYS[1], "build", "1", "s-1", "vpn-1", "add", capability, needs=(KEYS[0],))
    plan = Plan(
        (PlannedItem("1", (0,), "add", ("s-1",)),),
        (PlannedService("s-1", "1", "add", {"id": "vpn-1", "name": "vpn", "version": "1"}, {}, "active", "vpn"),),
        (first, second),
    )
    common: dict[str, Any] = {"tenant": "default", "created": NOW, "updated": NOW}
    await store.insert("planDefinition", {"_id": order, **common, **plan.to_document()})
    await store.insert(
        "plan",
        {
            "_id": order,
            **common,
            "format": FORMAT,
            "owner": {"type": "serviceOrder", "id": order},
            "priority": 4,
            "rev": 3,
            "fence": 1,
            "state": state,
            "run": {KEYS[0]: {"s": "accepted", "n": 1, "f": "north", "l": NOW}},
            "inbox": [],
            "owes": [],
        },
    )
    await store.insert(
        "task",
        {
            "_id": f"{order}:{KEYS[0]}",
            **common,
            "plan": order,
            "order": order,
            "item": "1",
            "service": "s-1",
            "key": KEYS[0],
            "name": "reserve",
            "action": "add",
            "operation": "fulfil",
            "state": "accepted",
            "fence": 1,
            "fulfiller": "north",
            "input": {"vlan": 7},
            "inputRev": 0,
            "started": NOW,
            "attempts": [{"at": NOW, "fulfiller": "north", "outcome": "accepted", "ms": 12}],
            "decision": {
                "chosen": "north",
                "reason": "The only one.",
                "candidates": [
                    {"fulfiller": "north", "name": "North", "rejected": None},
                    {"fulfiller": "south", "name": "South", "rejected": "It is disabled."},
                ],
            },
        },
    )


async def store_run(store: Store, plan: str, bpmn: str, *, version: str = "1.0.0", status: str = "running") -> str:
    """A run of a recipe by the first task of a stored plan; its first step waits. Returns the run's id."""
    drawn = read_recipe(bpmn)
    capability = Capability("vpn-1", "add", "vpn")
    runner = PlannedTask(KEYS[0], "reserve", "1", "s-1", "vpn-1", "add", capability, recipe=("build-vpn", version))
    state, effects = start(drawn, {"size": 30}, NOW)
    run = RecipeRun(("build-vpn", version), 1, state)
    steps = []
    for effect in effects:
        match effect:
            case Passed():
                run.note("2026-11-22T10:00:00.000Z", effect.what, effect.id, effect.key)
            case Start():
                steps.append(planned_step(runner, 1, effect, drawn, {}).to_document())
    stored = run.to_document()
    stored["run"]["status"] = status
    listed = play(KEYS[0], stored, "accepted")
    change = {f"recipes.{KEYS[0]}": stored, "plays": [listed], "added": steps}
    await store.collection("plan").update_one({"_id": plan}, {"$set": change})
    return f"{plan}:{KEYS[0]}"


async def store_events(store: Store, order: str, count: int, *, start: int = 1) -> None:
    """Events of an order, as the relay stores them."""
    for seq in range(start, start + count):
        await store.insert(
            "event",
            {
                "_id": f"{order}-e{seq}",
                "tenant": "default",
                "api": "tmf641",
                "version": "canonical",
                "type": "ServiceOrderStateChangeEvent",
                "resource": {"type": "serviceOrder", "id": order},
                "seq": seq,
                "at": "2026-11-22T10:00:00.000Z",
                "created": NOW,
                "who": "anonymous",
                "state": "inProgress",
                "before": {"state": "acknowledged"},
                "after": {"state": "inProgress"},
                "body": {"id": order, "state": "inProgress"},
            },
        )


async def store_delivery(store: Store, subscription: str, event: str, state: str) -> str:
    """A delivery in some state."""
    key = f"{event}:{subscription}"
    await store.insert(
        "delivery",
        {
            "_id": key,
            "tenant": "default",
            "subscription": subscription,
            "event": event,
            "type": "ServiceOrderStateChangeEvent",
            "lane": "o-1",
            "seq": 1,
            "state": state,
            "attempts": 3,
            "created": NOW,
            "last": {"at": NOW, "status": 500, "error": "Internal Server Error", "ms": 17},
            **({"due": NOW} if state == "pending" else {}),
        },
    )
    return key


async def hold_task(store: Store, plan: str) -> str:
    """The first task of a stored plan, held after its fulfiller did not answer."""
    key = f"{plan}:{KEYS[0]}"
    fallout = {"code": "unreachable", "reason": "Nobody there.", "cause": "c0ffee", "since": NOW, "count": 1}
    await store.collection("task").update_one({"_id": key}, {"$set": {"state": "held", "fallout": fallout}})
    return key
