"""Runs schemathesis over one of our documents, against a running server."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from handlers.documents import load
from tests.contract.fuzz import hooks

ROOT = Path(__file__).parents[3]
CONFIG = Path(__file__).with_name("schemathesis.toml")

# Boundary values of the bodies of PATCH are as many as all others together, and are checked by the same code as those
# of POST; a short run leaves them to the random part.
_BRIEF = """
[[operations]]
include-method = "PATCH"
phases.coverage.enabled = false
"""


@dataclass(frozen=True)
class Effort:
    """How much is tried.

    Attributes:
        examples: random requests for each operation.
        share: one in so many boundary values of bodies.
        brief: boundary values of the bodies of PATCH are left out.
        seed: of the randomness; None makes the same requests every time.
    """

    examples: int
    share: int = 1
    brief: bool = False
    seed: int | None = None


def fuzz(api: str, url: str, ids: dict[str, list[str]], folder: Path, effort: Effort) -> "subprocess.Popen[str]":
    """Start a run over one document.

    Args:
        api: short name of the API, such as `tmf641`.
        url: where the server listens.
        ids: what may stand for the parameters of paths.
        folder: a place for files of this run.
        effort: how much to try.

    Returns:
        The process; it exits with 0 when nothing was found, and says what it has found.
    """
    seeds, config = folder / "seeds.json", folder / "schemathesis.toml"
    seeds.write_text(json.dumps(ids), encoding="utf-8")
    config.write_text(CONFIG.read_text(encoding="utf-8") + (_BRIEF if effort.brief else ""), encoding="utf-8")
    command = [sys.executable, "-m", "schemathesis.cli", "--config-file", str(config), "run"]
    command += [f"{url}{load(api).base_path}/openapi.json", "--max-examples", str(effort.examples), "--no-color"]
    command += ["--generation-deterministic"] if effort.seed is None else ["--seed", str(effort.seed)]
    # Coverage is measured of our code, which is not in that process; there it would only take time.
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("COV", "SOM_"))}
    environment["PYTHONPATH"] = str(ROOT)
    environment |= {"SCHEMATHESIS_HOOKS": hooks.__name__, hooks.SEEDS: str(seeds), hooks.SHARE: str(effort.share)}
    environment[hooks.ANSWERS] = str(answers_of(folder))
    return subprocess.Popen(
        command,
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        errors="replace",
    )


def answers_of(folder: Path) -> Path:
    """The file in which a run leaves how often each operation answered each status."""
    return folder / "answers.json"
