"""The actual instance of a service: what is, each value with where we have it from and since when.

The values themselves are those of the TMF638 body; this side says of each whether it is as ordered, was reported by a
fulfiller, or was recorded by a client of the inventory.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

Body = Mapping[str, Any]
Actual = dict[str, Any]

VALUES = "serviceCharacteristic"


@dataclass(frozen=True, slots=True)
class Source:
    """Where we have a value from.

    Attributes:
        kind: as an order asked for it; as a fulfiller reported it; as a client of the inventory recorded it.
        by: the order's id; the fulfiller's id; the client.
        at: when.
    """

    kind: Literal["ordered", "reported", "recorded"]
    by: str
    at: str

    def to_document(self) -> dict[str, str]:
        """As it stands with a value."""
        return {"source": self.kind, "by": self.by, "at": self.at}


def seen(was: Body | None, body: Body, reported: Mapping[str, Source], otherwise: Source) -> Actual:
    """The actual side of a service after a change of its body.

    Args:
        was: the actual side before; None where nothing was known.
        body: the body after the change.
        reported: where the values come from that somebody has spoken of just now, by name, changed or not.
        otherwise: where any other value comes from that is new or other than before.
    """
    before = {entry["name"]: entry for entry in (was or {}).get(VALUES, ())}
    entries = [
        _value(before.get(entry["name"]), entry, reported.get(entry["name"]), otherwise)
        for entry in body.get(VALUES) or ()
        if "name" in entry
    ]
    state = body.get("state", "active")
    if was is not None and was.get("state") == state:
        made = {name: was[name] for name in ("state", "source", "by", "at") if name in was}
    else:
        made = {"state": state, **otherwise.to_document()}
    return {**made, VALUES: entries} if entries else made


def _value(was: Body | None, entry: Body, reported: Source | None, otherwise: Source) -> Body:
    value = entry.get("value")
    if reported is None and was is not None and was.get("value") == value:
        return was
    return {"name": entry["name"], "value": value, **(reported or otherwise).to_document()}


def reported_only(was: Body | None, body: Body, reported: Mapping[str, Source], at: str) -> Actual:
    """What is known of a service that is still being built: the values that fulfillers have reported so far."""
    known = {entry["name"] for entry in (was or {}).get(VALUES, ())} | reported.keys()
    named = [entry for entry in body.get(VALUES) or () if entry.get("name") in known]
    return seen(was, {**body, VALUES: named}, reported, Source("reported", "som", at))


def names(entries: Sequence[Body]) -> list[str]:
    """The names of characteristics that somebody speaks of."""
    return [str(entry["name"]) for entry in entries if "name" in entry]


def known(document: Mapping[str, Any]) -> Actual | None:
    """The actual side of a stored service; of one from a release that kept none the values, without their sources.

    None where the service has been planned only.
    """
    if "actual" in document:
        kept: Actual = document["actual"]
        return kept
    body: Body = document["body"]
    if body.get("state") in ("feasibilityChecked", "designed", "reserved"):
        return None
    values = [
        {"name": entry["name"], "value": entry.get("value")} for entry in body.get(VALUES) or () if "name" in entry
    ]
    made: Actual = {"state": body.get("state", "active")}
    return {**made, VALUES: values} if values else made
