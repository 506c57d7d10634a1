"""JSON merge patches (RFC 7396)."""

from collections.abc import Collection, Mapping
from typing import Any

Document = dict[str, Any]


def merged(target: Any, patch: Any) -> Any:
    """What a patch makes of a value, which is left as it is (RFC 7396, section 2)."""
    if not isinstance(patch, dict):
        return patch
    result = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = merged(result.get(name), value)
    return result


def with_defaults(
    body: Mapping[str, Any], patch: Mapping[str, Any], defaults: Mapping[str, Any], whole: Collection[str] = ()
) -> Document:
    """A registration after a patch: what is null is as it is by default.

    Args:
        body: as it is.
        patch: what changes.
        defaults: the values of attributes that are not given.
        whole: attributes that are put in the place of what was there, with all that is in them.
    """
    made = dict(body)
    for name, value in patch.items():
        if value is None:
            made.pop(name, None)
            if name in defaults:
                made[name] = defaults[name]
        else:
            made[name] = value if name in whole else merged(made.get(name), value)
    return made
