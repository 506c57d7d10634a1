"""What a cancellation stops and undoes, and in which order."""

from dataclasses import replace

from models.domain.plan import PlannedTask
from models.domain.progress import Progress, TaskRun
from models.domain.undo import assess, reverse_key, stop_tasks, touched, undo_tasks
from tests.unit.domain.plans import plan, task


def _at(*tasks: PlannedTask, **states: str) -> Progress:
    """A plan whose tasks are in these states; all but those that wait were called."""
    run = {
        each.key: TaskRun(state, touched=state != "waiting")
        for each in tasks
        if (state := states.get(each.key.partition(".")[2]))
    }
    return Progress(plan(*tasks), run)


def test_a_task_that_may_have_had_an_effect_counts_whatever_its_state() -> None:
    tasks = [task(f"1.{name}") for name in ("a", "b", "c", "d")]
    progress = _at(*tasks, a="waiting", b="held", c="skipped", d="cancelled")
    progress.run["1.a"].touched = True  # called, and its engine died or a person resumed it
    assert [each.key for each in touched(progress)] == ["1.a", "1.b", "1.c"]
    progress.run["1.b"].touched = False  # refused
    assert [each.key for each in touched(progress)] == ["1.a", "1.c"]


def test_what_cannot_be_undone_is_named_unless_it_was_skipped() -> None:
    forever = replace(task("1.a"), compensation="none")
    sealed = replace(task("1.b"), point_of_no_return=True)
    unsure = replace(task("1.c"), compensation="none", optional=True)
    built = replace(task("1.d"), compensation="delete")
    found = assess(_at(forever, sealed, unsure, built, a="done", b="done", c="skipped", d="done"))
    assert [each.key for each in found.irreversible] == ["1.a", "1.b"]
    assert found.to_delete == (("1", "s1"),)


def test_before_its_point_of_no_return_a_task_can_be_undone() -> None:
    assert assess(_at(replace(task("1.a"), point_of_no_return=True), a="accepted")).irreversible == ()


def test_what_is_open_is_stopped_once() -> None:
    tasks = [task(f"1.{name}") for name in ("a", "b", "c", "d")]
    progress = _at(*tasks, a="accepted", b="retrying", c="held", d="done")
    stops = stop_tasks(progress)
    assert [stop.target for stop in stops] == ["1.a", "1.b", "1.c"]
    assert all(stop.operation == "cancel" and stop.optional and not stop.needs for stop in stops)
    assert stops[0].key == reverse_key(tasks[0], "cancel")
    progress.add(stops)
    assert stop_tasks(progress) == []


def test_undoing_goes_the_other_way_round() -> None:
    tasks = [task("1.a"), task("1.b", ("1.a",)), task("2.c", ("1.b",))]
    undone = {each.target: each for each in undo_tasks(_at(*tasks, a="done", b="done", c="done"), [])}
    assert undone["1.a"].needs == (undone["1.b"].key, undone["2.c"].key)
    assert undone["1.b"].needs == (undone["2.c"].key,)
    assert undone["2.c"].needs == ()
    assert {each.operation for each in undone.values()} == {"compensate"}


def test_what_only_may_be_done_is_undone_if_its_fulfiller_agrees() -> None:
    (undo,) = undo_tasks(_at(replace(task("1.a"), optional=True), a="skipped"), [])
    assert undo.optional


def test_what_was_built_is_deleted_where_its_rules_say_so() -> None:
    built, user = replace(task("1.a"), compensation="delete"), task("2.b", ("1.a",))
    removal = replace(task("1.gone"), action="delete")
    other = replace(task("3.gone"), action="delete")
    undone = undo_tasks(_at(built, user, a="done", b="done"), [removal, other])
    by_service = {each.service: each for each in undone}
    assert set(by_service) == {"s1", "s2"}
    assert by_service["s1"].needs == (by_service["s2"].key,)
