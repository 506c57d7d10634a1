"""What is stored in the clear, or under an earlier key, is brought under the present one."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from models.resealing import reseal
from models.sealing import Sealer
from models.store import Store, connect

OLD, NEW = "o" * 32, "n" * 32
SECRET = {"type": "bearer", "token": "very-secret"}


@pytest.fixture
async def store(mongodb_url: str, database_name: str) -> AsyncIterator[Store]:
    async with connect(mongodb_url) as client:
        yield Store(client, database_name)


async def keep(store: Store, key: str, secret: dict[str, Any]) -> None:
    await store.insert("fulfiller", {"_id": key, "tenant": "default", "rev": 3, "secret": secret})


async def test_plain_and_old_secrets_are_sealed_with_the_present_key_and_no_revision_rises(store: Store) -> None:
    old, both = Sealer([OLD]), Sealer([NEW, OLD])
    await keep(store, "plain", SECRET)
    await keep(store, "old", old.seal(SECRET, "fulfiller/old"))
    await keep(store, "lost", Sealer(["l" * 32]).seal(SECRET, "fulfiller/lost"))
    assert await reseal(store, both) == 2
    assert await reseal(store, both) == 0
    new = Sealer([NEW])
    for key in ("plain", "old"):
        stored = await store.get("fulfiller", key)
        assert stored is not None
        assert new.open(stored["secret"], f"fulfiller/{key}") == SECRET
        assert stored["rev"] == 3
        assert "very-secret" not in str(stored)


async def test_without_a_key_everything_stays_as_it_is(store: Store) -> None:
    await keep(store, "plain", SECRET)
    assert await reseal(store, Sealer()) == 0
    stored = await store.get("fulfiller", "plain")
    assert stored is not None
    assert stored["secret"] == SECRET
