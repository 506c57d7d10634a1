"""Shares of capacity that take the place of others: together they never take more than the largest of them."""

import itertools
import random

from models.domain.pools.resizing import lacking, succession


def test_a_new_share_takes_what_it_lacks_and_the_rest_when_the_old_one_goes() -> None:
    assert lacking((8, 1), (6, 2)) == (2, 0)
    assert succession((6, 2), (2, 0), (8, 1)) == ((8, 1), (0, 1))


def test_a_pool_that_has_come_to_count_more_measures_hands_over_what_there_is() -> None:
    assert succession((6,), (2, 4), (8, 4)) == ((8, 4), (0, 0))


def test_whatever_goes_first_nothing_is_lost_and_the_last_has_all_that_it_wants() -> None:
    """Each takes the place of the one before; what it cannot have yet of one that goes is with the one before that."""
    chance = random.Random(7)
    for _ in range(200):
        wanted = [(chance.randrange(9), chance.randrange(9)) for _ in range(4)]
        for order in itertools.permutations(range(3)):
            has = [wanted[0], *(lacking(new, old) for old, new in itertools.pairwise(wanted))]
            freed, alive = (0, 0), list(range(4))
            for gone in order:
                heir = alive[alive.index(gone) + 1]
                before = _sum(has[gone], has[heir])
                has[heir], back = succession(has[gone], has[heir], wanted[heir])
                assert _sum(has[heir], back) == before
                freed, has[gone] = _sum(freed, back), (0, 0)
                alive.remove(gone)
            assert has[3] == wanted[3]
            assert min(freed) >= 0


def _sum(one: tuple[int, ...], other: tuple[int, ...]) -> tuple[int, int]:
    return one[0] + other[0], one[1] + other[1]
