"""PATCH in its four media types: pure, all or nothing.

`application/json` and `application/merge-patch+json` are RFC 7396; `application/json-patch+json` is RFC 6902;
`application/json-patch-query+json` is TMF630 Part 5, where a path may choose elements of arrays (`handlers.places`).
"""

from dataclasses import dataclass, field
from typing import Any

import orjson

from handlers.patch_operations import Operations, PatchLimits, encoded
from handlers.places import Finder
from models.domain.errors import InvalidRequest, TooLarge
from models.domain.json_values import same
from models.domain.merge_patch import merged
from models.domain.patterns import PatternEngine
from models.domain.shapes import ANYTHING, Shape
from models.domain.violations import Violation

Json = dict[str, Any]
MERGE = ("application/json", "application/merge-patch+json")
JSON_PATCH = "application/json-patch+json"
JSON_PATCH_QUERY = "application/json-patch-query+json"
PATCH_TYPES = (*MERGE, JSON_PATCH, JSON_PATCH_QUERY)
_IMMUTABLE_TEXT = "This attribute cannot be changed."
IMMUTABLE = ("id", "href", "@type", "@baseType", "@schemaLocation")


@dataclass(frozen=True, slots=True)
class Patched:
    """What came of a patch.

    Attributes:
        body: the document as it is to be, which may share unchanged parts with the one given; that itself where
            nothing changed.
        changed: first-level attribute -> its value (before, after); None where it was not, or is no more.
        named: the first-level attributes that the patch speaks of, changed or not.
    """

    body: Json
    changed: dict[str, tuple[Any, Any]]
    named: frozenset[str]


@dataclass(frozen=True, slots=True)
class Patcher:
    """Applies patches to the resources of one kind.

    Attributes:
        shape: of the resource; dates become canonical by it.
        engine: for regular expressions in the paths of a JSON Patch query.
        limits: of a patch and of what comes of it.
    """

    shape: Shape
    engine: PatternEngine
    limits: PatchLimits = field(default_factory=PatchLimits)

    def apply(self, media_type: str, document: Json, patch: Any, href: str | None = None) -> Patched:
        """Apply a patch to a document, which is left as it is.

        Args:
            media_type: one of `PATCH_TYPES`, without parameters.
            document: the resource's body as stored.
            patch: the parsed JSON of the request.
            href: the resource's address, which a patch may repeat although the stored body lacks it.

        Raises:
            InvalidRequest: the patch is malformed, its place is not there, or it changes what may not change.
            Conflict: a `test` operation does not hold.
            TooLarge: the result is larger than a resource may be.
        """
        _refuse(ANYTHING.admit(patch))
        before = document if href is None else {**document, "href": href}
        if media_type in MERGE:
            after, named = _merged(before, patch), frozenset(patch)
        else:
            finder = Finder(self.shape, self.engine, query=media_type == JSON_PATCH_QUERY)
            after = Operations(finder, self.limits).apply(before, patch)
            named = frozenset(before.keys() | after.keys() if finder.whole else finder.named)
        if after is before:
            return Patched(document, {}, named)
        after = self._admitted(after, named)
        changed = _changes(before, after, named)
        _refuse([Violation(f"/{name}", "immutableAttribute", _IMMUTABLE_TEXT) for name in IMMUTABLE if name in changed])
        if not changed:
            return Patched(document, {}, named)
        if "href" not in document:
            after.pop("href", None)
        return Patched(after, changed, named)

    def _admitted(self, after: Json, named: frozenset[str]) -> Json:
        """The new document, what the patch speaks of being checked and copied: it may be shared with the patch."""
        size = len(encoded(after))
        if size > self.limits.result_bytes:
            raise TooLarge(f"The resource would have {size} bytes, and {self.limits.result_bytes} are allowed.")
        own: Json = orjson.loads(encoded({name: value for name, value in after.items() if name in named}))
        _refuse(self.shape.admit(own))
        return {**after, **own}


def _changes(before: Json, after: Json, named: frozenset[str]) -> dict[str, tuple[Any, Any]]:
    return {
        name: (before.get(name), after.get(name))
        for name in {**before, **after}
        if name in named and ((name in before) is not (name in after) or not same(before.get(name), after.get(name)))
    }


def _merged(document: Json, patch: Any) -> Json:
    if not isinstance(patch, dict):
        message = "A merge patch is a JSON object with the attributes to change; null removes one."
        raise InvalidRequest([Violation("", "invalidPatch", message)])
    return merged(document, patch) if patch else document


def _refuse(violations: list[Violation]) -> None:
    if violations:
        raise InvalidRequest(violations)
