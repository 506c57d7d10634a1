"""The allocators of pools, whatever is taken and given back in whatever order."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.domain.pools.amounts import NoAmount, amount_of, shown
from models.domain.pools.piece import Piece, Shape, blocks, minus
from models.domain.pools.rooms import Need, Room, Rooms
from models.domain.pools.space import Space
from models.domain.pools.usage import Usage

SIZE = 256
STEPS = st.lists(st.tuples(st.booleans(), st.integers(0, 5), st.integers(1, 3)), max_size=60)


def whole(buddies: bool) -> Space:
    space = Space(buddies)
    space.load([Piece("", 0, SIZE - 1, "p")])
    return space


@pytest.mark.parametrize("buddies", [False, True])
@settings(max_examples=150, deadline=None)
@given(steps=STEPS)
def test_what_is_free_and_what_is_taken_is_always_everything_once(
    buddies: bool, steps: list[tuple[bool, int, int]]
) -> None:
    space = whole(buddies)
    taken: list[Piece] = []
    for give, power, count in steps:
        if give and taken:
            space.give(taken.pop(power % len(taken)))
        else:
            found = space.take(Shape(1 << power), count)
            taken += [] if found is None else [found]
        both = sorted([*space.free(), *taken], key=lambda piece: piece.start)
        assert [member for piece in both for member in range(piece.start, piece.end + 1)] == list(range(SIZE))
        if buddies:
            assert all(piece.start % piece.size == 0 for piece in space.free())
    for piece in taken:
        space.give(piece)
    assert space.changes() == ([], [], []), "what was split is joined again"


@settings(max_examples=100, deadline=None)
@given(steps=STEPS)
def test_a_demand_that_gets_nothing_leaves_no_trace(steps: list[tuple[bool, int, int]]) -> None:
    space = whole(buddies=True)
    space.take(Shape(8))
    before = space.free()
    mark = space.mark()
    for give, power, count in steps:
        found = space.take(Shape(1 << power), count)
        if give and found is not None:
            space.give(found)
    space.back(mark)
    assert space.free() == before


def test_best_fit_takes_the_smallest_piece_that_is_large_enough() -> None:
    space = Space(buddies=False)
    space.load([Piece("", 0, 99, "p"), Piece("", 200, 204, "p"), Piece("", 300, 302, "p")])
    assert space.take(Shape(4)) == Piece("", 200, 203, "p")
    assert space.take(Shape(1)) == Piece("", 204, 204, "p")
    assert space.take(Shape(4)) == Piece("", 0, 3, "p")


def test_pieces_of_two_parts_are_never_joined() -> None:
    space = Space(buddies=True)
    space.load([Piece("", 0, 7, "a")])
    space.give(Piece("", 8, 15, "b"))
    assert space.take(Shape(16)) is None


def test_a_run_is_cut_into_the_fewest_aligned_blocks() -> None:
    assert blocks(3, 16) == [(3, 3), (4, 7), (8, 15), (16, 16)]
    assert blocks(0, 2**96 - 1) == [(0, 2**96 - 1)]
    assert blocks(5, 4) == []


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 10)), max_size=5))
def test_holes_are_what_is_missing(holes: list[tuple[int, int]]) -> None:
    runs = [(start, start + length) for start, length in holes]
    left = {member for start, end in minus([(0, 50)], runs) for member in range(start, end + 1)}
    assert left == {member for member in range(51) if not any(low <= member <= high for low, high in runs)}


def test_room_is_taken_where_it_fits_best_or_where_most_is_left() -> None:
    rooms = [Room("a", (8, 4)), Room("b", (4, 8)), Room("c", (2, 8))]
    for spread, expected in ((False, ["c", "b", "a"]), (True, ["a", "a", "a"])):
        having = Rooms(spread)
        having.load(rooms)
        got = [having.take(Need((2, 1))) for _ in range(3)]
        assert [room.part for room in got if room is not None] == (expected if spread else ["c", "b", "b"])


def test_no_room_is_ever_overdrawn() -> None:
    chance = random.Random(7)
    rooms = Rooms()
    rooms.load(Room(f"h{number}", (16, 64)) for number in range(5))
    taken: list[tuple[str, tuple[int, int]]] = []
    for _ in range(2_000):
        if taken and chance.random() < 0.45:
            rooms.give(*taken.pop(chance.randrange(len(taken))))
            continue
        need = (chance.randint(0, 4), chance.randint(1, 16))
        room = rooms.take(Need(need))
        taken += [] if room is None else [(room.part, need)]
        for number in range(5):
            left = rooms.room(f"h{number}")
            assert left is not None
            used = [amounts for part, amounts in taken if part == left.part]
            assert left.free == (16 - sum(one[0] for one in used), 64 - sum(one[1] for one in used))
            assert min(left.free) >= 0


@pytest.mark.parametrize(
    ("written", "base", "dimension"),
    [
        (2, 2_000, "piece"),
        ("250m", 250, "piece"),
        (0.5, 500, "piece"),
        ("4 GiB", 4 * 2**30, "byte"),
        ("1.5GB", 1_500_000_000, "byte"),
        ("10 Gbit/s", 10**10, "bit/s"),
        ("100 Mbps", 10**8, "bit/s"),
    ],
)
def test_amounts_are_counted_in_whole_base_units(written: object, base: int, dimension: str) -> None:
    amount = amount_of(written)
    assert (amount.base, amount.dimension) == (base, dimension)
    assert amount_of(shown(amount.base, dimension)) == amount


@pytest.mark.parametrize("written", [True, None, "", "-1", "1 parsec", "0.0001", "9999999999 EiB", [1]])
def test_what_is_no_amount_is_refused(written: object) -> None:
    with pytest.raises(NoAmount):
        amount_of(written)


def test_counts_without_a_bound_survive_being_stored() -> None:
    usage = Usage()
    usage.of_measure("members").total = 2**96
    usage.move({"members": 2**72}, None, "reserved")
    usage.move({"members": 2**70}, "reserved", "used")
    again = Usage.of(usage.stored())
    assert again == usage
    assert again.of_measure("members").free == 2**96 - 2**72
