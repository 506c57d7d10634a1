"""Where in a document an operation of a JSON Patch acts.

A path is a JSON pointer (RFC 6901), `/note/0/text`; a leading slash may be missing, as in TM Forum's own examples. In
a JSON Patch query (TMF630 Part 5) it may also choose elements of arrays by what they hold:

- `/serviceOrderItem[?(@.id=='2')]/state`: a pointer whose names carry JSONPath filters,
- `$.serviceOrderItem[?(@.id=='2')].state`: JSONPath; its `$.` or the `$` alone may be missing,
- `/note/text?note.id=77456`: a pointer through arrays, and a query that says which elements are meant.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from handlers.jsonpath import Every, Reader, Step, UnusablePath, Where
from handlers.values import ValueMismatch, typed
from models.domain.filters import And, Compare, Condition, Op, Value, predicate
from models.domain.patterns import PatternEngine
from models.domain.shapes import ANYTHING, Kind, Shape

Container = dict[str, Any] | list[Any]
_MAX_PATH = 2_000
_MAX_WORK = 200_000
_INDEX = re.compile(r"0|[1-9]\d{0,8}", re.ASCII)
_STRAY_TILDE = re.compile(r"~(?![01])")
_BRACKETED = re.compile(
    r"/(?P<name>[^/\[]+)(?P<filters>(?:\[(?:'[^']*'|\"[^\"]*\"|\[[^\]]*\]|[^\]'\"\[])*\])*)"  # /name[…][…]
)


class NoSuchPlace(ValueError):
    """The path leads nowhere in the document."""


@dataclass(frozen=True, slots=True)
class Place:
    """An attribute of an object or an element of an array, present or not.

    Attributes:
        container: the object or array.
        key: the attribute's name, or the index; the length of the array is the place behind its last element.
        chosen: it was chosen by what it holds, not named.
    """

    container: Container
    key: str | int
    chosen: bool = False

    @property
    def present(self) -> bool:
        """Whether something stands there."""
        if isinstance(self.container, list):
            return isinstance(self.key, int) and self.key < len(self.container)
        return self.key in self.container

    @property
    def value(self) -> Any:
        """What stands there."""
        return self.container[self.key]  # type: ignore[index]


@dataclass(frozen=True, slots=True)
class _Token:
    """A part of a JSON pointer: whether it is a name or an index depends on what it is applied to."""

    text: str

    def inside(self, holder: Any) -> Place:
        if isinstance(holder, dict):
            return Place(holder, self.text)
        if not isinstance(holder, list):
            raise NoSuchPlace(f"a plain value has nothing named {self.text!r}")
        if self.text == "-":
            return Place(holder, len(holder))
        if not _INDEX.fullmatch(self.text) or int(self.text) > len(holder):
            raise NoSuchPlace(f"{self.text!r} is no index of an array of {len(holder)} elements")
        return Place(holder, int(self.text))


_Steps = tuple[Step | _Token, ...]


class Finder:
    """Finds places. One for each patch, since it counts the work that the patch makes."""

    def __init__(self, shape: Shape, engine: PatternEngine, *, query: bool) -> None:
        """Take the shape of the documents; `query` allows the forms that choose by content."""
        self.query = query
        self._shape = shape
        self._engine = engine
        self._reader = Reader(engine, lenient=True)
        self._work = 0
        self.named: set[str] = set()
        """The first-level attributes that paths have spoken of."""
        self.whole = False
        """Whether a path has spoken of the document as a whole."""

    def places(self, root: list[Any], path: str) -> list[Place]:
        """The places that a path names in the document, which is the only element of `root`; at least one.

        The last step may lead to what is not there; every step before has to lead somewhere.

        Raises:
            UnusablePath: the path is malformed.
            NoSuchPlace: it leads nowhere.
        """
        if len(path) > _MAX_PATH:
            raise UnusablePath(f"a path may have {_MAX_PATH} characters, this one has {len(path)}")
        places = [Place(root, 0)]
        steps = self._steps(path)
        self.named.update(_names(steps[:1]))
        self.whole |= not _names(steps[:1])
        for step in steps:
            places = [inner for place in places for inner in self._inside(place, step)]
        if not places:
            raise NoSuchPlace(f"nothing in the resource is chosen by {path!r}")
        return places

    def is_array(self, path: str) -> bool:
        """Whether the schema wants an array at a JSON pointer."""
        names = tuple(part for part in _parts(path) if part != "-" and not part.isdigit())
        found = self._shape.at(names)
        return found is not None and found.kind is Kind.ARRAY

    def _steps(self, path: str) -> _Steps:
        if path == "":
            return ()
        if self.query:
            if "?" in path and "[" not in path:
                return self._by_query(*path.split("?", 1))
            if path[0] in "$.[" or (path[0] != "/" and re.search(r"[.\[]", path)):
                text = path if path[0] == "$" else f"${path}" if path[0] in ".[" else f"$.{path}"
                return self._reader.steps(text, self._shape)
            if "[" in path:
                return self._bracketed(path)
        return tuple(map(_Token, _parts(path)))

    def _bracketed(self, path: str) -> _Steps:
        pointer, dash, _ = path.partition("/-") if path.endswith("/-") else (path, "", "")
        written, end = ["$"], 0
        for part in _BRACKETED.finditer(pointer):
            if part.start() != end:
                break
            end = part.end()
            name = _unescaped(part["name"])
            quoted = name.replace("\\", "\\\\").replace("'", "\\'")
            written.append(f"[{name}]" if _INDEX.fullmatch(name) else f"['{quoted}']")
            written.append(part["filters"])
        if end != len(pointer):
            raise UnusablePath(f"{path!r} is neither a JSON pointer nor a JSONPath")
        steps = self._reader.steps("".join(written), self._shape)
        return (*steps, _Token("-")) if dash else steps

    def _by_query(self, pointer: str, query: str) -> _Steps:
        """Each condition chooses among the elements of the innermost array that it shares with the pointer."""
        parts = _parts(pointer)
        chosen: dict[int, list[Condition]] = {}
        for part in filter(None, query.split("&")):
            path, values = self._asked(part)
            depth = self._array_depth(parts, path)
            chosen.setdefault(depth, []).append(Compare(path[depth:], Op.EQ, values))
        steps: list[Step | _Token] = []
        for depth, name in enumerate(parts, 1):
            steps.append(_Token(name))
            if depth in chosen:
                steps.append(Where(And(tuple(chosen[depth]))))
        return tuple(steps)

    def _asked(self, part: str) -> tuple[tuple[str, ...], tuple[Value, ...]]:
        name, equals, text = part.partition("=")
        path = tuple(name.split("."))
        if not equals or not all(path):
            raise UnusablePath(f"{part!r} is no condition; an example of one is note.id=77456")
        try:
            return path, typed(text, self._shape.at(path) or ANYTHING)
        except ValueMismatch as error:
            raise UnusablePath(f"{part!r} does not fit: {error}") from error

    def _array_depth(self, parts: tuple[str, ...], path: tuple[str, ...]) -> int:
        shared = 0
        while shared < min(len(parts), len(path)) and parts[shared] == path[shared]:
            shared += 1
        for depth in range(shared, 0, -1):
            found = self._shape.at(path[:depth])
            if found is None or found.kind in (Kind.ARRAY, Kind.ANY):
                return depth
        raise UnusablePath(f"the condition on {'.'.join(path)} speaks of no array on the path")

    def _inside(self, place: Place, step: Step | _Token) -> Iterator[Place]:
        if not place.present:
            raise NoSuchPlace(f"there is no {place.key!r} to go into")
        holder = place.value
        self._count(len(holder) if isinstance(holder, list) else 1)
        match step:
            case _Token():
                yield step.inside(holder)
            case str() if isinstance(holder, dict):
                yield Place(holder, step)
            case int() if isinstance(holder, list) and step < len(holder):
                yield Place(holder, step)
            case Every() if isinstance(holder, list):
                yield from (Place(holder, index, chosen=True) for index in range(len(holder)))
            case Where(condition) if isinstance(holder, list):
                holds = predicate(condition, self._engine)
                yield from (Place(holder, index, chosen=True) for index, each in enumerate(holder) if holds(each))

    def _count(self, work: int) -> None:
        self._work += work
        if self._work > _MAX_WORK:
            raise UnusablePath("the patch looks at too many parts of the resource; split it up")


def _names(steps: _Steps) -> list[str]:
    return [step.text if isinstance(step, _Token) else step for step in steps if isinstance(step, (str, _Token))]


def _parts(pointer: str) -> tuple[str, ...]:
    return tuple(map(_unescaped, pointer.removeprefix("/").split("/")))


def _unescaped(part: str) -> str:
    if _STRAY_TILDE.search(part):
        raise UnusablePath(f"in {part!r} a ~ stands that is neither ~0 nor ~1")
    return part.replace("~1", "/").replace("~0", "~")
