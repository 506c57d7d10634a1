"""Rules that the settings of several kinds keep to."""

from collections.abc import Iterable, Mapping
from typing import Any

from models.domain.violations import Violation


def unknown_settings(settings: Mapping[str, Any], known: Iterable[str]) -> list[Violation]:
    """Names that this kind does not have: misspelt ones, most of the time."""
    names = sorted(known)
    return [
        Violation(
            f"/settings/{name}", "unknownSetting", f"There is no such setting; this kind knows {', '.join(names)}."
        )
        for name in sorted(settings.keys() - set(names))
    ]
