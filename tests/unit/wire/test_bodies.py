"""One stored body, written and read by each version of its API."""

from typing import Any

import pytest
from hypothesis import given

from models.domain.filters import Compare, Op
from models.patterns import Re2Patterns
from models.wire.bodies import read, read_change, written
from models.wire.parts import of_class
from models.wire.queries import stored_condition
from models.wire.table import Attribute, Count, Inner, Table, always, ref_or_value
from models.wire.tmf639 import RESOURCE_V4, RESOURCE_V5
from tests.unit.wire.bodies import stored_resources

Json = dict[str, Any]

STORED: Json = {
    "@type": "LogicalResource",
    "name": "MSISDN 491702283968",
    "resourceStatus": "reserved",
    "allocationStatus": "reserved",
    "operationalState": "disable",
    "administrativeState": "shutdown",
    "place": {"id": "9912", "role": "homeZone", "@referredType": "GeographicAddress"},
    "relatedParty": [{"id": "456", "role": "owner", "name": "John Doe", "@referredType": "Individual"}],
    "resourceCharacteristic": [{"name": "tariff", "value": "premium"}, {"name": "size", "value": {"amount": 19}}],
    "resourceRelationship": [{"id": "44", "relationshipType": "contains"}],
    "resourceSpecification": {"id": "4"},
    "supportingResource": [{"id": "7"}, {"@type": "PhysicalResource", "operationalState": "enable"}],
    "attachment": [{"id": "a"}, {"content": "cGljdHVyZQ=="}],
    "note": [{"text": "Ported."}],
}
WRITTEN: Json = {
    "@type": "LogicalResource",
    "name": "MSISDN 491702283968",
    "allocationStatus": "reserved",
    "operationalState": "disabled",
    "administrativeState": "shuttingDown",
    "place": [
        {
            "@type": "RelatedPlaceRef",
            "role": "homeZone",
            "place": {"@type": "PlaceRef", "id": "9912", "@referredType": "GeographicAddress"},
        }
    ],
    "relatedParty": [
        {
            "@type": "RelatedPartyRefOrPartyRoleRef",
            "role": "owner",
            "partyOrPartyRole": {
                "@type": "PartyRef",
                "id": "456",
                "name": "John Doe",
                "@referredType": "Individual",
            },
        }
    ],
    "resourceCharacteristic": [
        {"@type": "StringCharacteristic", "name": "tariff", "value": "premium"},
        {"@type": "ObjectCharacteristic", "name": "size", "value": {"amount": 19}},
    ],
    "resourceRelationship": [
        {
            "@type": "ResourceRelationship",
            "relationshipType": "contains",
            "resource": {"@type": "ResourceRef", "id": "44"},
        }
    ],
    "resourceSpecification": {"@type": "ResourceSpecificationRef", "id": "4"},
    "supportingResource": [
        {"@type": "ResourceRef", "id": "7"},
        {"@type": "PhysicalResource", "operationalState": "enabled"},
    ],
    "attachment": [{"@type": "AttachmentRef", "id": "a"}, {"@type": "Attachment", "content": "cGljdHVyZQ=="}],
    "note": [{"@type": "Note", "text": "Ported."}],
}


def test_version_5_writes_what_is_stored_in_its_own_words() -> None:
    assert written(RESOURCE_V5, STORED) == WRITTEN


@given(stored_resources())
def test_what_version_5_has_written_it_reads_as_it_is_stored(stored: Json) -> None:
    shown = {name: value for name, value in stored.items() if name != "resourceStatus"}
    again = read(RESOURCE_V5, written(RESOURCE_V5, stored))
    assert written(RESOURCE_V5, again) == written(RESOURCE_V5, shown)
    assert {name: again[name] for name in ("operationalState", "place", "relatedParty") if name in again} == {
        name: shown[name] for name in ("operationalState", "place", "relatedParty") if name in shown
    }


def test_what_a_client_of_version_5_sends_comes_back_as_it_was_sent() -> None:
    sent = {**WRITTEN, "place": [*WRITTEN["place"], {"@type": "RelatedPlaceRef", "role": "site", "place": {
        "@type": "PlaceRef", "id": "2"}}]}  # fmt: skip
    role = {"@type": "RelatedPartyRefOrPartyRoleRef", "role": "seller", "partyOrPartyRole": {
        "@type": "PartyRoleRef", "id": "9", "partyName": "We"}}  # fmt: skip
    sent["relatedParty"] = [*WRITTEN["relatedParty"], role]
    assert written(RESOURCE_V5, read(RESOURCE_V5, sent)) == sent


def test_version_4_shows_the_first_of_several_places_and_changes_that_one_alone() -> None:
    stored = {"place": [{"id": "1", "role": "a"}, {"id": "2", "role": "b"}]}
    shown = written(RESOURCE_V4, stored)
    assert shown == {"place": {"id": "1", "role": "a"}}
    changed = read_change(RESOURCE_V4, stored, {"place": {"id": "7", "role": "a"}}, ["place"])
    assert changed == {"place": [{"id": "7", "role": "a"}, {"id": "2", "role": "b"}]}
    assert read_change(RESOURCE_V4, stored, {}, ["place"]) == {}
    assert written(RESOURCE_V4, {"place": []}) == {}
    assert read(RESOURCE_V5, {"place": []}) == read_change(RESOURCE_V5, stored, {"place": []}, ["place"]) == {}


def test_what_a_version_does_not_show_outlives_a_change_by_it() -> None:
    shown = {**written(RESOURCE_V5, STORED), "operationalState": "enabled"}
    changed = read_change(RESOURCE_V5, STORED, shown, ["operationalState"])
    assert changed == {**STORED, "operationalState": "enable"}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("a", "String"), (1, "Integer"), (1.5, "Number"), (True, "Boolean"), ({"a": 1}, "Object"),
        (["a"], "StringArray"), ([1, 2.5], "NumberArray"), ([{}], "ObjectArray"), ([1, "a"], ""), (None, ""),
    ],
)  # fmt: skip
def test_the_class_of_a_characteristic_follows_from_its_value(value: object, expected: str) -> None:
    stored = {"resourceCharacteristic": [{"name": "n", "value": value, "@type": "BooleanCharacteristic"}]}
    [made] = written(RESOURCE_V5, stored)["resourceCharacteristic"]
    assert made["@type"] == f"{expected}Characteristic"


def test_a_class_of_the_clients_own_stays() -> None:
    own = {"resourceCharacteristic": [{"name": "n", "value": 1, "@type": "Speed"}], "note": [{"@type": "Warning"}]}
    assert written(RESOURCE_V5, own) == own
    assert read(RESOURCE_V5, own) == own


def test_a_table_can_say_what_tmf641_does_in_version_5() -> None:
    """One error of several, no externalId, a service that may be a reference or itself, and entities within."""
    entity = Table(typed=of_class("RelatedEntityRefOrValue"), inner=Inner("entity", frozenset({"role"}), _ENTITY))
    service = Table({"relatedEntity": Attribute(table=always(entity))}, typed=of_class("Service"))
    item = Table({"service": Attribute(table=ref_or_value(Table(typed=of_class("ServiceRef")), lambda: service))})
    order = Table(
        {"errorMessage": Attribute(count=Count.FIRST), "serviceOrderItem": Attribute(table=always(item))},
        hidden=frozenset({"externalId"}),
    )
    stored = {
        "externalId": "A1",
        "errorMessage": [{"code": "1"}, {"code": "2"}],
        "serviceOrderItem": [
            {"service": {"id": "s1"}},
            {"service": {"@type": "Service", "relatedEntity": [{"id": "e", "role": "site"}]}},
        ],
    }
    shown = written(order, stored)
    assert shown == {
        "errorMessage": {"code": "1"},
        "serviceOrderItem": [
            {"service": {"@type": "ServiceRef", "id": "s1"}},
            {
                "service": {
                    "@type": "Service",
                    "relatedEntity": [
                        {
                            "@type": "RelatedEntityRefOrValue",
                            "role": "site",
                            "entity": {"@type": "EntityRef", "id": "e"},
                        }
                    ],
                }
            },
        ],
    }
    assert read_change(order, stored, {**shown, "errorMessage": {"code": "7"}}, ["errorMessage"]) == {
        **stored,
        "errorMessage": [{"code": "7"}, {"code": "2"}],
    }


_ENTITY = of_class("EntityRef")


def test_an_attribute_may_have_another_name() -> None:
    table = Table({"old": Attribute(name="new", values={"a": "A"})})
    assert written(table, {"old": "a", "other": 1}) == {"new": "A", "other": 1}
    assert read(table, {"new": "A", "other": 1}) == {"old": "a", "other": 1}
    assert stored_condition(table, Compare(("new",), Op.EQ, ("A",)), Re2Patterns()) == Compare(("old",), Op.EQ, ("a",))
