"""What each answer of a fulfiller means for its task."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from models.domain.fulfiller import FulfillerDefinition
from models.domain.lifecycles import TASK
from models.domain.outcomes import (
    Accepted,
    Done,
    InformationRequired,
    Outcome,
    Progress,
    Refused,
    Shortage,
    Unreachable,
)
from models.domain.progress import TaskRun
from models.domain.retry import RetrySchedule
from scheduler.settlement import Settlement, deadline_passed, settle
from tests.unit.domain.plans import task

NOW = datetime(2026, 11, 22, tzinfo=UTC)
FULFILLER = FulfillerDefinition("f", "f", "rest", retry=RetrySchedule((10.0,)), deadline=100.0, poll_interval=5.0)
CARELESS = replace(FULFILLER, honours_idempotency_key=False)
RUNNING = TaskRun("running", attempts=1, touched=True)


def _settled(
    outcome: Outcome,
    run: TaskRun = RUNNING,
    fulfiller: FulfillerDefinition | None = FULFILLER,
    *,
    optional: bool = False,
) -> Settlement:
    return settle(task("1.a", optional=optional), run, outcome, fulfiller, NOW)


def test_done_is_done() -> None:
    assert _settled(Done()).state == "done"


def test_accepted_work_has_a_deadline_and_is_polled_where_that_is_possible() -> None:
    called_back = _settled(Accepted("job"))
    assert called_back.changes["due"] is None
    assert called_back.changes["deadline"] == NOW + timedelta(seconds=100)
    polled = _settled(Accepted("job", poll_url="/jobs/1"))
    assert polled.changes["due"] == NOW + timedelta(seconds=5)
    wished = _settled(Accepted("job", poll_url="/jobs/1", retry_after=7))
    assert wished.changes["due"] == NOW + timedelta(seconds=7)
    orphan = _settled(Accepted("job"), fulfiller=None)
    assert orphan.changes["deadline"] > NOW, "every wait has a deadline"


def test_a_question_waits_for_the_customer_and_is_looked_at_again_where_the_fulfiller_can_be_asked() -> None:
    asks = InformationRequired("Which floor?", ({"characteristic": "floor"},))
    asked = _settled(asks)
    assert (asked.state, asked.changes["due"]) == ("pending", None)
    assert asked.changes["error"]["missing"] == [{"characteristic": "floor"}]
    looked_at = _settled(replace(asks, retry_after=60.0), TaskRun("accepted", touched=True))
    assert looked_at.changes["due"] == NOW + timedelta(seconds=60)


def test_a_question_that_is_repeated_is_not_asked_again_and_another_one_is() -> None:
    asks = InformationRequired("Which floor?", ({"characteristic": "floor"},), retry_after=60.0)
    waiting = TaskRun("pending", touched=True, error=_settled(asks).changes["error"])
    assert _settled(asks, waiting) == Settlement("pending", {"due": NOW + timedelta(seconds=60)})
    assert "error" in _settled(replace(asks, reason="Which door?"), waiting).changes
    away = _settled(Unreachable("gone"), waiting)
    assert (away.state, away.changes) == ("pending", {"due": NOW + timedelta(seconds=5)})


def test_work_whose_question_was_answered_elsewhere_goes_on_with_a_deadline_of_its_own() -> None:
    waiting = TaskRun("pending", touched=True, deadline=NOW - timedelta(seconds=1), error={"code": "x"})
    goes_on = _settled(Progress(retry_after=600.0), waiting)
    assert TASK.allows("pending", goes_on.state)
    assert goes_on.state == "accepted"
    assert goes_on.changes["due"] == NOW + timedelta(seconds=600)
    assert goes_on.changes["deadline"] == NOW + timedelta(seconds=100)
    assert goes_on.changes["error"] is None


def test_a_refusal_holds_the_task_and_means_that_nothing_was_done() -> None:
    settled = _settled(Refused("no"))
    assert settled.state == "held"
    assert settled.changes["error"]["code"] == "refused"
    assert settled.changes["touched"] is False
    assert _settled(Refused("no"), optional=True).state == "skipped"


def test_an_answer_that_makes_no_sense_leaves_open_what_was_done() -> None:
    settled = _settled(Refused("garbage", maybe_done=True))
    assert settled.changes["error"]["code"] == "unusableAnswer"
    assert "touched" not in settled.changes
    careless = _settled(Refused("garbage", maybe_done=True), fulfiller=CARELESS)
    assert careless.changes["error"]["code"] == "outcomeUnknown"


def test_an_unreachable_fulfiller_is_tried_again_until_its_schedule_ends() -> None:
    first = _settled(Unreachable("gone"))
    assert first.state == "retrying"
    assert NOW + timedelta(seconds=9) <= first.changes["due"] <= NOW + timedelta(seconds=11)
    last = _settled(Unreachable("gone"), replace(RUNNING, attempts=2))
    assert last.state == "held"
    assert "after 2 attempts" in last.changes["error"]["message"]
    assert _settled(Unreachable("gone"), replace(RUNNING, attempts=2), optional=True).state == "skipped"


def test_a_call_that_may_have_worked_is_not_repeated_where_that_would_do_it_twice() -> None:
    assert _settled(Unreachable("lost"), fulfiller=CARELESS).changes["error"]["code"] == "outcomeUnknown"
    assert _settled(Unreachable("never sent", maybe_done=False), fulfiller=CARELESS).state == "retrying"


def test_a_poll_that_fails_is_no_failure_of_the_work() -> None:
    settled = _settled(Unreachable("gone"), replace(RUNNING, state="accepted"))
    assert settled == Settlement("accepted", {"due": NOW + timedelta(seconds=5)})


def test_progress_leaves_the_task_where_it_is_and_may_reach_a_milestone() -> None:
    polled = _settled(Progress("dug"), replace(RUNNING, state="accepted", due=NOW))
    assert polled == Settlement("accepted", {"due": NOW + timedelta(seconds=5)}, "dug")
    assert _settled(Progress(), replace(RUNNING, state="accepted")).changes == {"due": None}


@pytest.mark.parametrize("found", [Progress(), Unreachable("?")])
def test_a_look_that_finds_work_undone_after_its_deadline_holds_it(found: Outcome) -> None:
    overdue = TaskRun("accepted", due=NOW, deadline=NOW, touched=True)
    settled = _settled(found, overdue)
    assert settled.state == "held"
    assert settled.changes["error"]["code"] == "deadline"


def test_work_that_is_not_reported_in_time_is_held() -> None:
    assert deadline_passed(task("1.a"), NOW).changes["error"]["code"] == "deadline"


@pytest.mark.parametrize("optional", [False, True])
@pytest.mark.parametrize("state", ["running", "accepted"])
@pytest.mark.parametrize(
    "outcome", [Done(), Accepted("j"), Refused("r"), Refused("r", maybe_done=True), Unreachable("u"), Progress()]
)
def test_every_answer_leads_where_the_life_cycle_allows(outcome: Outcome, state: str, *, optional: bool) -> None:
    settled = _settled(outcome, replace(RUNNING, state=state), optional=optional)
    assert settled.state == state or TASK.allows(state, settled.state)


def test_a_shortage_holds_the_task_for_its_pools_and_skips_an_optional_one() -> None:
    held = _settled(Shortage("vlans has nothing left", ("vlans",)))
    assert held.state == "held"
    error = held.changes["error"]
    assert (error["code"], error["pools"], error["message"]) == (
        "poolExhausted", ["vlans"], "1.a: vlans has nothing left",
    )  # fmt: skip
    assert "touched" not in held.changes, "it stands in line, and has to leave it when it is not wanted any more"
    assert _settled(Shortage("nothing left"), optional=True).state == "skipped"
