"""The kind `netconf`: configuration of a device over NETCONF (RFC 6241), rendered from a template."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, ClassVar

from lxml import etree
from ncclient import manager
from ncclient.operations import OperationError, RPCError
from ncclient.transport.errors import AuthenticationError, SSHUnknownHostError, TransportError

from adapters.base import BlockingFulfiller
from adapters.call_context import call_context
from adapters.netconf_template import BASE, TemplateError, is_in_force, parse, render, without_operations
from adapters.ports import Done, FulfillerCall, Outcome, Refused, Unreachable
from adapters.settings_rules import unknown_settings, wrong_values
from adapters.ssh_settings import KNOWN, host_keys, wrong_settings
from models.domain.expressions import ExpressionError, ExpressionSyntaxError, compile_template
from models.domain.fulfiller import FulfillerDefinition
from models.domain.outcomes import parse_done, text
from models.domain.violations import Violation

_PORT = 830
_WORKS = ("add", "modify", "delete")
_OPPOSITE = {"add": "delete", "delete": "add", "modify": "modify"}
_TRY_AGAIN = frozenset({"lock-denied", "in-use", "resource-denied"})


class NetconfFulfiller(BlockingFulfiller):
    """One registered device."""

    kind: ClassVar[str] = "netconf"

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
        try:
            with self._connected(seconds) as device:
                return _change(device, wanted, self.definition.settings, began)
        except RPCError as error:
            return _refused(error, began)
        except SSHUnknownHostError:
            return Refused("The device shows another key than that of the registration; nothing was said to it.")
        except AuthenticationError:
            return Refused("The device does not accept the credentials of the registration.")
        except (TransportError, OperationError, OSError) as error:
            where = "The connection broke" if began else "The device cannot be reached"
            return Unreachable(f"{where}: {text(str(error)) or type(error).__name__}.", maybe_done=bool(began))

    @contextmanager
    def _connected(self, seconds: float) -> Iterator[manager.Manager]:
        settings, secret = self.definition.settings, self.credentials.secret()
        with _key_file(secret.get("privateKey")) as key:
            device = manager.connect(
                host=settings["host"],
                port=settings.get("port", _PORT),
                username=secret.get("username", ""),
                password=secret.get("passphrase") if key else secret.get("password"),
                key_filename=key,
                hostkey_b64=host_keys(settings)[0].split()[1],
                allow_agent=False,
                look_for_keys=False,
                ssh_config=None,
                timeout=seconds,
            )
        with device:
            device.timeout = seconds
            yield device


def _change(device: manager.Manager, wanted: etree._Element, settings: Mapping[str, Any], began: list[str]) -> Outcome:
    """Lock, compare, edit, validate, commit, and see whether it is in force then."""
    capabilities = device.server_capabilities
    target = "candidate" if ":candidate" in capabilities else "running"
    with device.locked(target):
        if _is_there(device, wanted):
            return Done()
        config = etree.Element(f"{{{BASE}}}config", nsmap={"nc": BASE})
        config.append(wanted)
        began.append(target)
        careful = "rollback-on-error" if ":rollback-on-error" in capabilities else None
        try:
            device.edit_config(target=target, config=config, default_operation="merge", error_option=careful)
            if target == "candidate":
                _commit(device, wanted, settings)
        except RPCError:
            if target == "candidate":
                device.discard_changes()
            raise
        if _is_there(device, wanted):
            return Done()
    return Refused("The device took the configuration, but it is not in force.", maybe_done=True)


def _commit(device: manager.Manager, wanted: etree._Element, settings: Mapping[str, Any]) -> None:
    """Make it running; where it is to be confirmed, only if the device still answers and has it in force."""
    if settings.get("validate", True) and ":validate" in device.server_capabilities:
        device.validate("candidate")
    confirm = settings.get("confirm")
    if confirm is None or ":confirmed-commit" not in device.server_capabilities:
        device.commit()
        return
    device.commit(confirmed=True, timeout=str(confirm))
    if _is_there(device, wanted):
        device.commit()


def _is_there(device: manager.Manager, wanted: etree._Element) -> bool:
    answer = device.get_config("running", filter=("subtree", without_operations(wanted)))
    found = list(answer.data_ele.iterchildren(etree.Element)) if answer.data_ele is not None else []
    return _in_force(wanted, found)


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
        return Unreachable(f"The device is busy: {said}.", maybe_done=False)
    return Refused(f"{said}{where} ({error.tag})", maybe_done=began == ["running"])


@contextmanager
def _key_file(key: str | None) -> Iterator[str | None]:
    """The key as a file that is in memory only: the library takes names of files."""
    if key is None:
        yield None
        return
    descriptor = os.memfd_create("key")
    try:
        os.write(descriptor, key.encode())
        yield f"/proc/self/fd/{descriptor}"
    finally:
        os.close(descriptor)


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
