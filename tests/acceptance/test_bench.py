"""That the bench still runs. How fast anything is, no test says: machines differ, and so do days."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from bench.figures import Aim, Figure

ROOT = Path(__file__).resolve().parents[2]
SECONDS = 150


def run_bench(url: str, file: Path, *arguments: str) -> dict[str, Any]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SOM_")}
    command = [sys.executable, "-m", "bench", "--smallest", "--json", str(file), *arguments]
    done = subprocess.run(
        command,
        cwd=ROOT,
        env={**environment, "SOM_MONGODB_URL": url},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    written: dict[str, Any] = json.loads(file.read_text())
    return written


@pytest.mark.parametrize(
    "part",
    ["waits", "orders", "fallout", "beside", "first-call", "people", "delivery", "pools", "allocating", "recipes"],
)
def test_the_smallest_run_of_a_part_gives_figures_beside_their_floors(
    mongodb_url: str, tmp_path: Path, part: str
) -> None:
    report = run_bench(mongodb_url, tmp_path / "figures.json", "--only", part)
    assert report["figures"]
    for figure in report["figures"]:
        assert figure["value"] > 0, figure
        assert all(floor["ratio"] > 0 for floor in figure["floors"].values()), figure
        assert figure["floors"], figure


def test_a_ratio_is_taken_round_by_round_so_that_a_slow_moment_does_not_count() -> None:
    figure = Figure("http", "POST", "requests/s", [80, 8, 80], {"bare": [100, 10, 100]}, Aim(0.6, True, "bare"))
    assert figure.ratio("bare") == pytest.approx(0.8)
    assert figure.reached is True


def test_a_figure_without_an_aim_is_neither_reached_nor_missed() -> None:
    assert Figure("memory", "idle", "MB", [100]).reached is None


def test_an_aim_without_a_floor_is_compared_with_the_figure_itself() -> None:
    assert Figure("first call", "p99", "ms", [120], aim=Aim(100, least=False)).reached is False
