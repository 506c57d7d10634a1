"""In an order item allocations come before anything else, and releases after everything else."""

from models.domain.plan import PlannedItem
from models.domain.progress import Progress
from tests.unit.domain.plans import plan, task


def ready(progress: Progress) -> set[str]:
    return {task.key for task in progress.ready()}


def pass_through(progress: Progress, key: str, *states: str) -> None:
    for state in states:
        progress.move(key, state)


def test_nothing_of_an_item_begins_before_all_its_allocations_stand() -> None:
    progress = Progress(plan(
        task("1.vlan", kind="allocate"), task("1.address", ("1.vlan",), kind="allocate"), task("1.build"),
        task("1/2.build"), task("2.build"),
    ))  # fmt: skip
    assert ready(progress) == {"1.vlan", "2.build"}
    pass_through(progress, "1.vlan", "running", "done")
    assert ready(progress) == {"1.address", "2.build"}
    pass_through(progress, "1.address", "running", "held")
    assert ready(progress) == {"2.build"}
    pass_through(progress, "1.address", "waiting", "running", "done")
    assert ready(progress) == {"1.build", "1/2.build", "2.build"}


def test_an_allocation_that_is_left_out_holds_nobody_up() -> None:
    progress = Progress(plan(task("1.vlan", kind="allocate", optional=True), task("1.build")))
    pass_through(progress, "1.vlan", "running", "skipped")
    assert ready(progress) == {"1.build"}


def test_an_allocation_that_needs_other_work_holds_nobody_up() -> None:
    progress = Progress(plan(task("1.survey"), task("1.port", ("1.survey",), kind="allocate"), task("1.ship")))
    assert ready(progress) == {"1.survey", "1.ship"}


def test_what_undoes_an_allocation_is_the_last_of_its_item() -> None:
    progress = Progress(plan(task("1.vlan", kind="allocate"), task("1.build"), task("2.build")))
    pass_through(progress, "1.vlan", "running", "done")
    pass_through(progress, "1.build", "running", "done")
    progress.add([
        task("1.release", kind="allocate", operation="compensate", target="1.vlan", item="1"),
        task("1.remove", operation="compensate", target="1.build", item="1"),
    ])  # fmt: skip
    assert ready(progress) == {"1.remove", "2.build"}
    pass_through(progress, "1.remove", "running", "held")
    assert ready(progress) == {"2.build"}, "what is still there may still use the address"
    pass_through(progress, "1.remove", "done")
    assert ready(progress) == {"1.release", "2.build"}


def test_where_a_plan_is_taken_up_it_stands_as_it_stood() -> None:
    made = plan(task("1.vlan", kind="allocate"), task("1.build"))
    progress = Progress(made)
    pass_through(progress, "1.vlan", "running", "done")
    assert ready(Progress(made, progress.run)) == {"1.build"}


def test_an_item_whose_allocation_is_held_is_held() -> None:
    progress = Progress(plan(task("1.vlan", kind="allocate"), task("1.build")))
    pass_through(progress, "1.vlan", "running", "held")
    assert progress.item_view(PlannedItem("1", (0,), "add")).state == "held"
