"""Which services are finished: their own tasks, and all that they are made of."""

from models.domain.progress import Progress, TaskRun
from models.domain.service_progress import ServiceProgress
from tests.unit.domain.plans import plan, task

WHOLE = plan(
    task("1.a", service="part"),
    task("1.b", service="part"),
    task("1.c", service="whole"),
    parents={"part": "whole", "empty": "whole"},
)


def test_a_whole_is_finished_after_its_parts() -> None:
    progress = ServiceProgress(WHOLE, Progress(WHOLE))
    assert progress.finished == {"empty"}
    assert progress.task_satisfied("part") == []
    assert progress.task_satisfied("whole") == []
    assert progress.task_satisfied("part") == ["part", "whole"]


def test_counting_goes_on_where_the_plan_stands() -> None:
    run = {"1.a": TaskRun("done"), "1.c": TaskRun("skipped")}
    progress = ServiceProgress(WHOLE, Progress(WHOLE, run))
    assert progress.task_satisfied("part") == ["part", "whole"]


def test_a_service_without_tasks_is_finished_from_the_beginning() -> None:
    empty = plan(parents={"part": "whole"})
    assert ServiceProgress(empty, Progress(empty)).finished == {"part", "whole"}
