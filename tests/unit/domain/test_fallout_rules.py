"""Fallout rules: which one is taken, how often, and what a rule must not say."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from models.domain.fallout_rules import MAX_APPLIED, Hold, Rule, decide, rule_of_policy, rules_of, violations
from models.fallout_rules import judged
from models.patterns import Re2Patterns

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
PATTERNS = Re2Patterns()


def body(key: str, do: str, match: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    then: dict[str, Any] = {"do": do}
    then |= {name: more.pop(name) for name in ("delays", "times", "queue", "input") if name in more}
    return {"id": key, "name": key, "match": match or {}, "then": then, **more}


def rules(*bodies: dict[str, Any]) -> tuple[Rule, ...]:
    return rules_of(((one, 1) for one in bodies), PATTERNS)


def chosen(made: tuple[Rule, ...], hold: Hold, **applied: int) -> str | None:
    said = decide(made, hold, applied)
    return None if said is None else said.rule.id


HELD = Hold("unreachable", "no usable answer after 3 attempts", "f", ("s-1", "vpn"), "add", attempts=3, count=2)


@pytest.mark.parametrize(
    ("match", "fits"),
    [
        ({}, True),
        ({"code": "unreachable"}, True),
        ({"code": "refused"}, False),
        ({"fulfiller": "f", "specification": "vpn", "action": "add"}, True),
        ({"specification": "s-1"}, True),
        ({"specification": "other"}, False),
        ({"action": "delete"}, False),
        ({"attempts": 3}, True),
        ({"attempts": 4}, False),
        ({"count": {"from": 2}}, True),
        ({"count": {"from": 3}}, False),
        ({"count": {"to": 1}}, False),
        ({"reason": "usable answer"}, True),
        ({"reason": "^answer"}, False),
    ],
)
def test_all_conditions_have_to_hold(match: dict[str, Any], fits: bool) -> None:
    made = rules(body("r", "retry", match, delays=[1]))
    assert (chosen(made, HELD) == "r") is fits


def test_the_first_that_fits_is_taken_by_position_and_disabled_ones_are_not_read() -> None:
    first = body("first", "retry", position=1, delays=[1])
    off = body("off", "retry", position=0, enabled=False, delays=[1])
    assert chosen(rules(body("last", "reassign"), first, off), HELD) == "first"


def test_a_rule_that_is_used_up_gives_way_to_the_next() -> None:
    made = rules(body("later", "retry", position=1, delays=[60, 600]), body("other", "reassign", position=2))
    assert [said.delay for said in (decide(made, HELD, {"later": n}) for n in (0, 1)) if said] == [60, 600]
    assert chosen(made, HELD, later=2) == "other"
    assert chosen(made, HELD, later=2, other=1) is None


def test_no_task_is_helped_for_ever() -> None:
    made = rules(*(body(f"r{place}", "retry", delays=[0] * 20) for place in range(3)))
    applied: dict[str, int] = {}
    while (said := decide(made, HELD, applied)) is not None:
        applied[said.rule.id] = said.number
    assert sum(applied.values()) == MAX_APPLIED


def test_what_makes_no_sense_is_passed_over() -> None:
    made = rules(
        body("skip", "skip", position=1), body("edit", "edit", position=2, input={}), body("hold", "hold", queue="q")
    )
    deadline = Hold("deadline", operation="fulfil")
    assert chosen(made, deadline) == "hold"  # not optional, and the work may have been done with the former data
    assert chosen(made, Hold("refused", optional=True)) == "skip"
    assert chosen(made, Hold("refused")) == "edit"
    assert chosen(made, Hold("refused", operation="compensate")) == "hold"


@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [
        (body("r", "retry"), "/then/delays"),
        (body("r", "hold"), "/then/queue"),
        (body("r", "edit"), "/then/input"),
        (body("r", "skip", queue="q"), "/then/queue"),
        (body("r", "skip", {"reason": "("}), "/match/reason"),
        (body("r", "edit", input="=nothing + 1"), "/then/input"),
        (body("r", "edit", input="=1 +"), "/then/input"),
    ],
)
def test_a_rule_that_cannot_work_is_refused(wrong: dict[str, Any], pointer: str) -> None:
    assert [one.pointer for one in violations(wrong, PATTERNS)] == [pointer]


def test_a_dry_run_judges_every_hold_of_the_past_in_its_order() -> None:
    made = rules(body("later", "retry", {"code": "unreachable"}, delays=[60]))
    holds = {
        str(count): {"at": NOW + timedelta(minutes=count), "code": "unreachable", "count": count, "attempts": 3}
        for count in (1, 2, 3)
    }
    task = {"_id": "o:a", "fallout": {"specification": "s"}, "holds": holds, "name": "a"}
    found = judged([task], made, NOW + timedelta(minutes=2))
    assert [(hold["count"], said.rule.id if said else None) for _, hold, said in found] == [(2, "later"), (3, None)]


def test_a_dry_run_knows_what_policies_have_said_before_rules() -> None:
    said = rule_of_policy("triage:1.0.0", {"allow": True, "do": "skip"}), rule_of_policy("stop:1.0.0", {"allow": False})
    words = {("o:a", count): [rule] for count, rule in zip((1, 2), said, strict=True) if rule is not None}
    hold = {"at": NOW, "code": "refused", "attempts": 1}
    holds = {str(count): {**hold, "count": count} for count in (1, 2, 3)}
    task = {"_id": "o:a", "fallout": {"specification": "s", "optional": True}, "holds": holds, "name": "a"}
    found = judged([task], rules(body("later", "skip")), NOW, words)
    assert [one.rule.who if one else None for _, _, one in found] == [
        "policy triage:1.0.0", "policy stop:1.0.0", "rule later version 1",
    ]  # fmt: skip


def test_what_a_policy_says_goes_before_rules_as_long_as_it_may() -> None:
    refused, later = Hold("refused", "no port", "f"), rules(body("later", "retry", delays=[1, 2]))
    said = rule_of_policy("triage:1.0.0", {"allow": True, "do": "retry", "after": 5.0, "atMost": 1, "reason": "Wait."})
    assert said is not None
    application = decide([said, *later], refused, {})
    assert application is not None
    assert (application.rule.who, application.rule.name, application.delay) == ("policy triage:1.0.0", "Wait.", 5.0)
    assert chosen((said, *later), refused, **{said.id: 1}) == "later"
    newer = rule_of_policy("triage:2.0.0", {"allow": True, "do": "retry"})
    assert newer is not None
    assert newer.id == said.id  # of whichever version, it has helped once


def test_a_policy_that_says_nothing_or_nothing_that_makes_sense_leaves_it_to_rules() -> None:
    assert rule_of_policy("triage:1.0.0", {"allow": True}) is None
    lost = Hold("outcomeUnknown", "lost", "f")
    elsewhere = rule_of_policy("triage:1.0.0", {"allow": True, "do": "reassign"})
    assert elsewhere is not None  # it may have been done: nobody else is asked for it
    assert chosen((elsewhere, *rules(body("queue", "hold", queue="q"))), lost) == "queue"


def test_a_policy_that_denies_leaves_it_to_people_before_any_rule() -> None:
    denied = rule_of_policy("triage:1.0.0", {"allow": False, "reason": "Legal hold."})
    assert denied is not None
    assert (denied.do, denied.name) == ("hold", "Legal hold.")
    assert chosen((denied, *rules(body("later", "retry", delays=[1]))), HELD) == denied.id
