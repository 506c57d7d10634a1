"""Release packages as authors write them: a folder, or an archive of one, with a manifest and all that belongs to it.

release.yaml        name, version, description, requires, needs
catalogue/**        service specifications, one or a list of them in a file
resource-specifications/**  resource specifications likewise
recipes/**          recipes, one in a file (`NAME.bpmn` with `NAME.cases.yaml`, or YAML), with the files that they name
checks/**           sample orders with the plans expected of them, one or a list of them in a file
"""

import gzip
import io
import posixpath
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from som.cli import archives, files, recipe_files
from som.cli.exits import Unusable

Body = dict[str, Any]

_MANIFESTS = tuple(f"release{suffix}" for suffix in sorted(files.SUFFIXES))
_RECIPES = "recipes/"
_PARTS = {
    "catalogue": "serviceSpecification",
    "catalog": "serviceSpecification",
    "resource-specifications": "resourceSpecification",
    "checks": "check",
}


@dataclass(frozen=True, slots=True)
class PackageFile:
    """A package, and where in it things stand.

    Attributes:
        body: as the server takes it.
        places: by pointers into the body (`/serviceSpecification/3`) the files that they are from.
    """

    body: Body
    places: Mapping[str, str]

    def place(self, pointer: str) -> str:
        """A pointer into the body as a file and a pointer into that."""
        head = "/".join(pointer.split("/")[:3])
        source = self.places.get(head)
        return f"{source} {pointer.removeprefix(head)}".strip() if source else f"{self.places['']} {pointer}".strip()


def read(path: Path) -> PackageFile:
    """Read a package from a folder, an archive, or one YAML or JSON file that holds all of it.

    Raises:
        Unusable: it is none.
    """
    if path.is_file() and path.suffix in files.SUFFIXES:
        return PackageFile(files.read_object(path, {}), {"": path.name})
    found = _unwrapped(archives.read(path))
    manifest = next((name for name in _MANIFESTS if name in found), None)
    if manifest is None:
        raise Unusable(f"{path} is no package: it has no release.yaml.")
    body, places = _object(files.parse(found[manifest], manifest), manifest), {"": manifest}
    recipes = {name: raw for name, raw in found.items() if name.startswith(_RECIPES)}
    for name, raw in sorted(found.items()):
        if name == manifest or name in recipes or Path(name).suffix not in files.SUFFIXES:
            continue
        attribute = _PARTS.get(name.partition("/")[0])
        if attribute is None:
            folders = ", ".join([*_PARTS, "recipes"])
            raise Unusable(f"{path}: nobody reads {name}; what belongs to a package is in {folders}.")
        entries = body.setdefault(attribute, [])
        for label, entry in _entries(files.parse(raw, name), name):
            places[f"/{attribute}/{len(entries)}"] = label
            entries.append(entry)
    for name, recipe in _recipes(path, recipes, str(body.get("version", ""))):
        entries = body.setdefault("recipe", [])
        places[f"/recipe/{len(entries)}"] = name
        entries.append(recipe)
    return PackageFile(body, places)


def pack(folder: Path, target: Path) -> None:
    """Write a folder's files into a gzipped tar: the same bytes whenever the files are the same."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name, raw in sorted(archives.read(folder).items()):
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(raw), 0o644
            archive.addfile(member, io.BytesIO(raw))
    with target.open("wb") as output, gzip.GzipFile(filename="", mode="wb", fileobj=output, mtime=0) as packed:
        packed.write(buffer.getvalue())


class _Beside:
    """The files of an archive that stand in one folder, or are named from there; and which of them were asked for."""

    def __init__(self, found: archives.Files, folder: str, used: set[str]) -> None:
        self._found = found
        self._folder = folder
        self._used = used

    def find(self, name: str) -> bytes | None:
        """The content of a file; None where there is none."""
        whole = posixpath.normpath(posixpath.join(self._folder, name))
        raw = self._found.get(whole)
        if raw is not None:
            self._used.add(whole)
        return raw


def _recipes(path: Path, found: archives.Files, version: str) -> Iterator[tuple[str, Body]]:
    """Read the recipes among files: YAML that has steps or a drawing, then the drawings that no other file names.

    Raises:
        Unusable: one cannot be read, or nobody reads a file.
    """
    used: set[str] = set()
    written = [name for name in sorted(found) if Path(name).suffix in files.SUFFIXES and _is_recipe(name, found[name])]
    drawn = [name for name in sorted(found) if Path(name).suffix in recipe_files.DRAWINGS]
    for name in (*written, *drawn):
        if name not in used:
            beside = _Beside(found, posixpath.dirname(name), used)
            yield name, recipe_files.recipe_of(posixpath.basename(name), beside, version)
    for name in sorted(found.keys() - used):
        if Path(name).suffix in files.SUFFIXES | {".dmn"}:
            raise Unusable(
                f"{path}: nobody reads {name}; a recipe has `bpmn` or `steps`, or names what stands beside it."
            )


def _is_recipe(name: str, raw: bytes) -> bool:
    content = files.parse(raw, name)
    return isinstance(content, dict) and ("bpmn" in content or "steps" in content)


def _unwrapped(found: archives.Files) -> archives.Files:
    """Without the one folder that archives of folders have around everything."""
    tops = {name.partition("/")[0] for name in found}
    if len(tops) != 1 or not all("/" in name for name in found):
        return found
    return {name.partition("/")[2]: raw for name, raw in found.items()}


def _entries(content: Any, name: str) -> Iterator[tuple[str, Body]]:
    if not isinstance(content, list):
        yield name, _object(content, name)
        return
    for index, entry in enumerate(content):
        yield f"{name}[{index}]", _object(entry, name)


def _object(content: Any, name: str) -> Body:
    if not isinstance(content, dict):
        raise Unusable(f"{name} has to hold one object, or (but for the manifest) a list of them.")
    return content
