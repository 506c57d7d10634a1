"""The rows of the policy: each alone, and which goes before which."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from models.domain.advice import Advice, advice_of
from models.domain.fulfiller import FulfillerDefinition
from models.domain.maintenance import SingleWindow
from models.domain.offers import Offer
from models.domain.plan import Capability
from models.domain.selection import Decision, select
from models.domain.selection_policy import BECAUSE, FILTERS, RANKS
from models.domain.situation import Situation, Standing, parties_of, places_of

LINE = Capability("line-1", "add", "line", ("access",))
NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
HERE = Situation(key="t", now=NOW)


def one(key: str, offer: Offer | None = None, **attributes: object) -> FulfillerDefinition:
    made = FulfillerDefinition(key, key.title(), "rest", capabilities=(offer or Offer("line", "*"),))
    return replace(made, **attributes)  # type: ignore[arg-type]


def why(decision: Decision, key: str) -> tuple[str | None, str | None]:
    return next((found.row, found.rejected) for found in decision.candidates if found.fulfiller == key)


def test_a_capability_for_a_category_fits_all_of_its_specifications() -> None:
    assert select(LINE, [one("f", Offer(None, "add", category="access"))]).chosen == "f"
    assert select(LINE, [one("f", Offer(None, "add", category="voice"))]).chosen is None
    assert select(LINE.also_of("voice"), [one("f", Offer(None, "add", category="voice"))]).chosen == "f"


def test_a_category_is_closer_than_anything_and_less_close_than_the_family() -> None:
    crowd = [one("any", Offer("*", "*")), one("category", Offer(None, "*", "access")), one("family")]
    decision = select(LINE, crowd, HERE)
    assert [found.fulfiller for found in decision.candidates] == ["family", "category", "any"]
    assert decision.row == "closeness"


def test_who_works_elsewhere_is_turned_away() -> None:
    offer = Offer("line", "*", places=("munich", "DE-NW-*"))
    for places, chosen in ((("munich",), "f"), (("DE-NW-40213", "Home"), "f"), (("berlin",), None), ((), None)):
        decision = select(LINE, [one("f", offer)], replace(HERE, places=places))
        assert decision.chosen == chosen
    assert why(decision, "f") == (
        "place",
        "It works at DE-NW-*, munich only, and the service names no place.",
    )


def test_a_condition_is_held_against_the_values_of_the_service() -> None:
    offer = Offer("line", "*", condition="characteristic.bandwidth <= 100")
    for values, chosen in (({"bandwidth": 100}, "f"), ({"bandwidth": 200}, None), ({}, None)):
        situation = replace(HERE, service={"characteristic": values})
        assert select(LINE, [one("f", offer)], situation).chosen == chosen
    situation = replace(HERE, service={"characteristic": {"bandwidth": 0}})
    divided = Offer("line", "*", condition="= 100 / characteristic.bandwidth > 1")
    row, reason = why(select(LINE, [one("f", divided)], situation), "f")
    assert row == "condition"
    assert "cannot be worked out" in str(reason)


def test_a_condition_counts_only_at_its_own_place() -> None:
    slow = Offer("line", "*", places=("north",), condition="characteristic.bandwidth <= 10")
    fast = Offer("line", "*", places=("south",))
    fulfiller = one("f", slow, capabilities=(slow, fast))
    wide = {"characteristic": {"bandwidth": 1000}}
    assert select(LINE, [fulfiller], replace(HERE, places=("south",), service=wide)).chosen == "f"
    assert select(LINE, [fulfiller], replace(HERE, places=("north",), service=wide)).chosen is None


@pytest.mark.parametrize(
    ("row", "fulfiller", "situation"),
    [
        ("agreement", one("f", parties=frozenset({"acme"})), replace(HERE, parties=frozenset({"globex"}))),
        ("administrativeState", one("f", administrative_state="draining"), HERE),
        ("maintenance", one("f", windows=(SingleWindow(NOW, NOW + timedelta(hours=1), "move"),)), HERE),
        ("capacity", one("f", capacity=2), replace(HERE, standing={"f": Standing(open_tasks=2)})),
        ("health", one("f"), replace(HERE, standing={"f": Standing(down="no connection")})),
        ("circuitBreaker", one("f"), replace(HERE, standing={"f": Standing(open_until=NOW + timedelta(seconds=1))})),
        ("circuitBreaker", one("f"), replace(HERE, standing={"f": Standing(trying=True)})),
        ("givenUp", one("f"), replace(HERE, given_up=frozenset({"f"}))),
        ("policy", one("f"), replace(HERE, advice=(Advice("p:1.0.0", {"f": "It is audited. (policy p:1.0.0)"}),))),
    ],
)
def test_a_filter_turns_away_and_says_so(row: str, fulfiller: FulfillerDefinition, situation: Situation) -> None:
    decision = select(LINE, [fulfiller, one("g")], situation)
    assert decision.chosen == "g"
    assert why(decision, "f")[0] == row
    assert decision.turned_away("f")
    assert not decision.turned_away("g")
    alone = select(LINE, [fulfiller], situation)
    assert alone.chosen is None
    assert str(why(alone, "f")[1]) in alone.reason


def test_an_agreement_with_a_party_of_the_order_lets_through() -> None:
    situation = replace(HERE, parties=frozenset({"acme", "someone else"}))
    assert select(LINE, [one("f", parties=frozenset({"acme"}))], situation).chosen == "f"


def test_a_breaker_whose_time_is_over_lets_one_try() -> None:
    situation = replace(HERE, standing={"f": Standing(open_until=NOW)})
    assert select(LINE, [one("f")], situation).chosen == "f"


@pytest.mark.parametrize(
    ("row", "better", "worse", "situation"),
    [
        ("stickiness", one("b", cost=9, priority=500), one("w"), replace(HERE, builder="b")),
        ("room", one("b", priority=500), one("w"), replace(HERE, standing={"w": Standing(full=True)})),
        ("room", one("b"), one("w", max_concurrent=2), replace(HERE, standing={"w": Standing(in_flight=2)})),
        ("preference", one("b", priority=500), one("w"), replace(HERE, advice=(Advice("p:1.0.0", {}, ("b",)),))),
        ("priority", one("b", priority=1, cost=9), one("w"), HERE),
        ("closeness", one("b", Offer("line-1", "*"), cost=9), one("w"), HERE),
        ("cost", one("b", cost=1), one("w", cost=2), replace(HERE, standing={"b": Standing(success=0.1)})),
        ("reliability", one("b"), one("w"), replace(HERE, standing={"w": Standing(success=0.6)})),
        ("load", one("b"), one("w", max_concurrent=4), replace(HERE, standing={"w": Standing(in_flight=1)})),
        ("latency", one("b"), one("w"), replace(HERE, standing={"w": Standing(latency=51.0)})),
    ],
)
def test_a_rank_prefers_and_says_so(
    row: str, better: FulfillerDefinition, worse: FulfillerDefinition, situation: Situation
) -> None:
    for crowd in ([better, worse], [worse, better]):
        decision = select(LINE, crowd, situation)
        assert (decision.chosen, decision.row) == ("b", row)
        assert why(decision, "w")[0] == row
        assert BECAUSE[row] in decision.reason
        assert not decision.turned_away("w")


def test_every_row_of_the_policy_has_a_test_of_its_own_and_a_word_for_people() -> None:
    assert [row for row, _, _ in RANKS] == list(BECAUSE)
    assert len({row for row, _ in FILTERS}) == len(FILTERS) == 10


def test_the_last_difference_that_told_is_the_reason() -> None:
    crowd = [one("a", priority=1, cost=2), one("b", priority=1, cost=1), one("c", priority=2)]
    decision = select(LINE, crowd, HERE)
    assert (decision.chosen, decision.row) == ("b", "cost")
    assert [found.fulfiller for found in decision.candidates] == ["b", "a", "c"]


def test_a_part_without_a_place_is_where_its_whole_is() -> None:
    part, whole = {"name": "part"}, {"place": [{"id": "p1", "name": "Marienplatz"}, {"place": {"id": "p2"}}]}
    assert places_of([part, whole]) == ("p1", "Marienplatz", "p2")
    assert places_of([part]) == ()


def test_parties_are_known_by_id_and_by_name_in_both_versions_of_the_api() -> None:
    v4 = {"relatedParty": [{"id": "p1", "name": "Acme"}]}
    v5 = {"relatedParty": [{"role": "customer", "partyOrPartyRole": {"id": "p2"}}]}
    assert parties_of([v4, v5]) == {"p1", "Acme", "p2"}


CROWD = [("f1", "North"), ("f2", "South"), ("f3", "West")]


def test_policies_name_fulfillers_by_id_or_name_and_refuse_with_their_reason() -> None:
    said = {
        "allow": True,
        "reason": "Audit.",
        "refuse": [{"fulfiller": "North"}, {"fulfiller": "f2", "reason": "Full."}],
    }
    found = advice_of("p:1.0.0", {**said, "prefer": ["West", "unheard of", "f3"]}, CROWD)
    assert found.refused == {"f1": "Audit. (policy p:1.0.0)", "f2": "Full. (policy p:1.0.0)"}
    assert found.preferred == ("f3",)
    assert Advice.from_document(found.to_document()) == replace(found, told=None)
    everybody = advice_of("p:1.0.0", {"allow": False}, CROWD)
    assert set(everybody.refused) == {"f1", "f2", "f3"}


def test_who_came_after_a_policy_was_asked_is_not_taken_unasked() -> None:
    asked = replace(HERE, advice=(advice_of("p:1.0.0", {"allow": True}, [("g", "G")]),))
    decision = select(LINE, [one("f", cost=0), one("g", cost=9)], asked)
    assert decision.chosen == "g"
    assert why(decision, "f")[0] == "policy"
    recalled = replace(HERE, advice=(Advice.from_document(asked.advice[0].to_document()),))
    assert select(LINE, [one("f"), one("g", cost=9)], recalled).chosen == "f"


def test_what_the_first_policy_prefers_goes_before_what_the_next_one_does() -> None:
    crowd = [one("a"), one("b"), one("c")]
    both = (Advice("p:1.0.0", {}, ("b", "a")), Advice("q:1.0.0", {}, ("c", "a")))
    assert [found.fulfiller for found in select(LINE, crowd, replace(HERE, advice=both)).candidates] == ["b", "a", "c"]
    assert select(LINE, crowd, replace(HERE, advice=both[1:])).chosen == "c"
    refused = (replace(both[0], refused={"b": "no"}), both[1])
    assert select(LINE, crowd, replace(HERE, advice=refused)).chosen == "a"
