"""Processes that outlive the command which started them."""

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from som.detached import Detached

SLEEP = [sys.executable, "-c", "import time; print('here', flush=True); time.sleep(60)"]
STUBBORN = [
    sys.executable,
    "-c",
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('here', flush=True); time.sleep(60)",
]

# The parent of a detached process is normally gone; here it is the test, which does not wait for it.
pytestmark = pytest.mark.filterwarnings("ignore:subprocess .* is still running:ResourceWarning")


def _says_something(process: Detached) -> None:
    give_up = time.monotonic() + 20
    while "here" not in process.last_words():
        assert time.monotonic() < give_up
        time.sleep(0.02)


def test_it_is_found_again_with_what_is_remembered_of_it(tmp_path: Path) -> None:
    pid = Detached(tmp_path, "one").start(SLEEP, facts={"url": "http://x"})
    again = Detached(tmp_path, "one")
    try:
        assert (again.pid, again.facts["url"]) == (pid, "http://x")
        _says_something(again)
    finally:
        assert again.stop(10)
    assert again.pid is None
    assert again.facts["url"] == "http://x"


def test_its_last_words_are_its_own(tmp_path: Path) -> None:
    process = Detached(tmp_path, "one")
    process.log.parent.mkdir()
    process.log.write_text("the one before\n")
    process.start(SLEEP)
    try:
        _says_something(process)
    finally:
        process.stop(10)
    assert process.last_words() == "here"


def test_stopping_what_does_not_run_is_nothing(tmp_path: Path) -> None:
    assert not Detached(tmp_path, "none").stop(1)


def test_one_that_does_not_listen_is_ended_all_the_same(tmp_path: Path) -> None:
    process = Detached(tmp_path, "stubborn")
    process.start(STUBBORN)
    _says_something(process)
    assert process.stop(0.2)
    assert process.pid is None


def test_another_process_with_the_same_number_is_not_touched(tmp_path: Path) -> None:
    with subprocess.Popen(SLEEP, stdout=subprocess.DEVNULL) as other:
        record = tmp_path / "run" / "one.json"
        record.parent.mkdir()
        record.write_text(json.dumps({"pid": other.pid, "born": "long ago"}))
        process = Detached(tmp_path, "one")
        assert process.pid is None
        assert not process.stop(1)
        assert other.poll() is None
        other.kill()


@pytest.mark.parametrize("record", ["", "{", '{"pid": "x", "born": "y"}'])
def test_a_damaged_record_is_no_process(record: str, tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "one.json").write_text(record)
    assert Detached(tmp_path, "one").pid is None
