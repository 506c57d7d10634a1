"""Whole catalogues as files: everything of one server in one canonical form, and what other systems export."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from models.domain.errors import InvalidRequest
from models.domain.foreign_catalogue import Note, translated
from models.domain.fulfiller import FulfillerDefinition
from models.domain.releases.coverage import Uncovered, uncovered
from models.domain.selection import Selection
from models.domain.specification import ORDERABLE, Specification
from models.patterns import Re2Patterns
from som.cli import files
from som.cli.connection import ADMINISTRATION, CATALOGUE, Server, at
from som.cli.exits import Unusable
from som.cli.loading import FALLOUT_RULE, FULFILLER, POOL, RESOURCE_SPECIFICATION, SPECIFICATION, Entry

Body = dict[str, Any]

_PAGE = 500
_SECTIONS = {
    RESOURCE_SPECIFICATION: f"{ADMINISTRATION}/resourceSpecification",
    SPECIFICATION: f"{CATALOGUE}/serviceSpecification",
    FULFILLER: f"{ADMINISTRATION}/fulfiller",
    FALLOUT_RULE: f"{ADMINISTRATION}/falloutRule",
    POOL: f"{ADMINISTRATION}/resourcePool",
}
# What the server says of its own, of which nothing can be taken over by another one.
_OF_SERVER = {
    RESOURCE_SPECIFICATION: frozenset({"href", "lastUpdate"}),
    SPECIFICATION: frozenset({"href", "lastUpdate"}),
    FULFILLER: frozenset({"href", "createdDate", "lastUpdate", "credentialsSet", "health"}),
    FALLOUT_RULE: frozenset({"href", "version", "createdDate", "lastUpdate"}),
    POOL: frozenset({"href", "utilisation", "reachedThreshold", "createdDate", "lastUpdate"}),
}


@dataclass(frozen=True, slots=True)
class Export:
    """A server's catalogue.

    Attributes:
        sections: by kind the resources, sorted by id.
        secretive: names of fulfillers whose credentials are not in it.
    """

    sections: Mapping[str, Sequence[Body]]
    secretive: Sequence[str]

    def text(self) -> str:
        """The one form in which equal catalogues are equal texts."""
        return json.dumps(self.sections, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def export(server: Server) -> Export:
    """Read specifications, fulfillers (without credentials) and fallout rules off a server."""
    secretive: list[str] = []
    sections: dict[str, list[Body]] = {}
    for kind, path in _SECTIONS.items():
        found = list(everything(server, path))
        if kind == POOL:  # a list leaves out what they are made of
            found = [server.get(at(path, str(one["id"]))) for one in found]
        secretive += [str(one.get("name")) for one in found if one.get("credentialsSet")]
        told = [{name: value for name, value in one.items() if name not in _OF_SERVER[kind]} for one in found]
        sections[kind] = sorted(told, key=lambda one: str(one.get("id")))
    return Export(sections, sorted(secretive))


def everything(server: Server, path: str) -> Iterator[Body]:
    """All resources of a list, page by page."""
    seen = 0
    while True:
        page = server.page(path, {"limit": _PAGE, "offset": seen})
        yield from page.items
        seen += len(page.items)
        if not page.items or seen >= page.total:
            return


def read(path: Path) -> tuple[list[Entry], dict[str, list[Note]]]:
    """What a file holds: our own export, or specifications of any system.

    Returns:
        The entries, and by their labels what was changed or left out of those of other systems.

    Raises:
        Unusable: it holds neither.
    """
    content = files.read(path, {})
    if isinstance(content, dict) and content and content.keys() <= _SECTIONS.keys():
        return [Entry(kind, one, path) for kind, listed in content.items() for one in listed], {}
    entries, notes = [], {}
    for given in content if isinstance(content, list) else [content]:
        if not isinstance(given, dict) or not given.get("name"):
            raise Unusable(f"{path} holds neither an export of a catalogue nor service specifications.")
        if not str(given.get("@type") or "ServiceSpecification").endswith("Specification"):
            notes[str(given["name"])] = [Note("", f"left out: a {given['@type']} is no service specification")]
            continue
        body, said = translated(given)
        entry = Entry(SPECIFICATION, body, path)
        entries.append(entry)
        if said:
            notes[entry.label] = said
    return entries, notes


def missing(server: Server, ids: Iterable[str]) -> list[Uncovered]:
    """Which work of specifications (by id, as far as they can be ordered) none of a server's fulfillers can do."""
    patterns = Re2Patterns()
    compiled: dict[str, Specification] = {}
    for body in everything(server, _SECTIONS[SPECIFICATION]):
        try:
            specification = Specification.from_body(body, patterns)
        except InvalidRequest:  # a draft
            continue
        compiled[specification.id] = specification
    known = {specification.name: specification for specification in compiled.values()} | compiled
    stored = ({"_id": one["id"], "body": one} for one in everything(server, _SECTIONS[FULFILLER]))
    selection = Selection(FulfillerDefinition.from_document(one) for one in stored)
    asked = [compiled[key] for key in ids if key in compiled]
    orderable = [one for one in asked if one.lifecycle_status.lower() in ORDERABLE]
    return list(uncovered(orderable, known.get, lambda wanted: bool(selection.fits(wanted))))
