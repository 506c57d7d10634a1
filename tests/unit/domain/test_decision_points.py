"""What policies may answer, and what tables are told."""

import re
from pathlib import Path
from typing import Any

import pytest

from models.domain.decision_points import (
    COMMON,
    COUNTS,
    DECOMPOSE,
    FALLOUT,
    POINTS,
    REMEDIES,
    RETRY,
    SELECT,
    NoAnswer,
    Verdict,
    verdict_of,
)
from models.domain.fallout_rules import DO
from models.domain.verdict_values import NotAVerdict
from models.policy_tables import DecisionTable, objections, read_policy
from tests.unit.decision_models import decision, given, model, table, text


def body(dmn: str, **attributes: Any) -> dict[str, Any]:
    return {"decisionPoint": "accept", "kind": "dmn", "dmn": dmn, "whenDown": {"allow": False}, **attributes}


@pytest.mark.parametrize("answer", [None, "yes", 1, [], {}, {"allow": "yes"}, {"allow": True, "reason": 7}])
def test_what_is_no_decision_is_refused(answer: Any) -> None:
    with pytest.raises(NotAVerdict):
        verdict_of(answer)


def test_empty_cells_say_nothing_and_long_reasons_are_cut() -> None:
    assert verdict_of({"allow": True, "reason": None}) == Verdict(True)
    assert len(verdict_of({"allow": False, "reason": "x" * 5_000}).reason or "") == 1_000


def test_an_answer_about_fulfillers_names_one_or_many_with_reasons_or_without() -> None:
    verdict = verdict_of({"refuse": ["a", {"fulfiller": "b", "reason": "audit"}], "prefer": "c"}, SELECT)
    assert verdict.allow
    assert verdict.more == {"refuse": [{"fulfiller": "a"}, {"fulfiller": "b", "reason": "audit"}], "prefer": ["c"]}
    for wrong in ({"refuse": 7}, {"refuse": [{"reason": "who?"}]}, {"prefer": [""]}, {"prefer": {"a": 1}}):
        with pytest.raises(NotAVerdict):
            verdict_of(wrong, SELECT)


def test_an_answer_names_recipes_with_versions_or_without() -> None:
    assert verdict_of("fibre", DECOMPOSE) == Verdict(True, more={"recipe": [{"name": "fibre"}]})
    named = ["a", {"name": "b", "versions": ">=1.2.0 <2.0.0"}]
    assert verdict_of({"recipe": named}, DECOMPOSE).more == {"recipe": [{"name": "a"}, named[1]]}
    for wrong in (7, [""], {"versions": "*"}, {"name": "b", "versions": "newest"}, {"name": "b", "versions": 1}):
        with pytest.raises(NotAVerdict):
            verdict_of({"recipe": wrong}, DECOMPOSE)


def test_how_long_to_wait_is_said_in_seconds_or_as_a_duration() -> None:
    assert verdict_of("PT5M", RETRY).more == {"after": 300.0}
    assert verdict_of({"after": 2, "atMost": 3.0}, RETRY).more == {"after": 2.0, "atMost": 3}
    for wrong in ("soon", {"after": -1}, {"after": "P1Y"}, {"after": True}, {"atMost": 0}, {"atMost": 1.5}):
        with pytest.raises(NotAVerdict):
            verdict_of(wrong, RETRY)


def test_what_to_do_about_fallout_is_what_rules_do_with_what_belongs_to_it() -> None:
    assert REMEDIES == DO
    assert verdict_of("skip", FALLOUT).more == {"do": "skip"}
    assert verdict_of({"do": "edit", "input": {"port": 9}}, FALLOUT).more["input"] == {"port": 9}
    assert verdict_of(True, FALLOUT).more == {}
    for wrong in ("wait", {"do": "edit"}, {"queue": "q"}, {"do": "skip", "undo": True}, {"do": "retry", "undo": True}):
        with pytest.raises(NotAVerdict):
            verdict_of(wrong, FALLOUT)


def test_a_verdict_is_recorded_and_read_again() -> None:
    for verdict in (Verdict(True), Verdict(False, "no"), Verdict(False, "later", hold=True)):
        assert Verdict.of(verdict.to_document()) == verdict


def test_a_table_in_which_no_rule_matches_gives_no_answer() -> None:
    asked = table("", "items", [("> 5", "false")])
    found = read_policy({"_id": "a", "name": "a", "version": "1", "body": body(model(decision("d", asked)).decode())})
    assert isinstance(found.table, DecisionTable)
    assert found.table.decide({"items": 6, "now": "2026-01-01T00:00:00Z"}) is False
    with pytest.raises(NoAnswer, match="No rule"):
        found.table.decide({"items": 1, "now": "2026-01-01T00:00:00Z"})


def test_a_table_that_asks_for_what_nobody_knows_is_not_published() -> None:
    drawn = model(given("creditScore") + decision("d", text("creditScore > 5"), "creditScore")).decode()
    (problem,) = objections(body(drawn))
    assert "creditScore" in problem
    assert "specification" in problem  # what there is instead
    counted = model(given(COUNTS[0]) + decision("d", text(f"{COUNTS[0]} > 5"), COUNTS[0])).decode()
    assert list(objections(body(counted)))
    assert not list(objections(body(counted, needs=[COUNTS[0]])))


def test_of_several_decisions_that_may_be_meant_one_is_named() -> None:
    two = model(decision("a", text("true")) + decision("b", text("false"))).decode()
    assert "Name the decision" in next(iter(objections(body(two))))
    assert not list(objections(body(two, decision="b")))


def test_a_table_stands_in_no_other_way_of_the_server() -> None:
    endless = model(decision("d", text("for i in 1..9999999 return i"))).decode()
    found = read_policy({"_id": "a", "name": "a", "version": "1", "body": body(endless)})
    assert found.table is not None
    with pytest.raises(NoAnswer):
        found.table.decide({"now": "2026-01-01T00:00:00Z"})


PAGE = (Path(__file__).parents[3] / "docs/reference/policies.md").read_text("utf-8")


def rows(title: str) -> list[tuple[list[str], list[str]]]:
    """The first two cells of each row of a section's first table: the words in them."""
    section = PAGE.split(f"## {title}\n", 1)[1]
    lines = section[section.index("\n|") :].strip().split("\n\n", 1)[0].splitlines()[2:]
    return [(re.findall(r"`(\w+)`", line.split("|")[1]), re.findall(r"`(\w+)`", line.split("|")[2])) for line in lines]


def test_the_page_tells_of_every_point_and_of_all_that_policies_are_told() -> None:
    assert {name for names, _ in rows("Decision points") for name in names} == set(POINTS)
    told: dict[str, set[str]] = {point: set() for point in POINTS}
    before: list[str] = []
    for names, where in rows("What is asked, and what may be answered"):
        before = [word for word in where if word in POINTS] or before  # "the same" as the row above
        everywhere = not where
        for point in POINTS if everywhere and names[0] in COMMON else before:
            told[point] |= set(names)
    assert told == {point: set(known.names) for point, known in POINTS.items()}
