"""TMF701 task flows that stand for fallout: to complete one is to say what is to be done about the held task."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from handlers.cancel_service_order import check_cancellable
from handlers.changes import Revision
from handlers.dependencies import Dependencies
from handlers.som.interventions import check_wish, wish_of
from models import fallout_flows, inbox
from models.domain import fallout_flow, task_flow
from models.domain.caller import Caller
from models.domain.errors import Conflict, InvalidRequest
from models.domain.lifecycles import PROCESS_FLOW
from models.domain.task_flow import pointer_of, values_of
from models.domain.violations import Violation
from models.fallout import COLLECTION
from models.interventions import announce, entry_of
from models.surface import Surface

Document = dict[str, Any]

_HOW = "Fallout is not given up here: complete the task flow with what is to be done about it (`do` in its form)."
_GONE = "The task is not held any more."


class FalloutFlowRules:
    """The rules of task flows that stand for held tasks."""

    def __init__(self, dependencies: Dependencies, surface: Surface) -> None:
        """Look at tasks in this store, and check values with this surface check."""
        self._store = dependencies.store
        self._clock = dependencies.clock
        self._surface = surface

    def check(self, change: task_flow.Change) -> task_flow.Change:
        """Refuse what makes no sense for fallout; what leaves every queue is in the usual one.

        Raises:
            Conflict: it would end without anything being done about the task.
        """
        if change.asks or change.body.get("outcome") in (task_flow.FAILED, task_flow.WITHDRAWN):
            raise Conflict(f"/state: {_HOW}")
        return replace(change, body=fallout_flow.queued(change.body))

    def care(self, revision: Revision, who: str) -> None:
        """Have the task know who looks after it, and what was said of it."""
        told = fallout_flows.caring(self._clock, revision.stored, revision.body, who)
        if told:
            key = revision.stored["_id"]
            revision.fields["care"] = told
            revision.afterwards.append(lambda: fallout_flows.pass_on_care(self._store, self._clock, key))

    async def resolve(self, caller: Caller, revision: Revision, who: str) -> None:
        """Have the plan do what the person has said is to be done.

        Raises:
            Conflict: the task is not held any more, is being dealt with already, or this makes no sense for it.
            InvalidRequest: it says too little, or what does not fit.
        """
        held = revision.stored["fallout"]
        task = await self._store.get(COLLECTION, held["task"])
        if task is None or task["state"] != "held" or task["fallout"]["count"] != held["hold"]:
            raise Conflict(_GONE)
        values, key = values_of(revision.body), revision.stored["_id"]
        if values["do"] == fallout_flow.CANCEL:
            await self._check_cancellable(caller, task)
            said: Document = {"kind": "cancelOrder", "who": who, "why": values.get("why")}
        else:
            said = await self._wished(caller, revision, task, values, who)
        revision.fields["said"] = [{"id": key, "at": revision.now, **said}]
        revision.afterwards.append(lambda: inbox.pass_on(self._store, self._clock, key, "taskFlow"))

    async def _check_cancellable(self, caller: Caller, task: Mapping[str, Any]) -> None:
        if "process" in task:
            flow = await self._store.get("processFlow", task["process"], tenant=caller.tenant)
            if flow is None or flow["body"]["state"] in PROCESS_FLOW.final:
                raise Conflict(_GONE)
            return
        order = await self._store.get("serviceOrder", task["order"], tenant=caller.tenant)
        if order is None:
            raise Conflict(_GONE)
        await check_cancellable(self._store, caller, order)

    async def _wished(
        self, caller: Caller, revision: Revision, task: Mapping[str, Any], values: Document, who: str
    ) -> Document:
        try:
            wish = wish_of(values, who, key=revision.stored["_id"])
            await check_wish(self._store, self._surface, caller, task, wish)
        except InvalidRequest as error:
            raise InvalidRequest([_placed(found, revision.body) for found in error.violations]) from None
        await announce(self._store, self._clock, task, wish)
        return entry_of(task, wish)


def _placed(found: Violation, body: Mapping[str, Any]) -> Violation:
    return Violation(pointer_of(body, found.pointer), found.code, found.message)
