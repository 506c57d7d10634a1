"""The right to do what only one process may do at a time."""

from collections.abc import AsyncIterator

import pytest

from models.clock import Clock
from models.leases import Leases
from models.store import Store, connect


@pytest.fixture
async def store(mongodb_url: str, database_name: str) -> AsyncIterator[Store]:
    client = connect(mongodb_url)
    yield Store(client, database_name)
    await client.close()


async def test_only_one_has_it_until_it_is_given_back(store: Store) -> None:
    clock = Clock()
    first, second = (Leases(store, clock, f"{node}/1", 60.0) for node in ("north", "south"))
    held = await first.take("work")
    assert held is not None
    assert await second.take("work") is None
    await first.give_back(held)
    assert await second.take("work") is not None


async def test_a_node_that_was_killed_has_it_again_as_soon_as_it_lives_anew(store: Store) -> None:
    clock = Clock()
    assert await Leases(store, clock, "north/1", 60.0).take("work") is not None
    assert await Leases(store, clock, "nor/2", 60.0).take("work") is None
    assert await Leases(store, clock, "north/2", 60.0).take("work") is not None
