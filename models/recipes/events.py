"""Event definitions of a BPMN file."""

import re
from xml.etree.ElementTree import Element

from models.domain.recipes import times
from models.domain.recipes.model import Event, EventKind, Timer, TimerKind
from models.recipes import foreign
from models.recipes.camunda8 import zeebe_correlation
from models.recipes.elements import child, children, is_computed, local, named, text_of
from models.recipes.own_words import own_correlation
from models.recipes.reader import Reader

_KINDS: dict[str, EventKind] = {
    "messageEventDefinition": "message",
    "timerEventDefinition": "timer",
    "signalEventDefinition": "signal",
    "conditionalEventDefinition": "conditional",
    "errorEventDefinition": "error",
    "escalationEventDefinition": "escalation",
    "compensateEventDefinition": "compensate",
    "cancelEventDefinition": "cancel",
    "terminateEventDefinition": "terminate",
    "linkEventDefinition": "link",
}
_TIMERS: tuple[tuple[str, TimerKind], ...] = (
    ("timeDate", "date"),
    ("timeDuration", "duration"),
    ("timeCycle", "cycle"),
)
_QUOTED = re.compile(r"""(["'])([^"']*)\1""")
"""A time as a text literal, as SpiffWorkflow has it."""
_STARTS_A_RUN = "startEvent"


def read_events(reader: Reader, element: Element) -> tuple[Event, ...]:
    """Return an event's definitions: those that stand in it, and those it refers to."""
    referred = [reader.referred(text_of(one)) for one in children(element, "eventDefinitionRef")]
    definitions = [one for one in (*element, *referred) if one is not None and local(one) in _KINDS]
    return tuple(_event(reader, element, definition, _KINDS[local(definition)]) for definition in definitions)


def received_message(reader: Reader, element: Element) -> Event:
    """Return what a receive task waits for."""
    message = reader.referred(element.get("messageRef"))
    return Event("message", _message_name(reader, element, message), correlation=_correlation(reader, element, message))


def _event(  # noqa: PLR0911 - one for each kind
    reader: Reader, element: Element, definition: Element, kind: EventKind
) -> Event:
    match kind:
        case "message":
            message = reader.referred(definition.get("messageRef"))
            correlation = _correlation(reader, element, message)
            return Event(kind, _message_name(reader, element, message), correlation=correlation)
        case "timer":
            return Event(kind, timer=_timer(reader, element, definition))
        case "signal":
            return Event(kind, _name_of(reader, element, reader.referred(definition.get("signalRef"))))
        case "conditional":
            return Event(kind, condition=reader.condition(element, child(definition, "condition"), "Its condition"))
        case "error":
            return Event(kind, code=_code(reader, element, definition.get("errorRef"), "errorCode"))
        case "escalation":
            return Event(kind, code=_code(reader, element, definition.get("escalationRef"), "escalationCode"))
        case "compensate":
            activity = reader.referred(definition.get("activityRef"))
            return Event(kind, activity=activity.get("id") if activity is not None else None)
        case "link":
            return Event(kind, named(definition) or named(element))
        case _:
            return Event(kind)


def _message_name(reader: Reader, element: Element, message: Element | None) -> str | None:
    """Return the name under which a message is known: its own, else that of the message flow that is drawn."""
    if message is not None:
        return _name_of(reader, element, message)
    identity = element.get("id", "")
    flow = reader.flows_to.get(identity)
    flow = flow if flow is not None else reader.flows_from.get(identity)
    if flow is None:
        return None
    told = _name_of(reader, element, reader.referred(flow.get("messageRef")))
    return told or named(flow) or flow.get("id")


def _correlation(reader: Reader, element: Element, message: Element | None) -> str | None:
    own = own_correlation(reader, element, element)
    if own is not None or message is None or (local(element) == _STARTS_A_RUN and not _is_inside(reader, element)):
        return own
    return own_correlation(reader, element, message) or zeebe_correlation(reader, element, message)


def _is_inside(reader: Reader, element: Element) -> bool:
    """Whether a start event is that of an event sub-process: only these wait in a run."""
    return any(element in list(one) for one in reader.root.iter() if local(one) == "subProcess")


def _name_of(reader: Reader, element: Element, named_one: Element | None) -> str | None:
    """The name of a message or signal; None where it would have to be computed."""
    if named_one is None:
        return None
    return reader.fixed(element, named(named_one) or named_one.get("id"), "The name of what it is about")


def _code(reader: Reader, element: Element, reference: str | None, attribute: str) -> str | None:
    defined = reader.referred(reference)
    if defined is None:
        return (reference or "").rpartition(":")[2] or None
    return reader.fixed(element, defined.get(attribute) or named(defined) or defined.get("id"), "Its code")


def _timer(reader: Reader, element: Element, definition: Element) -> Timer | None:
    for name, kind in _TIMERS:
        holder = child(definition, name)
        text = text_of(holder)
        if not text:
            continue
        if literal := _QUOTED.fullmatch(text):
            text = literal[2]
        if is_computed(text):
            feel = reader.expression(element, _whole(text), "Its time")
            return None if feel is None else Timer(kind, feel, expression=True)
        return _fixed(reader, element, kind, text)
    return None


def _whole(text: str) -> str:
    """A time of Camunda 7 that is put together, as in `PT${minutes}M`, as one expression."""
    template, _ = foreign.value(text)
    return text if text.startswith(("=", "${", "#{")) or not template.startswith("=") else template


def _fixed(reader: Reader, element: Element, kind: TimerKind, text: str) -> Timer | None:
    try:
        times.due(kind, text, times.moment("2026-01-01"))
    except times.InvalidTime as error:
        if local(element) == _STARTS_A_RUN and not _is_inside(reader, element):
            reader.problem(element, "ignored", "remark", f"Runs are not begun by this timer here: {error}")
        else:
            reader.problem(element, "noTrigger", "incomplete", str(error))
        return None
    return Timer(kind, text)
