"""Giving up an item: what fails with it, and what of it is to be undone."""

from models.domain.failing import doomed_items, to_undo
from models.domain.interventions import Wish, objection
from models.domain.plan import PlannedTask
from models.domain.progress import Progress, TaskRun
from models.domain.undo import reverse_key
from tests.unit.domain.plans import plan, task

DONE = TaskRun("done", touched=True)


def progress(*tasks: PlannedTask, **states: TaskRun) -> Progress:
    return Progress(plan(*tasks), {key.replace("_", "."): run for key, run in states.items()})


def test_what_needs_something_that_will_not_be_done_fails_too_and_so_on() -> None:
    held = TaskRun("held")
    found = progress(task("1.a"), task("2.a", ("1.a",)), task("3.a", ("2.a",)), task("4.a"), **{"1_a": held})
    assert doomed_items(found, "1", undo=False) == ["1", "2", "3"]


def test_who_needs_only_what_is_done_goes_on_unless_it_is_undone() -> None:
    tasks = (task("1.a"), task("1.b", ("1.a",)), task("2.a", ("1.a",)))
    found = progress(*tasks, **{"1_a": DONE, "1_b": TaskRun("held")})
    assert doomed_items(found, "1", undo=False) == ["1"]
    assert doomed_items(found, "1", undo=True) == ["1", "2"]


def test_nested_items_fail_with_theirs_and_an_outer_one_goes_on_beside() -> None:
    tasks = (task("1.a", item="1"), task("1/1.a", item="1/1"), task("1/2.a", item="1/2"), task("1/1/1.a", item="1/1/1"))
    found = progress(*tasks)
    assert sorted(doomed_items(found, "1/1", undo=False)) == ["1/1", "1/1/1"]
    assert sorted(doomed_items(found, "1", undo=False)) == ["1", "1/1", "1/1/1", "1/2"]


def test_a_completed_item_stays() -> None:
    found = progress(task("1.a", item="1"), task("1/1.a", item="1/1"), **{"1/1_a": DONE})
    assert doomed_items(found, "1", undo=True) == ["1"]


def test_undone_is_what_may_have_been_done_and_nobody_else_needs() -> None:
    stopped, needed, kept = task("1.stopped"), task("1.needed"), task("1.kept", compensation="none")
    plain, untouched = task("1.plain"), task("1.untouched")
    states = dict.fromkeys(("1_needed", "1_kept", "1_plain"), DONE)
    found = progress(
        stopped, needed, kept, plain, untouched, task("2.a", ("1.needed",)),
        **states, **{"1_stopped": TaskRun("failed", touched=True), "1_untouched": TaskRun("failed")},
    )  # fmt: skip
    stop = task(reverse_key(stopped, "cancel"), item="1", operation="cancel", target="1.stopped")
    found.add([stop])
    found.move(stop.key, "running")
    assert {one.key for one in to_undo(found, {"1"})} == {"1.stopped", "1.plain"}
    found.move(stop.key, "done")
    assert {one.key for one in to_undo(found, {"1"})} == {"1.plain"}


def held(code: str, operation: str = "fulfil", *, optional: bool = False) -> dict[str, object]:
    return {"operation": operation, "fallout": {"code": code, "optional": optional}}


def test_only_what_helps_can_be_done_unless_somebody_insists() -> None:
    edit = Wish("edit", "ana", has_input=True)
    assert objection(held("refused"), edit) is None
    assert "is not helped by edit" in (objection(held("deadline"), edit) or "")
    assert objection(held("deadline"), Wish("edit", "ana", "I have looked", has_input=True, force=True)) is None
    assert objection(held("deadline"), Wish("edit", "ana", has_input=True, force=True)) is not None
    assert objection(held("refused"), Wish("skip", "ana", "x")) is not None
    assert objection(held("refused", optional=True), Wish("skip", "ana", "x")) is None
    assert objection(held("refused", "compensate"), Wish("fail", "ana", "x", force=True)) is not None


def test_a_wish_survives_its_way_through_the_inbox() -> None:
    full = Wish(
        "edit", "ana", "why", "w1", True, None, ({"name": "a", "value": 1},), "f", {"output": {}}, True, True, "j"
    )
    assert Wish.from_document(full.to_document()) == full
    assert Wish.from_document(Wish("retry", "ana").to_document()) == Wish("retry", "ana")
