"""What a version's filters, sorts and choices of fields ask of what is stored."""

from typing import Any

import pytest
from hypothesis import given, settings

from models.domain.errors import InvalidRequest
from models.domain.filters import Compare, Condition, Op, matches
from models.domain.listing import ListQuery, Sort
from models.patterns import Re2Patterns
from models.wire.bodies import written
from models.wire.queries import stored_condition, stored_query
from models.wire.table import PLAIN
from models.wire.tmf639 import RESOURCE_V5
from tests.unit.wire.bodies import conditions, stored_resources

ENGINE = Re2Patterns()


@settings(max_examples=200)
@given(stored_resources(), conditions())
def test_what_is_found_among_the_stored_is_what_the_version_shows_to_fit(
    stored: dict[str, Any], condition: Condition
) -> None:
    asked = stored_condition(RESOURCE_V5, condition, ENGINE)
    assert matches(asked, stored, ENGINE) is matches(condition, written(RESOURCE_V5, stored), ENGINE)


def test_sorts_and_fields_are_those_of_what_is_stored() -> None:
    query = ListQuery(
        sort=(Sort(("relatedParty", "partyOrPartyRole", "name")), Sort(("operationalState",), descending=True)),
        fields=(("place", "place", "id"), ("place", "role"), ("name",)),
    )
    asked = stored_query(RESOURCE_V5, query, ENGINE)
    assert asked.sort == (Sort(("relatedParty", "name")), Sort(("operationalState",), descending=True))
    assert asked.fields == (("place",), ("name",))
    assert stored_query(PLAIN, query, ENGINE) is query


@pytest.mark.parametrize(
    "path", [("relatedParty", "@type"), ("relatedParty", "partyOrPartyRole", "@type"), ("note", "@type")]
)
def test_the_class_that_a_version_gives_to_a_part_cannot_be_asked_for(path: tuple[str, ...]) -> None:
    query = ListQuery(condition=Compare(path, Op.EQ, ("PartyRef",)))
    with pytest.raises(InvalidRequest, match="class of a part"):
        stored_query(RESOURCE_V5, query, ENGINE)
    assert stored_condition(RESOURCE_V5, Compare(("@type",), Op.EQ, ("X",)), ENGINE) == Compare(
        ("@type",), Op.EQ, ("X",)
    )
