"""Messages and signals to runs of recipes: what a run awaits, and what is meant for it. Pure.

A message goes to one run, which awaits it by name and by the correlation that it carries; a signal goes to all that
await it by name. What is awaited stands with the plan as texts, its *addresses*, so that an index finds who is meant.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal

Document = dict[str, Any]
Kind = Literal["message", "signal"]

KINDS: tuple[Kind, ...] = ("message", "signal")
SIGNAL: Kind = "signal"

LONGEST_NAME = 256
"""Characters of a name, and of a correlation: they stand in an index."""

THROWN_IS_KEPT = 86_400.0
"""Seconds for which a message that a run has thrown is kept for one that will await it."""


def address(kind: str, name: str | None, correlation: str | None = None) -> str:
    """What is awaited, as one text; without a correlation, every message of that name is."""
    return json.dumps([kind, name] if correlation is None else [kind, name, correlation], ensure_ascii=False)


def addresses(kind: str, name: str, correlation: str | None = None) -> list[str]:
    """The addresses at which a message or signal is awaited that carries this correlation."""
    plain = [address(kind, name)]
    return plain if correlation is None or kind == SIGNAL else [*plain, address(kind, name, correlation)]


def awaited(runs: Iterable[Mapping[str, Any]]) -> list[str]:
    """The addresses of all that runs await, as they are stored (`recipe_runs.RecipeRun.to_document`)."""
    return sorted({one for run in runs for one in _of_run(run["run"])})


def _of_run(run: Mapping[str, Any]) -> Iterator[str]:
    if run["status"] == "running":
        for wait in run["waits"]:
            if wait["kind"] in KINDS:
                yield address(wait["kind"], wait.get("name"), wait.get("correlation"))
