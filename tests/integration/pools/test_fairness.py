"""A large demand gets its turn though smaller ones would fit, and these get theirs though it does not come together."""

from adapters.ports import Exhausted, Reserved
from models.domain.caller import DEFAULT_TENANT
from models.pools.jobs import serve_lines
from tests.integration.pools.stage import PoolStage, numbers

MINUTES = 60.0


async def passes(stage: PoolStage, seconds: float) -> int:
    """Time passes, and the line is looked at; returns how many were served."""
    await stage.later(seconds)
    return await serve_lines(stage.store, stage.pools.turns)


async def saving_for(stage: PoolStage) -> str | None:
    stored = await stage.administration.stored(DEFAULT_TENANT, "vlans")
    saving = stored.get("saving")
    return saving["key"] if saving else None


async def full(stage: PoolStage, **policy: float) -> None:
    """A pool of ten, of which eight are taken one by one."""
    await stage.vlans(100, 109, **policy)
    for number in range(8):
        await stage.get(f"k{number}", pool="vlans")


async def test_a_large_demand_is_passed_for_a_while_and_then_saved_for_until_it_has_all(stage: PoolStage) -> None:
    await full(stage, overtaking=10 * MINUTES)
    await stage.waits("large", pool="vlans", count=5)
    assert await stage.get("small", pool="vlans") == ["108"]
    assert await passes(stage, 11 * MINUTES) == 0
    assert await saving_for(stage) == "large"
    answer = await stage.waits("late", pool="vlans")
    assert "saves up" in answer.reason
    for number in range(4):
        assert isinstance(await stage.pools.look("large"), Exhausted)
        await stage.pools.release(f"k{number}")
    assert isinstance(await stage.pools.look("large"), Reserved)
    assert await saving_for(stage) is None
    assert isinstance(await stage.ask("late", pool="vlans"), Exhausted), "the pool is full now"


async def test_what_does_not_come_together_keeps_others_waiting_no_longer_than_it_was_passed(stage: PoolStage) -> None:
    await full(stage, overtaking=10 * MINUTES)
    await stage.waits("large", pool="vlans", count=5)
    await passes(stage, 11 * MINUTES)
    await stage.waits("late", pool="vlans")
    assert await passes(stage, 9 * MINUTES) == 0
    assert await passes(stage, 2 * MINUTES) == 1, "late"
    assert await stage.get("later", pool="vlans") == ["109"], "the others have their turn"
    await stage.pools.release("k0")
    await passes(stage, 9 * MINUTES)
    assert await saving_for(stage) is None
    await passes(stage, 2 * MINUTES)
    assert await saving_for(stage) == "large"


async def test_the_more_urgent_and_those_who_want_something_else_do_not_stand_back(stage: PoolStage) -> None:
    places = [{"place": {"id": where}} for where in ("berlin", "munich")]
    await stage.make("vlans", "discrete", numbers(1, 3, "b", **places[0]), numbers(11, 13, "m", **places[1]))
    await stage.get("first", pool="vlans", count=2, where={"place": ("berlin",)})
    await stage.waits("large", pool="vlans", count=3, where={"place": ("berlin",)}, priority=2)
    await passes(stage, 16 * MINUTES)
    assert await saving_for(stage) == "large"
    await stage.waits("same", pool="vlans", where={"place": ("berlin",)})
    assert await stage.get("elsewhere", pool="vlans", where={"place": ("munich",)}) == ["11"]
    assert await stage.get("urgent", pool="vlans", where={"place": ("berlin",)}, priority=1) == ["3"]


async def test_nobody_stands_back_for_what_the_pool_can_never_give_or_who_has_left(stage: PoolStage) -> None:
    await full(stage, overtaking=10 * MINUTES)
    await stage.waits("too large", pool="vlans", count=11)
    await passes(stage, 11 * MINUTES)
    assert await saving_for(stage) is None
    await stage.waits("large", pool="vlans", count=5)
    await passes(stage, 11 * MINUTES)
    assert await saving_for(stage) == "large"
    await stage.pools.release("large")
    await passes(stage, 1.0)
    assert await stage.get("small", pool="vlans") == ["108"]


async def test_without_overtaking_the_line_is_strict(stage: PoolStage) -> None:
    await full(stage, overtaking=0)
    await stage.waits("large", pool="vlans", count=5)
    await stage.waits("small", pool="vlans")
    assert await passes(stage, 1000 * MINUTES) == 0
    await stage.pools.release("large")
    assert await passes(stage, 1.0) == 1
