"""Explaining an order: what it waits for, and who can help it on."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from models.domain.dates import to_text
from models.domain.evidence import KINDS, Evidence, Line
from models.domain.explanation import explain
from models.domain.progress import TaskRun
from tests.unit.domain.plans import plan, task

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)


def order(state: str = "inProgress", **more: Any) -> dict[str, Any]:
    return {"_id": "o", "tenant": "t", "created": NOW, "body": {"id": "o", "state": state}, **more}


def evidence(runs: dict[str, TaskRun], **more: Any) -> Evidence:
    tasks = [task(key, more.pop("needs", {}).get(key, ()) if "needs" in more else ()) for key in runs]
    made = plan(*tasks)
    stored = {"_id": "o", "waits": more.pop("waits", []), "cancel": more.pop("cancel", None)}
    return Evidence(order(), NOW, stored, made.items, tasks, runs, **more)


def test_an_order_that_has_ended_waits_for_nothing() -> None:
    assert explain(Evidence(order("completed"), NOW)).waits == ()


def test_before_it_is_planned_it_waits_for_its_start_or_for_the_server() -> None:
    (start,) = explain(Evidence(order("acknowledged", due=LATER), NOW)).waits
    assert (start.kind, start.by, start.until) == ("startDate", "time", LATER)
    (planning,) = explain(Evidence(order("acknowledged", due=NOW), NOW)).waits
    assert (planning.kind, planning.by) == ("planning", "server")


def test_a_held_task_says_why_and_whose_it_is() -> None:
    run = TaskRun("held", 1, fulfiller="f", error={"code": "refused", "message": "no port"}, holds=1)
    since = {"fallout": {"since": NOW, "cause": "c1"}, "care": {"queue": "access", "assignee": "ana"}}
    found = explain(evidence({"1.a": run}, documents={"1.a": since}))
    (held,) = found.waits
    assert (held.kind, held.by, held.since, held.party) == ("held", "person", NOW, "access")
    assert "no port" in held.message
    assert "ana" in held.message
    assert "retry" in held.details["actions"]
    assert "no port" in found.summary


def test_work_at_a_fulfiller_says_until_when() -> None:
    runs = {
        "1.a": TaskRun("accepted", deadline=LATER, fulfiller="f"),
        "2.a": TaskRun("retrying", 2, due=LATER, fulfiller="f"),
        "3.a": TaskRun("running", fulfiller="g"),
    }
    documents = {"2.a": {"attempts": [{"reason": "timeout"}]}}
    waits = explain(evidence(runs, documents=documents, names={"f": "North"})).waits
    assert [wait.kind for wait in waits] == ["retry", "report", "call"]
    assert [wait.until for wait in waits] == [LATER, LATER, None]
    assert "timeout" in waits[0].message
    assert "North" in waits[1].message
    assert waits[2].party == "g"


def test_what_people_do_says_whose_it_is_and_when_it_is_due() -> None:
    runs = {"1.a": TaskRun("accepted", fulfiller="people")}
    documents = {"1.a": {"accepted": {"reference": "flow-1", "keeps_time": True}, "started": NOW}}
    flow = {"id": "flow-1", "processFlow": {"id": "process-1"}, "queue": "field"}
    flow |= {"requestedCompletionDate": to_text(LATER)}
    (wait,) = explain(evidence(runs, documents=documents, flows={"1.a": flow})).waits
    assert (wait.by, wait.since, wait.until, wait.party) == ("person", NOW, LATER, "field")
    assert (wait.details["queue"], wait.details["assignee"]) == ("field", None)
    assert "somebody of the queue field" in wait.message
    (taken,) = explain(evidence(runs, documents=documents, flows={"1.a": {**flow, "assignee": "anna"}})).waits
    assert taken.details["assignee"] == "anna"
    assert "anna (queue field)" in taken.message
    (unseen,) = explain(evidence(runs, documents=documents, names={"people": "Surveyors"})).waits
    assert "a person of Surveyors" in unseen.message


def test_what_waits_for_other_tasks_is_counted_and_what_is_ready_is_told() -> None:
    first, second = task("1.a"), task("1.b", ("1.a",))
    runs = {"1.a": TaskRun(), "1.b": TaskRun()}
    made = plan(first, second)
    found = explain(Evidence(order(), NOW, {"_id": "o"}, made.items, (first, second), runs))
    assert [wait.kind for wait in found.waits] == ["turn"]
    assert [(item.ended, item.behind, item.total) for item in found.items] == [(0, 1, 2)]


def test_another_order_and_a_cancellation_that_is_stuck_are_named() -> None:
    waits = [{"item": "1", "service": "s1", "order": "o2", "orderItem": "4"}]
    cancel = {"id": "c", "phase": "undoing", "problem": {"message": "in use"}}
    stored = {"_id": "c", "created": NOW}
    found = explain(evidence({"1.a": TaskRun()}, waits=waits, cancel=cancel, cancellation=stored)).waits
    assert [(wait.kind, wait.by, wait.party) for wait in found] == [
        ("cancellation", "person", "c"),
        ("otherOrder", "order", "o2"),
    ]
    assert "in use" in found[0].message


def test_information_is_up_to_the_customer() -> None:
    missing = [{"characteristic": "floor"}]
    error = {"message": "which floor?", "missing": missing}
    (wait,) = explain(evidence({"1.a": TaskRun("pending", deadline=LATER, error=error)})).waits
    assert (wait.kind, wait.by, wait.until) == ("information", "customer", LATER)
    assert "which floor? It is up to the customer: it goes on with a PATCH of the order" in wait.message
    assert wait.details["missing"] == missing
    assert wait.kind in KINDS


def test_a_plan_that_waits_in_line_says_at_whom() -> None:
    first = task("1.a")
    made = plan(first)
    stored = {"_id": "o", "queued": {"at": ["f", "f?"], "since": NOW}}
    found = explain(Evidence(order(), NOW, stored, made.items, (first,), {"1.a": TaskRun()}, names={"f": "North"}))
    (wait,) = found.waits
    assert (wait.kind, wait.by, wait.party, wait.since) == ("place", "fulfiller", "f", NOW)
    assert "a place at North" in wait.message


def test_a_fault_of_the_server_is_told_with_its_next_attempt() -> None:
    fault = {"count": 3, "since": NOW, "at": NOW, "error": "KeyError: secret"}
    first = task("1.a")
    made = plan(first)
    stored = {"_id": "o", "fault": fault, "due": LATER}
    found = explain(Evidence(order(), NOW, stored, made.items, (first,), {"1.a": TaskRun()}))
    assert [(wait.kind, wait.by, wait.until) for wait in found.waits] == [
        ("fault", "server", LATER),
        ("turn", "server", None),
    ]
    assert "3 times" in found.summary
    assert "secret" not in found.summary


def test_who_waits_for_a_pool_is_told_who_is_before_it() -> None:
    error = {"code": "poolExhausted", "message": "1.a: vlans has nothing left", "pools": ["vlans"]}
    runs = {"1.a": TaskRun("held", 1, fulfiller="pools", error=error, holds=1)}
    (wait,) = explain(evidence(runs, lines={"1.a": Line(3, ("o-1", "o-2"))})).waits
    assert wait.message.endswith("3 wait there before it: o-1, o-2 and 1 more.")
    assert [wait.details[name] for name in ("pool", "ahead", "before")] == [["vlans"], 3, ["o-1", "o-2"]]
    (first,) = explain(evidence(runs, lines={"1.a": Line(0)})).waits
    assert "Nobody waits there before it." in first.message


def test_a_recipe_that_waits_for_a_message_says_which() -> None:
    run = {
        "tokens": [{"id": 2, "phase": "event"}],
        "waits": [{"token": 2, "node": "paid", "kind": "message", "name": "paid"}],
    }
    one = replace(task("1.a"), kind="recipe")
    stored = {"_id": "o", "recipes": {"1.a": {"run": run}}}
    runs = {"1.a": TaskRun("accepted")}
    (wait,) = explain(Evidence(order(), NOW, stored, plan(one).items, [one], runs)).waits
    assert (wait.kind, wait.by, "'paid'" in wait.message) == ("event", "event", True)


def test_a_process_flow_is_explained_as_one() -> None:
    one = replace(task("1.a"), kind="recipe")
    stored = {"_id": "o", "paused": True}
    runs = {"1.a": TaskRun("held", 1, error={"code": "recipeStuck", "message": "no way"}, holds=1)}
    seen = Evidence(order("hold"), NOW, stored, plan(one).items, [one], runs, subject="process flow")
    found = explain(seen)
    assert [wait.kind for wait in found.waits] == ["held", "interrupted"]
    assert found.summary.startswith("The process flow is hold.")
    ended = explain(replace(seen, order=order("completed")))
    assert (ended.waits, ended.summary) == ((), "The process flow is completed; it waits for nothing.")
    (begins,) = explain(Evidence(order("active"), NOW, subject="process flow")).waits
    assert begins.kind == "planning"
