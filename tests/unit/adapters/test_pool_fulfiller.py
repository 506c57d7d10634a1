"""The kind `pool`: what a task's input asks for, what comes of it, and how it is given back."""

from collections.abc import Iterable, Sequence
from typing import Any, NoReturn

import pytest

from adapters.credentials import Credentials
from adapters.http_session import Tools
from adapters.pool import REGISTRATION, PoolFulfiller
from adapters.ports import (
    Allotment,
    Demand,
    Done,
    Exhausted,
    FulfillerCall,
    Holder,
    Invalid,
    Member,
    Outcome,
    Refused,
    Reserved,
    ResourcePools,
    Served,
    Shortage,
)
from models.domain.fulfiller import FulfillerDefinition
from models.domain.pools.reading import MAX_SECONDS

BLOCK = Member("r-1", "10.0.0.0/29", "10.0.0.0/29", "public", {"gateway": "10.0.0.1"}, {"id": "rs", "name": "ipv4"})


class Recorded(ResourcePools):
    """Pools that answer what a test says, and remember what they were asked."""

    def __init__(self, answer: Allotment | None = None) -> None:
        self.answer = answer or Reserved((BLOCK,))
        self.asked: list[tuple[str, Holder, Demand]] = []
        self.released: list[tuple[Holder | str, bool]] = []

    async def reserve(self, key: str, holder: Holder, demand: Demand) -> Allotment:
        self.asked.append((key, holder, demand))
        return self.answer

    async def look(self, key: str) -> Reserved | Exhausted | None:
        raise NotImplementedError

    async def commit(self, of: Holder | str) -> tuple[Member, ...]:
        raise NotImplementedError

    async def release(self, of: Holder | str, why: str | None = None, *, at_once: bool = False) -> int:
        assert why
        self.released.append((of, at_once))
        return 1

    async def held(self, of: Holder) -> tuple[str, ...]:
        raise NotImplementedError

    async def part_with(self, ids: Sequence[str], *, leaving: bool) -> None:
        raise NotImplementedError

    async def give_up(self, ids: Sequence[str], why: str | None = None) -> int:
        raise NotImplementedError

    async def served(self, limit: int = 100) -> tuple[Served, ...]:
        raise NotImplementedError

    async def told(self, keys: Iterable[str]) -> None:
        raise NotImplementedError


def _no_session() -> NoReturn:
    raise AssertionError


async def engaged(pools: ResourcePools | None, value: Any = None, **more: Any) -> Outcome:
    definition = FulfillerDefinition.from_document({"_id": "pools", "body": dict(REGISTRATION)})
    fulfiller = PoolFulfiller.create(definition, Credentials(None), Tools(_no_session, resource_pools=pools))
    call = {"task_id": "p-1:00aa", "action": "add", "service": {"id": "s-1"}, "idempotency_key": "k", "name": "prefix"}
    asked = {"pool": "public", "prefixLength": 29} if value is None else value
    more = {"order_id": "o-1", "order_item_id": "1", "priority": 2, "input": asked, **more}
    return await fulfiller.engage(FulfillerCall(**{**call, **more}))


async def test_the_demand_has_the_orders_priority_and_no_end_and_belongs_to_service_and_task() -> None:
    pools = Recorded()
    done = await engaged(pools)
    assert isinstance(done, Done)
    ((key, holder, demand),) = pools.asked
    assert (key, holder) == ("k", Holder("s-1", "o-1", "1", "p-1", "prefix"))
    assert demand == Demand("public", prefix_length=29, priority=2, seconds=MAX_SECONDS)
    assert (done.output["value"], done.output["values"]) == ("10.0.0.0/29", ["10.0.0.0/29"])
    assert done.output["characteristic"] == {"gateway": "10.0.0.1"}
    assert [one["id"] for one in done.supporting_resource] == ["r-1"]


async def test_an_empty_pool_is_a_shortage_and_an_impossible_demand_is_refused() -> None:
    assert await engaged(Recorded(Exhausted("all gone", ("public",), 3))) == Shortage("all gone", ("public",), 3)
    assert await engaged(Recorded(Invalid("no such pool", "unknownPool"))) == Refused("no such pool")
    assert isinstance(await engaged(None), Refused)


@pytest.mark.parametrize("value", [{"pool": "public", "colour": "red"}, {"count": 0}, "ten", {"seconds": 60}])
async def test_an_input_that_is_no_demand_is_refused_before_anything_is_asked(value: Any) -> None:
    pools = Recorded()
    assert isinstance(await engaged(pools, value), Refused)
    assert not pools.asked


async def test_an_input_of_null_asks_for_nothing() -> None:
    pools = Recorded()
    assert await engaged(pools, input=None) == Done()
    assert not pools.asked


async def test_what_was_asked_for_before_with_other_data_is_given_up() -> None:
    pools = Recorded()
    await engaged(pools, superseded=("k-0", "k-1"))
    assert pools.released == [("k-0", True), ("k-1", True)]
    assert len(pools.asked) == 1


@pytest.mark.parametrize("operation", ["cancel", "compensate"])
@pytest.mark.parametrize("used", [True, False])
async def test_what_nobody_has_used_goes_straight_back(operation: str, *, used: bool) -> None:
    pools = Recorded()
    assert await engaged(pools, operation=operation, fulfil_key="k-1", used=used) == Done()
    assert pools.released == [("k-1", not used)]


async def test_delete_gives_back_what_the_service_has_by_this_task() -> None:
    pools = Recorded()
    assert await engaged(pools, action="delete") == Done()
    assert pools.released == [(Holder(service="s-1", task="prefix"), False)]


@pytest.mark.parametrize(("action", "revises"), [("add", False), ("modify", True)])
async def test_what_a_modification_demands_counts_what_the_service_has_already(action: str, revises: bool) -> None:
    pools = Recorded()
    await engaged(pools, action=action)
    ((_, _, demand),) = pools.asked
    assert demand.revises is revises
