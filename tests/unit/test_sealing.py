"""Secrets at rest: what is sealed opens with its key, at its place, and nowhere else."""

import pytest

from models.sealing import NoSecretKey, Sealer, SecretUnreadable

OLD = "the old key, which is long enough to be one"
NEW = "the new key, which is long enough to be one"
SECRET = {"type": "bearer", "token": "hunter2hunter2"}


def test_what_is_sealed_opens_again_and_shows_nothing() -> None:
    sealer = Sealer([NEW])
    sealed = sealer.seal(SECRET, "fulfiller/f")
    assert sealer.open(sealed, "fulfiller/f") == SECRET
    assert "hunter2" not in str(sealed)
    assert NEW not in str(sealed) + repr(sealer)


def test_the_same_secret_never_looks_the_same() -> None:
    sealer = Sealer([NEW])
    assert sealer.seal(SECRET, "fulfiller/f")["text"] != sealer.seal(SECRET, "fulfiller/f")["text"]


def test_a_secret_opens_at_its_own_place_only() -> None:
    sealer = Sealer([NEW])
    with pytest.raises(SecretUnreadable):
        sealer.open(sealer.seal(SECRET, "fulfiller/f"), "fulfiller/g")


def test_a_secret_that_was_tampered_with_does_not_open() -> None:
    sealer = Sealer([NEW])
    sealed = sealer.seal(SECRET, "fulfiller/f")
    sealed["text"] = bytes([sealed["text"][0] ^ 1]) + sealed["text"][1:]
    with pytest.raises(SecretUnreadable):
        sealer.open(sealed, "fulfiller/f")


def test_after_a_change_of_keys_the_old_one_opens_and_the_new_one_seals() -> None:
    sealed = Sealer([OLD]).seal(SECRET, "fulfiller/f")
    both = Sealer([NEW, OLD])
    assert both.open(sealed, "fulfiller/f") == SECRET
    assert not both.is_current(sealed)
    anew = both.seal(SECRET, "fulfiller/f")
    assert both.is_current(anew)
    assert Sealer([NEW]).open(anew, "fulfiller/f") == SECRET
    with pytest.raises(SecretUnreadable):
        Sealer([NEW]).open(sealed, "fulfiller/f")


def test_without_a_key_nothing_is_sealed_and_plain_secrets_can_be_read() -> None:
    sealer = Sealer()
    with pytest.raises(NoSecretKey, match="SOM_SECRET_KEY"):
        sealer.seal(SECRET, "fulfiller/f")
    assert not sealer.can_seal
    assert sealer.open(SECRET, "fulfiller/f") == SECRET
    assert sealer.open(None, "fulfiller/f") is None
