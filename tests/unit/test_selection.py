"""Which fulfiller a task is given to, and why not the others."""

from dataclasses import replace

from models.domain.fulfiller import FulfillerDefinition
from models.domain.offers import Offer
from models.domain.plan import Capability
from models.domain.selection import MAX_KEPT, Selection, select
from models.domain.situation import Situation

LINE = Capability("spec-1", "add", "access-line")


def fulfiller(key: str, *capabilities: tuple[str, str], priority: int = 100) -> FulfillerDefinition:
    offers = tuple(Offer(specification, action) for specification, action in capabilities)
    return FulfillerDefinition(key, key.upper(), "rest", capabilities=offers, priority=priority)


def test_a_capability_matches_by_id_by_family_and_by_star() -> None:
    for capability in (("spec-1", "add"), ("access-line", "add"), ("*", "add"), ("spec-1", "*"), ("*", "*")):
        assert select(LINE, [fulfiller("f", capability)]).chosen == "f"


def test_who_cannot_do_it_is_told_apart_with_its_reason() -> None:
    decision = select(
        LINE,
        [
            fulfiller("other", ("router", "add")),
            fulfiller("changes", ("access-line", "modify"), ("access-line", "delete")),
            replace(fulfiller("off", ("access-line", "add")), administrative_state="draining"),
        ],
    )
    assert decision.chosen is None
    assert "Nobody can do add of access-line" in decision.reason
    reasons = {candidate.fulfiller: candidate.rejected for candidate in decision.candidates}
    assert reasons == {
        "other": "It has no capability for the specification access-line.",
        "changes": "For this specification it can delete, modify, not add.",
        "off": "It is draining: it gets no new work.",
    }


def test_who_has_to_do_with_another_kind_of_tasks_only_is_no_candidate() -> None:
    pool, worker = fulfiller("pool", ("*", "allocate")), fulfiller("worker", ("*", "*"))
    assert [one.fulfiller for one in select(Capability("v", "add"), [pool, worker]).candidates] == ["worker"]
    assert [one.fulfiller for one in select(Capability("v", "allocate"), [pool, worker]).candidates] == ["pool"]


def test_without_any_fulfiller_the_decision_says_what_is_needed() -> None:
    decision = select(LINE, [])
    assert decision.chosen is None
    assert "add of access-line" in decision.reason


def test_the_lower_priority_number_goes_before_the_closer_name() -> None:
    decision = select(LINE, [fulfiller("exact", ("spec-1", "add")), fulfiller("first", ("*", "*"), priority=1)])
    assert decision.chosen == "first"
    assert decision.candidates[1].rejected == "Another one has a lower priority number, which is preferred."


def test_of_equal_priority_the_closer_name_is_taken() -> None:
    crowd = [
        fulfiller("any", ("*", "add")),
        fulfiller("family", ("access-line", "*")),
        fulfiller("exact", ("spec-1", "add")),
    ]
    decision = select(LINE, crowd)
    assert decision.chosen == "exact"
    assert {candidate.fulfiller for candidate in decision.candidates} == {"any", "family", "exact"}


def test_equal_fulfillers_share_the_tasks_and_a_task_always_gets_the_same() -> None:
    selection = Selection([fulfiller("a", ("*", "*")), fulfiller("b", ("*", "*"))])
    chosen = [selection.select(LINE, Situation(key=f"task-{number}")).chosen for number in range(200)]
    assert 60 < chosen.count("a") < 140
    assert chosen == [selection.select(LINE, Situation(key=f"task-{number}")).chosen for number in range(200)]


def test_exactly_the_chosen_candidate_has_no_reason_against_it() -> None:
    decision = select(LINE, [fulfiller(name, ("*", "*")) for name in "abc"], Situation(key="t"))
    assert [candidate.fulfiller for candidate in decision.candidates if candidate.rejected is None] == [decision.chosen]


def test_a_crowd_of_strangers_does_not_swell_the_stored_decision() -> None:
    crowd = [fulfiller(f"x{number}", ("router", "add")) for number in range(500)]
    stored = select(LINE, [*crowd, fulfiller("f", ("*", "*"))]).to_document()
    assert stored["chosen"] == stored["candidates"][0]["fulfiller"] == "f"
    assert len(stored["candidates"]) == MAX_KEPT


def test_an_allocation_goes_to_nobody_but_who_names_the_pool_even_when_that_one_is_down() -> None:
    own = fulfiller("pools", ("*", "allocate"))
    carrier = fulfiller("carrier", ("leased", "allocate"))
    for pool, expected in (("leased", "carrier"), ("vlans", "pools")):
        assert select(Capability(pool, "allocate"), [own, carrier]).chosen == expected
    away = select(Capability("leased", "allocate"), [own, replace(carrier, administrative_state="draining")])
    assert away.chosen is None


def test_every_action_is_no_other_kind_of_task() -> None:
    assert select(Capability("vlans", "allocate"), [fulfiller("any", ("*", "*"))]).chosen is None
