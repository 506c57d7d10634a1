"""Recipes as files: a drawing of BPMN, YAML that one is made from, or YAML that names what stands together."""

import posixpath
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from models.domain.errors import SomError
from models.recipes.declared import declared
from models.recipes.written import draw, load
from som.cli import files
from som.cli.exits import Unusable

Body = dict[str, Any]

DRAWINGS = frozenset({".bpmn", ".xml"})
WRITTEN = frozenset({".yaml", ".yml"})
CASES = ".cases.yaml"
FIRST_VERSION = "1.0.0"


class Beside(Protocol):
    """The files among which a recipe stands."""

    def find(self, name: str) -> bytes | None:
        """The content of a file, by its path from the recipe's folder on; None where there is none."""


class Folder:
    """The files of a folder."""

    def __init__(self, path: Path) -> None:
        """Read them from this folder on."""
        self._path = path

    def find(self, name: str) -> bytes | None:
        """The content of a file; None where there is none.

        Raises:
            Unusable: it cannot be read.
        """
        path = self._path / name
        try:
            return path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as fault:
            raise Unusable(f"{path} cannot be read: {fault.strerror}.") from None


def read(path: Path, name: str | None = None, version: str | None = None) -> Body:
    """The recipe in a file, as the server takes it; with this name and version, where they are given.

    Raises:
        Unusable: it, or a file that it names, cannot be read.
    """
    body = recipe_of(path.name, Folder(path.parent))
    return body | {key: value for key, value in (("name", name), ("version", version)) if value is not None}


def recipe_of(name: str, beside: Beside, first: str = FIRST_VERSION) -> Body:
    """The recipe in a file among others.

    A drawing is named after its file; its test cases are in `NAME.cases.yaml` beside `NAME.bpmn`, its version and what
    it is for in `som:recipe`, where it has that. YAML with `steps` is drawn, and says the same itself. In another YAML
    file `bpmn`, `source`, the `dmn` of a decision table, the `schema` of a form and `testCase` may be paths of other
    files, from the folder of the YAML file on.

    Args:
        name: the file's.
        beside: the files in its folder.
        first: the version of one that says none.

    Raises:
        Unusable: it, or a file that it names, cannot be read.
    """
    stem = Path(name).stem
    if Path(name).suffix in DRAWINGS:
        drawing = _text(name, beside)
        found = beside.find(stem + CASES)
        cases = {} if found is None else {"testCase": _cases(found, stem + CASES)}
        return {"name": stem, "version": first, **_declared(drawing), "bpmn": drawing, **cases}
    content = files.parse(_bytes(name, beside), name)
    if not isinstance(content, dict):
        raise Unusable(f"{name} has to hold one object.")
    if "steps" in content:
        return {"name": stem, "version": first, **_written(_text(name, beside), name)}
    return {"name": stem, "version": first, **_resolved(content, beside)}


def text_of(path: Path) -> str:
    """What a file of text holds.

    Raises:
        Unusable: it cannot be read.
    """
    return _text(path.name, Folder(path.parent), str(path))


def cases_of(path: Path) -> Any:
    """The test cases in a file: a list under `cases`, or one alone.

    Raises:
        Unusable: it cannot be read.
    """
    return _cases(_bytes(path.name, Folder(path.parent), str(path)), str(path))


def _written(text: str, name: str) -> Body:
    try:
        body = load(text, name)
        drawing = draw(body)
    except SomError as error:
        raise Unusable(str(error) if str(error).startswith(name) else f"{name}: {error}") from None
    cases = {"testCase": body["cases"]} if "cases" in body else {}
    return {**_declared(drawing), "bpmn": drawing, "source": text, **cases}


def _declared(drawing: str) -> Body:
    """What a drawing says of the recipe; of one that cannot be read, nothing: the server says why."""
    try:
        return declared(drawing)
    except SomError:
        return {}


def _resolved(body: Mapping[str, Any], beside: Beside) -> Body:
    made = dict(body)
    if isinstance(made.get("bpmn"), str):
        made["bpmn"] = _drawing(made["bpmn"], beside)
    if isinstance(made.get("source"), str) and "\n" not in made["source"]:
        made["source"] = _text(made["source"], beside)
    for attribute, part in (("decisionTable", "dmn"), ("form", "schema")):
        if isinstance(made.get(attribute), list):
            made[attribute] = [_entry(entry, part, beside) for entry in made[attribute]]
    if isinstance(made.get("testCase"), str):
        made["testCase"] = _cases(_bytes(made["testCase"], beside), made["testCase"])
    return made


def _cases(raw: bytes, name: str) -> Any:
    found = files.parse(raw, name)
    return found.get("cases", [found]) if isinstance(found, dict) else found


def _entry(entry: Any, part: str, beside: Beside) -> Any:
    if not isinstance(entry, dict) or not isinstance(entry.get(part), str):
        return entry
    if part == "dmn":
        return {**entry, part: _drawing(entry[part], beside)}
    schema = files.parse(_bytes(entry[part], beside), entry[part])
    if not isinstance(schema, dict):
        raise Unusable(f"{entry[part]} has to hold one JSON object.")
    return {**entry, part: schema}


def _drawing(value: str, beside: Beside) -> str:
    """XML as it stands, or that of the file which is named."""
    return value if value.lstrip().startswith("<") else _text(value, beside)


def _text(name: str, beside: Beside, shown: str | None = None) -> str:
    try:
        return _bytes(name, beside, shown).decode("utf-8")
    except UnicodeDecodeError:
        raise Unusable(f"{shown or name} is not UTF-8 text.") from None


def _bytes(name: str, beside: Beside, shown: str | None = None) -> bytes:
    raw = beside.find(posixpath.normpath(name))
    if raw is None:
        raise Unusable(f"{shown or name} cannot be read: No such file or directory.")
    return raw
