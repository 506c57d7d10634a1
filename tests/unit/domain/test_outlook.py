"""What can be expected of a plan, and when a promised date is in jeopardy."""

from datetime import UTC, datetime, timedelta

from models.domain.jeopardy import Jeopardy, jeopardy, latest
from models.domain.outlook import CAUTION, outlook
from models.domain.progress import Progress
from tests.unit.domain.plans import plan, task

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR = 3600.0
DIAMOND = plan(
    task("1.survey"),
    task("1.left", ("1.survey",)),
    task("1.right", ("1.survey",)),
    task("1.end", ("1.left", "1.right")),
)
EXPECTED = {"1.survey": HOUR, "1.left": HOUR, "1.right": 3 * HOUR, "1.end": HOUR}


def in_hours(hours: float) -> datetime:
    return NOW + timedelta(hours=hours)


def test_the_longest_branch_decides() -> None:
    view = outlook(Progress(DIAMOND), EXPECTED, NOW)
    assert (view.seconds, view.path) == (5 * HOUR, ("1.survey", "1.right", "1.end"))
    assert (view.known, view.stuck, view.rest) == (True, False, 5 * HOUR)


def test_what_is_done_is_behind_and_what_runs_counts_from_its_start() -> None:
    progress = Progress(DIAMOND)
    for state in ("running", "done"):
        progress.move("1.survey", state)
    progress.move("1.right", "running", started=in_hours(-1))
    view = outlook(progress, EXPECTED, NOW)
    assert (view.seconds, view.path) == (3 * HOUR, ("1.right", "1.end"))
    assert view.rest == 2 * HOUR  # the left branch has not begun


def test_an_overdue_task_is_given_a_little_more() -> None:
    progress = Progress(plan(task("1.a"), task("1.b", ("1.a",))))
    progress.move("1.a", "running", started=in_hours(-50))
    view = outlook(progress, {"1.a": HOUR, "1.b": HOUR}, NOW)
    assert view.seconds == HOUR + CAUTION * HOUR


def test_a_task_of_unknown_time_makes_the_end_unknown() -> None:
    unknown = {name: seconds for name, seconds in EXPECTED.items() if name != "1.end"}
    assert not outlook(Progress(DIAMOND), unknown, NOW).known


def test_a_finished_plan_is_done_now() -> None:
    progress = Progress(plan(task("1.a")))
    progress.move("1.a", "running")
    progress.move("1.a", "done")
    view = outlook(progress, {}, NOW)
    assert (view.seconds, view.path, view.known) == (0.0, (), True)


def test_more_work_than_time_is_told_at_the_start() -> None:
    progress = Progress(DIAMOND)
    view = outlook(progress, EXPECTED, NOW)
    assert jeopardy(progress, view, NOW, in_hours(5.01), NOW) is None
    found = jeopardy(progress, view, NOW, in_hours(4), NOW)
    assert found is not None
    assert (found.kind, found.id, found.item) == ("tooLate", "tooLate", "1")
    assert "2026-03-01T16:00:00.000Z" in found.message
    assert "5 h" in found.message


def test_something_held_is_in_jeopardy_once_the_rest_needs_all_the_time_that_is_left() -> None:
    progress = Progress(DIAMOND)
    progress.move("1.survey", "held", error={"code": "refused", "reason": "The fulfiller refused"})
    view = outlook(progress, EXPECTED, NOW)
    assert view.stuck
    wanted = in_hours(8)
    last = latest(view, NOW, wanted)
    assert last == in_hours(3)
    assert jeopardy(progress, view, NOW, wanted, NOW) is None
    later = outlook(progress, EXPECTED, last)
    found = jeopardy(progress, later, NOW, wanted, last)
    assert found is not None
    assert (found.kind, found.id, found.item) == ("stuck", "1.survey-refused", "1")
    assert "The fulfiller refused" in found.message


def test_without_known_times_the_alert_still_comes_before_the_date() -> None:
    progress = Progress(plan(task("1.a")))
    progress.move("1.a", "held", error={"code": "noFulfiller", "reason": "Nobody can"})
    view = outlook(progress, {}, NOW)
    wanted = in_hours(100)
    assert latest(view, NOW, wanted) == in_hours(95)


def test_work_that_takes_longer_than_expected_is_named() -> None:
    progress = Progress(plan(task("1.a"), task("1.b", ("1.a",))))
    progress.move("1.a", "running", started=in_hours(-2))
    expected = {"1.a": HOUR, "1.b": HOUR}
    view = outlook(progress, expected, NOW)
    assert jeopardy(progress, view, in_hours(-2), in_hours(2), NOW) is None
    found = jeopardy(progress, view, in_hours(-2), in_hours(1), NOW)
    assert found is not None
    assert (found.kind, found.id) == ("overdue", "1.a-overdue")
    assert "1.a has been under way for 2 h" in found.message


def test_work_that_has_just_begun_is_not_to_blame_for_a_date_that_cannot_be_kept() -> None:
    progress = Progress(plan(task("1.a"), task("1.b", ("1.a",))))
    progress.move("1.a", "running", started=in_hours(-0.5))
    view = outlook(progress, {"1.a": HOUR, "1.b": HOUR}, NOW)
    found = jeopardy(progress, view, in_hours(-0.5), in_hours(1), NOW)
    assert found is not None
    assert found.kind == "tooLate"
    assert "What is left needs 1 h 30 min, 1.a first." in found.message
    unknown = jeopardy(progress, outlook(progress, {"1.b": HOUR}, NOW), in_hours(-0.5), in_hours(0.5), NOW)
    assert unknown is not None
    assert unknown.kind == "overdue"


def test_too_little_time_is_no_cause_of_its_own_where_something_has_used_it_up() -> None:
    late, stuck = Jeopardy("tooLate", "tooLate", "1", "x"), Jeopardy("1.a-refused", "stuck", "1", "x")
    assert not late.is_told(())
    assert late.is_told({"tooLate"})
    assert late.is_told({"1.b-overdue"})
    assert not stuck.is_told({"tooLate", "1.b-overdue"})
    assert stuck.is_told({"1.a-refused"})


def test_an_alert_is_shown_as_tmf641_has_it() -> None:
    progress = Progress(plan(task("1.a")))
    view = outlook(progress, {"1.a": HOUR}, NOW)
    found = jeopardy(progress, view, NOW, NOW, NOW)
    assert found is not None
    alert = found.alert("o-1", "1", NOW)
    assert alert["serviceOrderItem"] == [{"itemId": "1", "serviceOrderId": "o-1"}]
    assert (alert["jeopardyType"], alert["alertDate"]) == ("tooLate", "2026-03-01T12:00:00.000Z")


def test_a_plan_of_ten_thousand_tasks_is_looked_at_in_steps() -> None:
    many = plan(*(task(f"1.{number}", (f"1.{number - 1}",) if number else ()) for number in range(10_000)))
    view = outlook(Progress(many), {f"1.{number}": 1.0 for number in range(10_000)}, NOW)
    assert view.seconds == 10_000.0
    assert len(view.path) == 10_000
