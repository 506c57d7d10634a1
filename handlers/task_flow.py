"""TMF701 task flows: what people have to do, and how they say that it is done."""

from collections.abc import Mapping
from typing import Any

from adapters.ports import Forms
from handlers.changes import Draft, EventNames, Revision
from handlers.dependencies import Dependencies
from handlers.fallout_flow import FalloutFlowRules
from handlers.resource import ResourceKind
from models import inbox, task_flows
from models.domain import task_flow
from models.domain.caller import ANONYMOUS, Caller
from models.domain.errors import Conflict, InvalidRequest
from models.domain.events import event_type
from models.domain.lifecycles import PROCESS_FLOW, TASK_FLOW
from models.domain.outcomes import why_unstorable
from models.domain.violations import Violation
from models.ids import new_id
from models.outbox import stub
from models.process_flows import detach
from models.surface import Surface

KIND = ResourceKind(
    name="taskFlow",
    type="TaskFlow",
    events=EventNames.of("TaskFlow"),
    server_set=frozenset(
        ["id", "href", "state", "startDate", "completionDate", "outcome", "processFlow", "input", "reason"]
    ),
    immutable=frozenset(
        ["form", "instructions", "escalation", "input", "outcome", "processFlow", "taskFlowSpecification"]
    ),
)


class TaskFlowRules:
    """The rules of task flows."""

    def __init__(self, dependencies: Dependencies, surface: Surface) -> None:
        """Check with these forms, and tell plans in this store."""
        self._fallout = FalloutFlowRules(dependencies, surface)
        self._store = dependencies.store
        self._clock = dependencies.clock
        self._forms: Forms = dependencies.forms

    async def before_create(self, caller: Caller, draft: Draft) -> None:
        """A task of a client's process flow begins as new, with a form that can be used."""
        outer = await self._store.get("processFlow", draft.body["processFlow"]["id"], tenant=caller.tenant)
        if outer is None or outer["body"]["state"] in PROCESS_FLOW.final:
            raise Conflict("The process flow has ended; nothing can be put into it any more.")
        found = task_flow.wrong_steps(draft.body.get("escalation"))
        if "form" in draft.body:
            faults = self._forms.faults(draft.body["form"])
            found += [Violation(f"/form{fault.pointer}", fault.code, fault.message) for fault in faults]
        if found:
            raise InvalidRequest(found)
        draft.body = task_flow.begun(draft.body, new_id, draft.now, caller.subject)
        step = task_flow.next_step_at(draft.body)
        if step is not None:
            draft.fields["escalate"] = step

    async def before_change(self, caller: Caller, revision: Revision) -> None:
        """Let a person work on it; what the one who ends it has to say goes to the plan that waits for it."""
        if not revision.changed():
            return
        before = revision.before
        if "step" in revision.stored and set(revision.changed()) - {"note"}:
            raise Conflict("The engine does this step; only comments can be added to its task flow.")
        is_fallout = "fallout" in revision.stored
        awaited = is_fallout or bool(revision.stored.get("call"))
        change = task_flow.changed(before, revision.body, awaited=awaited, now=revision.now)
        if is_fallout:
            change = self._fallout.check(change)
        # Callers are not identified yet; until they are, a deed is that of the person whose task it is.
        who = change.who or caller.subject if caller == ANONYMOUS else caller.subject
        revision.body = task_flow.with_notes(change.body, new_id, revision.now, who)
        revision.who, revision.why, revision.through = who, change.why, change.through
        if change.asks:
            owed = stub(event_type("taskFlow", "InformationRequired"), who=who, why=change.why, fields=_ASKED)
            revision.extra.append(owed)
        self._time(revision)
        if is_fallout:
            self._fallout.care(revision, who)
        if before["state"] not in TASK_FLOW.final and revision.body["state"] in TASK_FLOW.final:
            await self._end(caller, revision, who)

    async def before_delete(self, caller: Caller, stored: Mapping[str, Any]) -> None:  # noqa: ARG002 - the rules' shape
        """Keep what an order waits for."""
        awaited = "fallout" in stored or "step" in stored or bool(stored.get("call"))
        if awaited and stored["body"]["state"] not in TASK_FLOW.final:
            raise Conflict("The engine waits for this task flow; complete it, or cancel it with a reason.")

    async def after_delete(self, caller: Caller, stored: Mapping[str, Any]) -> None:  # noqa: ARG002 - the rules' shape
        """Its process flow does not refer to it any more."""
        await detach(self._store, self._clock, stored["body"]["processFlow"]["id"], stored["_id"])

    @staticmethod
    def _time(revision: Revision) -> None:
        step = task_flow.next_step_at(revision.body)
        if step is not None:
            revision.fields["escalate"] = step
        elif "escalate" in revision.stored:
            revision.unset.append("escalate")

    async def _end(self, caller: Caller, revision: Revision, who: str) -> None:
        if revision.body["outcome"] == task_flow.DONE:
            self._check_values(revision.body)
        if "fallout" in revision.stored:
            await self._fallout.resolve(caller, revision, who)
            return
        report = task_flow.report_of(revision.body)
        told = task_flows.saying(self._clock, revision.stored, report, who) if report is not None else None
        if told is None:
            return
        revision.fields["said"] = [told]
        key = revision.stored["_id"]
        revision.afterwards.append(lambda: inbox.pass_on(self._store, self._clock, key, "taskFlow"))

    def _check_values(self, body: Mapping[str, Any]) -> None:
        """What the form asks for is there, and fits.

        Raises:
            InvalidRequest: with the place of each value that does not.
        """
        values = task_flow.values_of(body)
        trouble = why_unstorable(values)
        if trouble:
            raise InvalidRequest([Violation("/characteristic", "invalidValue", f"This cannot be kept: {trouble}.")])
        found = [
            Violation(task_flow.pointer_of(body, violation.pointer), violation.code, violation.message)
            for violation in self._forms.violations(body.get("form") or {}, values)
        ]
        if found:
            raise InvalidRequest(found)


_ASKED = {"fieldPath": "informationRequired"}
