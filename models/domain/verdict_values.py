"""What answers of policies may say besides whether something is allowed: a reader for each sort of value. Pure."""

import math
from collections.abc import Callable, Mapping
from typing import Any

from models.domain.dates import canonical_date
from models.domain.durations import InvalidDuration, duration_seconds
from models.domain.releases.versions import InvalidVersion, Range

Document = dict[str, Any]

LONGEST_REASON = 1_000
LONGEST_NAME = 256
MOST_NAMED = 1_000
"""Fulfillers that one answer may name."""
LONGEST_WAIT = 30 * 86_400.0
"""Seconds before something is tried again."""
MOST_TIMES = 1_000


class NotAVerdict(ValueError):
    """The policy answered something else than a decision."""


def name_in(what: str) -> Callable[[Any], str]:
    """A reader of a text that names something, such as a queue."""

    def read(value: Any) -> str:
        if not isinstance(value, str) or not 0 < len(value) <= LONGEST_NAME:
            raise NotAVerdict(f"{what} in the answer is no text of at most {LONGEST_NAME} characters.")
        return value

    return read


def one_of(what: str, words: tuple[str, ...]) -> Callable[[Any], str]:
    """A reader of one of several words."""

    def read(value: Any) -> str:
        if value not in words:
            raise NotAVerdict(f"{what} in the answer is none of {', '.join(words)}.")
        return str(value)

    return read


def moment(value: Any) -> str:
    """A moment with a time zone."""
    found = canonical_date(value) if isinstance(value, str) else None
    if found is None:
        raise NotAVerdict("notBefore in the answer is no moment with a time zone, such as 2026-12-24T18:00:00Z.")
    return found


def seconds(value: Any) -> float:
    """A stretch of time: seconds, or a duration as ISO 8601 writes it."""
    try:
        found = duration_seconds(value) if isinstance(value, str) else value
    except InvalidDuration as error:
        raise NotAVerdict(f"after in the answer: {error}") from None
    if isinstance(found, bool) or not isinstance(found, int | float) or not math.isfinite(found):
        raise NotAVerdict("after in the answer is neither seconds nor a duration such as PT30S.")
    if not 0 <= found <= LONGEST_WAIT:
        raise NotAVerdict(f"after in the answer is not within 0 and {LONGEST_WAIT:g} seconds.")
    return float(found)


def times(value: Any) -> int:
    """How often something is done at most."""
    if isinstance(value, bool) or not isinstance(value, int | float) or value != int(value):
        raise NotAVerdict("atMost in the answer is no whole number.")
    if not 1 <= value <= MOST_TIMES:
        raise NotAVerdict(f"atMost in the answer is not within 1 and {MOST_TIMES}.")
    return int(value)


def truth(value: Any) -> bool:
    """True or false."""
    if not isinstance(value, bool):
        raise NotAVerdict("undo in the answer is neither true nor false.")
    return value


def values_by_name(value: Any) -> Document:
    """Values of characteristics by name; a null says nothing."""
    if not isinstance(value, Mapping) or len(value) > MOST_NAMED:
        raise NotAVerdict(f"characteristic in the answer is no object of at most {MOST_NAMED} values.")
    return {str(name): one for name, one in value.items() if one is not None}


def recipes(value: Any) -> list[Document]:
    """Recipes: a name, {name, versions?}, or a list of such: [{name, versions?}]."""
    made = []
    for said in _listed(value, "recipe", "recipes", "name"):
        name, versions = name_in("recipe")(said.get("name")), said.get("versions")
        if versions is None:
            made.append({"name": name})
            continue
        made.append({"name": name, "versions": name_in("versions of the recipe")(versions)})
        try:
            Range.parse(versions)
        except InvalidVersion as error:
            raise NotAVerdict(f"versions of the recipe {name} in the answer: {error}") from None
    return made


def anything(value: Any) -> Any:
    """Any JSON value."""
    return value


def fulfillers(value: Any, what: str = "prefer") -> list[str]:
    """Ids or names of fulfillers: one text, or a list of them."""
    found = [value] if isinstance(value, str) else value
    if not isinstance(found, list) or len(found) > MOST_NAMED:
        raise NotAVerdict(f"{what} in the answer is no list of at most {MOST_NAMED} fulfillers.")
    if not all(isinstance(one, str) and 0 < len(one) <= LONGEST_NAME for one in found):
        raise NotAVerdict(f"{what} in the answer names something else than a fulfiller.")
    return list(found)


def refusals(value: Any) -> list[Document]:
    """Fulfillers that are refused, each as its id or name or with a reason: [{fulfiller, reason?}]."""
    made = []
    for named in _listed(value, "refuse", "fulfillers", "fulfiller"):
        (fulfiller,) = fulfillers([named.get("fulfiller")], "refuse")
        reason = named.get("reason")
        if reason is not None and not isinstance(reason, str):
            raise NotAVerdict("A reason under refuse in the answer is no text.")
        made.append({"fulfiller": fulfiller, **({"reason": reason[:LONGEST_REASON]} if reason else {})})
    return made


def _listed(value: Any, what: str, things: str, key: str) -> list[Mapping[str, Any]]:
    """One thing or a list of them, each an object, or what such an object has under `key` alone."""
    found = value if isinstance(value, list) else [value]
    if len(found) > MOST_NAMED:
        raise NotAVerdict(f"{what} in the answer has more than {MOST_NAMED} {things}.")
    return [one if isinstance(one, Mapping) else {key: one} for one in found]
