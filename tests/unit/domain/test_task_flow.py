"""What a person's change of a task flow means, and what the passing of time does."""

from datetime import UTC, datetime
from typing import Any

import pytest

from models.domain.errors import Conflict
from models.domain.task_flow import Change, changed, escalated, next_step_at, report_of, with_parties, wrong_steps

Document = dict[str, Any]
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def task(state: str = "active", **attributes: Any) -> Document:
    return {"state": state, "priority": 4, "queue": "field", **attributes}


def after(before: Document, **change: Any) -> Change:
    return changed(before, {**before, **change}, awaited=True, now=NOW)


def test_whichever_says_who_does_it_the_other_follows() -> None:
    party = {"id": "anna", "role": "assignee", "@referredType": "Individual"}
    by_party = with_parties({}, {"relatedParty": [party, {"id": "acme", "role": "customer"}]})
    assert by_party["assignee"] == "anna"
    by_name = with_parties(by_party, {**by_party, "assignee": "ben"})
    assert [(each["role"], each["id"]) for each in by_name["relatedParty"]] == [
        ("customer", "acme"),
        ("assignee", "ben"),
    ]
    assert "assignee" not in with_parties(by_name, {**by_name, "relatedParty": []})


def test_both_said_at_once_the_plain_text_counts() -> None:
    party = {"id": "anna", "role": "assignee"}
    assert with_parties({}, {"assignee": "ben", "relatedParty": [party]})["relatedParty"][0]["id"] == "ben"


@pytest.mark.parametrize(
    ("change", "who"),
    [
        ({"assignee": "ben"}, "anna"),
        ({"state": "hold"}, "anna"),
        ({"assignee": None}, "anna"),
        ({"state": "completed"}, "anna"),
        ({"state": "completed", "assignee": "ben"}, "ben"),
        ({"note": [{"author": "cleo", "text": "Hm."}]}, "cleo"),
        ({"note": [{"author": "cleo", "text": "Hm."}], "priority": 0}, "anna"),
    ],
)
def test_a_deed_is_of_the_one_whose_task_it_is(change: Document, who: str) -> None:
    assert after(task(assignee="anna"), **change).who == who


def test_an_end_is_reported_as_a_fulfiller_would() -> None:
    done = after(task(), state="completed", characteristic=[{"name": "port", "value": 7}]).body
    assert report_of(done) == {"status": "done", "output": {"port": 7}}
    failed = after(task(), state="cancelled").body
    assert report_of(failed) == {"status": "refused", "reason": "The person gave no reason."}
    asked = after(task(), informationRequired={"reason": "Which door?"}).body
    assert report_of(asked) == {"status": "informationRequired", "reason": "Which door?"}
    assert report_of(task()) is None


def test_after_the_end_there_are_comments_only() -> None:
    ended = task("completed", outcome="done")
    assert after(ended, note=[{"text": "Well done."}]).body["note"] == [{"text": "Well done."}]
    with pytest.raises(Conflict, match="/priority"):
        after(ended, priority=0)


def test_steps_are_taken_one_after_the_other_until_the_end() -> None:
    steps = [{"priority": 1}, {"after": "PT2H", "queue": "supervisors"}]
    late = task(requestedCompletionDate="2026-03-01T10:00:00.000Z", escalation=steps)
    assert next_step_at(late) == datetime(2026, 3, 1, 10, tzinfo=UTC)
    once = escalated(late, NOW)
    assert (once["priority"], once["queue"]) == (1, "field")
    assert next_step_at(once) == NOW
    twice = escalated(once, NOW)
    assert (twice["priority"], twice["queue"]) == (1, "supervisors")
    assert next_step_at(twice) is None
    assert next_step_at({**late, "state": "completed"}) is None
    assert next_step_at({**late, "requestedCompletionDate": None}) is None


def test_a_due_date_at_the_end_of_the_calendar_is_never_late() -> None:
    never = task(requestedCompletionDate="9999-12-31T23:59:59.000Z", escalation=[{"after": "P1D", "priority": 0}])
    assert next_step_at(never) is None


def test_a_step_that_nobody_lives_to_see_is_a_mistake() -> None:
    [violation] = wrong_steps([{"after": "P999999W", "priority": 0}])
    assert (violation.pointer, violation.code) == ("/escalation/0/after", "tooLong")
