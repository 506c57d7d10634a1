"""A change of a resource and the event that it owes are one write, whoever else writes."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from models import resources
from models.clock import Clock
from models.domain.caller import DEFAULT_TENANT
from models.domain.errors import AlreadyExists
from models.domain.resource_states import Standing, put
from models.indexes import create_all
from models.resources import Cause, ResourceChange
from models.store import Store, connect

Document = dict[str, Any]
HOLDER = {"service": "s-1", "order": "o-1", "item": "1", "plan": "p-1", "task": "t-1"}


@pytest.fixture
async def store(mongodb_url: str, database_name: str) -> AsyncIterator[Store]:
    client = connect(mongodb_url)
    made = Store(client, database_name)
    await create_all(made.database)
    yield made
    await client.close()


async def vlan(store: Store, key: str = "vlan-7", position: int = 7) -> None:
    body = {"name": "VLAN", "value": str(position), "@type": "LogicalResource", **put(Standing.FREE)}
    await store.insert("resource", resources.new(key, DEFAULT_TENANT, body, Clock().now(), pool="p", position=position))


def reserve(stored: Document) -> ResourceChange | None:
    if stored.get("holder"):
        return None
    body = put(Standing.RESERVED, stored["body"])
    return ResourceChange(body, {"holder": HOLDER, "claim": "key"}, cause=Cause(order="o-1", why="for the line"))


async def look(store: Store, key: str = "vlan-7") -> Document:
    stored = await store.get("resource", key)
    assert stored is not None
    return stored


async def test_a_change_says_beside_the_body_whose_it_is_and_owes_one_event_of_the_state(store: Store) -> None:
    await vlan(store)
    await resources.change(store, Clock(), "vlan-7", DEFAULT_TENANT, reserve)
    stored = await look(store)
    assert (stored["status"], stored["holder"], stored["rev"]) == ("reserved", HOLDER, 2)
    created, owed = stored["outbox"]
    assert (created["type"], owed["type"]) == ("ResourceCreateEvent", "ResourceStateChangeEvent")
    assert (owed["order"], owed["why"], owed["seq"]) == ("o-1", "for the line", 2)
    assert owed["before"] == {"resourceStatus": "available", "allocationStatus": "available"}
    assert owed["states"]["resourceStatus"] == "reserved"
    assert created["states"]["resourceStatus"] == "available"


async def test_of_many_who_want_the_same_resource_one_gets_it(store: Store) -> None:
    await vlan(store)
    got = []

    def decide(stored: Document, who: int) -> ResourceChange | None:
        wanted = reserve(stored)
        return None if wanted is None else ResourceChange(wanted.body, {"holder": {"service": f"s-{who}"}})

    async def want(who: int) -> None:
        before = await resources.change(store, Clock(), "vlan-7", DEFAULT_TENANT, lambda stored: decide(stored, who))
        assert before is not None
        if "holder" not in before:
            got.append(f"s-{who}")

    await asyncio.gather(*map(want, range(12)))
    assert [(await look(store))["holder"]["service"]] == got
    assert len((await look(store))["outbox"]) == 2


async def test_what_changes_nothing_that_clients_see_owes_nothing_and_leaves_the_revision(store: Store) -> None:
    await vlan(store)
    again = ResourceChange(put(Standing.FREE), {"until": Clock().after(60)}, unset=["claim"])
    await resources.change(store, Clock(), "vlan-7", DEFAULT_TENANT, lambda _: again)
    stored = await look(store)
    assert (stored["rev"], len(stored["outbox"])) == (1, 1)
    assert "until" in stored


async def test_no_two_members_of_a_pool_have_the_same_position_and_a_deleted_one_leaves_its_place(store: Store) -> None:
    await vlan(store)
    with pytest.raises(AlreadyExists):
        await vlan(store, key="other")
    stored = await look(store)
    gone = resources.removed(stored, Clock().now(), Cause(why="not needed"))
    assert await store.update("resource", resources.guard(stored), gone)
    await vlan(store, key="other")
    assert (await look(store))["outbox"][-1]["type"] == "ResourceDeleteEvent"
