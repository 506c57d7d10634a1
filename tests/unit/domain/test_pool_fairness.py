"""A large demand is not passed by small ones for ever, and does not keep them waiting for ever either."""

from datetime import UTC, datetime, timedelta
from typing import Any

from models.domain.pools.demand import Demand
from models.domain.pools.fairness import Place, Saving, begun, rest

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
OVERTAKING = 3600.0


def place(key: str = "large", since: datetime = NOON, **demand: Any) -> Place:
    return Place(key, Demand(**demand), since)


def test_it_is_passed_for_a_while_and_then_saved_for_as_long() -> None:
    assert begun(place(), NOON + HOUR / 2, OVERTAKING, None) is None
    saving = begun(place(), NOON + HOUR, OVERTAKING, None)
    assert saving == Saving(place(), NOON + 2 * HOUR)
    assert not saving.is_over(NOON + 1.9 * HOUR)
    assert saving.is_over(NOON + 2 * HOUR)


def test_after_saving_in_vain_the_others_have_their_turn_for_as_long() -> None:
    again = rest(NOON + 2 * HOUR, OVERTAKING)
    assert begun(place(), NOON + 2.5 * HOUR, OVERTAKING, again) is None
    assert begun(place(), NOON + 3 * HOUR, OVERTAKING, again) is not None


def test_without_overtaking_the_line_is_strict() -> None:
    saving = begun(place(), NOON, 0.0, None)
    assert saving is not None
    assert not saving.is_over(NOON + 1000 * HOUR)


def test_who_is_behind_stands_back_and_who_is_before_does_not() -> None:
    saving = Saving(place(priority=2), None)
    assert saving.hinders(place("younger", NOON + HOUR, priority=2))
    assert saving.hinders(place("less urgent", NOON - HOUR, priority=3))
    assert not saving.hinders(place("older", NOON - HOUR, priority=2))
    assert not saving.hinders(place("more urgent", NOON + HOUR, priority=1))
    assert not saving.hinders(place(priority=2))


def test_who_wants_something_else_of_the_pool_does_not_stand_back() -> None:
    saving = Saving(place(where={"place": ("berlin", "bonn")}), None)
    assert not saving.hinders(place("other", NOON + HOUR, where={"place": ("munich",)}))
    assert saving.hinders(place("same", NOON + HOUR, where={"place": ("munich", "bonn")}))
    assert saving.hinders(place("any", NOON + HOUR, where={"tier": ("gold",)}))
