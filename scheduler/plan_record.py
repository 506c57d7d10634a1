"""A plan under lease: read, and written under its fence."""

from collections.abc import KeysView, Mapping
from datetime import datetime
from typing import Any

from models.aside import aside_if_big
from models.clock import Clock
from models.domain.errors import NotFound
from models.domain.plan import FORMAT, Plan, PlannedTask
from models.domain.progress import STUCK, Progress, TaskRun
from models.domain.recipe_messages import KINDS, awaited
from models.domain.recipe_plays import Plays
from models.domain.undo import reverse_key
from models.recipe_messages import HEARD_KEPT
from models.store import Store
from scheduler.claims import LeaseLost

Document = dict[str, Any]

ORDER = "serviceOrder"
"""Type of the owner of an order's plan."""
LOWEST_PRIORITY = 4
BYTES_OF_A_TASK = 400
"""As JSON in the definition of a plan, about."""


def new_plan(subject: Document, owner: str, lease: Document, now: datetime) -> Document:
    """The running state of a plan at its beginning, leased by its maker, owing the desired services.

    Args:
        subject: the document of what the plan is for, whose id becomes the plan's.
        owner: its collection.
        lease: the maker's.
        now: the present moment.
    """
    return {
        "_id": subject["_id"],
        "tenant": subject["tenant"],
        "format": FORMAT,
        "owner": {"type": owner, "id": subject["_id"]},
        "priority": subject.get("priority", LOWEST_PRIORITY),
        "rev": 1,
        "fence": 1,
        "lease": lease,
        "due": lease["until"],
        "state": "running",
        "run": {},
        "inbox": [],
        "owes": [{"n": 1, "create": True}],
        "created": now,
        "updated": now,
    }


class PlanRecord:
    """The plan that this worker holds. Only the holder writes it; everybody else appends to its inbox.

    Attributes:
        fresh: made by this worker a moment ago, so that nothing has happened yet.
        state: running, cancelling or done.
        owner, owner_id: collection and id of what the plan is for: an order, or a process flow that runs a recipe.
        order_id: the order's id; empty where it is for something else.
        paused: whether nothing new is begun, because the client of what it is for has interrupted it.
        owes: effects on other documents that are written down but may not have taken place yet.
        cancel: {id, phase, why?, problem?} of the cancellation under way; `problem` is why it cannot go on.
        recipes: the runs of recipes, by the key of the task that runs it; see `scheduler.recipes`.
        waits: items that wait for another order on their service: {item, service, order, orderItem, since}.
        failing: items that are being given up; see `scheduler.failing`.
        leased_until: until when nobody else can have the plan.
        document: as it was claimed.
        queued_since: since when it waits for a place at a fulfiller, where it was let go for that.
        tells: what order and cancellation requests have not been told yet: {milestone}, {denied: id, message},
            {placed: orderRelationship, why} or {deed: {who, why, before, after}, rev: of the plan that it was done in}.
    """

    def __init__(
        self, store: Store, clock: Clock, document: Document, definition: Document, *, fresh: bool = False
    ) -> None:
        """Take up the plan as it was claimed."""
        self.fresh = fresh
        self._store = store
        self._clock = clock
        self.id: str = document["_id"]
        self.tenant: str = document["tenant"]
        self.owner: str = document["owner"]["type"]
        self.owner_id: str = document["owner"]["id"]
        self.order_id: str = self.owner_id if self.owner == ORDER else ""
        self.paused: bool = document.get("paused", False)
        self.priority: int = document["priority"]
        self.leased_until: datetime = document["lease"]["until"]
        self.fence: int = document["fence"]
        self.rev: int = document["rev"]
        self.state: str = document["state"]
        self.owes: list[Document] = document["owes"]
        self.cancel: Document | None = document.get("cancel")
        self.waits: list[Document] = document.get("waits", [])
        self.failing: list[Document] = document.get("failing", [])
        self.tells: list[Document] = document.get("tells", [])
        self.inbox: list[Document] = document["inbox"]
        self._was_queued, self._had_fault = "queued" in document, "fault" in document
        self.document = document
        self.queued_since: datetime | None = document.get("queued", {}).get("since")
        self.plan = Plan.from_document(definition)
        self.services = {service.id: service for service in self.plan.services}
        self.recipes: dict[str, Document] = dict(document.get("recipes", {}))
        self._moved_recipes: set[str] = set()
        self._awaited: list[str] = document.get("awaited", [])
        self._heard: list[str] = []
        self._plays = Plays(document.get("plays", ()))
        self._added = [PlannedTask.from_document(task) for task in document.get("added", ())]
        run = {key: TaskRun.from_document(stored) for key, stored in document["run"].items()}
        self.progress = Progress(self.plan, run, self._added)
        self._new_tasks: list[PlannedTask] = []
        self._written = self._small()
        self._consumed: list[str] = []

    @classmethod
    async def load(cls, store: Store, clock: Clock, document: Document) -> "PlanRecord":
        """The claimed plan with its definition."""
        definition = await store.get("planDefinition", document["_id"])
        if definition is None:
            raise NotFound(f"The definition of plan {document['_id']} is missing.")
        size = len(definition["tasks"]) * BYTES_OF_A_TASK
        return await aside_if_big(size, cls, store, clock, document, definition)

    def add_tasks(self, tasks: list[PlannedTask]) -> None:
        """Extend the plan while it runs."""
        self.progress.add(tasks)
        self._new_tasks += tasks

    @property
    def ordered(self) -> KeysView[str]:
        """Keys of the tasks that the order itself asks for, steps of its recipes included; others stop or undo them."""
        return self.progress.wanted.keys()

    def keep_recipe(self, key: str, run: Document) -> None:
        """Keep where a run of a recipe stands; the next write of the plan holds it."""
        self.recipes[key] = run
        self._moved_recipes.add(key)

    @property
    def awaited(self) -> list[str]:
        """The addresses of the messages and signals that its recipes await (`models.domain.recipe_messages`)."""
        run = self.progress.run
        led = {key: run[self.leader(key)].state for key in self.recipes}
        return awaited(kept for key, kept in self.recipes.items() if led[key] in ("accepted", "held"))

    def leader(self, key: str) -> str:
        """The key of the task that leads the run of a recipe now: the one that runs it, or the one that undoes it."""
        undoing = reverse_key(self.progress.tasks[key], "compensate")
        return undoing if undoing in self.progress.tasks else key

    def stops(self, task: PlannedTask) -> bool:
        """Whether the task is being called off at its fulfiller, because the order is cancelled."""
        return self.state == "cancelling" and reverse_key(task, "cancel") in self.progress.tasks

    def task_id(self, key: str) -> str:
        """The id of a task's document."""
        return f"{self.id}:{key}"

    async def read_inbox(self) -> None:
        """Look whether somebody has told the plan something."""
        found = await self._store.collection("plan").find_one({"_id": self.id, "fence": self.fence}, {"inbox": 1})
        if found is None:
            raise LeaseLost
        self.inbox = found["inbox"]

    def take_inbox(self) -> list[Document]:
        """The entries not dealt with yet; the next write removes them."""
        fresh = [entry for entry in self.inbox if entry["id"] not in self._consumed]
        self._consumed += [entry["id"] for entry in fresh]
        self._heard += [entry["id"] for entry in fresh if entry["kind"] in KINDS]
        return fresh

    def put_back(self, entry: Document) -> None:
        """Leave an entry in the inbox: it is taken again with the next turn."""
        self._consumed.remove(entry["id"])

    def _small(self) -> Document:
        small = {"state": self.state, "cancel": self.cancel, "waits": list(self.waits), "tells": list(self.tells)}
        return {**small, "failing": list(self.failing), "paused": self.paused}

    @property
    def is_of_order(self) -> bool:
        """Whether the plan is an order's."""
        return self.owner == ORDER

    @property
    def cause(self) -> Document:
        """What the documents of its tasks say of what caused them: {order: id} or {process: id of a process flow}."""
        return {"order": self.order_id} if self.is_of_order else {"process": self.owner_id}

    @property
    def changed(self) -> bool:
        """Whether there is anything to write. That a task is running is told by its own document.

        What has been told by now is struck off with the next write, but is no reason for one.
        """
        small = self._small() if self.tells else {**self._small(), "tells": self._written["tells"]}
        moved = any(self.progress.run[key].state != "running" for key in self.progress.changed)
        return moved or bool(self._consumed or self._new_tasks or self._moved_recipes) or small != self._written

    async def write(self, owes: list[Document]) -> None:
        """Write what has changed, and the effects that it owes. Earlier effects have taken place and are struck off.

        Raises:
            LeaseLost: the plan belongs to somebody else now; nothing was written.
        """
        change = self._change(owes)
        change["$set"]["rev"] = self.rev + 1
        change["$set"]["updated"] = self._clock.now()
        if not await self._store.update("plan", {"_id": self.id, "fence": self.fence}, change):
            raise LeaseLost
        self.rev += 1
        self.owes = owes
        self._plays.settled(change["$set"])
        self._settled()

    def _change(self, owes: list[Document]) -> Document:
        settled: Document = {"owes": owes}
        for key in self.progress.changed:
            run = self.progress.run[key]
            if run.state != "running":  # a running task is told by its own document
                settled[f"run.{key}"] = run.to_document()
        settled.update({name: value for name, value in self._small().items() if value != self._written[name]})
        if self.recipes:
            changed = (self.progress.tasks[key].target or key for key in self.progress.changed)
            held = self._held_runs()
            moved = self._moved_recipes.union(changed, held ^ self._plays.held) & self.recipes.keys()
            settled.update({f"recipes.{key}": self.recipes[key] for key in self._moved_recipes})
            states = {key: self.progress.run[self.leader(key)].state for key in moved}
            settled.update(self._plays.changes(self.recipes, states, held))
        change: Document = {"$set": settled}
        if self._consumed:
            change["$pull"] = {"inbox": {"id": {"$in": self._consumed}}}
        if self._new_tasks:
            change["$push"] = {"added": {"$each": [task.to_document() for task in self._new_tasks]}}
        if self.recipes:
            self._add_awaited(change)
        return change

    def _held_runs(self) -> set[str]:
        """The keys of the tasks whose runs wait for somebody: by themselves, or with one of their steps."""
        stuck = self.progress.in_state(*STUCK)
        if not stuck:
            return set()
        held = {*stuck, *(self.progress.tasks[key].of for key in stuck)}
        return {key for key in self.recipes if key in held or self.leader(key) in held}

    def _add_awaited(self, change: Document) -> None:
        """Say what recipes await, for whoever sends it, and what they were sent."""
        wanted = self.awaited
        if wanted:
            change["$set"] |= {"awaited": wanted} if wanted != self._awaited else {}
        elif self._awaited:
            change["$unset"] = {"awaited": ""}
        if self._heard:
            heard = {"heard": {"$each": self._heard, "$slice": -HEARD_KEPT}}
            change["$push"] = {**change.get("$push", {}), **heard}

    def _settled(self) -> None:
        """What `_change` made is written."""
        self.progress.changed.clear()
        self._written = self._small()
        self._awaited, self._heard = self.awaited if self.recipes else [], []
        self.inbox = [entry for entry in self.inbox if entry["id"] not in self._consumed]
        self._consumed, self._new_tasks, self._moved_recipes = [], [], set()

    async def release(self, due: datetime | None, queued_at: Mapping[str, int] | None = None) -> bool:
        """Let go of the plan.

        Args:
            due: until then; None is for good, or until somebody asks for it.
            queued_at: the gates that it waits for, where it was crowded out, with the calls that it would make.

        Returns:
            False when something came to the inbox meanwhile, and the plan is still held.
        """
        guard = {"_id": self.id, "fence": self.fence, "inbox": {"$size": 0}}
        change = self._change([])
        change["$unset"] = {**change.get("$unset", {}), "lease": ""}
        if due is None:
            change["$unset"]["due"] = ""
        else:
            change["$set"]["due"] = due
        if self._had_fault:
            change["$unset"]["fault"] = ""
        if queued_at:
            since = self.queued_since or self._clock.now()
            change["$set"]["queued"] = {"at": sorted(queued_at), "since": since, "calls": max(queued_at.values())}
        elif self._was_queued:
            change["$unset"]["queued"] = ""
        return await self._store.update("plan", guard, change)
