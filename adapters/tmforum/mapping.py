"""What is called how on the other side: specifications and characteristics, both ways. No input or output here.

Settings: `specification` (ours to theirs), `characteristic` (a table of names, ours to theirs; null keeps one to
ourselves), `send` and `receive` (templates instead of the table), `order`, `item` and `subject` (templates of what the
order, its item, and the service, resource or product in it, say besides).
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from adapters.call_context import call_context, values_by_name
from adapters.ports import FulfillerCall
from models.domain.expressions import ExpressionSyntaxError, Template, compile_template
from models.domain.violations import Violation

Document = dict[str, Any]

_PLAIN = re.compile(r"=\s*service\.characteristic\.(\w+)\s*")
"""An expression that is one of our values as it is."""
TEMPLATES = ("send", "receive", "order", "item", "subject")
NAMES = frozenset({"specification", "characteristic", *TEMPLATES})


@dataclass(frozen=True, slots=True)
class Received:
    """What the other side's words mean here.

    Attributes:
        output: facts for later tasks.
        characteristics: actual values by our names, as entries of `serviceCharacteristic`.
    """

    output: Document = field(default_factory=dict)
    characteristics: tuple[Document, ...] = ()


class NameMapping:
    """The mapping of one fulfiller, compiled from its settings."""

    def __init__(self, settings: Mapping[str, Any]) -> None:
        """Compile it; the settings have been checked by `check`."""
        self._specifications: Mapping[str, Any] = settings.get("specification") or {}
        self._ours_to_theirs: Mapping[str, str | None] = settings.get("characteristic") or {}
        self._theirs_to_ours = {theirs: ours for ours, theirs in self._ours_to_theirs.items() if theirs is not None}
        self._send: Mapping[str, Any] = settings.get("send") or {}
        self._templates: dict[str, Template] = {
            name: compile_template(settings[name]) for name in TEMPLATES if settings.get(name) is not None
        }

    def ours(self, name: str) -> str | None:
        """Our name for a characteristic of theirs; None where a value of ours is not sent as it is, or not at all."""
        if "send" not in self._templates:
            ours: str = self._theirs_to_ours.get(name, name)
            return None if self._ours_to_theirs.get(ours, name) is None else ours
        expression = self._send.get(name)
        found = _PLAIN.fullmatch(expression) if isinstance(expression, str) else None
        return str(found[1]) if found else None

    def specification(self, service: Mapping[str, Any]) -> Document | None:
        """Their specification for a service of ours: as mapped by our id or name, else the same as ours."""
        ours = service.get("serviceSpecification") or {}
        same = {name: ours[name] for name in ("id", "name", "version") if ours.get(name) is not None}
        return self.mapped(service) or same or None

    def mapped(self, service: Mapping[str, Any]) -> Document | None:
        """What the table `specification` says of a service of ours; None where it says nothing."""
        ours = service.get("serviceSpecification") or {}
        for known in (ours.get("id"), ours.get("name")):
            if isinstance(known, str) and known in self._specifications:
                theirs = self._specifications[known]
                return {"id": theirs} if isinstance(theirs, str) else dict(theirs)
        return None

    def sent(self, call: FulfillerCall, *, back: bool = False, whole: bool = False) -> list[Document]:
        """The characteristics that are sent for a call, under their names.

        Args:
            call: what is asked for.
            back: the values from before a modification are wanted, to undo it.
            whole: all values, also where only some of them change.

        Raises:
            ExpressionError: the template cannot be evaluated on this call.
        """
        template = self._templates.get("send")
        if template is not None and not back:
            named = template.evaluate(call_context(call))
            return [{"name": name, "value": value} for name, value in (named or {}).items()]
        return [
            {**entry, "name": theirs}
            for entry in _entries(call, back=back, whole=whole)
            if (theirs := self._ours_to_theirs.get(entry["name"], entry["name"])) is not None
        ]

    def additions(self, name: str, call: FulfillerCall) -> Document:
        """What the template `order`, `item` or `subject` adds. Raises ExpressionError."""
        template = self._templates.get(name)
        return dict(template.evaluate(call_context(call)) or {}) if template is not None else {}

    def received(self, subject: Mapping[str, Any], entries: Any, order: Mapping[str, Any]) -> Received:
        """What a service or resource of theirs means for the service of ours that it is for.

        Args:
            subject: their service or resource.
            entries: its characteristics.
            order: the order that made it; empty where there is none.

        Raises:
            ExpressionError: the template cannot be evaluated on it.
        """
        theirs = values_by_name(entries)
        template = self._templates.get("receive")
        if template is None:
            ours = {self._theirs_to_ours.get(name, name): value for name, value in theirs.items()}
            return Received({}, tuple({"name": name, "value": value} for name, value in ours.items()))
        made = template.evaluate({"subject": subject, "characteristic": theirs, "order": order}) or {}
        # Null says nothing here: what the other side leaves out of an order must not remove a value of ours.
        named = {name: value for name, value in (made.get("characteristic") or {}).items() if value is not None}
        return Received(
            dict(made.get("output") or {}), tuple({"name": name, "value": value} for name, value in named.items())
        )


def _entries(call: FulfillerCall, *, back: bool, whole: bool) -> Iterator[Document]:
    """The values to send under our names: those that change, the specification's input, or all of the service's."""
    wanted = _described(call.service)
    before = _described(call.former or {})
    if call.action != "modify":
        if isinstance(call.input, Mapping) and call.operation == "fulfil":
            yield from ({"name": name, "value": value} for name, value in call.input.items())
        else:
            yield from wanted.values()
        return
    old, new = (wanted, before) if back else (before, wanted)
    if isinstance(call.input, Mapping) and not back:
        new = {**(new if whole else {}), **{name: {"name": name, "value": part} for name, part in call.input.items()}}
        yield from new.values()
        return
    for name, entry in new.items():
        if whole or old.get(name, {}).get("value") != entry.get("value"):
            yield entry
    if not whole:
        yield from ({"name": name, "value": None} for name in old if name not in new)


def _described(service: Mapping[str, Any]) -> dict[str, Document]:
    return {
        entry["name"]: {part: entry[part] for part in ("name", "value", "valueType") if part in entry}
        for entry in service.get("serviceCharacteristic") or ()
        if "name" in entry
    }


def check(settings: Mapping[str, Any]) -> Iterator[Violation]:
    """What is wrong with the mapping in a fulfiller's settings."""
    for name, fits, wanted in _TABLES:
        table = settings.get(name)
        if table is not None and not (isinstance(table, Mapping) and all(fits(value) for value in table.values())):
            yield Violation(f"/settings/{name}", "invalidType", f"{name} must be an object whose values are {wanted}.")
    renamed = settings.get("characteristic")
    if isinstance(renamed, Mapping):
        theirs = [value for value in renamed.values() if isinstance(value, str)]
        if len(set(theirs)) < len(theirs):
            message = "Two of our names lead to the same of theirs, so that there is no way back."
            yield Violation("/settings/characteristic", "duplicate", message)
    for name in TEMPLATES:
        template = settings.get(name)
        if template is None:
            continue
        if not isinstance(template, Mapping):
            yield Violation(f"/settings/{name}", "invalidType", f"{name} must be an object.")
            continue
        try:
            compile_template(template)
        except ExpressionSyntaxError as error:
            yield Violation(f"/settings/{name}{error.pointer}", "invalidExpression", str(error))


def _is_reference(value: Any) -> bool:
    return bool(value) and (isinstance(value, str) or (isinstance(value, Mapping) and isinstance(value.get("id"), str)))


_TABLES = (
    ("specification", _is_reference, "ids, or objects with an id"),
    ("characteristic", lambda value: value is None or (isinstance(value, str) and bool(value)), "names or null"),
)
