"""The shape of a resource: what a published schema says about its attributes, compiled for use at run time.

A `Shape` answers two questions. Which attribute does a dotted path name, and of what kind is it (filters, sorting)?
And where in a body do dates stand, so that they can be put into the canonical form in one quick pass?
"""

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from enum import StrEnum
from functools import cached_property
from typing import Any, Self

from models.domain.admission import FREE, Plan, admit
from models.domain.violations import Violation

Schema = Mapping[str, Any]


class Kind(StrEnum):
    """What an attribute holds. `ANY` is a free value: whatever stands there, and below it, is allowed."""

    STRING = "string"
    DATE_TIME = "date-time"
    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"
    OBJECT = "object"
    ARRAY = "array"
    ANY = "any"


_SCALARS = {kind.value: kind for kind in (Kind.STRING, Kind.INTEGER, Kind.NUMBER, Kind.BOOLEAN)}


class _Document:
    """An OpenAPI document and the shapes made from it, each once, so that recursive schemas end."""

    def __init__(self, document: Schema) -> None:
        self._document = document
        self._shapes: dict[tuple[int, ...], Shape] = {}

    def shape(self, schemas: list[Schema]) -> "Shape":
        """The shape of a value that any of these schemas may describe."""
        leaves = self._leaves(schemas)
        key = tuple(leaves)
        if key not in self._shapes:
            self._shapes[key] = Shape(self, tuple(leaves.values()))
        return self._shapes[key]

    def _leaves(self, schemas: list[Schema]) -> dict[int, Schema]:
        """What is left after following references, combinations and the subtypes that a discriminator names."""
        leaves: dict[int, Schema] = {}
        seen: set[int] = set()
        waiting = list(reversed(schemas))
        while waiting:
            schema = waiting.pop()
            if id(schema) in seen:
                continue
            seen.add(id(schema))
            more = list(self._alternatives(schema))
            waiting.extend(reversed(more))
            if not more or any(word in schema for word in ("properties", "items", "type")):
                leaves[id(schema)] = schema
        return leaves

    def _alternatives(self, schema: Schema) -> Iterator[Schema]:
        if "$ref" in schema:
            yield self._resolve(schema["$ref"])
            return
        for word in ("allOf", "oneOf", "anyOf"):
            yield from schema.get(word, ())
        for reference in schema.get("discriminator", {}).get("mapping", {}).values():
            yield self._resolve(reference)

    def _resolve(self, reference: str) -> Schema:
        if "/" not in reference:  # a discriminator may name a schema without a path
            reference = f"#/components/schemas/{reference}"
        if not reference.startswith("#/"):
            message = f"Only references inside the document can be followed, not {reference!r}."
            raise ValueError(message)
        place: Any = self._document
        for name in reference.removeprefix("#/").split("/"):
            place = place[name.replace("~1", "/").replace("~0", "~")]
        found: Schema = place
        return found


class Shape:
    """What the schemas say of one value. Made by `Shape.compile`; below it everything is made on demand and once."""

    def __init__(self, document: _Document, leaves: tuple[Schema, ...]) -> None:
        """Not for callers: use `compile`."""
        self._document = document
        self._leaves = leaves

    @classmethod
    def compile(cls, document: Schema, *schemas: Schema) -> Self:
        """The shape of a value that any of `schemas` (parts of the OpenAPI `document`) may describe.

        Raises:
            ValueError, KeyError: a `$ref` leads nowhere or out of the document.
        """
        made = _Document(document).shape(list(schemas))
        assert isinstance(made, cls)  # noqa: S101 - there is no subclass; this tells the type checker so
        return made

    @cached_property
    def kind(self) -> Kind:
        """The one kind that all schemas agree on, else `ANY`."""
        kinds = {_kind(leaf) for leaf in self._leaves}
        if kinds == {Kind.INTEGER, Kind.NUMBER}:
            return Kind.NUMBER
        found = kinds.pop() if len(kinds) == 1 else Kind.ANY
        return Kind.ANY if found is Kind.OBJECT and not self._properties else found

    @cached_property
    def _properties(self) -> dict[str, list[Schema]]:
        found: dict[str, list[Schema]] = {}
        for leaf in self._leaves:
            for name, schema in leaf.get("properties", {}).items():
                found.setdefault(name, []).append(schema)
        return found

    @property
    def names(self) -> tuple[str, ...]:
        """The attributes of an object."""
        return tuple(self._properties)

    @cached_property
    def _children(self) -> dict[str, "Shape"]:
        return {}

    def attribute(self, name: str) -> "Shape | None":
        """The shape of one attribute of an object (or of the objects of an array); None where there is no such one."""
        owner = self.element
        if owner.kind is Kind.ANY:
            return ANYTHING
        if name not in owner._properties:  # noqa: SLF001 - a Shape too
            return None
        children = owner._children  # noqa: SLF001
        if name not in children:
            children[name] = owner._document.shape(owner._properties[name])  # noqa: SLF001
        return children[name]

    @cached_property
    def element(self) -> "Shape":
        """What an array holds, through arrays of arrays; anything else is its own element."""
        if self.kind is not Kind.ARRAY:
            return self
        items = [leaf["items"] for leaf in self._leaves if "items" in leaf]
        return self._document.shape(items).element if items else ANYTHING

    def at(self, path: tuple[str, ...]) -> "Shape | None":
        """The shape at a path of attribute names; arrays on the way are passed through; None where it leads nowhere."""
        place: Shape | None = self
        for name in path:
            place = place.attribute(name) if place is not None else None
        return place

    def suggest(self, path: tuple[str, ...]) -> str:
        """What may have been meant by a path that leads nowhere, as the end of a sentence to people."""
        for depth, name in enumerate(path):
            place = self.at(path[:depth])
            if place is None or place.attribute(name) is not None:
                continue
            near = get_close_matches(name, place.element.names, n=3, cutoff=0.6)
            dotted = [".".join((*path[:depth], other)) for other in near]
            return f"did you mean {' or '.join(dotted)}?" if dotted else _listing(path[:depth], place.element.names)
        return "name an attribute of the resource."

    @cached_property
    def plan(self) -> Plan:
        """Where dates stand in such a value."""
        owner = self.element
        if owner is not self:
            return owner.plan
        return Plan(self.kind is Kind.DATE_TIME, self._plan_of)

    def _plan_of(self, name: str) -> Plan | None:
        child = None if self.kind is Kind.ANY else self.attribute(name)
        if child is None:
            return None
        return FREE if child.kind is Kind.ANY else child.plan

    def admit(self, body: object) -> list[Violation]:
        """Put the dates of a parsed JSON body into canonical form, in place, and say what may not be stored.

        See `models.domain.admission`.
        """
        return admit(body, self.plan)


def _kind(leaf: Schema) -> Kind:
    named = leaf.get("type")
    if isinstance(named, list):  # OpenAPI 3.1: ["string", "null"]
        named = next(iter(others), None) if len(others := [name for name in named if name != "null"]) == 1 else None
    match named:
        case "string":
            return Kind.DATE_TIME if leaf.get("format") == "date-time" else Kind.STRING
        case "array":
            return Kind.ARRAY
        case "object":
            return Kind.OBJECT
        case str(name):
            return _SCALARS.get(name, Kind.ANY)
    if "properties" in leaf:
        return Kind.OBJECT
    return Kind.ARRAY if "items" in leaf else Kind.ANY


def _listing(path: tuple[str, ...], names: tuple[str, ...]) -> str:
    where = ".".join(path)
    if not names:
        return f"{where} has no attributes below it."
    shown = ", ".join(sorted(names)[:40])
    return f"the attributes of {where} are {shown}." if where else f"the attributes are {shown}."


ANYTHING = Shape.compile({}, {})
