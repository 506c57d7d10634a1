"""Event definitions of a BPMN file."""

from xml.etree.ElementTree import Element

from models.domain.recipes import times
from models.domain.recipes.model import Event, EventKind, Timer, TimerKind
from models.recipes.camunda8 import zeebe_correlation
from models.recipes.elements import child, children, local, named, text_of
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
            return Event(kind, _name_of(reader.referred(definition.get("signalRef"))))
        case "conditional":
            return Event(kind, condition=reader.condition(element, child(definition, "condition"), "Its condition"))
        case "error":
            return Event(kind, code=_code(reader.referred(definition.get("errorRef")), "errorCode"))
        case "escalation":
            return Event(kind, code=_code(reader.referred(definition.get("escalationRef")), "escalationCode"))
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
        return _name_of(message)
    identity = element.get("id", "")
    flow = reader.flows_to.get(identity)
    flow = flow if flow is not None else reader.flows_from.get(identity)
    if flow is None:
        return None
    return _name_of(reader.referred(flow.get("messageRef"))) or named(flow) or flow.get("id")


def _correlation(reader: Reader, element: Element, message: Element | None) -> str | None:
    own = own_correlation(reader, element, element)
    if own is not None or message is None or (local(element) == _STARTS_A_RUN and not _is_inside(reader, element)):
        return own
    return own_correlation(reader, element, message) or zeebe_correlation(reader, element, message)


def _is_inside(reader: Reader, element: Element) -> bool:
    """Whether a start event is that of an event sub-process: only these wait in a run."""
    return any(element in list(one) for one in reader.root.iter() if local(one) == "subProcess")


def _name_of(element: Element | None) -> str | None:
    return None if element is None else named(element) or element.get("id")


def _code(element: Element | None, attribute: str) -> str | None:
    return None if element is None else element.get(attribute) or named(element) or element.get("id")


def _timer(reader: Reader, element: Element, definition: Element) -> Timer | None:
    for name, kind in _TIMERS:
        holder = child(definition, name)
        text = text_of(holder)
        if not text:
            continue
        if text.startswith(("=", "$", "#")):
            feel = reader.expression(element, text, "Its time")
            return None if feel is None else Timer(kind, feel, expression=True)
        return _fixed(reader, element, kind, text)
    return None


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
