"""How much one process takes on, and how it is shared out: no fulfiller may take up all of it."""

WAITING = 400
"""Calls of one process that wait in memory for their turn at a fulfiller; further ones wait in the database."""
SHARE = 25
"""Of those, calls of one plan: so that an order of a thousand items lets others through."""


def bound(size: int, free: int) -> int:
    """How many calls one fulfiller may have in this process, under way and waiting for their turn together.

    A dynamic threshold, as switches share a buffer among their ports: nobody may have more than what is free. One slow
    fulfiller gets half of the room at the most, k of them 1/(k + 1) each, and as much is always left for others.

    Args:
        size: calls that may be under way at the same time.
        free: plans that the process could still take in hand.
    """
    return max(1, min(size + WAITING, free))


def worth_telling(room: int, most: int) -> bool:
    """Whether to call for those who wait outside: not for every single place, for each look costs a query."""
    return room >= max(1, most // 4)


def working_room(working: int, in_hand: int, most_working: int, most_in_hand: int, smallest: int) -> int:
    """How many more plans to claim now.

    Args:
        working: plans in hand that are being worked on.
        in_hand: those and the ones that wait for an answer or a place.
        most_working: of them that may be worked on at the same time.
        most_in_hand: that may be in hand.
        smallest: how many more may be worked on before it is worth a claim.
    """
    room = most_working - working
    return max(0, min(room, most_in_hand - in_hand)) if room >= smallest else 0
