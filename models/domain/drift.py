"""Drift: how what a service is differs from what was ordered."""

from collections.abc import Iterator, Mapping
from typing import Any

from models.domain.lost_resources import drift_of

Body = Mapping[str, Any]
Drift = dict[str, Any]

_IDENTITY = {"feature": ("id", "name"), "place": ("id", "name")}


def difference(desired: Body, body: Body, actual: Body | None = None) -> list[Drift]:
    """What of a service is otherwise than ordered.

    What was ordered is looked for in what is, never the other way round: a value that nobody ordered, such as an
    address that a fulfiller has chosen, is a fact and no drift.

    Args:
        desired: what was ordered.
        body: the service as it is (TMF638).
        actual: where its values come from.

    Returns:
        For each difference {attribute, name?, desired, actual, source?, by?, at?}; a value that is missing is null.
        `name` is of the characteristic, feature or place, or the id of a resource that it has lost.
    """
    if desired["state"] != body.get("state"):
        about = {name: (actual or {})[name] for name in ("source", "by", "at") if name in (actual or {})}
        found = [{"attribute": "state", "desired": desired["state"], "actual": body.get("state"), **about}]
    else:
        found = []
    if body.get("state") == "terminated":  # of a service that has ended nothing else can be otherwise
        return found
    return [*found, *_values(desired, body, actual), *_parts(desired, body), *drift_of(body)]


def _values(desired: Body, body: Body, actual: Body | None) -> Iterator[Drift]:
    wanted = desired.get("serviceCharacteristic")
    if not wanted:
        return
    there = {entry.get("name"): entry.get("value") for entry in body.get("serviceCharacteristic") or ()}
    for entry in wanted:
        name, value = entry.get("name"), entry.get("value")
        if not same(value, there.get(name)):
            known = (actual or {}).get("serviceCharacteristic", ())
            told: Body = next((one for one in known if one["name"] == name), {})
            about = {key: told[key] for key in ("source", "by", "at") if key in told}
            found = {"attribute": "serviceCharacteristic", "name": name, "desired": value, "actual": there.get(name)}
            yield {**found, **about}


def _parts(desired: Body, body: Body) -> Iterator[Drift]:
    for attribute, keys in _IDENTITY.items():
        for entry in desired.get(attribute) or ():
            named = [(key, entry[key]) for key in keys if key in entry][:1]
            there = next((one for one in body.get(attribute) or () if named and named[0] in one.items()), None)
            if there is None or any(there.get(key) != value for key, value in entry.items()):
                name = {"name": str(named[0][1])} if named else {}
                yield {"attribute": attribute, **name, "desired": entry, "actual": there}


def same(one: Any, other: Any) -> bool:
    """Whether two JSON values are equal; to Python, true equals 1."""
    return bool(one == other) and isinstance(one, bool) == isinstance(other, bool)


def fingerprint(drift: Body | None) -> list[tuple[str, str, str, str]]:
    """What makes a drift the drift that it is, whoever reports it and however often."""
    return [
        (entry["attribute"], entry.get("name", ""), repr(entry["desired"]), repr(entry["actual"]))
        for entry in (drift or {}).get("difference", ())
    ]


def drifted(was: Body | None, found: list[Drift], at: str) -> Drift | None:
    """The drift of a service after either side has changed; it keeps its beginning while there is any."""
    if not found:
        return None
    return {"since": (was or {}).get("since", at), "difference": found}
