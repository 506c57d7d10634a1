"""TMF701 process flows: those of orders, which the engine makes and ends, and those of clients."""

from collections.abc import Mapping
from typing import Any

from handlers.changes import Draft, EventNames, Revision
from handlers.dependencies import Dependencies
from handlers.resource import ResourceKind
from models.clock import to_text
from models.domain.caller import Caller
from models.domain.errors import Conflict
from models.domain.lifecycles import PROCESS_FLOW, TASK_FLOW
from models.flow_changes import remove_task_flows
from models.references import first_match

KIND = ResourceKind(
    name="processFlow",
    type="ProcessFlow",
    events=EventNames.of("ProcessFlow"),
    server_set=frozenset(["id", "href", "processFlowDate", "state", "taskFlow"]),
    immutable=frozenset(["processFlowDate", "taskFlow"]),
)


class ProcessFlowRules:
    """The rules of process flows."""

    def __init__(self, dependencies: Dependencies) -> None:
        """Work on this store."""
        self._store = dependencies.store
        self._clock = dependencies.clock

    async def before_create(self, caller: Caller, draft: Draft) -> None:  # noqa: ARG002 - the rules' shape
        """One of a client begins at once."""
        draft.body = {**draft.body, "state": "active", "processFlowDate": to_text(draft.now)}

    async def before_change(self, caller: Caller, revision: Revision) -> None:
        """One of a client moves along the life cycle; one of an order follows the order."""
        changed = set(revision.changed())
        state = revision.before["state"]
        if changed and state in PROCESS_FLOW.final:
            raise Conflict(f"The process flow is {state}, which is its end; nothing of it can be changed any more.")
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
        if stored.get("open"):
            raise Conflict("The order that this process flow belongs to is under way.")
        await self._refuse_open(caller, stored["_id"])

    async def after_delete(self, caller: Caller, stored: Mapping[str, Any]) -> None:
        """Its task flows, which have ended, go with it."""
        await remove_task_flows(self._store, self._clock, caller.tenant, stored["_id"], caller.subject)

    async def _refuse_open(self, caller: Caller, key: str) -> None:
        where = {"body.processFlow.id": key, "body.state": {"$nin": sorted(TASK_FLOW.final)}}
        open_one = await first_match(self._store, "taskFlow", caller.tenant, where)
        if open_one is not None:
            raise Conflict(f"The task flow {open_one} in it is still open.")
