"""Tests on TM Forum's published files, which are not part of this project.

They carry the marker `reference`, are run where SOM_REFERENCE_DIR names the folder of those files, and elsewhere the
summary of the run says that they were left out.
"""

import os
from pathlib import Path

import pytest

_LEFT_OUT = pytest.StashKey[int]()


def reference_dir() -> Path | None:
    """The folder, or None where there is none."""
    given = os.environ.get("SOM_REFERENCE_DIR")
    if not given:
        return None
    folder = Path(given)
    if not folder.is_dir():
        raise pytest.UsageError(f"SOM_REFERENCE_DIR names {given}, which is no folder")
    return folder


def models_dir(kind: str) -> Path | None:
    """The folder of models by others (bpmn, dmn): in SOM_MODELS_DIR, else in `models` beside the reference files."""
    given = os.environ.get("SOM_MODELS_DIR")
    beside = reference_dir()
    root = Path(given) if given else beside.parent / "models" if beside is not None else None
    return root / kind if root is not None and (root / kind).is_dir() else None


def leave_out(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Takes the marked tests out of the collection where the folder is absent."""
    if reference_dir() is not None:
        return
    left_out = [item for item in items if item.get_closest_marker("reference")]
    if left_out:
        items[:] = [item for item in items if item not in left_out]
        config.hook.pytest_deselected(items=left_out)
    config.stash[_LEFT_OUT] = len(left_out)
    # Under xdist every worker collects everything; what one of them left out is told to the main process.
    if hasattr(config, "workeroutput"):
        config.workeroutput["left_out"] = len(left_out)


def note_of_worker(config: pytest.Config, output: dict[str, object]) -> None:
    config.stash[_LEFT_OUT] = int(str(output.get("left_out", 0)))


def summary(config: pytest.Config) -> str | None:
    """What to say at the end of the run."""
    count = config.stash.get(_LEFT_OUT, 0)
    if not count:
        return None
    return f"left out: {count} tests on TM Forum's published files (set SOM_REFERENCE_DIR to the folder that has them)"
