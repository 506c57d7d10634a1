"""An order of n items costs n times one item, in steps that let an event loop breathe."""

import time

from models.domain.decomposition import decompose_steps
from models.domain.plan import Plan
from models.domain.slices import at_once
from tests.unit.planning.examples import Body, compiled, item, ordered, related, snapshot, specification

FIVE = {"tasks": {"t0": {}, **{f"t{n}": {"needs": [f"t{n - 1}"]} for n in range(1, 5)}}}
SEEN = snapshot((), compiled([specification("leaf", fulfilment={"add": FIVE})]))


def order(count: int) -> Body:
    return ordered(*[
        item(str(number), "add", "leaf", serviceOrderItemRelationship=related(str(number - 1)) if number % 10 else [])
        for number in range(count)
    ])  # fmt: skip


def planned(count: int) -> tuple[Plan, float]:
    body = order(count)
    began = time.process_time()
    plan = at_once(decompose_steps("o", body, SEEN))
    return plan, time.process_time() - began


def test_the_cost_of_an_item_does_not_grow_with_the_order() -> None:
    planned(10)
    few = min(planned(100)[1] for _ in range(5)) / 100
    plan, spent = min((planned(1000) for _ in range(3)), key=lambda one: one[1])
    assert len(plan.tasks) == 5000
    assert spent / 1000 < 3 * few  # linear; the rest is the machine's noise and the collector's


def test_a_large_order_is_planned_in_thousands_of_small_steps() -> None:
    assert sum(1 for _ in decompose_steps("o", order(1000), SEEN)) > 5000
