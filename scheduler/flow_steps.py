"""The steps of a process flow's recipe as task flows (TMF701), so that its client can follow them.

What a person does has a task flow of its own, made by the kind `manual`; here are all others.
"""

from typing import Any

from models import outbox
from models.clock import Clock
from models.domain import task_flow
from models.domain.caller import ENGINE
from models.domain.events import event_type
from models.domain.flow_runs import step_body
from models.domain.ids import derived_id
from models.domain.lifecycles import FLOW_OF_TASK, TASK_FLOW
from models.domain.plan import PlannedTask
from models.domain.progress import Progress, TaskRun
from models.domain.recipe_visits import element_of
from models.flow_changes import change_task_flow
from models.ids import new_id
from models.reading import reading
from models.store import Store
from scheduler.directory import Directory
from scheduler.plan_record import PlanRecord

Document = dict[str, Any]

NAME = "taskFlow"
BY_PEOPLE = "manual"


class FlowSteps:
    """The task flows of the steps of one plan."""

    def __init__(self, store: Store, clock: Clock, record: PlanRecord, directory: Directory) -> None:
        """Keep those of this plan; the directory tells which fulfillers are people."""
        self._store = store
        self._clock = clock
        self._record = record
        self._directory = directory
        self._stored: dict[str, Document] | None = None

    async def write(self, progress: Progress) -> list[str]:
        """Write what has become of the steps; returns the ids of all their task flows, in the order of their beginning.

        Raises:
            Unavailable: the database cannot be reached; safe to repeat.
        """
        if self._stored is None:
            self._stored = await self._load()
        new: list[Document] = []
        for task in [task for task in progress.tasks.values() if task.of is not None and task.target is None]:
            run, stored = progress.run[task.key], self._stored.get(task.key)
            if stored is not None:
                self._stored[task.key] = await self._changed(run, stored)
            elif await self._is_shown(run):
                new.append(self._new(task, run))
        await self._store.insert_missing(NAME, new)
        self._stored.update({document["step"]: document for document in new})
        return [document["_id"] for document in self._stored.values()]

    async def _load(self) -> dict[str, Document]:
        with reading():
            found = self._store.collection(NAME).find({"plan": self._record.id, "step": {"$exists": True}})
            return {document["step"]: document async for document in found.sort([("created", 1), ("_id", 1)])}

    async def _is_shown(self, run: TaskRun) -> bool:
        """Whether a step has begun, and is no person's."""
        if run.fulfiller is None:
            return FLOW_OF_TASK[run.state] in TASK_FLOW.final
        definition = await self._directory.definition(self._record.tenant, run.fulfiller)
        return definition is None or definition.kind != BY_PEOPLE

    def _new(self, task: PlannedTask, run: TaskRun) -> Document:
        now, key = self._clock.now(), derived_id(NAME, self._record.id, task.key)
        told: Document = {
            "@type": "TaskFlow",
            "name": task.name,
            "taskFlowSpecification": element_of(task.step) if task.step else task.name,
            "completionMethod": "automatic",
        }
        begun = task_flow.begun(told, new_id, now, ENGINE.subject)
        begun |= {"id": key, "processFlow": {"id": self._record.owner_id, "@referredType": "ProcessFlow"}}
        body = step_body(run, begun, self._clock.text())
        path = TASK_FLOW.path("new", body["state"], "active")
        stubs = [outbox.stub(event_type(NAME, "Create"), state="new", who=ENGINE.subject)]
        stubs += [outbox.stub(event_type(NAME, "StateChange"), state=state, who=ENGINE.subject) for state in path]
        document: Document = {"_id": key, "tenant": self._record.tenant, "body": body}
        return outbox.first(document | {"plan": self._record.id, "step": task.key}, stubs, now)

    async def _changed(self, run: TaskRun, stored: Document) -> Document:
        """The document with what has become of the step, written; one that has ended stays as it is."""
        while stored["body"]["state"] not in TASK_FLOW.final:
            body = step_body(run, stored["body"], self._clock.text())
            if FLOW_OF_TASK[run.state] == "new":  # resumed, it waits for its turn: begun it is all the same
                body["state"] = stored["body"]["state"]
            if body == stored["body"]:
                break
            through = TASK_FLOW.path(stored["body"]["state"], body["state"], "active")[:-1]
            await change_task_flow(self._store, self._clock, stored, body, through, who=ENGINE.subject)
            stored = await self._store.get(NAME, stored["_id"]) or {**stored, "body": body}
        return stored
