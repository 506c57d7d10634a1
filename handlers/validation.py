"""Checking bodies against the schemas of our documents, compiled once, and saying in words what is wrong."""

import re
from collections.abc import Callable, Container
from itertools import islice
from typing import Any

import jsonschema_rs
import orjson

from handlers.documents import ApiDocument, load, with_null
from handlers.excerpts import Excerpt, Path
from models.domain.errors import InvalidRequest
from models.domain.pointers import pointer
from models.domain.shapes import Shape
from models.domain.violations import Violation

Node = dict[str, Any]

MAX_VIOLATIONS = 5
_SHOWN = 80

_URI_CHARACTERS = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~:/?#[]@!$&'()*+,;=%"
_BROKEN_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")


def _looks_like_a_reference(text: str) -> bool:
    """URIs are read kindly: the characters of RFC 3986 in any order, for TM Forum's own samples hold placeholders.

    Where one is called, its use checks the rest.
    """
    return text.isascii() and not text.encode().translate(None, _URI_CHARACTERS) and _BROKEN_ESCAPE.search(text) is None


class Validator:
    """The check of one schema of one document."""

    def __init__(self, document: ApiDocument, schema: Node, shape: Shape) -> None:
        """Compile a schema, whose shape this is; its references are resolved in the document's components."""
        self._shape = shape
        root = {**with_null(schema), "components": {"schemas": document.json_schemas}}
        self._compiled = jsonschema_rs.Draft4Validator(
            root, validate_formats=True, formats={"uri": _looks_like_a_reference}
        )

    def check(self, body: Any) -> None:
        """Check a body.

        Raises:
            InvalidRequest: it does not follow the schema; the first violations are named.
        """
        if not self._compiled.is_valid(body):
            raise InvalidRequest(self.violations(body))

    def violations(self, body: Any) -> list[Violation]:
        """What is wrong with a body that does not follow the schema: the first few mistakes, or one of a large body."""
        excerpt, first = Excerpt.of(body, self._shape), None
        if self._compiled.is_valid(excerpt.body):
            first = self._first(body)
            excerpt = Excerpt.of(body, self._shape, first.instance_path)
        if excerpt.is_small:
            errors = list(islice(self._compiled.iter_errors(excerpt.body), MAX_VIOLATIONS))
            if errors:  # there are none where an array is too long
                return [_violation(error, excerpt.path_in_body(error.instance_path)) for error in errors]
        if first is None:
            first = self._first(excerpt.body)
        return [_violation(first, first.instance_path)]

    def _first(self, body: Any) -> jsonschema_rs.ValidationError:
        """The first mistake of a body that has one; it is found as quickly as that there is one."""
        try:
            self._compiled.validate(body)
        except jsonschema_rs.ValidationError as error:
            return error
        raise AssertionError("asked for the first mistake of a body without one")


class BodyCheck:
    """What is checked of a body against one schema of a document."""

    def __init__(self, document: ApiDocument, schema: Node) -> None:
        """Compile the checks."""
        self._shape = Shape.compile(document.node, schema)
        self._validator = Validator(document, schema, self._shape)

    def check(self, body: Any) -> None:
        """Put the dates of a body into their one form, and check it.

        Raises:
            InvalidRequest: it cannot be stored (depth, names, numbers), or does not follow the schema.
        """
        violations = self._shape.admit(body)
        if violations:
            raise InvalidRequest(violations)
        self._validator.check(body)

    def check_change(self, part: Any, changed: Container[str]) -> None:
        """Check the changed attributes of a body, of which this is them and what never changes.

        What was stored by another version of the API, or another class's operation, may lack what this one asks for;
        that is not the fault of whoever changes something else.

        Raises:
            InvalidRequest: an attribute that has changed does not follow the schema, or one that has gone is asked for.
        """
        try:
            self.check(part)
        except InvalidRequest as refusal:
            own = [one for one in refusal.violations if _first_name(one.pointer) in changed]
            if own:
                raise InvalidRequest(own) from None


def _first_name(pointer: str) -> str:
    """The first name in a JSON pointer."""
    return pointer.removeprefix("/").partition("/")[0].replace("~1", "/").replace("~0", "~")


def body_check(document: ApiDocument, schema: Node) -> BodyCheck:
    """The check of a schema, compiled when it is asked for first and kept with its document."""
    key = orjson.dumps(schema)
    check = document.compiled.get(key)
    if not isinstance(check, BodyCheck):
        check = document.compiled[key] = BodyCheck(document, schema)
    return check


def schema_check(api: str, schema: str) -> Callable[[Any], list[Violation]]:
    """The check of bodies of others against a schema of one of our documents; they are not changed by it."""
    document = load(api)
    node = document.schema(schema)
    validator = Validator(document, node, Shape.compile(document.node, node))

    def violations(body: Any) -> list[Violation]:
        try:
            validator.check(body)
        except InvalidRequest as refusal:
            return list(refusal.violations)
        return []

    return violations


def _violation(error: jsonschema_rs.ValidationError, where: Path) -> Violation:
    path = list(where)
    code, message = _words(error.kind, error.instance, error.message)
    name = getattr(error.kind, "property", None)
    if code == "required" and name is not None:
        path.append(name)
    unknown = getattr(error.kind, "unexpected", None)
    if unknown:
        path.append(unknown[0])
    return Violation(pointer(*path), code, message)


def _words(kind: Any, value: Any, message: str) -> tuple[str, str]:  # noqa: PLR0911 - one line per kind of violation
    detail = kind.as_dict()
    match kind.name:
        case "required":
            return "required", f"The attribute {detail['property']} is missing."
        case "type":
            return "wrongType", f"Must be {_listed(detail['types'])}, not {_kind_of(value)}."
        case "enum":
            options = [str(option) for option in detail["options"] if option is not None]
            return "unknownValue", f"{_shown(value)} is none of {', '.join(options)}."
        case "format":
            return "wrongFormat", f"{_shown(value)} is no {detail['format']}{_HINTS.get(detail['format'], '')}."
        case "maxLength" | "minLength":
            bound = "at most" if kind.name == "maxLength" else "at least"
            return "wrongLength", f"Must have {bound} {detail['limit']} characters."
        case "maxItems" | "minItems" | "maxProperties":
            bound = "at least" if kind.name == "minItems" else "at most"
            parts = "attributes" if kind.name == "maxProperties" else "elements"
            return "wrongLength", f"Must have {bound} {detail['limit']} {parts}."
        case "minimum" | "maximum":
            bound = "at least" if kind.name == "minimum" else "at most"
            return "outOfRange", f"Must be {bound} {detail['limit']}, not {_shown(value)}."
        case "pattern":
            return "wrongFormat", f"{_shown(value)} does not match {detail['pattern']}."
        case "additionalProperties" | "unevaluatedProperties" | "falseSchema":
            others = "".join(f", nor {name}" for name in detail.get("unexpected", ())[1:])
            return "unknownAttribute", f"No such attribute is allowed here{others}."
        case _:
            return "invalid", f"{message[:200]}."


_HINTS = {"date-time": " of RFC 3339 such as 2026-01-31T12:00:00Z"}


_NOUNS = {"null": "null", "integer": "an integer", "array": "an array", "object": "an object"}


def _listed(types: list[str]) -> str:
    return " or ".join(_NOUNS.get(name, f"a {name}") for name in types)


def _kind_of(value: Any) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "a boolean"
        case int() | float():
            return f"the number {value}"
        case str():
            return f"the text {_shown(value)}"
        case list():
            return "an array"
        case _:
            return "an object"


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
