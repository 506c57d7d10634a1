"""Gates: who calls a fulfiller next, who waits in line, and who waits outside."""

import asyncio
from functools import partial

import pytest

from models.domain.capacity import WAITING
from scheduler.gates import Displaced, Gates, Ticket


class Hall:
    """Gates of a process with so much room, and who was told what."""

    def __init__(self, free: int = 1000) -> None:
        self.free = free
        self.gates = Gates(lambda: self.free)
        self.called: list[str] = []
        self.gates.on_room = self.called.append

    def ask(self, priority: int = 4, size: int = 1, name: str = "f") -> Ticket | None:
        return self.gates.ask(name, size, priority)

    def get(self, priority: int = 4, size: int = 1) -> Ticket:
        ticket = self.ask(priority, size)
        assert ticket is not None
        return ticket

    def fill(self, size: int = 1) -> list[Ticket]:
        """All that may wait, and nobody else gets in."""
        tickets = []
        while (ticket := self.ask(size=size)) is not None:
            tickets.append(ticket)
        return tickets


def is_through(ticket: Ticket) -> bool:
    return ticket.through.done() and not ticket.closed


async def test_as_many_are_through_as_the_gate_lets_and_the_most_important_comes_next() -> None:
    hall = Hall()
    first, second = hall.get(size=2), hall.get(size=2)
    usual, urgent, late = hall.get(4, 2), hall.get(0, 2), hall.get(4, 2)
    assert [is_through(ticket) for ticket in (first, second, usual, urgent, late)] == [True, True, False, False, False]
    first.close()
    assert (is_through(urgent), is_through(usual)) == (True, False)
    second.close()
    assert (is_through(usual), is_through(late)) == (True, False)


async def test_closing_twice_lets_one_through() -> None:
    hall = Hall()
    first, second, third = hall.get(), hall.get(), hall.get()
    first.close()
    first.close()
    assert (is_through(second), is_through(third)) == (True, False)


async def test_who_leaves_the_line_takes_nobodys_turn() -> None:
    hall = Hall()
    first, second, third = hall.get(), hall.get(), hall.get()
    second.close()
    first.close()
    assert is_through(third)


async def test_a_full_line_sends_away_unless_somebody_less_important_stands_in_it() -> None:
    hall = Hall()
    tickets = hall.fill()
    assert len(tickets) == 1 + WAITING
    urgent = hall.ask(priority=1)
    assert urgent is not None
    with pytest.raises(Displaced):
        await tickets[-1].turn()
    tickets[0].close()
    assert is_through(urgent)


async def test_nobody_is_displaced_who_is_through_already_or_as_important() -> None:
    hall = Hall(free=1)
    only = hall.get(priority=4)
    assert hall.ask(priority=0) is None
    assert is_through(only)
    assert hall.ask(priority=4) is None


async def test_a_call_that_is_given_up_while_it_is_let_through_leaves_its_turn_to_the_next() -> None:
    hall = Hall()
    first, second, third = hall.get(), hall.get(), hall.get()
    waiting = asyncio.create_task(second.turn())
    await asyncio.sleep(0)
    first.close()
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    second.close()
    assert is_through(third)


async def test_who_waits_outside_is_called_when_there_is_room_and_not_for_each_place() -> None:
    hall = Hall()
    tickets = hall.fill()
    hall.gates.waits_outside("f")
    tickets[0].close()
    assert hall.called == []
    a_good_part = len(tickets) // 3
    for ticket in tickets[1:a_good_part]:
        ticket.close()
    assert set(hall.called) == {"f"}
    assert hall.gates.with_room() == [("f", a_good_part)]


async def test_who_was_called_in_is_counted_until_it_has_come() -> None:
    hall = Hall()
    hall.get()
    hall.gates.waits_outside("f")
    hall.gates.expect("f", WAITING)
    assert hall.gates.with_room() == []
    with hall.gates.arrival("f", WAITING) as arrived:
        arrived()
        arrived()
    assert hall.gates.with_room() == [("f", WAITING)]


async def test_a_plan_in_hand_is_told_once_of_room() -> None:
    hall = Hall(free=2)
    first = hall.get()
    hall.get()
    told: list[str] = []
    hall.gates.tell("f", "plan", 4, 1, lambda: told.append("room"))
    assert told == []
    first.close()
    assert told == ["room"]
    with hall.gates.asking("plan"):
        pass
    hall.gates.tell("f", "plan", 4, 1, lambda: told.append("at once"))
    assert told == ["room", "at once"], "there is room already"


async def test_who_has_lost_interest_is_not_told() -> None:
    hall = Hall(free=1)
    ticket = hall.get()
    told: list[str] = []
    hall.gates.tell("f", "plan", 4, 1, lambda: told.append("room"))
    hall.gates.forget("plan")
    ticket.close()
    assert told == []


async def test_who_comes_to_wait_outside_when_there_is_room_already_is_called_at_once() -> None:
    """Its plan was let go, and meanwhile all calls ended: nobody else would call it."""
    hall = Hall()
    hall.gates.waits_outside("f")
    assert hall.called == ["f"]


async def test_plans_in_hand_are_told_in_order_as_many_as_their_calls_find_room() -> None:
    hall = Hall(free=4)
    tickets = hall.fill()
    told: list[str] = []
    for name, priority, calls in (("usual", 4, 1), ("late", 4, 1), ("urgent", 0, 2)):
        hall.gates.tell("f", name, priority, calls, partial(told.append, name))
    hall.gates.tell("f", "usual", 4, 1, lambda: told.append("usual"))  # it has looked again, and keeps its place
    tickets[0].close()
    assert told == ["urgent"]
    tickets[1].close()
    assert told == ["urgent"], "the place is kept for the second call of the urgent one"
    tickets[2].close()
    assert told == ["urgent", "usual"]
    tickets[3].close()
    assert told == ["urgent", "usual", "late"]


async def test_what_somebody_who_was_told_leaves_is_offered_to_the_next() -> None:
    hall = Hall(free=1)
    ticket = hall.get()
    told: list[str] = []
    for name in ("first", "second"):
        hall.gates.tell("f", name, 4, 1, partial(told.append, name))
    ticket.close()
    assert told == ["first"]
    with hall.gates.asking("first"):
        pass
    assert told == ["first", "second"]
    hall.gates.forget("second")
    assert hall.gates.room("f") == 1


async def test_plans_wait_inside_while_as_much_is_left_for_others_and_nobody_waits_outside() -> None:
    hall = Hall(free=4)
    hall.fill()
    assert hall.gates.may_stay("f")
    hall.gates.tell("f", "plan", 4, 1, lambda: None)
    assert not hall.gates.may_stay("f"), "four calls and a plan are more than the four that are free"
    hall.free = 8
    assert hall.gates.may_stay("f")
    hall.gates.waits_outside("f")
    assert not hall.gates.may_stay("f")
