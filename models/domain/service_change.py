"""What fulfilment does to a service: pure functions from a TMF638 body to the attributes that change."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from models.domain.json_values import differences

Body = Mapping[str, Any]
Changes = dict[str, Any]

BUILT = frozenset({"active", "inactive"})
DESIRED = frozenset({"feasibilityChecked", "designed", "reserved"})


@dataclass(frozen=True, slots=True)
class Report:
    """What a fulfiller said has become of a service.

    Attributes:
        characteristics: entries of `serviceCharacteristic`, by name; a value of None removes one.
        resources: entries of `supportingResource`.
        services: entries of `supportingService`.
        gone: entries of `supportingResource` that it does without from now on, each at least {id}.
    """

    characteristics: tuple[Mapping[str, Any], ...] = ()
    resources: tuple[Mapping[str, Any], ...] = ()
    services: tuple[Mapping[str, Any], ...] = ()
    gone: tuple[Mapping[str, Any], ...] = ()

    def __bool__(self) -> bool:
        """Whether it says anything."""
        return bool(self.characteristics or self.resources or self.services or self.gone)


def values(body: Body) -> dict[str, Any]:
    """The characteristics of a service by name, as expressions see them."""
    return {entry["name"]: entry.get("value") for entry in body.get("serviceCharacteristic", ()) if "name" in entry}


def merge_characteristics(
    present: Iterable[Mapping[str, Any]], named: Iterable[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Characteristics after a delta: named ones change, keeping what it does not say; null removes; others stay."""
    merged = {entry.get("name"): dict(entry) for entry in present}
    for entry in named:
        name = entry.get("name")
        if entry.get("value") is None:
            merged.pop(name, None)
        else:
            merged[name] = {**merged.get(name, {}), **entry}
    return list(merged.values())


def merge_references(present: Sequence[Mapping[str, Any]], new: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """References after new ones came: one entry per id, the newest word on each."""
    merged = {entry.get("id"): dict(entry) for entry in present}
    for entry in new:
        merged[entry.get("id")] = {**merged.get(entry.get("id"), {}), **entry}
    return list(merged.values())


def with_delta(body: Body, delta: Body) -> Changes:
    """The attributes that an ordered modification changes (RULES: a delta; null removes)."""
    changes: Changes = {}
    for name, value in delta.items():
        if name in ("id", "href", "state", "@type", "@baseType", "@schemaLocation", "serviceSpecification"):
            continue
        if name == "serviceCharacteristic":
            changes[name] = merge_characteristics(body.get(name, ()), value or ())
        else:
            changes[name] = value
    return changes


def with_report(body: Body, report: Report) -> Changes:
    """The attributes that a fulfiller's report changes."""
    changes: Changes = {}
    if report.characteristics:
        present = body.get("serviceCharacteristic", ())
        changes["serviceCharacteristic"] = merge_characteristics(present, report.characteristics)
    if report.resources or report.gone:
        gone = {entry["id"] for entry in report.gone}
        present = [entry for entry in body.get("supportingResource", ()) if entry.get("id") not in gone]
        changes["supportingResource"] = merge_references(present, report.resources)
    if report.services:
        changes["supportingService"] = merge_references(body.get("supportingService", ()), report.services)
    return changes


def in_state(body: Body, state: str, at: str) -> Changes:
    """The attributes that entering a state changes: the state, and the dates that follow from it."""
    if body.get("state") == state:
        return {}
    changes: Changes = {"state": state}
    if state in BUILT:
        changes["isServiceEnabled"] = state == "active"
        changes["hasStarted"] = state == "active" or bool(body.get("hasStarted"))
        if "startDate" not in body or body.get("state") == "terminated":
            changes["startDate"] = at
        if "endDate" in body:
            changes["endDate"] = None
    if state == "terminated":
        changes.update(endDate=at, isServiceEnabled=False)
    return changes


def changed(body: Body, changes: Changes) -> tuple[Changes, Changes]:
    """What really differs, before and after (None stands for absent)."""
    return differences(body, changes)
