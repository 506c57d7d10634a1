"""The kind `prometheus`: monitors of services, as scrape targets and rules of a Prometheus server.

They are written to files in the folder that the server's operator allows (`adapters.monitor_files`), which Prometheus
reads: targets as soon as they change, rules when it is told to. Before anything is written, Prometheus is asked whether
it understands the expressions, for one broken rule would keep it from loading any.
"""

import asyncio
from datetime import UTC, datetime
from typing import Any, ClassVar
from urllib.parse import urlencode

from adapters.allowances import entry
from adapters.base import BaseFulfiller
from adapters.call_context import call_context
from adapters.credentials import Credentials
from adapters.http_exchange import exchange
from adapters.http_session import Tools
from adapters.monitor_files import Monitor, MonitorFiles, monitor_of
from adapters.monitor_reading import NotAMonitor, read_monitor
from adapters.ports import Done, FulfillerCall, Outcome, Probe, Refused, Unreachable
from adapters.rest_answers import Answer, json_of, trouble_in
from adapters.settings_rules import unknown_settings, wrong_values
from adapters.tmforum.client import Budget
from models.domain.expressions import ExpressionError, ExpressionSyntaxError, compile_template
from models.domain.fulfiller import FulfillerDefinition
from models.domain.outcomes import text
from models.domain.violations import Violation

Trouble = Refused | Unreachable

_KNOWN = ("folder", "monitor")
_RULES = (("folder", "the name of a folder", lambda value: isinstance(value, str) and bool(value)),)
_AS_GIVEN = "= input"


class PrometheusFulfiller(BaseFulfiller):
    """One registered Prometheus server, and the folder that it reads; the endpoint is its address."""

    kind: ClassVar[str] = "prometheus"

    def __init__(self, definition: FulfillerDefinition, credentials: Credentials, tools: Tools) -> None:
        """Write to the folder that the registration names; ask and tell the server at the endpoint."""
        super().__init__(definition, credentials, tools)
        self._monitor = compile_template(definition.settings.get("monitor", _AS_GIVEN))
        self._base = (definition.endpoint or "").rstrip("/")
        self._telling = asyncio.Lock()
        self._told, self._wished = 0, 0

    @classmethod
    def check(cls, definition: FulfillerDefinition) -> list[Violation]:
        """What is wrong with the registration."""
        settings = definition.settings
        found = [*unknown_settings(settings, _KNOWN), *wrong_values(settings, _RULES, needed=("folder",))]
        if not definition.endpoint:
            found.append(Violation("/endpoint", "missing", "A Prometheus needs its address as endpoint."))
        try:
            compile_template(settings.get("monitor", _AS_GIVEN))
        except ExpressionSyntaxError as error:
            found.append(Violation(f"/settings/monitor{error.pointer}", "invalidExpression", str(error)))
        return found

    @classmethod
    def check_here(cls, definition: FulfillerDefinition, tools: Tools) -> list[Violation]:
        """Whether this server may write to the folder."""
        allowed, name = tools.allowed.monitors, definition.settings.get("folder")
        if allowed is None:
            why = "This server writes no monitors: its operator has not set SOM_MONITOR_DIR."
        elif (found := entry(allowed, name)) is None or not found.is_dir():
            why = f"This server has no folder of the name {name!r:.80} for monitors."
        else:
            return []
        return [Violation("/settings/folder", "notAllowed", why)]

    async def engage(self, call: FulfillerCall) -> Outcome:
        """Make, change or remove the monitor; to undo that, put back what was there before."""
        not_allowed, allowed = self.check_here(self.definition, self.tools), self.tools.allowed.monitors
        folder = entry(allowed, self.definition.settings["folder"]) if allowed is not None else None
        if not_allowed or folder is None:
            return Refused(not_allowed[0].message if not_allowed else "The folder for monitors is gone.")
        files, budget = MonitorFiles(folder), Budget(call.timeout)
        service = str(call.service["id"])
        if call.operation != "fulfil":
            return await self._undo(files, service, str(call.fulfil_key), budget)
        if call.action == "delete":
            return await self._remove(files, service, call.idempotency_key, budget)
        try:
            monitor = read_monitor(self._monitor.evaluate(call_context(call)), service)
        except (NotAMonitor, ExpressionError) as error:
            return Refused(f"There is no monitor to make of this: {error}")
        return await self._put(files, monitor, call, budget)

    async def _put(self, files: MonitorFiles, monitor: Monitor, call: FulfillerCall, budget: Budget) -> Outcome:
        for rule in monitor.rules:
            trouble = await self._does_not_understand(rule["expr"], budget)
            if trouble is not None:
                return trouble
        name = monitor_of(str(call.service["id"]), call.name)
        try:
            tell = await asyncio.to_thread(files.put, name, monitor, call.idempotency_key)
        except OSError as error:
            return Refused(f"The monitor cannot be written: {error.strerror}.", maybe_done=True)
        trouble = await self._reload(budget) if tell or (call.repeated and monitor.rules) else None
        if isinstance(trouble, Refused):
            await asyncio.to_thread(files.undo, str(call.service["id"]), call.idempotency_key)
        return trouble or self._done(name, monitor)

    def _done(self, name: str, monitor: Monitor) -> Done:
        targets = [target for group in monitor.targets for target in group["targets"]]
        alerts = [rule["alert"] for rule in monitor.rules if "alert" in rule]
        reference = {"id": name, "name": "Prometheus monitor", "@type": "ResourceRef", "@referredType": "Monitor",
                     "href": f"{self._base}/targets", "fulfiller": self.definition.id}  # fmt: skip
        return Done({"monitor": name, "target": targets, "alert": alerts}, (), (reference,))

    async def _remove(self, files: MonitorFiles, service: str, key: str, budget: Budget) -> Outcome:
        try:
            names, tell = await asyncio.to_thread(files.remove, service, key)
        except OSError as error:
            return Refused(f"The monitor cannot be removed: {error.strerror}.", maybe_done=True)
        return (await self._reload(budget) if tell else None) or Done({"removed": names})

    async def _undo(self, files: MonitorFiles, service: str, key: str, budget: Budget) -> Outcome:
        try:
            tell = await asyncio.to_thread(files.undo, service, key)
        except OSError as error:
            return Refused(f"The monitor cannot be put back: {error.strerror}.", maybe_done=True)
        return (await self._reload(budget) if tell else None) or Done()

    async def _does_not_understand(self, expression: str, budget: Budget) -> Trouble | None:
        """Why Prometheus cannot work with an expression; None where it can."""
        answer = await self._ask("GET", f"/api/v1/query?{urlencode({'query': expression, 'time': '0'})}", budget)
        if not isinstance(answer, Answer):
            return answer if isinstance(answer, Refused) else Unreachable(answer.reason, maybe_done=False)
        body = json_of(answer) if answer.status < 500 else {}
        if answer.status in (400, 422) and isinstance(body, dict):
            return Refused(
                f"Prometheus does not understand {expression!r:.200}: {text(body.get('error')) or 'no reason'}"
            )
        return self._trouble(answer) or (body if isinstance(body, Refused) else None)

    async def _reload(self, budget: Budget) -> Trouble | None:
        """Have Prometheus read its rules anew; calls that wish it at the same time are content with one."""
        self._wished += 1
        mine = self._wished
        async with self._telling:
            if self._told >= mine:
                return None
            wished = self._wished
            answer = await self._ask("POST", "/-/reload", budget)
            if not isinstance(answer, Answer):
                return answer
            if answer.status in (403, 405):
                return Refused(
                    "Prometheus does not let itself be told of new rules; start it with --web.enable-lifecycle."
                )
            if answer.status == 500:
                said = text(answer.body.decode("utf-8", "replace")) or "no reason was given"
                return Refused(f"Prometheus cannot load its rules: {said}")
            trouble = self._trouble(answer)
            if trouble is None:
                self._told = wished
            return trouble

    async def _ask(self, method: str, path: str, budget: Budget) -> Answer | Trouble:
        headers = self.credentials.headers()
        return await exchange(self.tools.session(), method, f"{self._base}{path}", headers, max(budget.left, 0.001))

    @staticmethod
    def _trouble(answer: Answer) -> Trouble | None:
        found: Any = trouble_in(answer, datetime.now(UTC))
        return found if isinstance(found, Refused | Unreachable) else None

    async def probe(self, seconds: float) -> Probe:
        """Look whether it is up."""
        answer = await self._ask("GET", "/-/healthy", Budget(seconds))
        trouble = self._trouble(answer) if isinstance(answer, Answer) else answer
        return Probe(trouble.reason if trouble is not None else None)
