"""An engine on a real database, with fulfillers that do what a test tells them."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import replace
from typing import Any, ClassVar, NoReturn

from adapters.credentials import Credentials
from adapters.http_session import Tools
from adapters.pool import PoolFulfiller
from adapters.ports import Fulfiller, FulfillerCall, ResourcePools
from models import inbox, outbox
from models.budgets import Budgets
from models.callback_token import CallbackTokens, CallKey
from models.clock import Clock
from models.deciding import Deciding
from models.domain.fulfiller import FulfillerDefinition
from models.domain.ids import derived_id, task_key
from models.domain.outcomes import Accepted, Done, Outcome, Unreachable
from models.domain.plan import Capability, Compensation, Plan, PlannedItem, PlannedService, PlannedTask
from models.domain.recipes import Decide
from models.durations import Durations
from models.fallout_rules import RuleBook
from models.ids import new_id
from models.patterns import Re2Patterns
from models.pools.pools import ResourcePoolStore
from models.presence import Presence
from models.recipe_messages import RecipeMessages
from models.recipe_port import Playable
from models.recipes import read_recipe
from models.sealing import Sealer
from models.slots import Slots
from models.store import Store
from scheduler.cancellation import CancellationParts
from scheduler.capacity import Capacity, EngineSettings
from scheduler.claims import Claims
from scheduler.directory import Directory
from scheduler.ending import end
from scheduler.engagement import Parts
from scheduler.engine import Engine
from scheduler.health import Health
from scheduler.intake import Accept, Intake, Prepare, as_it_is, everything
from scheduler.places import Places
from scheduler.pool_lines import PoolLines
from scheduler.registry_watch import RegistryWatch
from scheduler.watcher import Watcher

Document = dict[str, Any]
Script = Callable[[FulfillerCall], Awaitable[Outcome]]
Job = tuple[Callable[[], Coroutine[Any, Any, Any]], float]
"""What an engine does again and again, and after how many seconds."""

SPARED = ("group-commit", "Task-", "pymongo", "turns of pool")
"""Names of tasks that outlive an engine: what is on its way to the database gets there, and others use pools, too."""
SPECIFICATION = {"id": "s1", "name": "Access", "version": "1"}


class Scripted(Fulfiller):
    """A fulfiller that keeps the port's rules: one effect per idempotency key, whatever is repeated."""

    kind: ClassVar[str] = "scripted"

    def __init__(self) -> None:
        self.calls: list[FulfillerCall] = []
        self.effects: dict[str, FulfillerCall] = {}
        self.scripts: dict[str, Script] = {}
        self.polls: list[Outcome] = []
        self.running = 0
        self.most_running = 0

    def name_of(self, call: FulfillerCall) -> str:
        return f"{call.operation}:{call.input}"

    async def engage(self, call: FulfillerCall) -> Outcome:
        self.calls.append(call)
        self.running += 1
        self.most_running = max(self.most_running, self.running)
        try:
            outcome = await self.scripts.get(self.name_of(call), _done)(call)
        finally:
            self.running -= 1
        if isinstance(outcome, Done | Accepted):
            self.effects.setdefault(call.idempotency_key, call)
        return outcome

    async def poll(self, reference: Accepted, call: FulfillerCall) -> Outcome:
        return self.polls.pop(0) if self.polls else Unreachable("nothing scripted")

    async def aclose(self) -> None:
        pass

    def order_of_effects(self) -> list[str]:
        return [self.name_of(call) for call in self.effects.values()]


def _no_session() -> NoReturn:
    raise AssertionError("No fulfiller of these tests speaks HTTP.")


async def _done(_: FulfillerCall) -> Outcome:
    return Done()


def answers(*outcomes: Outcome) -> Script:
    """One outcome after the other, the last one for ever."""
    left = list(outcomes)

    async def script(_: FulfillerCall) -> Outcome:
        return left.pop(0) if len(left) > 1 else left[0]

    return script


class Harness:
    """One or more engines on one database."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self.store = store
        self.clock = clock
        self.fulfiller = Scripted()
        self.others: dict[str, Fulfiller] = {}
        self.tokens = CallbackTokens(b"k" * 32)
        self.plans: dict[str, Callable[[Document], Plan]] = {}
        self.deletions: list[PlannedTask] = []
        self.recipes: dict[tuple[str, str], str] = {}
        self.decide: Decide | None = None
        self.settings = EngineSettings()
        self.accept: Accept = everything
        self.prepare: Prepare = as_it_is
        self.deciding: Callable[[Store], Deciding] | None = None
        self.sealer = Sealer()
        self.pools: ResourcePools = ResourcePoolStore(store, clock)
        self.jobs: list[Callable[[Store, Directory, Places], Job]] = []
        self._running: list[asyncio.Task[None]] = []

    async def register(self, **body: Any) -> None:
        body = {
            "name": "scripted",
            "kind": "scripted",
            "capability": [{"specification": "s1", "action": "*"}],
            "retry": {"delays": [0.05, 0.05, 0.05]},
            **body,
        }
        document = {"_id": f"f-{body['name']}", "tenant": "default", "body": body}
        await self.store.insert("fulfiller", outbox.first(document, [], self.clock.now()))

    async def playable(
        self, tenant: str, name: str, version: str, called: Mapping[str, str] | None = None
    ) -> Playable | None:
        """A `RecipeSource` of the texts in `recipes`."""
        text = self.recipes.get((name, version))
        return Playable(read_recipe(text), called or {}, decide=self.decide) if text and tenant else None

    def start(
        self,
        name: str = "n1",
        lease_seconds: float = 5.0,
        store: Store | None = None,
        pools: ResourcePools | None = None,
    ) -> list[asyncio.Task[None]]:
        """Run an engine with its watcher, on its own store and pools where given; returns its tasks, to be killed."""
        store, pools = store or self.store, pools or self.pools

        def make(definition: FulfillerDefinition, _: Document) -> Fulfiller:
            if definition.kind == "pool":
                return PoolFulfiller(definition, Credentials(None), Tools(_no_session, resource_pools=pools))
            return self.others.get(definition.id, self.fulfiller)

        async def plan(order: Document) -> Plan:
            return self.plans[order["_id"]](order)

        async def deletion(*_: Any) -> list[PlannedTask]:
            return self.deletions

        directory = Directory(store, make)
        worker = f"{name}/{new_id()[-6:]}"
        slots = Slots(store, self.clock, worker)
        self.durations = Durations(store, self.clock)
        callbacks = "http://som/som/v1"
        capacity = Capacity(self.settings)
        places = Places(slots, Budgets(store, self.clock), capacity.free)
        health = Health(store, self.clock, places)
        rules = RuleBook(store, Re2Patterns())
        presence = Presence(store, self.clock)
        common = (store, self.clock, directory, self.tokens, places, callbacks, self.durations, health, capacity)
        deciding = self.deciding(store) if self.deciding is not None else None
        parts = Parts(*common, presence, rules, pools, self.sealer, self, deciding=deciding)
        claims = Claims(store, self.clock, worker, lease_seconds)
        cancelling = CancellationParts(store, self.clock, deletion)
        intake = Intake(store, self.clock, claims, plan, self.accept, self.prepare)
        engine = Engine(parts, claims, intake, cancelling)
        watcher = Watcher(store)
        watcher.on_poke.append(engine.poke)
        watcher.on_open.append(engine.sweep)
        watcher.on_reference.append(lambda _: directory.invalidate())
        book = deciding.book if deciding is not None else None
        if book is not None:
            watcher.on_reference.append(lambda _: book.invalidate())
        registry = RegistryWatch(store, self.clock, directory, health, worker, book)
        watcher.on_reference.append(registry.changed)
        engine.periodic += [*registry.jobs, (PoolLines(store, self.clock, pools).look, 0.05)]
        engine.periodic.append((RecipeMessages(store, self.clock).sweep, 0.2))
        engine.periodic += [job(store, directory, places) for job in self.jobs]
        tasks = [asyncio.create_task(engine.run()), asyncio.create_task(watcher.run())]
        self._running += tasks
        return tasks

    async def kill(self, tasks: list[asyncio.Task[None]]) -> None:
        """As kill -9: nothing is handed back. Whatever the engine started is cancelled where it stands."""
        mine = asyncio.current_task()
        victims = [task for task in asyncio.all_tasks() if task is not mine and not task.get_name().startswith(SPARED)]
        await end([*victims, *tasks])
        self._running = [task for task in self._running if task not in tasks]

    async def stop(self) -> None:
        await end(self._running)
        self._running = []

    async def order(
        self, plan: Callable[[Document], Plan], *, priority: int = 4, due_in: float = 0.0, **attributes: Any
    ) -> str:
        """Store an acknowledged order whose items are those of the plan; `attributes` are further ones of its body."""
        key, now = new_id(), self.clock.now()
        self.plans[key] = plan
        items = [
            {"id": item.path, "action": item.action, "state": "acknowledged", "service": {}}
            for item in plan({"_id": key}).items
        ]
        body = {"id": key, "@type": "ServiceOrder", "state": "acknowledged", "serviceOrderItem": items}
        body |= attributes
        document = {
            "_id": key,
            "tenant": "default",
            "body": body,
            "priority": priority,
            "due": self.clock.after(due_in),
        }
        created = outbox.stub("ServiceOrderCreateEvent", state="acknowledged", who="test")
        await self.store.insert("serviceOrder", outbox.first(document, [created], now))
        return key

    async def cancel(self, order: str, why: str | None = None) -> str:
        """Store a cancellation request."""
        key, now = new_id(), self.clock.now()
        body = {"id": key, "@type": "CancelServiceOrder", "state": "acknowledged", "serviceOrder": {"id": order}}
        if why is not None:
            body["cancellationReason"] = why
        document = {"_id": key, "tenant": "default", "body": body, "order": order, "due": now}
        await self.store.insert("cancelServiceOrder", outbox.first(document, [], now))
        return key

    async def resume(self, order: str, item: str | None = None) -> None:
        await inbox.append(self.store, self.clock, order, {"kind": "resume", "item": item, "who": "test"})

    async def callback(self, call: FulfillerCall, report: Document) -> None:
        """Report on a call as a fulfiller would, through its token."""
        token = str(call.callback_url).rsplit("/", 1)[-1]
        key = self.tokens.read(token)
        assert isinstance(key, CallKey)
        entry = {
            "kind": "callback",
            "task": key.task,
            "operation": key.operation,
            "revision": key.revision,
            "report": report,
        }
        await inbox.append(self.store, self.clock, key.plan, entry)

    async def until(self, order: str, *states: str, seconds: float = 60.0) -> Document:
        """The order's document once it is in one of these states."""
        document: Document = {}
        async with asyncio.timeout(seconds):
            while document.get("body", {}).get("state") not in states:
                document = await self.store.get("serviceOrder", order) or {}
                await asyncio.sleep(0.01)
        return document

    async def until_true(self, check: Callable[[], Awaitable[bool]], seconds: float = 60.0) -> None:
        async with asyncio.timeout(seconds):
            while not await check():
                await asyncio.sleep(0.01)

    async def get(self, collection: str, key: str) -> Document:
        document = await self.store.get(collection, key)
        assert document is not None
        return document

    async def tasks(self, order: str) -> dict[str, Document]:
        """The order's task documents by name."""
        found = await self.store.collection("task").find({"plan": order}).to_list()
        return {f"{document['operation']}:{document['name']}": document for document in found}


def states_told(document: Document) -> list[str]:
    """The states of the state changes in the outbox, in order."""
    return [stub["state"] for stub in document["outbox"] if "StateChange" in stub["type"]]


def plan_of(
    *tasks: str,
    needs: dict[str, list[str]] | None = None,
    compensation: Compensation = "operation",
    optional: frozenset[str] = frozenset(),
    item_needs: dict[str, list[str]] | None = None,
) -> Callable[[Document], Plan]:
    """A plan of tasks named `item/name`, each item adding one service; the input of a task is its name."""
    wanted = needs or {}

    def make(order: Document) -> Plan:
        order_id = order["_id"]
        by_item: dict[str, list[str]] = defaultdict(list)
        for task in tasks:
            by_item[task.split("/")[0]].append(task)
        keys = {task: task_key(task.split("/")[0], "s1", "add", task) for task in tasks}
        services = {item: derived_id(order_id, item) for item in by_item}
        return Plan(
            tuple(
                PlannedItem(item, (place,), "add", (services[item],), tuple((item_needs or {}).get(item, ())))
                for place, item in enumerate(by_item)
            ),
            tuple(
                PlannedService(
                    services[item], item, "add", SPECIFICATION, {"name": item}, "active", "s1", name=f"service {item}"
                )
                for item in by_item
            ),
            tuple(
                PlannedTask(
                    key=keys[task],
                    name=task,
                    item=task.split("/")[0],
                    service=services[task.split("/")[0]],
                    specification="s1",
                    action="add",
                    capability=Capability("s1", "add", "Access"),
                    needs=tuple(keys[need] for need in wanted.get(task, ())),
                    input=task,
                    compensation=compensation,
                    optional=task in optional,
                )
                for task in tasks
            ),
        )

    return make


def plan_with(specification: str, *tasks: str) -> Callable[[Document], Plan]:
    """The same, of tasks that need somebody for this specification."""

    def make(order: Document) -> Plan:
        plan, wanted = plan_of(*tasks)(order), Capability(specification, "add", specification)
        return replace(plan, tasks=tuple(replace(task, capability=wanted) for task in plan.tasks))

    return make


def plan_on(service: str, action: str = "modify", delta: Document | None = None) -> Callable[[Document], Plan]:
    """A plan of one task that changes or deletes an existing service."""

    def make(_: Document) -> Plan:
        name = f"1/{action}"
        return Plan(
            (PlannedItem("1", (0,), action, (service,)),),
            (PlannedService(service, "1", action, SPECIFICATION, delta or {}, "active", "s1", name="it"),),
            (
                PlannedTask(
                    key=task_key("1", "s1", action, name),
                    name=name,
                    item="1",
                    service=service,
                    specification="s1",
                    action=action,
                    capability=Capability("s1", action, "Access"),
                    input=name,
                    compensation="operation",
                ),
            ),
        )

    return make


def joined(*plans: Callable[[Document], Plan]) -> Callable[[Document], Plan]:
    """One plan of several whose items bear the numbers 1, 2 …, whatever they were called."""

    def make(order: Document) -> Plan:
        made = [_renamed(plan(order), str(place)) for place, plan in enumerate(plans, 1)]
        return Plan(
            tuple(replace(item, pointer=(place,)) for place, plan in enumerate(made) for item in plan.items),
            tuple(service for plan in made for service in plan.services),
            tuple(task for plan in made for task in plan.tasks),
        )

    return make


def _renamed(plan: Plan, path: str) -> Plan:
    keys = {task.key: task_key(path, "s1", task.action, task.name) for task in plan.tasks}
    return Plan(
        tuple(replace(item, path=path) for item in plan.items),
        tuple(replace(service, item=path) for service in plan.services),
        tuple(
            replace(task, item=path, key=keys[task.key], needs=tuple(keys[need] for need in task.needs))
            for task in plan.tasks
        ),
    )
