"""The kind `netconf`: configuration of a device over NETCONF (RFC 6241), rendered from a template."""

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, ClassVar

from lxml import etree
from ncclient import NCClientError
from ncclient.operations import OperationError, RPCError, TimeoutExpiredError
from ncclient.transport.errors import AuthenticationError, NetconfFramingError, SSHUnknownHostError

from adapters.base import BlockingFulfiller
from adapters.call_context import call_context
from adapters.credentials import Credentials
from adapters.http_session import Tools
from adapters.netconf_session import LOCKED, Device, NoNetconf, connected
from adapters.netconf_template import BASE, TemplateError, is_in_force, parse, render, without_operations
from adapters.ports import Done, FulfillerCall, Outcome, Refused, Unreachable
from adapters.settings_rules import unknown_settings, wrong_values
from adapters.ssh_settings import KNOWN, wrong_settings
from models.domain.expressions import ExpressionError, ExpressionSyntaxError, compile_template
from models.domain.fulfiller import FulfillerDefinition
from models.domain.outcomes import parse_done, text
from models.domain.violations import Violation

_WORKS = ("add", "modify", "delete")
_OPPOSITE = {"add": "delete", "delete": "add", "modify": "modify"}
_TRY_AGAIN = LOCKED | {"resource-denied"}


class NetconfFulfiller(BlockingFulfiller):
    """One registered device. It has one call at a time from this process: a datastore is locked by one session."""

    kind: ClassVar[str] = "netconf"

    def __init__(self, definition: FulfillerDefinition, credentials: Credentials, tools: Tools) -> None:
        """Connect later, when there is something to do."""
        super().__init__(definition, credentials, tools)
        self._turn = asyncio.Semaphore(1)

    @classmethod
    def check(cls, definition: FulfillerDefinition) -> list[Violation]:
        """What is wrong with the settings."""
        settings = definition.settings
        found = unknown_settings(
            settings, (*KNOWN, "template", "confirm", "validate", "output", "serviceCharacteristic")
        )
        found.extend(wrong_settings(settings))
        found.extend(wrong_values(settings, _RULES, needed=("template",)))
        return found or list(_wrong_templates(settings))

    async def engage(self, call: FulfillerCall) -> Outcome:
        """Wait for our turn, then do it in a thread."""
        ends = asyncio.get_running_loop().time() + call.timeout
        try:
            async with asyncio.timeout_at(ends):
                await self._turn.acquire()
        except TimeoutError:
            return Unreachable(
                f"Other calls had the device for {call.timeout:g} seconds.", maybe_done=False, cause="timeout"
            )
        try:
            left = ends - asyncio.get_running_loop().time()
            return await super().engage(replace(call, timeout=max(left, 0.0)))
        finally:
            self._turn.release()

    def engage_blocking(self, call: FulfillerCall) -> Outcome:
        """Bring the configuration about, or take it back; where it is so already, nothing is done."""
        undone = call.operation != "fulfil"
        template = self.definition.settings["template"].get(_OPPOSITE[call.action] if undone else call.action)
        if template is None or (undone and call.action != "add" and call.former is None):
            return Refused(f"The registration has no template to {call.operation} {call.action}.")
        context = call_context(call)
        if undone and call.former is not None:
            context["service"] = call.former
        try:
            wanted = render(parse(template), context)
            facts = parse_done({} if undone else self._facts(context))
        except (ExpressionError, TemplateError) as error:
            return Refused(f"The template cannot be applied to this task: {error}")
        outcome = self._configured(wanted, call.timeout)
        return facts if isinstance(outcome, Done) else outcome

    def _facts(self, context: Mapping[str, Any]) -> Any:
        settings = self.definition.settings
        named = {name: settings[name] for name in ("output", "serviceCharacteristic") if name in settings}
        return compile_template(named).evaluate(context)

    def _configured(self, wanted: etree._Element, seconds: float) -> Outcome:
        began: list[str] = []
        settings = self.definition.settings
        try:
            with connected(settings, self.credentials.secret(), seconds) as device:
                return _change(device, wanted, settings, began)
        except RPCError as error:
            return _refused(error, began)
        except (NCClientError, OSError) as error:
            return _what_broke(error, seconds, bool(began))


def _change(device: Device, wanted: etree._Element, settings: Mapping[str, Any], began: list[str]) -> Outcome:
    """Lock, compare, edit, validate, commit, and see whether it is in force then.

    `began` holds, from the first request on that can change something, where a part of it may remain for good: in
    `running`, in the `candidate`, or, where the device takes back what it cannot do as a whole, `nowhere`.
    """
    target = "candidate" if device.can(":candidate") else "running"
    with device.locked(target):
        if _is_there(device, wanted):
            return Done()
        config = etree.Element(f"{{{BASE}}}config", nsmap={"nc": BASE})
        config.append(wanted)
        careful = "rollback-on-error" if device.can(":rollback-on-error") else None
        began.append("nowhere" if careful and target == "running" else target)
        try:
            device.ask("edit_config", config, target=target, default_operation="merge", error_option=careful)
            if target == "candidate":
                _commit(device, wanted, settings)
        except RPCError:
            if target == "candidate":
                device.ask("discard_changes")
            raise
        if _is_there(device, wanted):
            return Done()
    return Refused("The device took the configuration, but it is not in force.", maybe_done=True)


def _commit(device: Device, wanted: etree._Element, settings: Mapping[str, Any]) -> None:
    """Make it running; where it is to be confirmed, only if the device still answers and has it in force."""
    if settings.get("validate", True) and device.can(":validate"):
        device.ask("validate", "candidate")
    confirm = settings.get("confirm")
    if confirm is None or not device.can(":confirmed-commit"):
        device.ask("commit")
        return
    device.ask("commit", confirmed=True, timeout=str(confirm))
    if _is_there(device, wanted):
        device.ask("commit")


def _is_there(device: Device, wanted: etree._Element) -> bool:
    return _in_force(wanted, device.running(without_operations(wanted)))


def _in_force(wanted: etree._Element, found: list[etree._Element]) -> bool:
    """What is to be removed may be absent with all that it stood in."""
    removes_only = all(leaf.get(f"{{{BASE}}}operation") for leaf in wanted.iterchildren(etree.Element))
    if not found and removes_only and len(wanted):
        return True
    return is_in_force(wanted, found)


def _refused(error: RPCError, began: list[str]) -> Outcome:
    said = text(error.message) or str(error.tag)
    where = f" at {text(error.path.strip())}" if error.path else ""
    if error.tag in _TRY_AGAIN and not began:
        return Unreachable(f"The device is busy: {said}.", maybe_done=False, cause="status")
    return Refused(f"{said}{where} ({error.tag})", maybe_done=began == ["running"])


def _what_broke(error: Exception, seconds: float, began: bool) -> Outcome:
    """No answer, or none that could be understood."""
    match error:
        case SSHUnknownHostError():
            return Refused("The device shows another key than that of the registration; nothing was said to it.")
        case AuthenticationError():
            return Refused("The device does not accept the credentials of the registration.")
        case NoNetconf() | OperationError() | NetconfFramingError():
            return Refused(f"The device does not answer as NETCONF asks: {_said(error)}.", maybe_done=began)
        case TimeoutExpiredError():
            return Unreachable(
                f"The device did not answer within {seconds:g} seconds.", maybe_done=began, cause="timeout"
            )
    where = "The connection broke" if began else "The device cannot be reached"
    return Unreachable(f"{where}: {_said(error)}.", maybe_done=began, cause="broken" if began else "connection")


def _said(error: Exception) -> str:
    return text(str(error)) or type(error).__name__


def _wrong_templates(settings: Mapping[str, Any]) -> Iterator[Violation]:
    for work, template in settings["template"].items():
        try:
            parse(template)
        except (TemplateError, ExpressionSyntaxError) as error:
            yield Violation(f"/settings/template/{work}", "invalidTemplate", f"This is no template: {error}")
    for name in ("output", "serviceCharacteristic"):
        try:
            compile_template(settings.get(name))
        except ExpressionSyntaxError as error:
            yield Violation(f"/settings/{name}{error.pointer}", "invalidExpression", str(error))


def _are_templates(value: Any) -> bool:
    return (
        isinstance(value, Mapping)
        and bool(value)
        and value.keys() <= set(_WORKS)
        and all(isinstance(template, str) for template in value.values())
    )


_RULES = (
    ("template", f"an object of XML by {', '.join(_WORKS)}", _are_templates),
    ("confirm", "seconds, from 1 to 3600", lambda value: isinstance(value, int) and 1 <= value <= 3600),
    ("validate", "true or false", lambda value: isinstance(value, bool)),
    ("output", "an object", lambda value: isinstance(value, Mapping)),
    ("serviceCharacteristic", "a list", lambda value: isinstance(value, list)),
)
