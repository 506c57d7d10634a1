"""The health of fulfillers, as several processes see it on one database."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from models.clock import Clock
from models.domain.breaker import BreakerRules
from models.domain.call_statistics import together
from models.domain.fulfiller import FulfillerDefinition
from models.domain.outcomes import Done, Refused, Unreachable
from models.store import Store, connect
from scheduler.health import FORGOTTEN_AFTER, STATE, STATISTICS, Health

RULES = BreakerRules(failures=2, open_seconds=0.2, longest_seconds=10)
DEFINITION = FulfillerDefinition("f", "F", "rest", breaker=RULES)
LOST = Unreachable("no connection", maybe_done=False)


class Ahead(Clock):
    """A clock that can be put ahead."""

    ahead = timedelta(0)

    def now(self) -> datetime:
        return super().now() + self.ahead


@pytest.fixture
async def store(mongodb_url: str, database_name: str) -> AsyncIterator[Store]:
    async with connect(mongodb_url) as client:
        yield Store(client, database_name)


async def fresh(health: Health) -> Health:
    """As after the change stream has told."""
    health.invalidate()
    await health.refresh()
    return health


async def test_a_breaker_that_one_process_opens_is_open_for_all_and_an_answer_closes_it(store: Store) -> None:
    one, other = Health(store, Clock()), Health(store, Clock())
    for _ in range(2):
        await one.answered(DEFINITION, "default", LOST, 5)
    standing = (await fresh(other))["f"]
    assert standing.open_until is not None
    assert standing.breaker_reason == "no connection"
    await other.answered(DEFINITION, "default", Refused("no"), 5)
    assert (await fresh(one))["f"].open_until is None
    assert (await store.get(STATE, "f") or {}).get("breaker") is None


async def test_two_processes_that_open_a_breaker_at_once_open_it_once(store: Store) -> None:
    processes = [Health(store, Clock()), Health(store, Clock())]
    for _ in range(2):
        for health in processes:
            await health.answered(DEFINITION, "default", LOST, 5)
    stored = await store.get(STATE, "f")
    assert stored is not None
    assert stored["breaker"]["times"] == 1


async def test_of_all_processes_one_tries_a_half_open_breaker(store: Store) -> None:
    processes = [Health(store, Clock()) for _ in range(3)]
    already = replace(DEFINITION, breaker=BreakerRules(failures=1, open_seconds=0, longest_seconds=10))
    await processes[0].answered(already, "default", LOST, 5)
    for health in processes:
        assert (await fresh(health)).half_open("f")
    assert [await health.take_trial(already) for health in processes] == [True, False, False]
    assert (await fresh(processes[2]))["f"].trying


async def test_answers_cost_no_write_while_all_is_well_and_statistics_add_up(store: Store) -> None:
    one, other = Health(store, Clock()), Health(store, Clock())
    for health in (one, other):
        for _ in range(50):
            await health.answered(DEFINITION, "default", Done(), 10)
    assert await store.collection(STATE).count_documents({}) == 0
    assert await store.collection(STATISTICS).count_documents({}) == 0
    await one.flush()
    await other.flush()
    await one.flush()
    total = together(await store.collection(STATISTICS).find({}).to_list())
    assert (total.calls, total.outcomes, total.milliseconds) == (100, {"done": 100}, 1_000)


async def test_who_was_slow_once_is_given_another_chance(store: Store) -> None:
    clock = Ahead()
    health = Health(store, clock)
    await health.answered(DEFINITION, "default", LOST, 5)
    await health.answered(DEFINITION, "default", Done(), 9_000)
    assert (health["f"].success, health["f"].latency) == (0.1, 9_000)
    clock.ahead = FORGOTTEN_AFTER
    assert (health["f"].success, health["f"].latency) == (None, None)
    await health.answered(DEFINITION, "default", Done(), 10)
    assert (health["f"].success, health["f"].latency) == (1.0, 10)
