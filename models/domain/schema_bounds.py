"""How much work a JSON Schema can make of a small value: one that looks at it over and over has no bound in time.

A schema of a few hundred bytes can do so by references: definitions that each apply the next one twice, or one that
comes back to itself in several ways at the same place. Both are found by following all references once. Pure.
"""

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import unquote

MOST_PARTS = 20_000
"""Subschemas that a schema may have, each reference counted with all that it leads to; a recursion is counted once."""

DEEPEST = 100
"""Subschemas within each other, or each reached by a reference of the one before."""

_HERE = ("not", "if", "then", "else")
_ALL_HERE = ("allOf", "anyOf", "oneOf")
_OF_LISTS = ("items", "contains", "unevaluatedItems", "additionalItems")
_OF_OBJECTS = ("additionalProperties", "unevaluatedProperties")
_REST = ("unevaluatedProperties", "unevaluatedItems")
_REPEATED = 3
"""How often what is applied at the same place is looked at where `_REST` has to know what it has left over."""
_VALUES = frozenset({"enum", "const", "default", "examples"})
_BY_NAME = frozenset({"$defs", "definitions", "properties", "patternProperties", "dependentSchemas", "dependencies"})
"""What has subschemas by names that are free: one may be called `default`."""
_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_COMPARED = 16
"""Ways back that are compared for the price of one part."""
_REFERENCES = ("$ref", "$dynamicRef", "$recursiveRef")
_ANY_ITEM, _ANY_MEMBER, _NAME = "[]", "{}", "(name)"

Place = tuple[str, ...]
"""Where a subschema looks, from where another one looks: names of members, positions, `[]` and `{}` for any of them."""


def endless(schema: Mapping[str, Any]) -> str | None:
    """Why checking a value against a schema could take without bound, in a sentence; None: it cannot.

    References have to be ones within the schema, by pointer (`#/$defs/x`) or anchor.
    """
    try:
        walk = _Walk(schema)
        walk.into(schema, ())
    except _EndlessError as error:
        return str(error)
    return None


class _EndlessError(Exception):
    """Checking could take without bound."""


class _Walk:
    """Goes through a schema and all that it refers to."""

    def __init__(self, schema: Mapping[str, Any]) -> None:
        self._root = schema
        self._identity = schema.get("$id") if isinstance(schema.get("$id"), str) else ""
        self._anchors: dict[str, Any] = {}
        self._look_for_anchors(schema)
        self._count = 0
        self._open: list[tuple[int, Place, list[Place]]] = []

    def _look_for_anchors(self, schema: Any) -> None:
        waiting: list[Any] = [schema]
        while waiting:
            one = waiting.pop()
            if isinstance(one, Mapping):
                self._note_anchors(one)
                named = [part for name in _BY_NAME for part in _named(one.get(name)).values()]
                others = [part for name, part in one.items() if name not in _VALUES and name not in _BY_NAME]
                waiting += named + others
            elif isinstance(one, list):
                waiting += one

    def _note_anchors(self, schema: Mapping[str, Any]) -> None:
        for word, usual in (("$id", None), ("$schema", _DIALECT)):  # below another one, references mean something else
            said = schema.get(word)
            if schema is not self._root and isinstance(said, str) and said.removesuffix("#") != usual:
                raise _EndlessError(f"A part of it has an `{word}`: only the whole may have one")
        for word in ("$anchor", "$dynamicAnchor"):
            name = schema.get(word)
            if isinstance(name, str) and self._anchors.setdefault(f"#{name}", schema) is not schema:
                raise _EndlessError(f"Two parts of it have the anchor {name[:100]!r}")

    def _spend(self, parts: int) -> None:
        self._count += parts
        if self._count > MOST_PARTS:
            raise _EndlessError(f"With all that its references lead to, it has more than {MOST_PARTS} parts")

    def into(self, schema: Any, place: Place, times: int = 1) -> None:
        """Go through a subschema that looks so many times at this place, as seen from where the whole begins."""
        self._spend(times)
        if not isinstance(schema, Mapping):
            return
        for number, (known, _, _) in enumerate(self._open):
            if known == id(schema):
                self._comes_back(number, place)
                return
        if len(self._open) == DEEPEST:
            raise _EndlessError(f"More than {DEEPEST} of its parts are within each other, or lead to each other")
        self._open.append((id(schema), place, []))
        here = times * _REPEATED if any(word in schema for word in _REST) else times
        for part, further in self._parts(schema):
            self.into(part, place + further, times if further else here)
        self._open.pop()

    def _comes_back(self, number: int, place: Place) -> None:
        """Note a way back to a schema that is gone through; two ways at one place multiply with every level."""
        for _, begun, ways in self._open[number:]:
            way = place[len(begun) :]
            self._spend(len(ways) // _COMPARED)
            if any(_meet(way, other) for other in ways):
                raise _EndlessError("It comes back to itself in several ways at the same place of a value")
            ways.append(way)

    def _parts(self, schema: Mapping[str, Any]) -> Iterator[tuple[Any, Place]]:
        for word in _REFERENCES:
            if isinstance(schema.get(word), str):
                yield self._referred(schema[word]), ()
        for word in _HERE:
            if word in schema:
                yield schema[word], ()
        for word in _ALL_HERE:
            yield from ((part, ()) for part in _listed(schema.get(word)))
        for word in ("dependentSchemas", "dependencies"):
            yield from ((part, ()) for part in _named(schema.get(word)).values())
        yield from ((part, (name,)) for name, part in _named(schema.get("properties")).items())
        yield from ((part, (_ANY_MEMBER,)) for part in _named(schema.get("patternProperties")).values())
        yield from ((schema[word], (_ANY_MEMBER,)) for word in _OF_OBJECTS if word in schema)
        yield from ((part, (str(at),)) for at, part in enumerate(_listed(schema.get("prefixItems"))))
        yield from ((schema[word], (_ANY_ITEM,)) for word in _OF_LISTS if word in schema)
        if "propertyNames" in schema:
            yield schema["propertyNames"], (_NAME,)

    def _referred(self, reference: str) -> Any:
        """What a reference means.

        Raises:
            _EndlessError: it is none that is followed here.
        """
        reference = unquote(reference.removeprefix(self._identity) if self._identity else reference)
        if reference in self._anchors:
            return self._anchors[reference]
        found: Any = self._root
        for step in reference.removeprefix("#").split("/")[1:]:
            name = step.replace("~1", "/").replace("~0", "~")
            if isinstance(found, list):
                found = found[int(name)] if name.isdecimal() and int(name) < len(found) else None
            else:
                found = found.get(name) if isinstance(found, Mapping) else None
        if found is None or not (reference in ("", "#") or reference.startswith("#/")):
            raise _EndlessError(f"The reference {reference[:100]!r} is none to a part of it by pointer or anchor")
        return found


def _meet(one: Place, other: Place) -> bool:
    """Whether two places can be the same, or one within the other."""
    return all(a == b or _any(a, b) or _any(b, a) for a, b in zip(one, other, strict=False))


def _any(a: str, b: str) -> bool:
    if a == _ANY_ITEM:
        return b.isdecimal()
    return a == _ANY_MEMBER and b not in (_ANY_ITEM, _NAME)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _named(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
