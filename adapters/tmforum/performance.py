"""The kind `tmf628`: monitors of services, as measurement collection jobs of a performance management system (TMF628).

A task that builds makes a job, one that modifies changes it, one that deletes removes all jobs of its service. A job
bears our idempotency key as its `jobId`: so a call that may be a repetition finds what was made instead of making it
twice. Names and paths are those of TMF628 v4.0.0.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar, Self

from adapters.call_context import call_context
from adapters.credentials import Credentials
from adapters.http_session import Tools
from adapters.ports import Accepted, Done, FulfillerCall, Outcome, Probe, Progress, Refused, Unreachable
from adapters.tmforum.client import Answered, Budget, Document, TmfClient, Trouble, segment
from adapters.tmforum.order_reading import id_of
from adapters.tmforum.settings import Rule, wrong_settings
from models.domain.expressions import ExpressionError, ExpressionSyntaxError, compile_template
from models.domain.fulfiller import FulfillerDefinition
from models.domain.violations import Violation

JOBS = "/measurementCollectionJob"
REFERRED = "MeasurementCollectionJob"
_AS_GIVEN = "= input"
_ENDED = frozenset({"rejected", "failed", "cancelled"})
_THEIRS = ("id", "href", "jobId", "creationTime", "lastModifiedTime", "executionState", "trackingRecord")
"""Attributes of a job that are not ours to put back."""
_RULES: dict[str, Rule] = {"monitor": (lambda _: True, "a template")}


class Tmf628Fulfiller:
    """One registered performance management system; its endpoint is the base path of its TMF628 v4 API."""

    kind: ClassVar[str] = "tmf628"

    def __init__(self, definition: FulfillerDefinition, credentials: Credentials, tools: Tools) -> None:
        """Speak to the API at the endpoint; connect later."""
        self._id = definition.id
        self._client = TmfClient(definition, credentials, tools.session())
        self._monitor = compile_template(definition.settings.get("monitor", _AS_GIVEN))

    @classmethod
    def check(cls, definition: FulfillerDefinition) -> list[Violation]:
        """What this kind asks of a registration beyond the rules for all."""
        found = list(wrong_settings(definition, _RULES))
        try:
            compile_template(definition.settings.get("monitor", _AS_GIVEN))
        except ExpressionSyntaxError as error:
            found.append(Violation(f"/settings/monitor{error.pointer}", "invalidExpression", str(error)))
        return found

    @classmethod
    def create(cls, definition: FulfillerDefinition, credentials: Credentials, tools: Tools) -> Self:
        """Make one for this registration."""
        return cls(definition, credentials, tools)

    async def engage(self, call: FulfillerCall) -> Outcome:
        """Make, change or remove jobs; to undo that, remove what was made, or put back what was changed."""
        budget = Budget(call.timeout)
        if call.operation == "cancel":
            return Refused("A job is made at once: there is nothing to be stopped, but it can be undone.")
        if call.operation == "compensate":
            return await self._undo(call, budget)
        if call.action == "delete":
            return await self._remove([job["id"] for job in self._theirs(call.service)], budget)
        try:
            wanted = self._monitor.evaluate(call_context(call))
        except ExpressionError as error:
            return Refused(f"There is no job to make of this: {error}")
        if not isinstance(wanted, dict) or not isinstance(wanted.get("fileTransferData"), list):
            return Refused("A job is an object with at least `fileTransferData`, a list, as TMF628 asks for.")
        known = self._job_of(call) if call.action == "modify" else None
        return await (self._make(wanted, call, budget) if known is None else self._change(known, wanted, call, budget))

    async def _make(self, wanted: Document, call: FulfillerCall, budget: Budget) -> Outcome:
        if call.repeated or call.superseded:
            for key in (call.idempotency_key, *reversed(call.superseded)):
                made = await self._find(key, budget)
                if isinstance(made, Refused | Unreachable):
                    return made
                if made is not None and key == call.idempotency_key:
                    return self._done(made, call)
                if made is not None:  # made by other data, which were edited since
                    return await self._change(str(made["id"]), wanted, call, budget)
        body = {"@type": REFERRED, **wanted, "jobId": call.idempotency_key}
        answer = await self._client.write("POST", JOBS, budget, body, key=call.idempotency_key)
        return self._answered(answer, call)

    async def _change(self, key: str, wanted: Document, call: FulfillerCall, budget: Budget) -> Outcome:
        path = f"{JOBS}/{segment(key)}"
        answer = await self._client.get(path, budget, bears={404})
        if isinstance(answer, Refused | Unreachable):
            return answer
        if answer.status == 404:  # somebody has removed it there
            return await self._make(wanted, replace(call, superseded=()), budget)
        before = answer.body if isinstance(answer.body, dict) else {}
        if before.get("jobId") == call.idempotency_key:  # a repetition, whose first answer was lost
            return self._done(before, call)
        body = {**wanted, "jobId": call.idempotency_key}
        changed = self._answered(await self._client.write("PATCH", path, budget, body), call)
        if not isinstance(changed, Done):
            return changed
        kept = {name: value for name, value in before.items() if name not in _THEIRS}
        return replace(changed, output={**changed.output, "before": kept})

    async def _remove(self, keys: list[str], budget: Budget) -> Outcome:
        for key in dict.fromkeys(keys):
            answer = await self._client.write("DELETE", f"{JOBS}/{segment(key)}", budget, bears={404})
            if isinstance(answer, Refused | Unreachable):
                return answer
        return Done({"removed": list(dict.fromkeys(keys))})

    async def _undo(self, call: FulfillerCall, budget: Budget) -> Outcome:
        if call.action == "delete":
            return Refused("What a job was before it was removed is not known: make it anew.")
        told = call.output or {}
        key = id_of(told.get("job"))
        if key is None:
            made = await self._find(str(call.fulfil_key), budget)
            if isinstance(made, Refused | Unreachable):
                return made
            key = id_of(made)
        if key is None:
            return Done()  # it was never made
        if "before" in told:
            answer = await self._client.write("PATCH", f"{JOBS}/{segment(key)}", budget, told["before"])
            return answer if isinstance(answer, Refused | Unreachable) else Done()
        if call.action == "modify" and self._is_known(call.service, key):
            return Refused("What the job was before the change is not known: the first answer to it was lost.")
        return await self._remove([key], budget)

    async def _find(self, key: str, budget: Budget) -> Document | Trouble | None:
        """The job that was made under a key; a filter that is not understood there must not mislead us."""
        answer = await self._client.get(JOBS, budget, jobId=key)
        if isinstance(answer, Refused | Unreachable):
            return answer
        listed = answer.body if isinstance(answer.body, list) else ()
        fits = (one for one in listed if isinstance(one, dict) and one.get("jobId") == key and id_of(one))
        return next(fits, None)

    def _answered(self, answer: Answered | Trouble, call: FulfillerCall) -> Outcome:
        if isinstance(answer, Refused | Unreachable):
            return answer
        return self._done(answer.body, call)

    def _done(self, job: Any, call: FulfillerCall) -> Outcome:
        key = id_of(job)
        if key is None:
            return Refused("What came is no job: it has no id.", maybe_done=True)
        state = job.get("executionState")
        if state in _ENDED:
            return Refused(f"The job {key} is {state} there.", maybe_done=True)
        shown = {name: job[name] for name in ("id", "href") if isinstance(job.get(name), str)}
        states = {name: job[name] for name in ("executionState", "adminState") if isinstance(job.get(name), str)}
        reference = {**shown, "name": "Performance measurement", "@type": "ResourceRef", "@referredType": REFERRED,
                     "fulfiller": self._id, "task": call.name}  # fmt: skip
        return Done({"job": shown, **states}, (), (reference,))

    def _theirs(self, service: Mapping[str, Any]) -> list[Mapping[str, Any]]:
        """The references to jobs of this system that a service bears."""
        return [
            one
            for one in service.get("supportingResource") or ()
            if isinstance(one, Mapping) and one.get("fulfiller") == self._id
            and one.get("@referredType") == REFERRED and isinstance(one.get("id"), str)
        ]  # fmt: skip

    def _job_of(self, call: FulfillerCall) -> str | None:
        """The job that the task of this name has made for the service; the newest, where there are several."""
        found = [str(one["id"]) for one in self._theirs(call.service) if one.get("task", call.name) == call.name]
        return found[-1] if found else None

    def _is_known(self, service: Mapping[str, Any], key: str) -> bool:
        return any(one["id"] == key for one in self._theirs(service))

    async def poll(self, reference: Accepted, call: FulfillerCall) -> Outcome:  # noqa: ARG002 - the port's signature
        """Nothing is ever taken on for later."""
        return Progress()

    async def probe(self, seconds: float) -> Probe:
        """Look whether its list of jobs can be read."""
        return await self._client.probe(JOBS, seconds)

    async def aclose(self) -> None:
        """Hold nothing: the session belongs to the process."""
