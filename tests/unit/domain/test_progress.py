"""How far a plan is: what is ready, what state its items are in, when to look again."""

import random
from datetime import UTC, datetime, timedelta

import pytest

from models.domain.errors import IllegalTransition
from models.domain.lifecycles import TASK
from models.domain.plan import PlannedItem
from models.domain.precedence import ENDED
from models.domain.progress import OPEN, SATISFIED, Progress, TaskRun
from models.domain.rollup import ItemView
from tests.unit.domain.plans import plan, task

NOW = datetime(2026, 11, 22, tzinfo=UTC)
ITEM = PlannedItem("1", (0,), "add")


def test_a_task_is_ready_when_all_that_it_needs_is_done_or_skipped() -> None:
    progress = Progress(plan(task("1.a"), task("1.b"), task("1.c", ("1.a", "1.b"))))
    assert [ready.key for ready in progress.ready()] == ["1.a", "1.b"]
    progress.move("1.a", "running")
    progress.move("1.a", "done")
    progress.move("1.b", "running")
    assert progress.ready() == []
    progress.move("1.b", "skipped")
    assert [ready.key for ready in progress.ready()] == ["1.c"]
    assert progress.changed == {"1.a", "1.b"}


def test_a_plan_taken_up_stands_where_it_was_left() -> None:
    first, second = task("1.a"), task("1.b", ("1.a",))
    run = {"1.a": TaskRun.from_document(TaskRun("done", attempts=2, touched=True).to_document())}
    progress = Progress(plan(first, second), run)
    assert progress.run["1.a"] == TaskRun("done", attempts=2, touched=True)
    assert [ready.key for ready in progress.ready()] == ["1.b"]
    assert progress.item_view(ITEM) == ItemView("inProgress", working=True)


def test_the_running_state_is_stored_in_few_bytes() -> None:
    assert TaskRun().to_document() == {"s": "waiting"}
    full = TaskRun("held", 3, NOW, NOW, "f", 1, {"code": "refused"}, touched=True)
    assert TaskRun.from_document(full.to_document()) == full


def test_a_move_that_the_life_cycle_does_not_draw_changes_nothing() -> None:
    progress = Progress(plan(task("1.a")))
    with pytest.raises(IllegalTransition):
        progress.move("1.a", "done", attempts=7)
    assert progress.run["1.a"] == TaskRun()
    assert [ready.key for ready in progress.ready()] == ["1.a"]


def test_an_item_whose_ready_tasks_are_blocked_is_acknowledged_until_they_are_not() -> None:
    progress = Progress(plan(task("1.a"), task("1/2.b", item="1/2")))
    inner = PlannedItem("1/2", (0, 0), "add")
    progress.block("1/2", blocked=True)
    assert progress.item_view(inner) == ItemView("acknowledged")
    assert progress.item_view(ITEM) == ItemView("inProgress", working=True)
    progress.move("1.a", "running")
    progress.move("1.a", "done")
    assert progress.item_view(ITEM) == ItemView("inProgress")
    progress.dirty_items.clear()
    progress.block("1/2", blocked=False)
    assert progress.item_view(inner) == ItemView("inProgress", working=True)
    assert set(progress.dirty_items) == {"1", "1/2"}


def test_an_item_without_tasks_is_completed() -> None:
    assert Progress(plan(items=("1",))).item_view(ITEM) == ItemView("completed")


def test_the_earliest_timer_counts_and_one_that_is_looked_at_does_not() -> None:
    progress = Progress(plan(task("1.a"), task("1.b")))
    for key, seconds in (("1.a", 5), ("1.b", 9)):
        progress.move(key, "running")
        progress.move(key, "accepted", due=NOW + timedelta(seconds=seconds), deadline=NOW + timedelta(seconds=60))
    assert progress.next_due() == NOW + timedelta(seconds=5)
    assert progress.next_due({"1.a"}) == NOW + timedelta(seconds=9)
    assert progress.next_due({"1.a", "1.b"}) is None, "what the looks find decides, also at the deadline"


def test_tasks_that_are_added_while_the_plan_runs_take_part() -> None:
    progress = Progress(plan(task("1.a")))
    progress.move("1.a", "running")
    progress.move("1.a", "done")
    finished = [progress.finished]
    progress.add([task("1.undo", ("1.a",))])
    assert [*finished, progress.finished] == [True, False]
    assert [ready.key for ready in progress.ready()] == ["1.undo"]


def _counted_anew(progress: Progress, path: str) -> ItemView:
    """The rule for an item's state, as one would write it without regard to cost."""
    keys = [key for key, each in progress.tasks.items() if each.item == path or each.item.startswith(f"{path}/")]
    states = {progress.run[key].state for key in keys}
    for stuck in ("held", "pending"):
        if stuck in states:
            return ItemView(stuck)
    if states & OPEN or any(ready.key in keys for ready in progress.ready()):
        return ItemView("inProgress", working=True)
    if states <= SATISFIED:
        return ItemView("completed")
    if states <= ENDED:
        return ItemView("failed" if "failed" in states else "cancelled")
    return ItemView("inProgress" if states & SATISFIED else "acknowledged")


@pytest.mark.parametrize("seed", range(20))
def test_what_is_counted_along_the_way_is_what_counting_anew_would_give(seed: int) -> None:
    chance = random.Random(seed)
    paths = ["1", "1/1", "1/2", "2"]
    tasks = [task(f"{number}", item=chance.choice(paths)) for number in range(12)]
    wired = [
        task(each.key, tuple(o.key for o in chance.sample(tasks[:place], min(place, 2))), item=each.item)
        for place, each in enumerate(tasks)
    ]
    progress = Progress(plan(*wired))
    for _ in range(60):
        key = chance.choice(wired).key
        following = sorted(TASK.transitions[progress.run[key].state])
        if following:
            progress.move(key, chance.choice(following))
        for path in paths:
            assert progress.item_view(PlannedItem(path, (), "add")) == _counted_anew(progress, path)
        states = {state: {key for key, run in progress.run.items() if run.state == state} for state in TASK.states}
        assert {state: set(progress.in_state(state)) for state in TASK.states} == states
        assert progress.finished == all(run.state in ENDED for run in progress.run.values())
