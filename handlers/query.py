"""Query strings by TMF630: filters, `fields`, `sort`, paging, read off the raw text and checked against the schema.

The raw text is read, since what a framework makes of it has lost what counts: `a>5` has no equals sign, and quotes
protect commas. Every fault of the text becomes a violation that names the parameter and what is allowed.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

from handlers.jsonpath import Reader, UnusablePath, pattern_condition
from handlers.values import ValueMismatch, typed
from models.domain.errors import InvalidRequest
from models.domain.filters import And, Compare, Condition, Op, Or
from models.domain.listing import AttributePath, Cursor, ListQuery, Sort
from models.domain.patterns import PatternEngine
from models.domain.shapes import Kind, Shape
from models.domain.violations import Violation

_PARTS = re.compile(r"(?P<name>[^=<>*!]*)(?P<symbol>>=|<=|\*=|!=|=|>|<)(?P<value>.*)", re.DOTALL)
_ALTERNATIVE = re.compile(r'"[^"]*"(?=,|$)|\'[^\']*\'(?=,|$)|[^,]*', re.DOTALL)
_COUNT = re.compile(r"\d{1,18}", re.ASCII)
_SYMBOLS = {">": "gt", ">=": "gte", "<": "lt", "<=": "lte", "*=": "regex", "!=": "ne", "=": ""}
_OPERATORS = ("eq", "ne", "gt", "gte", "lt", "lte", "regex")
_RESERVED = ("fields", "sort", "offset", "limit", "filter")
_CURSORS = ("after", "before")
_MAX_OFFSET = 2**53
_MAX_SORT_KEYS = 8
_MAX_PATH = 20


@dataclass(frozen=True, slots=True)
class Limits:
    """What one query may ask for.

    Attributes:
        default_page: resources on a page where the client does not say.
        maximum_page: resources on a page at most; a client that asks for more gets these.
        parameters: of one query string.
        alternatives: values that a query compares with, altogether.
        cursors: whether `after` and `before` name a place in the list, as in version 5.
    """

    default_page: int = 100
    maximum_page: int = 1_000
    parameters: int = 100
    alternatives: int = 1_000
    cursors: bool = False


@dataclass(frozen=True, slots=True)
class _Parameter:
    name: str
    operator: str
    value: str


class _Fault(Exception):
    """What is wrong with one parameter."""

    def __init__(self, pointer: str, code: str, message: str) -> None:
        super().__init__(message)
        self.violation = Violation(pointer, code, message)


def parse_list_query(raw: str | bytes, shape: Shape, engine: PatternEngine, limits: Limits | None = None) -> ListQuery:
    """What the query string of a collection asks for. Also for the `query` of a hub, with the shape of an event.

    Raises:
        InvalidRequest: with one violation for each parameter that is wrong.
    """
    parser = _Parser(shape, engine, limits or Limits())
    for part in parser.parameters(raw):
        parser.take(part)
    return parser.result()


def parse_fields(raw: str | bytes, shape: Shape) -> tuple[AttributePath, ...] | None:
    """The `fields` of a query string for a single resource; its other parameters are not ours to judge.

    Raises:
        InvalidRequest: the query string is malformed.
    """
    chosen: tuple[AttributePath, ...] | None = None
    try:
        for part in _parameters(raw):
            if part.name == "fields":
                chosen = (chosen or ()) + _fields(part.value, shape)
    except _Fault as fault:
        raise InvalidRequest([fault.violation]) from fault
    return chosen


class _Parser:
    def __init__(self, shape: Shape, engine: PatternEngine, limits: Limits) -> None:
        self._shape = shape
        self._reader = Reader(engine)
        self._limits = limits
        self._violations: list[Violation] = []
        self._filters: dict[tuple[AttributePath, str], list[str]] = {}
        self._names: dict[tuple[AttributePath, str], str] = {}
        self._paths: list[Condition] = []
        self._sort: list[Sort] = []
        self._fields: tuple[AttributePath, ...] | None = None
        self._counts: dict[str, int] = {}
        self._cursor: Cursor | None = None

    def parameters(self, raw: str | bytes) -> list[_Parameter]:
        try:
            found = list(_parameters(raw))
        except _Fault as fault:
            raise InvalidRequest([fault.violation]) from fault
        if len(found) > self._limits.parameters:
            message = f"A query may have {self._limits.parameters} parameters; this one has {len(found)}."
            raise InvalidRequest([Violation("query", "tooManyParameters", message)])
        return found

    def take(self, part: _Parameter) -> None:
        """Take in one parameter; what is wrong with it is kept for the end."""
        try:
            if part.name in _RESERVED and not part.operator:
                self._reserved(part)
            elif self._limits.cursors and part.name in _CURSORS and not part.operator:
                self._take_cursor(part)
            else:
                self._filter(part)
        except _Fault as fault:
            self._violations.append(fault.violation)

    def result(self) -> ListQuery:
        """The whole, once all parameters are in."""
        if sum(map(len, self._filters.values())) > self._limits.alternatives:
            message = f"A query may compare with {self._limits.alternatives} values."
            self._violations.append(Violation("query", "tooManyParameters", message))
        if self._cursor is not None and (self._sort or "offset" in self._counts):
            message = "A page after or before a resource is in the order of creation: without sort and offset."
            self._violations.append(Violation("query", "invalidParameter", message))
        conditions = [] if self._violations else list(self._conditions())
        if self._violations:
            raise InvalidRequest(self._violations)
        conditions += self._paths
        return ListQuery(
            condition=None if not conditions else conditions[0] if len(conditions) == 1 else And(tuple(conditions)),
            sort=tuple(self._sort),
            fields=self._fields,
            offset=min(self._counts.get("offset", 0), _MAX_OFFSET),
            limit=min(self._counts.get("limit", self._limits.default_page), self._limits.maximum_page),
            cursor=self._cursor,
        )

    def _reserved(self, part: _Parameter) -> None:
        match part.name:
            case "fields":
                self._fields = (self._fields or ()) + _fields(part.value, self._shape)
            case "sort":
                self._take_sort(part.value)
            case "filter":
                self._take_path(part.value)
            case name:
                self._take_count(name, part.value)

    def _take_count(self, name: str, value: str) -> None:
        if name in self._counts:
            raise _Fault(name, "duplicateParameter", f"{name} may be given once.")
        text = _unquoted(value)
        if not _COUNT.fullmatch(text):
            raise _Fault(name, "invalidValue", f"{name} is an integer of 0 or more, not {_shown(value)}.")
        self._counts[name] = int(text)

    def _take_cursor(self, part: _Parameter) -> None:
        if self._cursor is not None:
            raise _Fault(part.name, "duplicateParameter", "after and before may be given once, and not both.")
        self._cursor = Cursor.parse(_unquoted(part.value), backwards=part.name == "before")
        if self._cursor is None:
            message = f"{_shown(part.value)} is no place in a list; take it from the links of a page."
            raise _Fault(part.name, "invalidValue", message)

    def _take_sort(self, value: str) -> None:
        for key in _alternatives(value):
            descending = key.startswith("-")
            # A + that was not percent-encoded arrives as a space.
            path = self._known("sort", key.removeprefix("-") if descending else key.lstrip("+ "))
            if self._at(path).element.kind is Kind.OBJECT:
                raise _Fault("sort", "unknownAttribute", f"{key} has attributes of its own: name one, as in a.b.")
            self._sort.append(Sort(path, descending))
        if len(self._sort) > _MAX_SORT_KEYS:
            raise _Fault("sort", "tooManyParameters", f"A list can be sorted by {_MAX_SORT_KEYS} attributes at most.")

    def _take_path(self, value: str) -> None:
        try:
            self._paths.append(self._reader.condition(_unquoted(value), self._shape))
        except UnusablePath as error:
            raise _Fault("filter", "invalidFilter", f"The filter cannot be used: {error}.") from error

    def _filter(self, part: _Parameter) -> None:
        stem, _, suffix = part.name.rpartition(".")
        name, operator = part.name, part.operator
        if not operator and suffix in _OPERATORS and stem:
            name, operator = stem, suffix
        key = (self._known(part.name, name), operator or "eq")
        values = [_unquoted(part.value)] if operator == "regex" else _alternatives(part.value)
        self._filters.setdefault(key, []).extend(values)
        self._names.setdefault(key, part.name)

    def _known(self, parameter: str, name: str) -> AttributePath:
        path = tuple(name.split("."))
        if len(path) > _MAX_PATH or not all(path) or any(step[0] == "$" or "\0" in step for step in path):
            raise _Fault(parameter[:100], "unknownAttribute", f"{_shown(name)} is no path of attribute names.")
        if self._shape.at(path) is None:
            hint = self._shape.suggest(path)
            raise _Fault(parameter[:100], "unknownAttribute", f"There is no attribute {_shown(name)}: {hint}")
        return path

    def _at(self, path: AttributePath) -> Shape:
        shape = self._shape.at(path)
        assert shape is not None  # noqa: S101 - _known has seen to it; this tells the type checker so
        return shape

    def _conditions(self) -> Iterator[Condition]:
        for key, values in self._filters.items():
            path, operator = key
            try:
                yield self._condition(path, operator, values)
            except (ValueMismatch, UnusablePath) as error:
                name = self._names[key]
                message = f"{_shown(','.join(values))} does not fit {name}: {error}."
                self._violations.append(Violation(name, "invalidValue", message))

    def _condition(self, path: AttributePath, operator: str, values: list[str]) -> Condition:
        shape = self._at(path)
        if operator == "regex":
            patterns = [pattern_condition(path, shape, value, self._reader.engine) for value in dict.fromkeys(values)]
            return patterns[0] if len(patterns) == 1 else Or(tuple(patterns))
        op = Op(operator)
        ordered = op not in (Op.EQ, Op.NE)
        wanted = [value for text in dict.fromkeys(values) for value in typed(text, shape, ordered=ordered)]
        return Compare(path, op, tuple(wanted))


def _parameters(raw: str | bytes) -> Iterator[_Parameter]:
    data = raw.encode("utf-8", "surrogatepass") if isinstance(raw, str) else raw
    for part in data.split(b"&"):
        if not part:
            continue
        try:
            text = unquote_to_bytes(part.replace(b"+", b" ")).decode()
        except UnicodeDecodeError as error:
            raise _Fault("query", "invalidEncoding", "The query string is not percent-encoded UTF-8.") from error
        found = _PARTS.fullmatch(text)
        if found is None or not found["name"].strip():
            message = f"{_shown(text)} is no parameter; an example of one is state=acknowledged."
            raise _Fault("query", "invalidParameter", message)
        yield _Parameter(found["name"].strip(), _SYMBOLS[found["symbol"]], found["value"])


def _alternatives(value: str) -> list[str]:
    """The values of a comma list; quotes around one protect its commas and are taken off."""
    found, start = [], 0
    while True:
        matched = _ALTERNATIVE.match(value, start)
        assert matched is not None  # noqa: S101 - its last alternative matches the empty text
        found.append(_unquoted(matched.group()))
        start = matched.end() + 1
        if start > len(value):
            return found


def _unquoted(text: str) -> str:
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'" else text


def _fields(value: str, shape: Shape) -> tuple[AttributePath, ...]:
    """The attributes to return; unknown ones are passed over, and `none` means no more than what always comes."""
    paths = (tuple(name.strip().split(".")) for name in _alternatives(value) if name.strip() != "none")
    return tuple(dict.fromkeys(path for path in paths if _is_attribute(path, shape)))


def _is_attribute(path: AttributePath, shape: Shape) -> bool:
    sound = len(path) <= _MAX_PATH and all(step and step[0] != "$" and "\0" not in step for step in path)
    return sound and shape.at(path) is not None


def _shown(text: str) -> str:
    return repr(text if len(text) <= 60 else text[:57] + "...")
