"""Whatever command the documents and the program's own words tell a reader to type, it exists, with its options."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main

from som.cli.app import app

ROOT = Path(__file__).parents[3]
GENERATED = ROOT / "docs" / "reference" / "cli.md"
PAGES = [page for page in [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))] if page != GENERATED]
SPEAKING = ("adapters", "api_specs", "examples", "handlers", "models", "scheduler", "som")
SOURCES = [
    source
    for room in SPEAKING
    for source in sorted((ROOT / room).rglob("*"))
    if source.suffix in {".py", ".yaml", ".json"} and "node_modules" not in source.parts
]
_NOT_SAID = re.compile(r"[A-Z…<{$]")  # what stands for something that the reader has
_COMMAND = r"""som [a-z](?:"[^"]*"|'[^']*'|[^|)"'])*"""
_SOM = typer.main.get_command(app)


def in_code(text: str) -> Iterator[str]:
    """The commands of this program in the fences and the spans of code of a page."""
    fences = re.findall(r"```[a-z]*\n(.*?)```", text, re.DOTALL)
    fences += re.findall(r"(?:^|\n)\n((?: {4}.*\n)+)", text)
    for fence in fences:
        for line in re.sub(r"\\\n\s*", " ", fence).splitlines():
            yield from re.findall(rf"(?:^|\||\$\(|&&|;)\s*({_COMMAND})", line)
    spans = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
    yield from in_spans(spans)


def in_spans(text: str) -> Iterator[str]:
    """The commands in spans of code, which may go over the end of a line."""
    for span in re.findall(r"`([^`]*)`", text):
        words = " ".join(re.sub(r"^\s*#", "", line) for line in span.splitlines())
        if re.match(r"som [a-z]", words):
            yield words


def mistake(said: str) -> str | None:
    """What is wrong with a command as it is written; None where it could be typed."""
    words = shlex.split(said, comments=True)[1:]
    command: Any = _SOM
    while (inner := getattr(command, "commands", None)) and words and not words[0].startswith("-"):
        if _NOT_SAID.match(words[0]):
            return None
        if words[0] not in inner:
            return f"{words[0]!r} is none of {', '.join(sorted(inner))}"
        command, words = inner[words[0]], words[1:]
    options = {name for one in command.params for name in (*one.opts, *one.secondary_opts)} | {"--help", "-h"}
    unknown = [word for word in words if re.match(r"--?[a-z]", word) and word.partition("=")[0] not in options]
    return f"it has no {unknown[0]}" if unknown else None


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_command_on_a_page_can_be_typed(page: Path) -> None:
    said = dict.fromkeys(in_code(page.read_text(encoding="utf-8")))
    assert {one: found for one in said if (found := mistake(one))} == {}


def test_every_command_that_the_program_recommends_can_be_typed() -> None:
    wrong = {
        (source.relative_to(ROOT).as_posix(), one): found
        for source in SOURCES
        for one in in_spans(source.read_text(encoding="utf-8"))
        if (found := mistake(one))
    }
    assert wrong == {}


def test_a_command_that_does_not_exist_would_be_found() -> None:
    page = "Say `som fulfiller register FILE`:\n\n```sh\nsom work list --caus X  # all\n```\n\n    som plan show ID\n"
    register, *others = [mistake(one) for one in sorted(in_code(page))]
    assert str(register).startswith("'register' is none of add, ")
    assert others == [None, "it has no --caus"]
