"""Semantic versions and ranges of them. Source: Semantic Versioning 2.0.0 (semver.org), grammar and clause 11."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

MAX_LENGTH = 64

_VERSION = re.compile(
    r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)"
    r"(?:-((?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*)(?:\.(?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*))*))?"
    r"(?:\+([0-9a-zA-Z-]+(?:\.[0-9a-zA-Z-]+)*))?",
    re.ASCII,
)
_COMPARATOR = re.compile(r"(>=|<=|>|<|=|\^)?(\S+)")


class InvalidVersion(ValueError):
    """A text is no semantic version, or no range of them; the message says how one looks."""


class Version(NamedTuple):
    """A version in the order of clause 11: a pre-release comes before its release; the build does not count."""

    core: tuple[int, int, int]
    released: bool
    stage: tuple[tuple[bool, int, str], ...]

    @classmethod
    def parse(cls, text: str) -> "Version":
        """Read a version such as `1.4.0` or `2.0.0-rc.1`.

        Raises:
            InvalidVersion: it is none.
        """
        found = _VERSION.fullmatch(text) if len(text) <= MAX_LENGTH else None
        if found is None:
            raise InvalidVersion(f"{text[:MAX_LENGTH]!r} is no semantic version; one looks like 1.4.0 or 2.0.0-rc.1.")
        parts = found[4].split(".") if found[4] else []
        stage = tuple((not part.isdigit(), int(part) if part.isdigit() else 0, part) for part in parts)
        return cls((int(found[1]), int(found[2]), int(found[3])), not parts, stage)


@dataclass(frozen=True, slots=True)
class Range:
    """Versions that fit: all comparators must hold."""

    text: str
    comparators: tuple[tuple[str, Version], ...]

    @classmethod
    def parse(cls, text: str) -> "Range":
        """Read a range: `*`, or comparators such as `>=1.2.0 <2.0.0`, `^1.2.0`, `1.2.0`, by blanks or commas.

        Raises:
            InvalidVersion: it is none.
        """
        parts = text.replace(",", " ").split()
        if parts == ["*"]:
            return cls(text, ())
        if not parts:
            raise InvalidVersion("A range is `*`, or comparators such as `>=1.2.0 <2.0.0` or `^1.2.0`.")
        return cls(text, tuple(comparator for part in parts for comparator in _comparators(part)))

    def contains(self, version: str) -> bool:
        """Whether a version fits.

        Raises:
            InvalidVersion: it is none.
        """
        seen = Version.parse(version)
        return all(_HOLDS[sign](seen, bound) for sign, bound in self.comparators)


_HOLDS: dict[str, Callable[[Version, Version], bool]] = {
    ">=": lambda seen, bound: seen >= bound,
    "<=": lambda seen, bound: seen <= bound,
    ">": lambda seen, bound: seen > bound,
    "<": lambda seen, bound: seen < bound,
    "=": lambda seen, bound: seen == bound,
}


def _comparators(part: str) -> list[tuple[str, Version]]:
    found = _COMPARATOR.fullmatch(part)
    version = Version.parse(found[2] if found else part)
    sign = (found[1] if found else None) or "="
    return [(sign, version)] if sign != "^" else [(">=", version), ("<", _next_breaking(version))]


def _next_breaking(version: Version) -> Version:
    """The first version that may break what relied on one: the left-most number that is not 0 has grown."""
    major, minor, patch = version.core
    core = (major + 1, 0, 0) if major else (0, minor + 1, 0) if minor else (0, 0, patch + 1)
    # Pre-releases of the breaking version are beyond the range, too: the lowest of them is the bound.
    return Version(core, released=False, stage=())
