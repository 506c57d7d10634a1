"""A data folder belongs to one living owner."""

import os
from pathlib import Path

import pytest

from adapters.database_errors import DataFolderInUse, DataFolderNotWritable
from adapters.mongod_folder import MongodFolder


def test_of_two_owners_the_second_is_told_who_is_the_first(tmp_path: Path) -> None:
    first, second = MongodFolder(tmp_path), MongodFolder(tmp_path)
    first.acquire()
    with pytest.raises(DataFolderInUse, match=rf"{tmp_path} is in use by a running server \(process {os.getpid()}\)"):
        second.acquire()
    first.release()
    second.acquire()
    second.release()


def test_a_lock_file_without_a_living_owner_does_not_count(tmp_path: Path) -> None:
    (tmp_path / "mongod").mkdir()
    (tmp_path / "mongod" / "owner.lock").write_text("1\n")
    folder = MongodFolder(tmp_path)
    folder.acquire()
    folder.release()


def test_a_folder_that_cannot_be_created_is_named_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(DataFolderNotWritable, match=r"file cannot be written: Not a directory.*--data-dir"):
        MongodFolder(tmp_path / "file").acquire()


def test_a_process_that_was_given_the_same_number_is_not_taken_for_ours(tmp_path: Path) -> None:
    folder = MongodFolder(tmp_path)
    folder.acquire()
    (folder.database / "mongod.lock").write_text(f"{os.getpid()}\n")
    assert folder.running() is None
    folder.release()


def test_the_port_is_remembered(tmp_path: Path) -> None:
    folder = MongodFolder(tmp_path)
    folder.acquire()
    assert folder.remembered_port() is None
    folder.remember_port(40404)
    assert MongodFolder(tmp_path).remembered_port() == 40404
    folder.release()


def test_a_long_log_is_put_aside_at_the_next_start(tmp_path: Path) -> None:
    folder = MongodFolder(tmp_path)
    folder.root.mkdir()
    folder.log.write_bytes(b"x" * (16 * 1024 * 1024 + 1))
    folder.acquire()
    folder.release()
    assert not folder.log.exists()
    assert (folder.root / "mongod.log.1").exists()


def test_of_a_long_log_the_end_is_told_and_of_one_that_ended_by_itself_what_led_to_that(tmp_path: Path) -> None:
    folder = MongodFolder(tmp_path)
    folder.acquire()
    assert (folder.last_words(), folder.dying_words()) == ("it wrote nothing", "it does not say why")
    life = ['{"s":"F",  "msg":"of a former life"}', '{"s":"I",  "msg":"***** SERVER RESTARTED *****"}']
    end = ['{"s":"E",  "msg":"too many files"}', '{"s":"F",  "msg":"assertion"}', '{"s":"F",  "msg":"aborting"}']
    folder.log.write_text("\n".join(['{"s":"I"}'] * 100_000 + life + end + ['{"s":"I",  "msg":"BACKTRACE"}']))
    assert folder.dying_words() == " | ".join(end)
    assert folder.last_words() == " | ".join([*end[1:], '{"s":"I",  "msg":"BACKTRACE"}'])
    folder.release()
