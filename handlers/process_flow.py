"""TMF701 process flows: those that run a recipe, those of orders, which the engine makes and ends, and work lists."""

from collections.abc import Mapping
from typing import Any

from handlers.changes import Draft, EventNames, Revision
from handlers.dependencies import Dependencies
from handlers.flow_runs import FlowRuns, is_run
from handlers.resource import ResourceKind
from models.clock import to_text
from models.domain.caller import Caller
from models.domain.errors import Conflict
from models.domain.lifecycles import PROCESS_FLOW, TASK_FLOW
from models.flow_changes import remove_task_flows
from models.plan_removal import clear_plan
from models.references import first_match

OF_THE_SERVER = frozenset(["processFlowDate", "taskFlow", "errorMessage", "milestone", "cancellation"])

KIND = ResourceKind(
    name="processFlow",
    type="ProcessFlow",
    events=EventNames.of("ProcessFlow"),
    server_set=frozenset(["id", "href", "state"]) | OF_THE_SERVER,
    immutable=OF_THE_SERVER,
)


class ProcessFlowRules:
    """The rules of process flows."""

    def __init__(self, dependencies: Dependencies) -> None:
        """Work on this store."""
        self._store = dependencies.store
        self._clock = dependencies.clock
        self._runs = FlowRuns(dependencies)

    async def before_create(self, caller: Caller, draft: Draft) -> None:
        """One of a client begins at once; where it names a published recipe, the engine runs that."""
        draft.body = {**draft.body, "state": "active", "processFlowDate": to_text(draft.now)}
        await self._runs.begin(caller, draft)

    async def before_change(self, caller: Caller, revision: Revision) -> None:
        """One of a client moves along the life cycle; one that runs is interrupted, resumed or cancelled by the engine.

        One of an order follows the order.
        """
        changed = set(revision.changed())
        state = revision.before["state"]
        if changed and state in PROCESS_FLOW.final:
            raise Conflict(f"The process flow is {state}, which is its end; nothing of it can be changed any more.")
        if is_run(revision.stored):
            self._runs.change(caller, revision, changed)
            return
        if "state" not in changed:
            return
        if revision.stored.get("plan"):
            raise Conflict("/state: this process flow belongs to an order, and its state follows the order.")
        wanted = PROCESS_FLOW.move(state, str(revision.body.get("state")))
        if wanted in PROCESS_FLOW.final:
            await self._refuse_open(caller, revision.stored["_id"])
            revision.fields["ended"] = revision.now

    async def before_delete(self, caller: Caller, stored: Mapping[str, Any]) -> None:
        """Keep what is under way."""
        if is_run(stored) and stored["body"]["state"] not in PROCESS_FLOW.final:
            raise Conflict("The process flow is under way; cancel it first, by PATCH of its state to cancelled.")
        if stored.get("open"):
            raise Conflict("The order that this process flow belongs to is under way.")
        await self._refuse_open(caller, stored["_id"])

    async def after_delete(self, caller: Caller, stored: Mapping[str, Any]) -> None:
        """Its task flows, which have ended, go with it; so does the plan of one that has run a recipe."""
        if is_run(stored):
            await clear_plan(self._store, self._clock, stored["_id"], caller.subject)
        await remove_task_flows(self._store, self._clock, caller.tenant, stored["_id"], caller.subject)

    async def _refuse_open(self, caller: Caller, key: str) -> None:
        where = {"body.processFlow.id": key, "body.state": {"$nin": sorted(TASK_FLOW.final)}}
        open_one = await first_match(self._store, "taskFlow", caller.tenant, where)
        if open_one is not None:
            raise Conflict(f"The task flow {open_one} in it is still open.")
