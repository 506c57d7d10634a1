"""Recipes as files: a drawing of BPMN, or a YAML file that names it and what stands beside it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from som.cli import files
from som.cli.exits import Unusable

Body = dict[str, Any]

DRAWINGS = frozenset({".bpmn", ".xml"})
WRITTEN = frozenset({".yaml", ".yml"})
FIRST_VERSION = "1.0.0"


def read(path: Path, name: str | None = None, version: str | None = None) -> Body:
    """The recipe in a file, as the server takes it.

    A drawing alone, or a recipe written as YAML, is named after its file; the test cases of `NAME.bpmn` are in
    `NAME.cases.yaml` beside it. In a YAML file of a whole version `bpmn`, `source`, the `dmn` of a decision table, the
    `schema` of a form and `testCase` may be paths of other files, from the folder of the YAML file on.

    Raises:
        Unusable: it, or a file that it names, cannot be read.
    """
    if path.suffix in DRAWINGS:
        body: Body = {"name": path.stem, "version": FIRST_VERSION, "bpmn": text_of(path)}
        cases = path.with_suffix(".cases.yaml")
        body |= {"testCase": cases_of(cases)} if cases.is_file() else {}
    else:
        found = files.read_object(path, {})
        body = _written(path, found) if "steps" in found else _resolved(found, path.parent)
    return body | {key: value for key, value in (("name", name), ("version", version)) if value is not None}


def _written(path: Path, found: Mapping[str, Any]) -> Body:
    return {"name": path.stem, "version": str(found.get("version", FIRST_VERSION)), "source": text_of(path)}


def text_of(path: Path) -> str:
    """What a file of text holds.

    Raises:
        Unusable: it cannot be read.
    """
    try:
        return path.read_text("utf-8")
    except OSError as fault:
        raise Unusable(f"{path} cannot be read: {fault.strerror}.") from None
    except UnicodeDecodeError:
        raise Unusable(f"{path} is not UTF-8 text.") from None


def _resolved(body: Mapping[str, Any], folder: Path) -> Body:
    made = dict(body)
    if isinstance(made.get("bpmn"), str):
        made["bpmn"] = _text(made["bpmn"], folder)
    if isinstance(made.get("source"), str) and "\n" not in made["source"]:
        made["source"] = text_of(folder / made["source"])
    for attribute, part in (("decisionTable", "dmn"), ("form", "schema")):
        if isinstance(made.get(attribute), list):
            made[attribute] = [_entry(entry, part, folder) for entry in made[attribute]]
    if isinstance(made.get("testCase"), str):
        made["testCase"] = cases_of(folder / made["testCase"])
    return made


def cases_of(path: Path) -> Any:
    """The test cases in a file: a list under `cases`, or one alone.

    Raises:
        Unusable: it cannot be read.
    """
    found = files.read(path, {})
    return found.get("cases", [found]) if isinstance(found, dict) else found


def _entry(entry: Any, part: str, folder: Path) -> Any:
    if not isinstance(entry, dict) or not isinstance(entry.get(part), str):
        return entry
    if part == "dmn":
        return {**entry, part: _text(entry[part], folder)}
    return {**entry, part: files.read_object(folder / entry[part], {})}


def _text(value: str, folder: Path) -> str:
    """XML as it stands, or that of the file which is named."""
    return value if value.lstrip().startswith("<") else text_of(folder / value)
