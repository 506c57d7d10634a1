"""How much is measured: enough to trust, enough to see, or just enough to know that the bench still works."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Scale:
    """The amounts of one run.

    Attributes:
        name: for the report.
        rounds: how often floor and subject are measured in turns.
        seconds: that one HTTP measurement takes.
        stored: orders in the collection that is read and listed.
        orders: of one task, placed in one round; of five tasks a third of it.
        first_calls: orders of which each is placed on an idle system.
        deliveries: events of one round.
        item_counts: sizes of orders, in items.
        items: that are ordered altogether for each size.
        broken: orders that one broken fulfiller holds, and one bulk retry completes.
        held: orders that are held beside, while others go through.
        taken: members of a pool that are taken already, beside which others are allocated.
    """

    name: str
    rounds: int
    seconds: float
    stored: int
    orders: int
    first_calls: int
    deliveries: int
    item_counts: tuple[int, ...]
    items: int
    broken: int
    held: int
    taken: int


FULL = Scale("full", 3, 2.0, 100_000, 450, 100, 600, (1, 10, 100, 1_000), 1_000, 500, 10_000, 1_000_000)
QUICK = Scale("quick", 2, 0.3, 5_000, 60, 15, 100, (1, 10, 50), 50, 60, 300, 20_000)
SMALLEST = Scale("smallest", 1, 0.1, 200, 6, 2, 10, (1, 3), 3, 6, 6, 500)
