"""What somebody has registered for at a hub: TMF630's `callback` and `query`."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self
from urllib.parse import unquote_plus, urlsplit

from models.domain.dates import canonical_date
from models.domain.errors import InvalidRequest
from models.domain.events import ON_REQUEST, SUBJECTS, event_types, listener_name, subjects_of, told_as
from models.domain.filters import And, Compare, Condition, Match, Op, Path, Predicate, Value, predicate
from models.domain.patterns import PatternEngine, PatternError
from models.domain.sinks import Sink
from models.domain.violations import Violation

Document = dict[str, Any]

ACTIVE = "active"
ENDED = "ended"

MAX_QUERY_LENGTH = 4_096
MAX_CALLBACK_LENGTH = 2_048
MAX_CONDITIONS = 50
ALWAYS_SENT = ("eventId", "eventTime", "eventType", "@type")

_ENVELOPE = frozenset(
    {
        *ALWAYS_SENT,
        "correlationId",
        "domain",
        "title",
        "description",
        "priority",
        "timeOcurred",
        "timeOccurred",
        "fieldPath",
        "threshold",
        "level",
        "reached",
        "utilisation",
        "event",
    }
)
_PART = re.compile(r"([^=<>*!]+)(>=|<=|\*=|!=|=|>|<)(.*)", re.DOTALL)
_REGEX = "regex"
_SIGNS = {">=": "gte", "<=": "lte", "*=": _REGEX, "!=": "ne", ">": "gt", "<": "lt"}
_OPERATORS = frozenset({_REGEX, *Op})
_ORDERING = frozenset({Op.GT, Op.GTE, Op.LT, Op.LTE})


@dataclass(frozen=True, slots=True)
class Interest:
    """A parsed query.

    Attributes:
        types: the event types wanted; None for all.
        fulfilled: whether an envelope meets the conditions; None for no condition.
        fields: what of an event is sent, as dotted paths; None for everything.
    """

    types: frozenset[str] | None = None
    fulfilled: Predicate | None = None
    fields: tuple[str, ...] | None = None

    def names(self, event_type: str) -> bool:
        """Whether events of this type are asked for: by name, or, where none is named, as one of TM Forum's."""
        return event_type not in ON_REQUEST if self.types is None else event_type in self.types

    def wants(self, envelope: Mapping[str, Any]) -> bool:
        """Whether this event is to be told of."""
        return self.names(envelope["eventType"]) and self.is_met_by(envelope)

    def is_met_by(self, envelope: Mapping[str, Any]) -> bool:
        """Whether an event meets the conditions, of whatever type it is."""
        try:
            return self.fulfilled is None or self.fulfilled(envelope)
        except PatternError:  # a text too long for a costly regex: it is not what was asked for, and holds up nobody
            return False

    def project(self, envelope: Document) -> Document:
        """What of the event is sent: the fields asked for, and always which event it is and what it is about."""
        if self.fields is None:
            return envelope
        paths = [tuple(field.split(".")) for field in self.fields]
        outside = [path for path in paths if path[0] != "event"]
        picked: Document = _picked(envelope, outside, ALWAYS_SENT)
        always = ("id", "href", "@type") if "@type" in envelope else ("id", "href")  # v5 has a class everywhere
        return picked | {"event": _picked_event(envelope["event"], paths, always)}


@dataclass(frozen=True, slots=True)
class Subscription:
    """A registration.

    Attributes:
        id: of the registration.
        tenant: whose events.
        api: of the hub that was called.
        version: of that hub.
        callback: where to send notifications.
        interest: which ones, and what of them.
        secret: signs them.
        former: the secret before, and the moment up to which it signs, too.
        append_listener_path: whether `/listener/<event>` is added to the callback.
        sink: where instances go instead of notifications.
        mute: the secret that signs cannot be read: nothing is sent, for unsigned it would not be trusted.
    """

    id: str
    tenant: str
    api: str
    version: str
    callback: str
    interest: Interest
    secret: str | None = None
    former: tuple[str, datetime] | None = None
    append_listener_path: bool = False
    mute: bool = False
    sink: Sink | None = None

    @classmethod
    def of(cls, document: Mapping[str, Any], patterns: PatternEngine) -> Self:
        """The registration that a stored document holds, with its secrets as texts, or without any where it is `mute`.

        Raises:
            InvalidRequest: its query cannot be understood.
        """
        former = document.get("former")
        return cls(
            id=document["_id"],
            tenant=document["tenant"],
            api=document["api"],
            version=document["version"],
            callback=document["callback"],
            interest=parse_query(document.get("query"), document["api"], patterns, document["version"]),
            secret=document.get("secret"),
            former=(former["secret"], former["until"]) if former else None,
            append_listener_path=document.get("appendListenerPath", False),
            mute=document.get("mute", False),
            sink=Sink.of(document["sink"], document.get("credentials")) if document.get("sink") else None,
        )

    def concerns(self, event: Mapping[str, Any]) -> bool:
        """Whether a stored event is of this subscription's API and tenant, so that its query is worth asking."""
        if event["api"] != self.api or event["tenant"] != self.tenant or event["resource"]["type"] not in SUBJECTS:
            return False
        if self.sink is not None and not self.sink.concerns(event):
            return False
        return self.interest.names(self.told_as(event))

    def told_as(self, event: Mapping[str, Any]) -> str:
        """The event type by which this subscriber is told of a stored event."""
        return told_as(event, self.version)[1]

    def address(self, event_type: str) -> str:
        """Where to send an event of this type."""
        if not self.append_listener_path:
            return self.callback
        return f"{self.callback.rstrip('/')}/listener/{listener_name(event_type)}"

    def secrets(self, now: datetime) -> list[str]:
        """The secrets that sign now: the present one, and for a while the one before."""
        if self.secret is None:
            return []
        return [self.secret, *([self.former[0]] if self.former and self.former[1] > now else [])]


def callback_violations(callback: str) -> list[Violation]:
    """What is wrong with a callback's text. Where it leads is examined whenever it is called, not here."""
    try:
        parts = urlsplit(callback)
        port_is_valid = parts.port is None or parts.port > 0
    except ValueError:
        parts, port_is_valid = None, False
    fault = None
    if parts is None or not port_is_valid or parts.scheme not in {"http", "https"} or not parts.hostname:
        fault = "The callback must be an absolute http or https address, such as https://example.com/notifications."
    elif parts.username is not None or parts.password is not None:
        fault = "The callback must not hold a user name or password; notifications are signed instead."
    elif parts.fragment:
        fault = "The callback must not have a fragment (#…)."
    elif len(callback) > MAX_CALLBACK_LENGTH:
        fault = f"The callback must not be longer than {MAX_CALLBACK_LENGTH} characters."
    return [Violation("/callback", "invalidCallback", fault)] if fault else []


def parse_query(query: str | None, api: str, patterns: PatternEngine, version: str = "v4") -> Interest:
    """Understand a hub's query: `eventType=A,B`, conditions over the event, and `fields=`, joined by `&`.

    Args:
        query: as registered; None or empty for everything.
        api: of the hub, which decides what there is to ask for.
        patterns: compiles regular expressions.
        version: of the hub, whose names for events and resources it uses.

    Raises:
        InvalidRequest: naming everything that is wrong.
    """
    if query is not None and len(query) > MAX_QUERY_LENGTH:
        raise InvalidRequest([_wrong(f"It is longer than {MAX_QUERY_LENGTH} characters.")])
    parser = _Parser(api, version, patterns)
    for part in (query or "").lstrip("?").split("&"):
        if part:
            parser.take(unquote_plus(part))
    return parser.finish()


class _Parser:
    """Gathers the parts of one query."""

    def __init__(self, api: str, version: str, patterns: PatternEngine) -> None:
        self._patterns = patterns
        self._types = {known.lower(): known for known in event_types(api, version)}
        self._resources = frozenset(name for subject in subjects_of(api) for name in subject.names(version))
        self._wanted: list[str] = []
        self._fields: list[str] = []
        self._conditions: dict[tuple[Path, str, int], list[str]] = {}
        self._violations: list[Violation] = []

    def take(self, part: str) -> None:
        found = _PART.fullmatch(part)
        if found is None:
            self._violations.append(_wrong(f"{part!r} is no condition; write attribute=value."))
            return
        name, sign, text = found.groups()
        values = [text] if sign == "*=" or name.endswith(f".{_REGEX}") else text.split(",")
        values = [_unquoted(value) for value in values]
        if sign == "=" and name == "eventType":
            self._wanted += self._known_types(values)
        elif sign == "=" and name == "fields":
            self._fields += [".".join(map(str, self._path(value))) for value in values if value]
        else:
            self._condition(name, sign, values)

    def finish(self) -> Interest:
        if len(self._conditions) > MAX_CONDITIONS:
            self._violations.append(_wrong(f"It has more than {MAX_CONDITIONS} conditions."))
        fulfilled = self._compiled()
        if self._violations:
            raise InvalidRequest(self._violations)
        return Interest(
            types=frozenset(self._wanted) if self._wanted else None,
            fulfilled=fulfilled,
            fields=tuple(sorted(set(self._fields))) if self._fields else None,
        )

    def _known_types(self, values: Iterable[str]) -> list[str]:
        found = []
        for value in values:
            if value.lower() in self._types:
                found.append(self._types[value.lower()])
            else:
                known = ", ".join(sorted(self._types.values()))
                self._violations.append(_wrong(f"{value!r} is no event type of this API; there are {known}."))
        return found

    def _condition(self, name: str, sign: str, values: list[str]) -> None:
        operator = _SIGNS.get(sign, "eq")
        stem, _, suffix = name.rpartition(".")
        if sign == "=" and stem and suffix in _OPERATORS:
            name, operator = stem, suffix
        path = self._path(name)
        # A repeated equality is one more value that may fit; any other repeated condition has to hold, too.
        number = 0 if operator == "eq" else len(self._conditions)
        self._conditions.setdefault((path, operator, number), []).extend(values)

    def _path(self, name: str) -> Path:
        path: tuple[str, ...] = tuple(name.strip().split("."))
        if path[0] in self._resources:
            path = ("event", *path)
        known = path[0] in _ENVELOPE and (path[0] != "event" or len(path) < 2 or path[1] in self._resources)
        if not known or not all(path):
            inside = " or ".join(sorted(f"event.{resource}" for resource in self._resources))
            self._violations.append(
                _wrong(f"Events of this API have no attribute {name!r}; what an event is about stands in {inside}.")
            )
        return tuple(int(step) if step.isdecimal() else step for step in path)

    def _compiled(self) -> Predicate | None:
        made = tuple(_made(path, operator, values) for (path, operator, _), values in self._conditions.items())
        try:
            return predicate(And(made), self._patterns) if made else None
        except PatternError as error:
            self._violations.append(_wrong(str(error)))
            return None


def _made(path: Path, operator: str, values: list[str]) -> Condition:
    if operator == _REGEX:
        return Match(path, values[0])
    op = Op(operator)
    return Compare(path, op, tuple(value for text in values for value in _meanings(text, op)))


def _meanings(text: str, op: Op) -> list[Value]:
    """What a text may mean. An envelope mixes resources and extensions, so that no one schema types its paths."""
    date = canonical_date(text[:11] + text[11:].replace(" ", "+"))  # form decoding makes an offset's plus a space
    meanings: list[Value] = [date] if date is not None and op in _ORDERING else [text]
    if date is not None:
        meanings.append(date)
    if text in {"true", "false"}:
        meanings.append(text == "true")
    try:
        meanings.append(float(text))
    except ValueError:
        return meanings
    return meanings


def _wrong(message: str) -> Violation:
    return Violation("/query", "invalidQuery", message)


def _unquoted(text: str) -> str:
    text = text.strip()
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'" else text


def _picked_event(event: Mapping[str, Any], paths: Iterable[tuple[str, ...]], always: Iterable[str]) -> Document:
    below = [path[1:] for path in paths if path[0] == "event"]
    if () in below:
        return dict(event)
    picked = {}
    for name, resource in event.items():
        inside = [path[1:] for path in below if path[0] == name]
        picked[name] = resource if () in inside else _picked(resource, inside, always)
    return picked


def _picked(value: Any, paths: Iterable[tuple[str, ...]], always: Iterable[str] = ()) -> Any:
    if isinstance(value, list):
        return [_picked(element, paths, always) for element in value]
    if not isinstance(value, Mapping):
        return value
    wanted: dict[str, list[tuple[str, ...]]] = {name: [()] for name in always}
    for path in paths:
        wanted.setdefault(path[0], []).append(path[1:])
    return {
        name: value[name] if () in below else _picked(value[name], below)
        for name, below in wanted.items()
        if name in value
    }
