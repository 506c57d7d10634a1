"""The YAML of a recipe: read with the place of every value, checked against the schema, and written."""

import json
import re
from functools import cache
from pathlib import Path
from typing import Any, cast

import jsonschema_rs
import yaml

from models.domain.errors import SomError
from models.recipes.written.words import KINDS

MAX_CHARACTERS = 1_000_000
MAX_DEPTH = 60
MAX_PARTS = 20_000
_MANY_PARTS = 2_000
"""From here on the first mistake that is met is told, and not the one that stands first: to list all takes long."""
SCHEMA = Path(__file__).with_name("recipe.schema.json")

_NAMES = frozenset({"recipe", "as", "name", *KINDS})
"""What people know things by."""
_DATA = frozenset({"input", "output", "inputs", "outputs", "inputSchema", "outputSchema", "cases"})

Body = dict[str, Any]
_Path = tuple[str | int, ...]


class InvalidWriting(SomError):
    """This is no recipe written as YAML."""

    code = "invalidRecipe"

    def __init__(self, message: str, path: _Path = (), reason: str = "") -> None:
        """Carry the path of what is wrong, and why, where the schema says so."""
        super().__init__(message)
        self.path, self.reason = path, reason or message


class _Loader(yaml.SafeLoader):
    """YAML 1.2's core: `yes` and `no` are texts, and so are dates and sexagesimal numbers."""


class _Dumper(yaml.SafeDumper):
    """Writes what `_Loader` reads; texts of several lines as blocks."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002
        """Indent lists below their key."""
        super().increase_indent(flow, False)


_CORE = (
    ("bool", re.compile(r"true|false"), "tf"),
    ("null", re.compile(r"~|null|"), ["~", "n", ""]),
    ("int", re.compile(r"[-+]?[0-9]+"), "-+0123456789"),
    ("float", re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?"), "-+.0123456789"),
)
_TAGS = frozenset(f"tag:yaml.org,2002:{_name}" for _name in ("str", "bool", "null", "int", "float"))
for _class in (_Loader, _Dumper):
    _class.yaml_implicit_resolvers = {}
    for _name, _pattern, _first in _CORE:
        _anchored = re.compile(rf"(?:{_pattern.pattern})\Z")
        _class.add_implicit_resolver(f"tag:yaml.org,2002:{_name}", _anchored, list(_first))


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.Node:
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style="|" if "\n" in value else None)


_Dumper.add_representer(str, _text)
_Dumper.add_representer(type(None), lambda dumper, _: dumper.represent_scalar("tag:yaml.org,2002:null", "null"))


def dump(body: Body) -> str:
    """Return the text of a recipe; the same recipe gives the same text."""
    return yaml.dump(body, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=110)


def load(text: str, file: str = "recipe") -> Body:
    """Return the recipe that a text holds.

    Raises:
        InvalidWriting: it is none; the message names file, line and path of the first thing that is wrong.
    """
    if len(text) > MAX_CHARACTERS:
        raise InvalidWriting(f"{file}: It has more than {MAX_CHARACTERS} characters.")
    lines: dict[_Path, int] = {}
    try:
        parts = _bound(text)
        node = yaml.compose(text, Loader=_Loader)
        body = _plain(node, (), lines) if node is not None else None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise InvalidWriting(f"{file}:{mark.line + 1 if mark else 1}: {error.problem}") from None
    except (yaml.YAMLError, ValueError) as error:
        raise InvalidWriting(f"{file}: {error}") from None
    wrong = _first_wrong(body, hurried=parts > _MANY_PARTS)
    if wrong is not None:
        path, reason = wrong
        where = "/".join(map(str, path)) or "recipe"
        raise InvalidWriting(f"{file}:{_line(lines, path)}: {where}: {reason}", path, reason)
    return cast("Body", _trimmed(body))


def _trimmed(value: Any, word: str = "") -> Any:
    """Leave out the blanks around texts, and double ones in names: XML does not keep them. Data stays as it is."""
    if isinstance(value, dict):
        named = {"of"} & value.keys() if "rollback" in value else ()
        return {
            key: one if key in _DATA else _trimmed(one, "name" if key in named else key) for key, one in value.items()
        }
    if isinstance(value, list):
        return [_trimmed(one, word) for one in value]
    if not isinstance(value, str):
        return value
    return " ".join(value.split()) if word in _NAMES else value.strip()


def _bound(text: str) -> int:
    """Return how many parts a text has. Refuse references, which make much of little, and what nobody would write."""
    depth = count = 0
    for count, event in enumerate(yaml.parse(text, Loader=_Loader)):
        if count > MAX_PARTS:
            raise _refusal(f"It has more than {MAX_PARTS} values, lists and mappings.", event.start_mark)
        if isinstance(event, yaml.AliasEvent):
            raise _refusal("References (*) are not read.", event.start_mark)
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_DEPTH:
            raise _refusal(f"It is deeper than {MAX_DEPTH} levels.", event.start_mark)
    return count


def _refusal(reason: str, mark: Any) -> yaml.MarkedYAMLError:
    return yaml.MarkedYAMLError(problem=reason, problem_mark=mark)


def _plain(node: yaml.Node, path: _Path, lines: dict[_Path, int]) -> Any:
    lines[path] = node.start_mark.line + 1
    if isinstance(node, yaml.SequenceNode):
        return [_plain(one, (*path, index), lines) for index, one in enumerate(node.value)]
    if isinstance(node, yaml.MappingNode):
        found: Body = {}
        for key, value in node.value:
            name = str(key.value)
            if name in found:
                raise yaml.MarkedYAMLError(problem=f"{name} stands here twice.", problem_mark=key.start_mark)
            found[name] = _plain(value, (*path, name), lines)
            lines[(*path, name)] = key.start_mark.line + 1
        return found
    if node.tag not in _TAGS:
        raise yaml.MarkedYAMLError(problem=f"The tag {node.tag} is not read.", problem_mark=node.start_mark)
    return _Loader("").construct_object(node)


def _line(lines: dict[_Path, int], path: _Path) -> int:
    while path and path not in lines:
        path = path[:-1]
    return lines.get(path, 1)


@cache
def _validator(part: str = "") -> Any:
    """Return the check of the whole, or of a step of one kind."""
    schema = json.loads(SCHEMA.read_text("utf-8"))
    if part:
        schema = {"$schema": schema["$schema"], "$defs": schema["$defs"], "$ref": f"#/$defs/{part}"}
    return jsonschema_rs.Draft202012Validator(schema)


def _errors(validator: Any, value: Any, *, hurried: bool) -> list[Any]:
    if not hurried:
        return list(validator.iter_errors(value))
    try:
        validator.validate(value)
    except jsonschema_rs.ValidationError as error:
        return [error]
    return []


def _first_wrong(value: Any, part: str = "", *, hurried: bool = False) -> tuple[_Path, str] | None:
    found = [(tuple(error.instance_path), error) for error in _errors(_validator(part), value, hurried=hurried)]
    if not found:
        return None
    path, error = min(found, key=lambda one: [str(key).zfill(6) for key in one[0]])
    inner = value
    for key in path:
        inner = inner[key]
    if "steps" not in path[-2:-1] and "do" not in path[-2:-1] and "undo" not in path[-1:]:
        return path, str(error.message)
    return _wrong_step(inner, path, str(error.message), hurried=hurried)


def _wrong_step(step: Any, path: _Path, otherwise: str, *, hurried: bool) -> tuple[_Path, str]:
    """Say what is wrong with a step by its kind, not which alternatives of the schema it fails."""
    kinds = [kind for kind in KINDS if isinstance(step, dict) and kind in step]
    if not isinstance(step, dict) or len(kinds) != 1:
        has = f"this one has {', '.join(kinds)}" if kinds else "this one has none"
        return path, f"A step has one of {', '.join(KINDS)}; {has}."
    inner = _first_wrong(step, kinds[0], hurried=hurried)
    return (path, otherwise) if inner is None else ((*path, *inner[0]), inner[1])
