"""A recipe from a file, along its life, as the command line and the history tell of it."""

import time
from pathlib import Path

import requests

from tests.acceptance.server_process import ServerProcess, som
from tests.contract.samples import bpmn

SECONDS = 60


def test_a_recipe_is_published_from_a_file_and_the_history_tells_why(server: ServerProcess, tmp_path: Path) -> None:
    file = tmp_path / "told.bpmn"
    file.write_text(bpmn())
    (tmp_path / "told.cases.yaml").write_text("cases: [{name: small, input: {size: 3}, expect: {avoids: [look]}}]")
    assert "told:1.0.0  published" in som(server, "recipe", "load", str(file), "--publish")
    file.write_text(bpmn(condition="size > 20"))
    assert "told:1.1.0  draft" in som(server, "recipe", "load", str(file), "--version", "1.1.0")
    assert "size > 10 → size > 20" in som(server, "recipe", "diff", "told:1.1.0")
    som(server, "recipe", "retire", "told:1.0.0", "--why", "CR 7")
    states = ["draft", "inReview", "published", "retired"]
    assert history(server, len(states)) == [(state, "CR 7" if state == "retired" else None) for state in states]


def history(server: ServerProcess, steps: int) -> list[tuple[str, str | None]]:
    """The steps of the first version, once so many are told."""
    give_up = time.monotonic() + SECONDS
    while True:
        url = f"{server.url}/som/v1/history?resourceType=recipe&resourceId=told:1.0.0"
        found = requests.get(url, timeout=SECONDS).json()
        if len(found) >= steps or time.monotonic() > give_up:
            return [(one["state"], one["why"]) for one in found]
        time.sleep(0.1)
