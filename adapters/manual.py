"""The kind `manual`: people. A task becomes a task flow (TMF701) in a queue, and is done when a person has done it.

Its settings are those of the task flow: queue, assignee, name, instructions, priority, due, form, escalation; and
`compensation` with those that differ where work is to be undone. `name` and `instructions` are templates that see the
call (`service`, `input`, `action`, `operation` …) and the order with the item (`order`, `item`). What the specification
maps to `manual` in the task's input stands above the settings, as it is.
"""

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Self

from adapters.call_context import call_context
from adapters.credentials import Credentials
from adapters.forms import JsonSchemaForms
from adapters.http_session import Tools
from adapters.ports import Accepted, FulfillerCall, Outcome, Progress, Refused, TaskFlows, Unreachable
from models.domain.durations import InvalidDuration, duration_seconds
from models.domain.errors import SomError
from models.domain.expressions import ExpressionError, ExpressionSyntaxError, compile_template
from models.domain.fulfiller import OWN_PEOPLE, FulfillerDefinition
from models.domain.order_items import items_of
from models.domain.outcomes import Done, parse_report, text
from models.domain.task_flow import DONE, LONGEST_SECONDS, report_of, wrong_steps
from models.domain.violations import Violation

Settings = Mapping[str, Any]

REGISTRATION: Mapping[str, Any] = {
    "id": OWN_PEOPLE,
    "name": "People",
    "kind": "manual",
    "capability": [{"specification": "*", "action": "person"}],
    "priority": 1_000,
    "settings": {"queue": "people"},
}
"""For what recipes ask of people: registered at the first start, to be changed by whoever knows the people better."""

KNOWN = frozenset({"queue", "assignee", "name", "instructions", "priority", "due", "form", "escalation"})
_TEMPLATES = ("name", "instructions")
_OWN = "manual"
_NOT_HERE = "This process has no task flows; it cannot have people do anything."


class ManualFulfiller:
    """A group of people, registered as a fulfiller."""

    kind: ClassVar[str] = "manual"

    def __init__(self, definition: FulfillerDefinition, flows: TaskFlows | None) -> None:
        """Give work to the people of these settings."""
        self._settings = definition.settings
        self._due = min(definition.deadline, LONGEST_SECONDS)
        self._flows = flows

    @classmethod
    def check(cls, definition: FulfillerDefinition) -> list[Violation]:
        """What is wrong with the settings."""
        settings = dict(definition.settings)
        undoing = settings.pop("compensation", {})
        found = list(wrong_settings(settings, "/settings"))
        if "queue" not in settings:
            found.append(Violation("/settings/queue", "missing", "Whose work it is: name a queue."))
        if not isinstance(undoing, Mapping):
            return [*found, Violation("/settings/compensation", "invalidValue", "compensation must be an object.")]
        return [*found, *wrong_settings(undoing, "/settings/compensation")]

    @classmethod
    def create(cls, definition: FulfillerDefinition, credentials: Credentials, tools: Tools) -> Self:  # noqa: ARG003 - every kind's signature
        """Make one for this registration; people need no credentials of ours."""
        return cls(definition, tools.task_flows)

    async def engage(self, call: FulfillerCall) -> Outcome:
        """Put the work into the queue, or take it out again."""
        if self._flows is None:
            return Refused(_NOT_HERE)
        try:
            if call.operation == "cancel":
                return await _withdrawn(self._flows, call)
            return await self._opened(self._flows, call)
        except SomError as error:
            return Unreachable(str(error))
        except ExpressionError as error:
            return Refused(f"The settings of the fulfiller cannot be applied to this task: {error}")

    async def _opened(self, flows: TaskFlows, call: FulfillerCall) -> Outcome:
        own = _own(call)
        checked = {name: value for name, value in own.items() if name not in _TEMPLATES}
        trouble = next(wrong_settings(checked, f"/{_OWN}"), None)
        if trouble is not None:
            return Refused(f"What the specification says of the manual task cannot be used: {trouble}")
        wanted = {**self._of_registration(call.operation), **own}
        try:
            order = await flows.order(call.order_id) if call.order_id else None
        except SomError as error:
            return Unreachable(str(error), maybe_done=False)
        due = duration_seconds(wanted["due"]) if "due" in wanted else self._due
        made = await flows.open(call.idempotency_key, _body(call, wanted, own, order), due)
        outcome = _outcome(made)
        return Accepted(made["id"], keeps_time=True) if isinstance(outcome, Progress) else outcome

    async def poll(self, reference: Accepted, call: FulfillerCall) -> Outcome:
        """Look how far the people are."""
        if self._flows is None:
            return Refused(_NOT_HERE)
        try:
            body = await self._flows.look(call.idempotency_key)
        except SomError as error:
            return Unreachable(str(error))
        if body is None:
            return Refused(f"There is no task flow {reference.reference} any more.", maybe_done=True)
        return _outcome(body)

    async def aclose(self) -> None:
        """Hold nothing."""

    def _of_registration(self, operation: str) -> dict[str, Any]:
        settings = {name: value for name, value in self._settings.items() if name != "compensation"}
        if operation == "compensate":
            undoing: Settings = self._settings.get("compensation", {})
            return {**settings, "name": None, "form": {}, "instructions": _UNDO, **undoing}
        return settings


_UNDO = "Undo what was done. What was reported of it stands in `input`, under `output`."


def _body(call: FulfillerCall, wanted: Settings, own: Settings, order: Mapping[str, Any] | None) -> dict[str, Any]:
    """The task flow that a call asks for."""
    item = next((item for item in items_of(order or {}) if item.path == call.order_item_id), None)
    context = {**call_context(call), "order": order, "item": item.body if item else None}
    name, instructions = (_rendered(wanted.get(part), None if part in own else context) for part in _TEMPLATES)
    what = _specification(call)
    made: dict[str, Any] = {
        "name": name or _name(call, what),
        "taskFlowSpecification": call.step or f"{what} {call.action}",
        "priority": wanted.get("priority", _priority(order)),
        "instructions": instructions,
        "relatedEntity": _entities(call, item.id if item else None),
        "input": _shown_input(call),
        "form": wanted.get("form") or None,
        "relatedParty": [
            {"id": wanted[role], "role": role, "@type": "RelatedParty", "@referredType": referred}
            for role, referred in (("queue", "PartyRole"), ("assignee", "Individual"))
            if role in wanted
        ],
        "escalation": wanted.get("escalation"),
    }
    if call.operation == "compensate" and call.engaged is not None and call.engaged.reference:
        undone = {"id": call.engaged.reference, "@type": "TaskFlowRef", "@referredType": "TaskFlow"}
        made["taskFlowRelationship"] = [{"relationshipType": "undoes", "taskFlow": undone}]
    return {name: value for name, value in made.items() if value is not None}


async def _withdrawn(flows: TaskFlows, call: FulfillerCall) -> Outcome:
    """Done where nobody has to do anything any more; what a person has completed already has to be undone instead."""
    body = await flows.withdraw(call.fulfil_key or "")
    if body is not None and body.get("outcome") == DONE:
        return Refused("A person has completed it already.")
    return Done()


def _outcome(body: Mapping[str, Any]) -> Outcome:
    report = report_of(body)
    if report is not None:
        return parse_report(report)
    if body.get("outcome"):
        return Refused("The task flow was withdrawn.")
    who = body.get("assignee")
    return Progress(reason=f"{who} has it." if who else f"It waits in the queue {body.get('queue')}.")


def wrong_settings(settings: Settings, place: str) -> Iterator[Violation]:
    """What is wrong with settings of a task flow."""
    for name in sorted(settings.keys() - KNOWN):
        yield Violation(f"{place}/{name}", "unknownSetting", f"A manual task knows only {', '.join(sorted(KNOWN))}.")
    for name, wanted, fits in _RULES:
        if name in settings and not fits(settings[name]):
            yield Violation(f"{place}/{name}", "invalidValue", f"{name} must be {wanted}.")
    for name in _TEMPLATES:
        try:
            compile_template(settings.get(name))
        except ExpressionSyntaxError as error:
            yield Violation(f"{place}/{name}{error.pointer}", "invalidExpression", str(error))
    if settings.get("form"):
        for fault in JsonSchemaForms().faults(settings["form"]):
            yield Violation(f"{place}/form{fault.pointer}", fault.code, fault.message)
    steps = settings.get("escalation")
    if isinstance(steps, list) and all(isinstance(step, Mapping) for step in steps):
        yield from wrong_steps(steps, f"{place}/escalation")


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value)


def _is_duration(value: Any) -> bool:
    try:
        return isinstance(value, str) and 0 < duration_seconds(value) <= LONGEST_SECONDS
    except InvalidDuration:
        return False


def _is_paragraphs(value: Any) -> bool:
    return _is_text(value) or (isinstance(value, list) and bool(value) and all(map(_is_text, value)))


def _is_steps(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(step, Mapping) for step in value)


def _is_priority(value: Any) -> bool:
    return type(value) is int and 0 <= value <= 4


_RULES = (
    ("queue", "the name of a role or group", _is_text),
    ("assignee", "the name of a person", _is_text),
    ("name", "a text, or an expression", _is_text),
    ("instructions", "a text, an expression, or a list of such paragraphs", _is_paragraphs),
    ("priority", "a whole number from 0 (most urgent) to 4", _is_priority),
    ("due", "a duration such as PT8H or P2D", _is_duration),
    ("form", "a JSON schema of an object", lambda value: isinstance(value, Mapping)),
    ("escalation", "a list of steps {after, priority, queue}", _is_steps),
)


def _own(call: FulfillerCall) -> Settings:
    """What the specification says of the task flow, where it says anything."""
    own = call.input.get(_OWN) if isinstance(call.input, Mapping) and call.operation == "fulfil" else None
    return own if isinstance(own, Mapping) else {}


def _rendered(value: Any, context: Mapping[str, Any] | None) -> str | None:
    """Paragraphs as one text: templates that are applied to a context, or, without one, texts as they are."""
    parts = value if isinstance(value, list) else [value]
    if context is not None:
        parts = [compile_template(part).evaluate(context) for part in parts]
    return "\n\n".join(str(part) for part in parts if part is not None) or None


def _name(call: FulfillerCall, specification: str) -> str:
    """What is to be done, in a few words: of several tasks for one service, each has a name of its own."""
    task = f"{call.name}: " if call.name not in ("", call.action) else ""
    return f"{'Undo: ' if call.operation == 'compensate' else ''}{task}{call.action} {specification}"


def _specification(call: FulfillerCall) -> str:
    reference = call.service.get("serviceSpecification") or {}
    named = reference.get("name") or reference.get("id") or call.service.get("name") or call.service.get("id")
    return text(named) or "service"


def _priority(order: Mapping[str, Any] | None) -> int:
    given = (order or {}).get("priority")
    return int(given) if given in ("0", "1", "2", "3", "4") else 4


def _entities(call: FulfillerCall, item: str | None) -> list[dict[str, Any]]:
    named = (
        ("serviceOrder", "ServiceOrder", call.order_id, None),
        ("serviceOrderItem", "ServiceOrderItem", item or call.order_item_id, None),
        ("service", "Service", call.service.get("id"), call.service.get("name")),
    )
    return [
        {
            "id": key,
            "role": role,
            "@type": "RelatedEntity",
            "@referredType": referred,
            **({"name": name} if name else {}),
        }
        for role, referred, key, name in named
        if key
    ]


def _shown_input(call: FulfillerCall) -> Any:
    """What the person has to work with: the specification's mapping, without what it says of the task flow itself."""
    if call.operation == "compensate":
        return {"output": dict(call.output)} if call.output else None
    given = call.input
    if isinstance(given, Mapping):
        return {name: value for name, value in given.items() if name != _OWN} or None
    return None if given is None else {"input": given}
