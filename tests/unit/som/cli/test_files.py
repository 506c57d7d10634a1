"""Files that users hand in."""

from pathlib import Path

import pytest

from som.cli import files
from som.cli.exits import Unusable


def test_placeholders_are_filled_in_wherever_they_stand(tmp_path: Path) -> None:
    file = tmp_path / "order.json"
    file.write_text('{"a": "${ID}", "b": ["x-${ID}-y", 1, null], "c": {"d": "$ID"}}')
    assert files.read(file, {"ID": "7"}) == {"a": "7", "b": ["x-7-y", 1, None], "c": {"d": "$ID"}}


def test_yaml_is_read_too(tmp_path: Path) -> None:
    file = tmp_path / "order.yaml"
    file.write_text("a: ${ID}\nb: [1]\nc: 2026-01-01T00:00:00Z\n")
    assert files.read(file, {"ID": "7"}) == {"a": "7", "b": [1], "c": "2026-01-01T00:00:00Z"}


def test_a_placeholder_without_a_value_is_named(tmp_path: Path) -> None:
    file = tmp_path / "order.json"
    file.write_text('{"a": "${SERVICE_ID}"}')
    with pytest.raises(Unusable, match=r"SERVICE_ID.*--set SERVICE_ID="):
        files.read(file, {})


@pytest.mark.parametrize("content", [b"{", b"\xff", b"[" * 100_000, None])
def test_what_cannot_be_read_is_said_with_the_files_name(content: bytes | None, tmp_path: Path) -> None:
    file = tmp_path / "order.json"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(Unusable, match=r"order\.json"):
        files.read(file, {})


def test_an_order_has_to_be_one_object(tmp_path: Path) -> None:
    file = tmp_path / "order.json"
    file.write_text("[]")
    with pytest.raises(Unusable, match="one JSON object"):
        files.read_object(file, {})


def test_a_folder_stands_for_the_files_in_it(tmp_path: Path) -> None:
    for name in ("b.json", "a.yaml", "note.txt"):
        (tmp_path / name).touch()
    assert [path.name for path in files.every([tmp_path])] == ["a.yaml", "b.json"]


def test_a_folder_without_files_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Unusable):
        list(files.every([tmp_path]))


@pytest.mark.parametrize("assignment", ["name", "=value", ""])
def test_an_assignment_needs_a_name_and_a_value(assignment: str) -> None:
    with pytest.raises(Unusable):
        files.values([assignment])


def test_a_value_may_hold_an_equals_sign() -> None:
    assert files.values(["URL=http://x/?a=b"]) == {"URL": "http://x/?a=b"}
