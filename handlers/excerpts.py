"""Excerpts of bodies: small enough to be told in detail what is wrong, and with the same mistakes in them.

A validator that names mistakes looks at all of them, and copies what each one is about: 40 microseconds a mistake,
more than a minute for the largest body. So only an excerpt is looked at: a few elements of each array, and of an object
without end what the schema knows.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from models.domain.shapes import ANYTHING, Shape

ATTRIBUTES = 200
"""That are kept of each object, beside those that the schema knows."""

ELEMENTS = 5
"""That are kept of each array: as many as mistakes are told."""

MAX_WEIGHT = 2_000
"""Values, each counted once for every level it stands on: what may be looked at in detail, in some ten milliseconds."""

Path = Sequence[str | int]


@dataclass(frozen=True, slots=True)
class Excerpt:
    """A body with at most `ELEMENTS` of each array and hardly more than `ATTRIBUTES` of each object.

    Since our schemas want no more than one element in an array and only such attributes as they know, what is wrong in
    an excerpt is wrong in the body.

    Attributes:
        body: what is left of it.
        around: a path in the whole body; arrays on it begin with the element that it names, all others with the first.
    """

    body: Any
    around: Path = ()

    @classmethod
    def of(cls, body: Any, shape: Shape = ANYTHING, around: Path = ()) -> "Excerpt":
        """The excerpt of a body of this shape around a place."""
        return cls(_cut(body, shape, around), around)

    @property
    def is_small(self) -> bool:
        """Whether it may be looked at in detail."""
        return _weight(self.body, MAX_WEIGHT) <= MAX_WEIGHT

    def path_in_body(self, path: Path) -> list[str | int]:
        """Where in the whole body something stands that was found in the excerpt."""
        found = list(path)
        for depth, (there, part) in enumerate(zip(self.around, path, strict=False)):
            if isinstance(there, int) and isinstance(part, int):
                found[depth] = there + part
                if part:
                    break
            elif there != part:
                break
        return found


def _cut(value: Any, shape: Shape, around: Path) -> Any:
    name, *below = around or (None,)
    if isinstance(value, dict):
        kept = value if len(value) <= ATTRIBUTES else _known(value, shape)
        return {
            key: _cut(each, shape.attribute(key) or ANYTHING, below if key == name else ())
            for key, each in kept.items()
        }
    if isinstance(value, list):
        first = name if isinstance(name, int) else 0
        elements = value[first : first + ELEMENTS]
        return [_cut(each, shape, () if index else below) for index, each in enumerate(elements)]
    return value


def _known(holder: Mapping[str, Any], shape: Shape) -> dict[str, Any]:
    known = {name: holder[name] for name in shape.element.names if name in holder}
    return {**known, **dict(islice(holder.items(), ATTRIBUTES))}


def _weight(value: Any, most: int, depth: int = 1) -> int:
    """The weight of a value, or any number above `most` where it is more."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    total = depth
    for each in inner:
        total += _weight(each, most - total, depth + 1)
        if total > most:
            break
    return total
