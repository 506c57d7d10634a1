"""The files a user hands in: JSON or YAML, with ${PLACEHOLDERS} filled in."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from som.cli.exits import Unusable

SUFFIXES = frozenset({".json", ".yaml", ".yml"})

_MOST_VALUES = 1_000_000

_PLACEHOLDER = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


class _JsonLoader(yaml.CSafeLoader):
    """Reads dates as the text they are: JSON knows no others."""


_JsonLoader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.CSafeLoader.yaml_implicit_resolvers.items()
}


def values(assignments: Sequence[str]) -> dict[str, str]:
    """`name=value` texts as a mapping.

    Raises:
        Unusable: one has no `=`.
    """
    pairs = [assignment.partition("=") for assignment in assignments]
    for name, equals, _ in pairs:
        if not equals or not name:
            raise Unusable(f"--set takes name=value, not {name!r}.")
    return {name: value for name, _, value in pairs}


def read(path: Path, fill: Mapping[str, str]) -> Any:
    """What the file holds, its placeholders filled in.

    Raises:
        Unusable: it cannot be read or parsed, or a placeholder has no value.
    """
    try:
        raw = path.read_bytes()
    except OSError as fault:
        raise Unusable(f"{path} cannot be read: {fault.strerror}.") from None
    content = parse(raw, str(path))
    missing = sorted(set(_placeholders(content)) - fill.keys())
    if missing:
        names = ", ".join(missing)
        raise Unusable(f"{path} needs a value for {names}: give it with --set {missing[0]}=…")
    return _filled(content, fill)


def given(text: str, option: str) -> Any:
    """What an option gives: a JSON object as it stands, or what the file holds that it names.

    Raises:
        Unusable: it cannot be read or parsed.
    """
    if text.lstrip().startswith("{"):
        try:
            return json.loads(text)
        except ValueError as error:
            raise Unusable(f"{option} is no JSON: {error}.") from None
    return read(Path(text), {})


def parse(raw: bytes, name: str) -> Any:
    """What a file of this name, which these bytes are, holds.

    Raises:
        Unusable: it cannot be parsed, or its aliases make it far larger than it is.
    """
    try:
        text = raw.decode("utf-8")
        content = json.loads(text) if name.endswith(".json") else yaml.load(text, _JsonLoader)  # noqa: S506 - a safe one
        values = _count(content, {})
    except UnicodeDecodeError:
        raise Unusable(f"{name} is not UTF-8 text.") from None
    except (json.JSONDecodeError, yaml.YAMLError, RecursionError) as fault:
        raise Unusable(f"{name} cannot be parsed: {fault}.") from None
    if values > _MOST_VALUES:
        raise Unusable(f"{name} has more than {_MOST_VALUES} values, its aliases written out.")
    return content


def _count(content: Any, known: dict[int, int]) -> int:
    """How many values there are; a part that an alias names again counts again, but is not looked at again."""
    if not isinstance(content, dict | list):
        return 1
    if id(content) not in known:
        known[id(content)] = _MOST_VALUES  # a part that holds itself never ends
        parts = content.values() if isinstance(content, dict) else content
        known[id(content)] = 1 + sum(_count(part, known) for part in parts)
    return known[id(content)]


def read_object(path: Path, fill: Mapping[str, str]) -> dict[str, Any]:
    """What the file holds, where that has to be one object."""
    content = read(path, fill)
    if not isinstance(content, dict):
        raise Unusable(f"{path} has to hold one JSON object.")
    return content


def every(paths: Sequence[Path]) -> Iterator[Path]:
    """The files, and those in the folders, by name."""
    for path in paths:
        if path.is_dir():
            found = sorted(file for file in path.rglob("*") if file.suffix in SUFFIXES)
            if not found:
                raise Unusable(f"{path} has no file that ends with {', '.join(sorted(SUFFIXES))}.")
            yield from found
        else:
            yield path


def _placeholders(content: Any) -> Iterator[str]:
    match content:
        case str():
            yield from _PLACEHOLDER.findall(content)
        case dict():
            for part in content.values():
                yield from _placeholders(part)
        case list():
            for part in content:
                yield from _placeholders(part)


def _filled(content: Any, fill: Mapping[str, str]) -> Any:
    match content:
        case str():
            return _PLACEHOLDER.sub(lambda found: fill[found[1]], content)
        case dict():
            return {name: _filled(part, fill) for name, part in content.items()}
        case list():
            return [_filled(part, fill) for part in content]
    return content


def data(path: Path | None, given: Sequence[str]) -> dict[str, Any]:
    """Values by name: those of a file, and above them `NAME=VALUE`, of which the value is JSON where it is some.

    Raises:
        Unusable: the file holds something else, or one of the texts has no name.
    """
    found = {} if path is None else read(path, {})
    if not isinstance(found, dict):
        raise Unusable(f"{path} does not hold values by name.")
    return found | {name: _json_or_text(text) for name, text in values(given).items()}


def _json_or_text(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text
