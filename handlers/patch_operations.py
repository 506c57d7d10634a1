"""The operations of a JSON Patch (RFC 6902), on one document and then on the next.

Two things are looser than the standard, since TM Forum asks for them: `add` of one element to an attribute that is an
array appends it, and in a JSON Patch query an operation acts on every place that its path chooses, `add` of an object
to an object adding its attributes.
"""

from dataclasses import dataclass
from typing import Any

import orjson

from handlers.jsonpath import UnusablePath
from handlers.places import Finder, NoSuchPlace, Place
from models.domain.errors import Conflict, InvalidRequest, TooLarge
from models.domain.json_values import same
from models.domain.violations import Violation

_MEMBERS = {
    "add": ("path", "value"),
    "remove": ("path",),
    "replace": ("path", "value"),
    "move": ("from", "path"),
    "copy": ("from", "path"),
    "test": ("path", "value"),
}


@dataclass(frozen=True, slots=True)
class PatchLimits:
    """What one patch may do.

    Attributes:
        operations: of a JSON Patch.
        result_bytes: of the document as JSON afterwards. MongoDB holds 16 MB, wrapping and history included.
    """

    operations: int = 1_000
    result_bytes: int = 8 * 2**20


def encoded(value: Any) -> bytes:
    """A value as JSON.

    Raises:
        InvalidRequest: moves and copies have nested it beyond all measure.
    """
    try:
        return orjson.dumps(value)
    except orjson.JSONEncodeError as error:
        raise InvalidRequest([Violation("", "tooDeep", "The patch nests the resource too deeply.")]) from error


class Operations:
    """Applies a JSON Patch."""

    def __init__(self, finder: Finder, limits: PatchLimits) -> None:
        """Take what finds the places of paths, and the limits."""
        self._finder = finder
        self._limits = limits
        self._grown = 0

    def apply(self, document: dict[str, Any], patch: Any) -> dict[str, Any]:
        """The document that all operations make of this one; the same one where there are none.

        Raises:
            InvalidRequest: an operation is malformed, or its place is not there.
            Conflict: a test does not hold.
            TooLarge: copies make too much of it.
        """
        self._check_list(patch)
        if not patch:
            return document
        root: list[Any] = [orjson.loads(orjson.dumps(document))]
        for index, operation in enumerate(patch):
            self._check(index, operation)
            try:
                self._run(root, operation)
            except UnusablePath as error:
                message = f"The path {operation['path'][:200]!r} cannot be used: {error}."
                raise InvalidRequest([Violation(f"/{index}/path", "invalidPath", message)]) from error
            except NoSuchPlace as error:
                message = f"{operation['op']} {operation['path'][:200]!r}: {error}."
                if operation["op"] == "test":
                    raise Conflict(message) from error
                raise InvalidRequest([Violation(f"/{index}/path", "noSuchPlace", message)]) from error
        result = root[0] if root else None
        if not isinstance(result, dict):
            raise InvalidRequest([Violation("", "invalidPatch", "The patch leaves no JSON object.")])
        return result

    def _check_list(self, patch: Any) -> None:
        if not isinstance(patch, list):
            message = "A JSON Patch is a list of operations, as in [{op, path, value}]."
            raise InvalidRequest([Violation("", "invalidPatch", message)])
        if len(patch) > self._limits.operations:
            message = f"A patch may have {self._limits.operations} operations; this one has {len(patch)}."
            raise InvalidRequest([Violation("", "invalidPatch", message)])

    def _check(self, index: int, operation: Any) -> None:
        wanted = _MEMBERS.get(str(operation.get("op"))) if isinstance(operation, dict) else None
        if wanted is None:
            message = f"An operation is an object whose op is one of {', '.join(_MEMBERS)}."
            raise InvalidRequest([Violation(f"/{index}", "invalidPatch", message)])
        for name in wanted:
            if name not in operation or (name != "value" and not isinstance(operation[name], str)):
                message = f"{operation['op']} needs {' and '.join(wanted)}, the paths as texts."
                raise InvalidRequest([Violation(f"/{index}/{name}", "invalidPatch", message)])

    def _run(self, root: list[Any], operation: dict[str, Any]) -> None:
        path = operation["path"]
        match operation["op"]:
            case "add":
                self._add(root, path, operation["value"])
            case "remove":
                for place in reversed(self._present(root, path)):
                    del place.container[place.key]  # type: ignore[arg-type]
            case "replace":
                self._replace(root, path, operation["value"])
            case "move":
                source = self._single(root, operation["from"])
                value = source.value
                del source.container[source.key]  # type: ignore[arg-type]
                self._add(root, path, value)
            case "copy":
                self._add(root, path, self._single(root, operation["from"]).value)
            case "test":
                if not all(same(place.value, operation["value"]) for place in self._present(root, path)):
                    raise NoSuchPlace("the value there is another one")

    def _add(self, root: list[Any], path: str, value: Any) -> None:
        if not root:
            raise NoSuchPlace("nothing is left of the resource")
        places = self._finder.places(root, path)
        text = self._weighed(value, len(places))
        for place in places:
            fresh = orjson.loads(text)
            if place.container is root:
                root[0] = fresh
            elif isinstance(place.container, list) and not place.chosen:
                place.container.insert(int(place.key), fresh)
            elif not self._extends(place, path, fresh):
                place.container[place.key] = fresh  # type: ignore[index]

    def _extends(self, place: Place, path: str, value: Any) -> bool:
        """Whether the value became part of what stands there, an element of the array or attributes of the object."""
        held = place.value if place.present else None
        if isinstance(held, list) and not isinstance(value, list):
            if self._finder.query or self._finder.is_array(path):
                held.append(value)
                return True
        elif isinstance(held, dict) and isinstance(value, dict) and self._finder.query:
            held.update(value)
            return True
        if place.chosen:
            raise NoSuchPlace("to an element that is chosen by a filter, an object with attributes can be added")
        return False

    def _replace(self, root: list[Any], path: str, value: Any) -> None:
        places = self._present(root, path)
        text = self._weighed(value, len(places))
        for place in places:
            place.container[place.key] = orjson.loads(text)  # type: ignore[index]

    def _present(self, root: list[Any], path: str) -> list[Place]:
        places = self._finder.places(root, path)
        for place in places:
            if not place.present:
                raise NoSuchPlace(f"there is no {place.key!r}")
        return places

    def _single(self, root: list[Any], path: str) -> Place:
        places = self._present(root, path)
        if len(places) != 1:
            raise NoSuchPlace(f"from has to lead to one place, {path[:200]!r} leads to {len(places)}")
        return places[0]

    def _weighed(self, value: Any, times: int) -> bytes:
        """The value as JSON. What is added is counted, or copies of copies would fill the memory."""
        text = encoded(value)
        self._grown += len(text) * times
        if self._grown > 4 * self._limits.result_bytes:
            raise TooLarge("The patch adds more than a resource may hold.")
        return text
