"""What a change of a service means for those who rely on it."""

from typing import Any

import pytest

from models.domain.propagation import Difference, consequence, difference, last_seq, noted
from models.domain.specification import Specification
from tests.unit.planning.examples import PATTERNS, specification

Document = dict[str, Any]

READS = "=reliesOn.platform.characteristic.endpoint"
PLATFORM = {"id": "p", "state": "active", "characteristic": {"endpoint": "new", "zone": "north"}}


def values(**given: Any) -> list[Document]:
    return [{"name": name, "value": value} for name, value in given.items()]


def dependent(fulfilment: Document) -> Specification:
    return Specification.from_body({**specification("app"), "fulfilment": fulfilment}, PATTERNS)


def changed(*characteristics: str) -> Difference:
    return Difference(frozenset({"serviceCharacteristic"}), frozenset(characteristics))


def test_of_characteristics_those_are_named_that_changed_came_or_went() -> None:
    before = {"serviceCharacteristic": values(endpoint="old", zone="north", gone=None)}
    after = {"serviceCharacteristic": values(endpoint="new", zone="north", fresh=None)}
    found = difference({"state": "active", "before": before, "after": after})
    assert found == changed("endpoint", "gone", "fresh")


@pytest.mark.parametrize(
    ("state", "before", "after"),
    [
        ("active", {"note": []}, {"note": ["x"]}),
        ("active", {"state": "designed"}, {"state": "active"}),
        ("designed", {"serviceCharacteristic": []}, {"serviceCharacteristic": values(a=1)}),
        ("active", {}, {"desired": "changed"}),
    ],
)
def test_what_concerns_nobody_else_is_no_news(state: str, before: Document, after: Document) -> None:
    assert difference({"state": state, "before": before, "after": after}) is None


def test_where_the_event_does_not_hold_the_values_any_of_them_may_have_changed() -> None:
    sides = {"before": {"serviceCharacteristic": "(5000 bytes)"}, "after": {"serviceCharacteristic": "(5001 bytes)"}}
    found = difference({"state": "active", **sides})
    assert found == Difference(frozenset({"serviceCharacteristic"}), None)
    assert found is not None
    assert found.hits(("characteristic", "anything"))


@pytest.mark.parametrize(
    ("path", "hit"),
    [
        ((), True),
        (("characteristic",), True),
        (("characteristic", "endpoint"), True),
        (("characteristic", "zone"), False),
        (("state",), False),
    ],
)
def test_a_path_is_hit_by_what_it_reads(path: tuple[str, ...], hit: bool) -> None:
    assert changed("endpoint").hits(path) is hit


def app(state: str = "active", **characteristic: Any) -> Document:
    return {"id": "a", "state": state, "characteristic": characteristic}


def test_a_value_made_of_the_other_service_alone_is_taken_over_and_acted_on() -> None:
    rules = {"add": {"tasks": {"install": {"output": {"characteristic": {"address": READS}}}}}}
    follows = consequence(dependent(rules), "platform", (app(address="old"), PLATFORM), changed("endpoint"))
    assert (follows.values, follows.acts, follows.on_change) == ({"address": "new"}, True, "propose")
    same = consequence(dependent(rules), "platform", (app(address="new"), PLATFORM), changed("endpoint"))
    assert (same.values, same.acts) == ({}, False)


def test_a_value_that_needs_the_answer_of_a_fulfiller_is_left_to_it() -> None:
    both = f"{READS} + output.path"
    rules = {"add": {"tasks": {"install": {"output": {"characteristic": {"address": both}}}}}}
    follows = consequence(dependent(rules), "platform", (app(address="old"), PLATFORM), changed("endpoint"))
    assert follows.values == {}


@pytest.mark.parametrize(("name", "acts"), [("endpoint", True), ("zone", False)])
def test_a_fulfiller_acts_where_it_is_told_what_has_changed(name: str, acts: bool) -> None:
    rules = {
        "modify": {"tasks": {"connect": {"input": {"to": READS}}}},
        "reliesOn": {"platform": {"onChange": "place"}},
    }
    follows = consequence(dependent(rules), "platform", (app(), PLATFORM), changed(name))
    assert (follows.acts, follows.on_change) == (acts, "place")


def test_what_is_not_built_yet_needs_no_modification() -> None:
    rules = {"add": {"tasks": {"install": {"input": {"to": READS}}}}}
    follows = consequence(dependent(rules), "platform", (app("designed"), PLATFORM), changed("endpoint"))
    assert not follows.acts


def test_a_rule_that_cannot_be_applied_is_told_and_stops_nothing() -> None:
    rules = {
        "add": {"tasks": {"install": {"output": {"characteristic": {"broken": f"{READS} * 2", "address": READS}}}}}
    }
    follows = consequence(dependent(rules), "platform", (app(), PLATFORM), changed("endpoint"))
    assert follows.values.get("address") == "new"


def test_of_each_service_relied_on_the_latest_word_is_kept() -> None:
    known = noted(noted([], {"service": "p", "seq": 3}), {"service": "q", "seq": 1})
    assert last_seq(noted(known, {"service": "p", "seq": 5}), "p") == 5
    assert len(noted(known, {"service": "p", "seq": 5})) == 2
    assert last_seq(known, "unknown") == 0
