"""Where the keys for secrets come from."""

import stat
from pathlib import Path
from typing import Any

import pytest

from som.secret_keys import SecretKeyUnusable, secret_keys
from som.settings import Settings

FIRST, SECOND = "a" * 32, "b" * 40
URL = "mongodb://db.example/?replicaSet=rs0"


def settings(folder: Path, **given: Any) -> Settings:
    return Settings(data_dir=folder, **given)


def test_the_first_of_several_keys_seals(tmp_path: Path) -> None:
    assert secret_keys(settings(tmp_path, secret_key=f"{FIRST}, {SECOND}")) == (FIRST, SECOND)


def test_keys_can_stand_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "keys"
    file.write_text(f"{FIRST}\n\n{SECOND}\n")
    assert secret_keys(settings(tmp_path, secret_key_file=file, mongodb_url=URL)) == (FIRST, SECOND)


def test_with_the_embedded_database_a_key_is_made_once_that_only_its_owner_can_read(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    made = secret_keys(settings(folder))
    assert secret_keys(settings(folder)) == made
    assert [path.name for path in folder.iterdir()] == ["secret.key"]
    assert stat.S_IMODE((folder / "secret.key").stat().st_mode) == 0o600
    assert len(made[0]) >= 32


def test_with_a_database_that_others_may_share_no_key_is_made(tmp_path: Path) -> None:
    assert secret_keys(settings(tmp_path, mongodb_url=URL)) == ()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("given", [{"secret_key": "short"}, {"secret_key_file": Path("/nowhere/keys")}])
def test_a_key_that_cannot_be_used_is_told_apart(tmp_path: Path, given: dict[str, Any]) -> None:
    with pytest.raises(SecretKeyUnusable):
        secret_keys(settings(tmp_path, **given))
