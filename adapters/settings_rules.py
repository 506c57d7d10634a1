"""Rules that the settings of several kinds keep to."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from models.domain.violations import Violation

Rule = tuple[str, str, Callable[[Any], bool]]  # name, what it has to be, whether a value is that


def unknown_settings(settings: Mapping[str, Any], known: Iterable[str]) -> list[Violation]:
    """Names that this kind does not have: misspelt ones, most of the time."""
    names = sorted(known)
    return [
        Violation(
            f"/settings/{name}", "unknownSetting", f"There is no such setting; this kind knows {', '.join(names)}."
        )
        for name in sorted(settings.keys() - set(names))
    ]


def wrong_values(settings: Mapping[str, Any], rules: Iterable[Rule], needed: Iterable[str] = ()) -> Iterator[Violation]:
    """Values that break the rule of their setting, and settings that are needed and not there."""
    wanted = frozenset(needed)
    for name, what, fits in rules:
        if name not in settings:
            if name in wanted:
                yield Violation(f"/settings/{name}", "missing", f"{name} is needed: {what}.")
        elif not fits(settings[name]):
            yield Violation(f"/settings/{name}", "invalidValue", f"{name} must be {what}.")
