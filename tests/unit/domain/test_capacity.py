"""How a process shares out what it can take in hand."""

import pytest

from models.domain.capacity import WAITING, bound, working_room, worth_telling


def test_a_fulfiller_with_all_the_room_gets_its_calls_and_a_line_in_front_of_them() -> None:
    assert bound(size=1, free=1000) == 1 + WAITING
    assert bound(size=100, free=1000) == 100 + WAITING


@pytest.mark.parametrize("hanging", [1, 4, 10, 40, 300])
def test_however_many_fulfillers_hang_there_is_room_for_others(hanging: int) -> None:
    """Each of them asks for one more call, in turn, until nobody gets one."""
    total, calls = 1000, [0] * hanging
    while True:
        before = list(calls)
        for place in range(hanging):
            calls[place] += calls[place] < bound(100, max(0, total - sum(calls)))
        if calls == before:
            break
    assert min(calls) >= 1, "each can be asked, be it one call at a time"
    assert total - sum(calls) >= total // (hanging + 1)


def test_everybody_may_have_one_call_whatever_is_in_hand() -> None:
    assert bound(size=100, free=0) == 1


def test_who_waits_outside_is_called_in_for_a_good_part_of_the_room() -> None:
    assert not worth_telling(room=24, most=100)
    assert worth_telling(room=25, most=100)
    assert worth_telling(room=1, most=1)
    assert not worth_telling(room=0, most=1)


def test_plans_at_rest_leave_room_for_work() -> None:
    assert working_room(working=10, in_hand=700, most_working=200, most_in_hand=1000, smallest=25) == 190
    assert working_room(working=10, in_hand=990, most_working=200, most_in_hand=1000, smallest=25) == 10
    assert working_room(working=180, in_hand=180, most_working=200, most_in_hand=1000, smallest=25) == 0
    assert working_room(working=10, in_hand=1010, most_working=200, most_in_hand=1000, smallest=25) == 0
