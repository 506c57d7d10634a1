"""What resources, pools and fulfilment rules are held against, and who refers to a resource specification."""

from typing import Any

from models.domain.characteristics import OF_RESOURCE, CharacteristicRules
from models.domain.releases.change import withdrawal
from models.domain.releases.difference import difference
from models.domain.releases.resource_specifications import allocating
from models.domain.resource_specification import (
    ResourceSpecification,
    check_allocations,
    check_parts,
    check_resource_specification,
    users_of,
)
from models.patterns import Re2Patterns

Body = dict[str, Any]

PATTERNS = Re2Patterns()
SITE = {
    "name": "site", "valueType": "string", "minCardinality": 1,
    "resourceSpecCharacteristicValue": [{"value": "north"}, {"value": "south"}],
}  # fmt: skip


def body(version: str = "1", **more: Any) -> Body:
    return {"id": f"vlan-{version}", "name": "vlan", "version": version, "resourceSpecCharacteristic": [SITE], **more}


def compiled(**more: Any) -> ResourceSpecification:
    return ResourceSpecification.from_body(body(**more), PATTERNS)


def service(key: str, demand: Any, **more: Any) -> Body:
    tasks = {"vlan": {"kind": "allocate", "input": demand}, "build": {"input": {"resourceSpecification": "other"}}}
    return {"id": key, "name": key, "fulfilment": {"add": {"tasks": tasks}}, **more}


def test_its_characteristics_have_the_rules_of_those_of_services_under_their_own_names() -> None:
    rules = CharacteristicRules.from_specification(body(), PATTERNS, OF_RESOURCE)
    found = rules.check([{"name": "site", "value": "east"}, {"name": "speed", "value": 1}], pointer="/c", partial=False)
    assert [(one.pointer, one.code) for one in found] == [
        ("/c/0/value", "characteristicValueNotAllowed"), ("/c/1/name", "unknownCharacteristic"),
    ]  # fmt: skip
    assert [one.code for one in rules.check([], pointer="/c", partial=False)] == ["characteristicMissing"]


def test_its_flaws_are_told_with_pointers_into_it() -> None:
    wrong = {"name": "speed", "valueType": "integer", "regex": "(", "resourceSpecCharacteristicValue": [{"value": "x"}]}
    relation = {"relationshipType": "bundles", "id": "vlan-1"}
    flawed = body(resourceSpecCharacteristic=[wrong], resourceSpecRelationship=[relation])
    assert [one.pointer for one in check_resource_specification(flawed, PATTERNS)] == [
        "/resourceSpecCharacteristic/0/regex",
        "/resourceSpecCharacteristic/0/resourceSpecCharacteristicValue/0/value",
        "/resourceSpecRelationship/0",
    ]
    assert check_resource_specification(body(), PATTERNS) == []


def test_members_of_a_pool_would_be_as_their_specification_says() -> None:
    parts: list[Body] = [
        {"id": "a", "characteristic": [{"name": "site", "value": "north"}]},
        {"id": "b", "characteristic": [{"name": "site", "value": "east"}]},
        {"id": "c"},
    ]
    assert [(one.pointer, one.code) for one in check_parts(compiled(), parts)] == [
        ("/capacity/1/characteristic/0/value", "characteristicValueNotAllowed"),
        ("/capacity/2/characteristic", "characteristicMissing"),
    ]
    assert check_parts(compiled(), parts, besides=["b", "c"]) == []


def test_what_a_pool_tells_of_its_members_by_itself_is_not_missing() -> None:
    told = [{"name": name, "minCardinality": 1} for name in ("prefixLength", "cpu")]
    specification = compiled(resourceSpecCharacteristic=told)
    parts: list[Body] = [{"prefix": "192.0.2.0/24"}, {"measure": [{"name": "cpu", "amount": 4}]}]
    found = [one.pointer for one in check_parts(specification, parts)]
    assert found == ["/capacity/0/characteristic", "/capacity/1/characteristic"]
    assert check_parts(specification, [parts[0] | parts[1]]) == []


def test_an_allocation_asks_for_nothing_that_no_resource_has() -> None:
    conditions = {"site": "=service.characteristic.site", "place": "x", "row": 1}
    demand = {"resourceSpecification": "vlan", "where": conditions}
    known = {"vlan": compiled()}
    (found,) = check_allocations(service("access", demand), known.get)
    assert (found.pointer, found.code) == ("/fulfilment/add/tasks/vlan/input/where/row", "unknownCharacteristic")
    operation = {"operations": {"grow": {"tasks": {"more": {"kind": "allocate", "input": demand}}}}}
    (found,) = check_allocations({"id": "x", "fulfilment": operation}, known.get)
    assert found.pointer == "/fulfilment/operations/grow/tasks/more/input/where/row"
    open_one = {"vlan": compiled(extensible=True)}
    assert check_allocations(service("access", demand), open_one.get) == []
    assert check_allocations(service("access", demand), lambda _: None) == []
    assert check_allocations(service("access", {**demand, "resourceSpecification": "=order.kind"}), known.get) == []


def test_a_service_specification_uses_what_it_refers_to_or_allocates() -> None:
    services = [
        service("by-name", {"resourceSpecification": "vlan"}),
        service("by-id", {"resourceSpecification": "vlan-1"}),
        service("other", {"resourceSpecification": "port"}),
        {"id": "referring", "resourceSpecification": [{"id": "vlan-1"}]},
        {"id": "of-version", "resourceSpecification": [{"name": "vlan", "version": "1"}]},
        {"id": "of-another", "resourceSpecification": [{"name": "vlan", "version": "2"}]},
    ]
    assert users_of(body(), services, alone=True) == ["by-id", "by-name", "of-version", "referring"]
    assert users_of(body(), services, alone=False) == ["by-id", "of-version", "referring"]


def test_what_others_allocate_is_not_taken_back() -> None:
    catalogue = {"vlan-2": body("2", lifecycleStatus="Active")}
    user, retired = (service(key, {"resourceSpecification": "vlan-2"}, lifecycleStatus=status)
                     for key, status in (("access", "Active"), ("old", "Retired")))  # fmt: skip
    change, reasons = withdrawal(["vlan-2"], {}, catalogue, allocating([user, retired]))
    assert change.moved == {"vlan-2": ("Retired", "Active")}
    assert reasons == ["The specification access speaks of the resource specification vlan-2."]
    assert withdrawal(["vlan-2"], {}, catalogue, allocating([retired]))[1] == []


def test_versions_differ_by_their_characteristics() -> None:
    newer = body("2", resourceSpecCharacteristic=[{**SITE, "minCardinality": 0}, {"name": "row"}])
    (found,) = difference([body()], [newer])
    assert (found["kind"], found["from"], found["to"]) == ("changed", "1", "2")
    assert [(one["kind"], one["what"], one["name"], one.get("attribute")) for one in found["difference"]] == [
        ("changed", "characteristic", "site", "minCardinality"), ("added", "characteristic", "row", None),
    ]  # fmt: skip
