"""Fallout: what is one cause, what can be done about it, and how a client of TMF641 is told."""

import pytest

from models.domain.fallout import ACTIONS, KINDS, actions, cause, facts, normalised, shown_error
from models.domain.progress import Progress, TaskRun
from tests.unit.domain.plans import plan, task


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("port 7 is taken", "port 12 is taken"),
        ("line 5f3a-11 at 10.0.0.1:8080 is dead", "line 77b at 10.1.2.3:90 is dead"),
        ("No such VLAN 'a b'", "no such  vlan 'c'"),
    ],
)
def test_a_reason_is_the_same_whatever_order_it_speaks_of(one: str, other: str) -> None:
    assert normalised(one) == normalised(other)


def test_reasons_that_differ_stay_apart() -> None:
    assert normalised("the port is taken") != normalised("the port is broken")


def error(code: str, message: str) -> dict[str, str]:
    return {"code": code, "reason": "why", "message": message, "at": "2026-11-25T00:00:00.000Z"}


def test_one_broken_fulfiller_is_one_cause_whatever_it_was_asked_for() -> None:
    timeout = error("unreachable", "1.a: no usable answer after 3 attempts; the last: timeout")
    broken = error("unreachable", "2.b: no usable answer after 4 attempts; the last: connection refused")
    assert cause(task("1.a"), "f", timeout) == cause(task("2.b"), "f", broken)
    assert cause(task("1.a"), "f", timeout) != cause(task("1.a"), "g", timeout)


def test_what_a_broken_fulfiller_was_not_even_asked_for_has_the_same_cause() -> None:
    tried = TaskRun("held", fulfiller="f", error=error("unreachable", "1.a: no usable answer; the last: timeout"))
    spared = TaskRun("held", error=error("noFulfiller", "None of 2 registered fulfillers can do add of spec."))
    candidates = [{"fulfiller": "f", "row": "circuitBreaker"}, {"fulfiller": "g", "row": "place"}]
    found = facts(task("2.b"), spared, {"candidates": candidates})
    assert (found["cause"], found["fulfiller"]) == (facts(task("1.a"), tried)["cause"], "f")
    assert facts(task("2.b"), spared, {"candidates": candidates[1:]})["cause"] != found["cause"]


def test_refusals_are_one_cause_only_for_one_reason() -> None:
    first, second = task("1.a"), task("2.b")
    dead = [cause(one, "f", error("refused", f"{one.name}: line 7 is dead")) for one in (first, second)]
    assert dead[0] == dead[1]
    assert cause(first, "f", error("refused", "1.a: no money")) != dead[0]


def test_every_code_knows_what_can_be_done() -> None:
    for code, kind in KINDS.items():
        assert kind.actions, code
        assert set(kind.actions) <= set(ACTIONS), code
        assert kind.advice.endswith("."), code
    assert "edit" not in actions("deadline", "fulfil")  # the work may have been done with the former data
    assert actions("refused", "compensate") == ("retry", "reassign", "skip", "complete")
    assert actions("somethingNew", "fulfil") == ACTIONS


def test_a_hold_says_what_is_wrong_what_was_tried_and_what_to_do() -> None:
    run = TaskRun("held", 3, fulfiller="f", error=error("unreachable", "1.a: nobody there"), holds=2)
    message = shown_error(run, "serviceOrder")["message"]
    for part in ("1.a: nobody there", "Tried 3 times at the fulfiller f", "2nd time", "inProgress", "PATCH"):
        assert part in message


def test_a_client_of_tmf701_is_told_how_a_process_flow_is_resumed_not_an_order() -> None:
    run = TaskRun("held", 3, fulfiller="f", error=error("unreachable", "1.a: nobody there"))
    message = shown_error(run, "processFlow")["message"]
    assert "set the state of the process flow to active" in message
    assert "order" not in message


def test_holds_are_counted() -> None:
    progress = Progress(plan(task("1.a")))
    for _ in range(2):
        progress.move("1.a", "held")
        progress.move("1.a", "held", error={"code": "refused"})  # the same hold, for another reason
        progress.move("1.a", "waiting")
    assert progress.run["1.a"].holds == 2
    assert TaskRun.from_document(progress.run["1.a"].to_document()).holds == 2
