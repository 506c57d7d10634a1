"""Brings specifications, fulfillers, resource pools and services from files into a server, as often as one likes."""

import graphlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from som.cli import files
from som.cli.connection import ADMINISTRATION, CATALOGUE, INVENTORY, Server, at
from som.cli.exits import Refused, Unusable

SPECIFICATION = "serviceSpecification"
RESOURCE_SPECIFICATION = "resourceSpecification"
FULFILLER = "fulfiller"
FALLOUT_RULE = "falloutRule"
SERVICE = "service"
POOL = "resourcePool"

_BASES = {
    SPECIFICATION: f"{CATALOGUE}/{SPECIFICATION}",
    RESOURCE_SPECIFICATION: f"{ADMINISTRATION}/{RESOURCE_SPECIFICATION}",
}
"""Where specifications of each kind stand: they have an id, or else a name and a version."""

_FOLDERS = {
    "catalogue": SPECIFICATION,
    "catalog": SPECIFICATION,
    "specifications": SPECIFICATION,
    "resource-specifications": RESOURCE_SPECIFICATION,
    "fulfillers": FULFILLER,
    "pools": POOL,
    "rules": FALLOUT_RULE,
    "services": SERVICE,
    "inventory": SERVICE,
}
_ENDINGS = (
    ("ResourceSpecification", RESOURCE_SPECIFICATION),
    ("Specification", SPECIFICATION),
    ("Fulfiller", FULFILLER),
    ("ResourcePool", POOL),
    ("FalloutRule", FALLOUT_RULE),
    ("Service", SERVICE),
)
# Set once, or by the server: not a difference when they differ.
_FIXED = frozenset({"id", "href", "@type", "@baseType", "@schemaLocation", "lastUpdate", "createdDate"})
_WRITE_ONLY = frozenset({"credentials"})
_EXACT = frozenset({"settings"})  # the server adds nothing of its own, so what the file does not name has to go


@dataclass(frozen=True, slots=True)
class Entry:
    """One resource of a file."""

    kind: str
    body: dict[str, Any]
    source: Path

    @property
    def label(self) -> str:
        """How people call it."""
        name = str(self.body.get("name") or self.body.get("id") or self.source.name)
        return f"{name} {self.body['version']}" if self.kind in _BASES and self.body.get("version") else name


@dataclass(frozen=True, slots=True)
class Loaded:
    """What became of an entry: `created`, `updated` or `unchanged`."""

    entry: Entry
    id: str
    outcome: str


def entries(paths: Sequence[Path], fill: Mapping[str, str]) -> list[Entry]:
    """Everything in the files, in an order in which it can be loaded.

    Raises:
        Unusable: a file cannot be read, or does not say what it holds.
    """
    found = [entry for path in files.every(paths) for entry in _entries_of(path, fill)]
    return in_order(found)


def in_order(found: Iterable[Entry]) -> list[Entry]:
    """The entries in an order in which they can be loaded."""
    by_kind: dict[str, list[Entry]] = {kind: [] for kind in _LOADERS}
    for entry in found:
        by_kind[entry.kind].append(entry)
    by_kind[SPECIFICATION] = _parts_first(by_kind[SPECIFICATION])
    return [entry for entries_of_kind in by_kind.values() for entry in entries_of_kind]


def load(server: Server, entry: Entry) -> Loaded:
    """Creates it, or brings what is there up to date.

    Raises:
        Refused: the server does not take it; the message names the file.
    """
    try:
        return _LOADERS[entry.kind](server, entry)
    except Refused as refusal:
        raise Refused(refusal.status, f"{entry.source}: {entry.label}\n{refusal}", refusal.code) from None


def _entries_of(path: Path, fill: Mapping[str, str]) -> list[Entry]:
    content = files.read(path, fill)
    resources = content if isinstance(content, list) else [content]
    if not all(isinstance(resource, dict) for resource in resources):
        raise Unusable(f"{path} has to hold one JSON object, or a list of them.")
    return [Entry(_kind(resource, path), resource, path) for resource in resources]


def _kind(resource: Mapping[str, Any], path: Path) -> str:
    named = str(resource.get("@type", ""))
    for ending, kind in _ENDINGS:
        if named.endswith(ending):
            return kind
    for folder in (part.name for part in path.resolve().parents):
        if folder in _FOLDERS:
            return _FOLDERS[folder]
    raise Unusable(
        f'{path} does not say what it holds: give it "@type": "ServiceSpecification", "ResourceSpecification", '
        '"Fulfiller", "ResourcePool", "FalloutRule" or "Service", or put it into a folder called catalogue, '
        "resource-specifications, fulfillers, pools, rules or services."
    )


def _parts_first(specifications: Sequence[Entry]) -> list[Entry]:
    """In such an order that a specification comes after those it refers to, where that is possible."""
    places: dict[str, int] = {}
    for place, entry in enumerate(specifications):
        for attribute in ("id", "name"):
            places[str(entry.body.get(attribute))] = place
    graph = {place: _referred(entry, places) - {place} for place, entry in enumerate(specifications)}
    try:
        return [specifications[place] for place in graphlib.TopologicalSorter(graph).static_order()]
    except graphlib.CycleError:  # the server says so in better words than we could
        return list(specifications)


def _referred(entry: Entry, places: Mapping[str, int]) -> set[int]:
    relations: Iterable[Any] = entry.body.get("serviceSpecRelationship") or []
    names = {str(relation.get(key)) for relation in relations if isinstance(relation, dict) for key in ("id", "name")}
    return {places[name] for name in names if name in places}


def _load_specification(server: Server, entry: Entry) -> Loaded:
    body = entry.body
    base = _BASES[entry.kind]
    present = server.find(at(base, str(body["id"]))) if body.get("id") else None
    if present is None:
        same = {"name": body.get("name"), "version": body.get("version"), "limit": 1}
        found = [] if body.get("id") or not body.get("name") else server.page(base, same).items
        present = found[0] if found else None
    return _bring_up(server, entry, base, body, present)


def _load_named(server: Server, entry: Entry) -> Loaded:
    """A fulfiller or a pool, which have an id of the file's choice, or else a name."""
    body = {name: value for name, value in entry.body.items() if name != "@type"}  # there is only one type
    base = f"{ADMINISTRATION}/{entry.kind}"
    if body.get("id"):
        present = server.find(at(base, str(body["id"])))
    else:
        found = server.page(base, {"name": body.get("name"), "limit": 1}).items if body.get("name") else []
        present = found[0] if found else None
    return _bring_up(server, entry, base, body, present)


def _load_fallout_rule(server: Server, entry: Entry) -> Loaded:
    body = {name: value for name, value in entry.body.items() if name != "@type"}
    base = f"{ADMINISTRATION}/falloutRule"
    present = server.find(at(base, str(body["id"]))) if body.get("id") else None
    return _bring_up(server, entry, base, body, present)


def _load_service(server: Server, entry: Entry) -> Loaded:
    """A service has no id of its own choice, so its name and specification tell whether it is there."""
    base = f"{INVENTORY}/service"
    specification = (entry.body.get("serviceSpecification") or {}).get("id")
    same = {"name": entry.body.get("name"), "serviceSpecification.id": specification, "limit": 1}
    found = server.page(base, same).items if entry.body.get("name") else []
    return _bring_up(server, entry, base, entry.body, found[0] if found else None)


def _bring_up(server: Server, entry: Entry, base: str, body: dict[str, Any], present: dict[str, Any] | None) -> Loaded:
    if present is None:
        return Loaded(entry, str(server.post(base, body)["id"]), "created")
    changed = {
        name: _instead(present.get(name), value)
        for name, value in body.items()
        if name not in _FIXED and not _is_so(name, present.get(name), value)
    }
    if not changed:
        return Loaded(entry, str(present["id"]), "unchanged")
    server.patch(at(base, str(present["id"])), changed)
    return Loaded(entry, str(present["id"]), "updated")


def _is_so(name: str, present: Any, wanted: Any) -> bool:
    if name in _WRITE_ONLY:  # nobody can see whether it is so
        return False
    return bool(present == wanted) if name in _EXACT else _covers(present, wanted)


def _instead(present: Any, wanted: Any) -> Any:
    """The merge patch that puts one value into the place of the other: members that are not wanted become null."""
    if not isinstance(present, dict) or not isinstance(wanted, dict):
        return wanted
    dropped = dict.fromkeys(name for name in present if name not in wanted)
    return dropped | {name: _instead(present.get(name), part) for name, part in wanted.items()}


def _covers(present: Any, wanted: Any) -> bool:
    """Whether what is there says all that is wanted; what the server added to it does not matter."""
    match wanted:
        case dict():
            return isinstance(present, dict) and all(_covers(present.get(name), part) for name, part in wanted.items())
        case list():
            return (
                isinstance(present, list)
                and len(present) == len(wanted)
                and all(_covers(one, other) for one, other in zip(present, wanted, strict=True))
            )
        case str():
            return bool(present == wanted) or _same_moment(present, wanted)
    return bool(present == wanted)


def _same_moment(one: Any, other: str) -> bool:
    """Whether two texts are the same date, which the server writes in its own way."""
    try:
        return datetime.fromisoformat(one) == datetime.fromisoformat(other)
    except (TypeError, ValueError):
        return False


_LOADERS: Mapping[str, Callable[[Server, Entry], Loaded]] = {
    RESOURCE_SPECIFICATION: _load_specification,
    SPECIFICATION: _load_specification,
    FULFILLER: _load_named,
    POOL: _load_named,
    FALLOUT_RULE: _load_fallout_rule,
    SERVICE: _load_service,
}
