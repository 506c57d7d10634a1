"""A process flow that runs a recipe (TMF701), as its plan makes it: written whenever that has moved, never ahead."""

from collections.abc import Callable, Sequence
from typing import Any

from models import outbox
from models.clock import Clock
from models.domain.caller import ENGINE
from models.domain.errors import NotFound
from models.domain.events import event_type
from models.domain.fallout import shown_error
from models.domain.flow_runs import cancellation_of, reference, state_of_run, with_results
from models.domain.lifecycles import PROCESS_FLOW
from models.domain.order_view import Course, error_message
from models.domain.progress import Progress
from models.flow_changes import withdraw_of_plan
from models.process_flows import NAME, with_references
from models.store import Store
from scheduler.flow_steps import FlowSteps
from scheduler.order_news import News
from scheduler.plan_record import PlanRecord
from scheduler.subject import NO_MESSAGE, Message, Plot

Document = dict[str, Any]

_NO_MORE = ("due", "lease", "fault")


class FlowProjection:
    """Keeps one process flow, and the task flows of its steps, true to its plan."""

    def __init__(  # noqa: PLR0913, PLR0917 - what a process flow is written from
        self,
        store: Store,
        clock: Clock,
        record: PlanRecord,
        flow: Document,
        steps: FlowSteps,
        results: Callable[[], Document],
    ) -> None:
        """Keep this process flow, as it was read; `results` tells what its recipe has left."""
        self._left = results
        self._store = store
        self._clock = clock
        self._record = record
        self._flow = flow
        self._steps = steps
        self._moved = True

    @property
    def body(self) -> Document:
        """Its body as last read or written."""
        body: Document = self._flow["body"]
        return body

    @property
    def revision(self) -> int:
        """The plan revision that it shows; 0 before the first."""
        shown: int = self._flow.get("planRev", 0)
        return shown

    def wait_seconds(self, monotonic: float) -> float:  # noqa: ARG002 - an order of many items is written less often
        """It is written at once."""
        return 0.0

    async def write(
        self, progress: Progress, revision: int, monotonic: float, plot: Plot, message: Message = NO_MESSAGE
    ) -> bool:
        """Write what the plan's progress changes in it (`Subject.write`); its task flows come first."""
        del monotonic
        if self._flow.get("said"):
            return False
        flows = await self._steps.write(progress) if progress.dirty_items or self._moved else []
        while True:
            body, states = await self._wanted(progress, plot(self.body["state"]), message, flows)
            if body == self.body and not message.deeds and not any(name in self._flow for name in _NO_MORE):
                break
            update = self._update(body, states, revision, message)
            if await self._store.update(NAME, {"_id": self._flow["_id"], "rev": self._flow["rev"]}, update):
                await self.reread(progress)
                break
            await self.reread(progress)
            if self._flow.get("said"):
                return False
        progress.dirty_items.clear()
        self._moved = False
        return True

    async def reread(self, progress: Progress) -> None:  # noqa: ARG002 - `Subject.reread`
        """See it as it is by now.

        Raises:
            NotFound: it was removed while its plan was running.
        """
        fresh = await self._store.get(NAME, self._flow["_id"])
        if fresh is None:
            raise NotFound(f"The process flow {self._flow['_id']} was removed while its plan was running.")
        self._flow = fresh
        self._moved = True

    async def _wanted(
        self, progress: Progress, course: Course, message: Message, flows: Sequence[str]
    ) -> tuple[Document, tuple[str, ...]]:
        """The body as it is to be, and the states that it passes through."""
        (item,) = progress.plan.items
        before = self.body["state"]
        state = state_of_run(progress.item_view(item).state, course.phase, paused=self._record.paused)
        states = () if before in PROCESS_FLOW.final else PROCESS_FLOW.path(before, state, "active")
        body = {**self.body, "state": states[-1] if states else before}
        if led := self._record.recipes.get(self._record.plan.tasks[0].key):
            name, version = led["recipe"]
            body[_REFERENCE] = reference(name, version, body.get(_REFERENCE))
        final = body["state"] in PROCESS_FLOW.final
        if states and final:
            await withdraw_of_plan(self._store, self._clock, self._record.id)
        if states and body["state"] == "completed":
            body["characteristic"] = with_results(body, await self._results())
        stuck = [error_message(**shown_error(run, "processFlow")) for run in progress.stuck(item)]
        told: Document = {
            "errorMessage": [_error(error) for error in (course.errors if course.phase == "undoing" else stuck)],
            "taskFlow": with_references(body, flows),
            "milestone": [*body.get("milestone", ()), *_milestones(message.news, body)],
            "cancellation": cancellation_of(
                body.get("cancellation"), course, self._denied(), body["state"], final=final
            ),
        }
        for name, value in told.items():
            body.pop(name, None)
            if value:
                body[name] = value
        return body, states

    def _denied(self) -> list[Document]:
        return [tell for tell in self._record.tells if "denied" in tell]

    async def _results(self) -> Document:
        """What the run leaves, or what somebody has reported instead, who has completed it by hand."""
        (task,) = self._record.plan.tasks
        stored = await self._store.get("task", self._record.task_id(task.key)) or {}
        return dict(stored.get("output") or self._left())

    def _update(self, body: Document, states: Sequence[str], revision: int, message: Message) -> Document:
        state, stubs, before = body["state"], [], self.body["state"]
        for step in states:
            moved: Document = {"before": {"state": before}, "after": {"state": step}}
            stubs.append(outbox.stub(event_type(NAME, "StateChange"), state=step, who=ENGINE.subject, **moved))
            before = step
        changed = [name for name in {**self.body, **body} if self.body.get(name) != body.get(name)]
        attributes = event_type(NAME, "AttributeValueChange")
        if changed and not states:
            after = {name: body.get(name) for name in changed if name not in _LONG}
            stubs.append(outbox.stub(attributes, state=state, who=ENGINE.subject, after=after))
        stubs += [outbox.stub(attributes, state=state, **deed) for deed in message.deeds]
        fields: Document = {"body": body, "planRev": revision}
        now = self._clock.now()
        if state in PROCESS_FLOW.final:
            fields["ended"] = now
        unset = [name for name in _NO_MORE if name in self._flow]
        return outbox.change(self._flow, fields, stubs, now, unset=unset, visible=bool(stubs))


_REFERENCE = "processFlowSpecificationRef"
_LONG = frozenset({"taskFlow", "characteristic"})
"""What the history does not repeat."""


def _error(error: Document) -> Document:
    return {**error, "@type": "ErrorMessage"}


def _milestones(news: Sequence[News], body: Document) -> list[Document]:
    """Milestones reached that have not been told, as a process flow shows them."""
    reached = [one.entry for one in news if one.attribute == "milestone" and not one.stands_in(body)]
    return [{name: entry[name] for name in ("id", "name", "status", "milestoneDate")} for entry in reached]
