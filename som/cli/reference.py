"""The page that documents the commands, written from their definition."""

from collections.abc import Iterator
from typing import Any

import typer.main

from som.cli.app import app
from som.cli.exits import MEANING

_HEAD = """\
# Command line

Written from `som/cli` by `python -m som.reference`; change it there.

Commands that call a server take its address from `--url` or from the variable `SOM_URL`. Answers go to standard output,
messages to standard error. On a terminal progress is shown live; elsewhere there is one plain line for each change.
`--json` gives the server's own answer and nothing else.

## Exit codes

| code | means |
| --- | --- |
"""


def commands_page() -> str:
    """The whole page in Markdown."""
    codes = "".join(f"| {int(code)} | {text} |\n" for code, text in MEANING.items())
    group = typer.main.get_command(app)
    return _HEAD + codes + "".join(_section(path, command) for path, command in _leaves("som", group))


def _leaves(path: str, command: Any) -> Iterator[tuple[str, Any]]:
    inner = getattr(command, "commands", None)
    if inner is None:
        yield path, command
        return
    for name, one in inner.items():
        yield from _leaves(f"{path} {name}", one)


def _section(path: str, command: Any) -> str:
    arguments = [one for one in command.params if one.param_type_name == "argument"]
    options = [one for one in command.params if one.param_type_name == "option" and one.name != "help"]
    usage = " ".join([path, *(_metavar(one) for one in arguments), "[OPTIONS]"])
    rows = [f"| `{_metavar(one)}` | | {one.help} |\n" for one in arguments]
    rows += [f"| {_names(one)} | {_default(one)} | {one.help}{_variable(one)} |\n" for one in options]
    table = "| option | default | meaning |\n| --- | --- | --- |\n" + "".join(rows) if rows else ""
    return f"\n## {path}\n\n```\n{usage}\n```\n\n{_paragraphs(command.help)}\n\n{table}"


def _paragraphs(text: str | None) -> str:
    parts = (text or "").strip().split("\n\n")
    return "\n\n".join(" ".join(line.strip() for line in part.splitlines()) for part in parts)


def _metavar(parameter: Any) -> str:
    return str(parameter.metavar or parameter.name.upper())


def _names(option: Any) -> str:
    placeholder = option.metavar or option.opts[0].removeprefix("--").upper()
    named = "" if option.is_flag else f" {placeholder}"
    return ", ".join(f"`{name}{named}`" for name in option.opts)


def _default(option: Any) -> str:
    shown = option.show_default
    if isinstance(shown, str):
        return f"`{shown}`"
    value = option.default
    return "" if shown is False or option.is_flag or value in (None, [], ()) else f"`{value}`"


def _variable(option: Any) -> str:
    return f" Also by the variable `{option.envvar}`." if option.envvar else ""
