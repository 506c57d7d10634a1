"""What makes a service system what its file says: changes, and the order that makes them."""

from typing import Any

from models.domain.service_system import ROLE, Comparison, ServiceSystem, compare, key_of, order_of

Body = dict[str, Any]


def system(**services: Body) -> ServiceSystem:
    described = {name: {"specification": "vm", **one} for name, one in services.items()}
    return ServiceSystem.of({"system": "shop", "services": described, "order": {"priority": "1"}})


def service(key: str, values: Body | None = None, relies_on: tuple[str, ...] = (), **more: Any) -> Body:
    relations = [{"relationshipType": "reliesOn", "service": {"id": f"id-{other}"}} for other in relies_on]
    return {
        "id": f"id-{key}", "state": "active", "serviceSpecification": {"id": "vm-1", "name": "vm", "version": "1"},
        "serviceCharacteristic": [{"name": name, "value": value} for name, value in (values or {}).items()],
        "relatedEntity": [{"id": "shop", "name": key, "role": ROLE}], "serviceRelationship": relations, **more,
    }  # fmt: skip


def compared(wanted: ServiceSystem, *present: Body, prune: bool = False) -> Comparison:
    return compare(wanted, present, prune=prune)


def ordered(wanted: ServiceSystem, *present: Body, prune: bool = False) -> dict[str, Body]:
    changes = compared(wanted, *present, prune=prune).changes
    order = order_of(wanted, changes, present, {name: {"id": "vm-1"} for name in wanted.services})
    assert order["priority"] == "1"
    return {item["id"]: item for item in order["serviceOrderItem"]}


def test_a_service_knows_its_system_by_what_it_has_to_do_with() -> None:
    assert key_of(service("a"), "shop") == "a"
    assert key_of(service("a"), "other") is None
    assert key_of({"relatedEntity": [{"id": "shop", "name": "a", "role": "contract"}]}, "shop") is None


def test_what_is_as_wanted_makes_no_change_whatever_else_it_has() -> None:
    wanted = system(a={"characteristics": {"cpus": 2, "gone": None}, "needs": ["b"]}, b={})
    found = compared(wanted, service("a", {"cpus": 2, "address": "10.0.0.1"}, ("b",)), service("b"))
    assert found == Comparison((), (), ())


def test_new_services_rely_on_those_that_are_there_and_those_that_come() -> None:
    wanted = system(a={"needs": ["b", "c"], "state": "inactive"}, b={}, c={})
    items = ordered(wanted, service("c"))
    assert {name: item["action"] for name, item in items.items()} == {"a": "add", "b": "add", "c": "noChange"}
    assert items["a"]["service"]["state"] == "inactive"
    assert items["a"]["service"]["relatedEntity"][0]["id"] == "shop"
    assert [one["orderItem"]["itemId"] for one in items["a"]["serviceOrderItemRelationship"]] == ["b", "c"]


def test_a_change_says_only_what_differs() -> None:
    wanted = system(a={"characteristics": {"cpus": 4, "image": "x", "old": None}, "service": {"name": "new"}})
    items = ordered(wanted, service("a", {"cpus": 2, "image": "x", "old": 1}, name="a"))
    assert items["a"]["service"] == {
        "id": "id-a", "name": "new",
        "serviceCharacteristic": [{"name": "cpus", "value": 4}, {"name": "old", "value": None}],
    }  # fmt: skip


def test_relationships_within_the_system_follow_the_file_and_others_stay() -> None:
    outside = {"relationshipType": "reliesOn", "service": {"id": "elsewhere"}}
    present = service("a", None, ("b",))
    present["serviceRelationship"].append(outside)
    items = ordered(system(a={"needs": ["c"]}, b={}, c={}), present, service("b"), service("c"))
    relations = items["a"]["service"]["serviceRelationship"]
    assert relations == [outside, {"relationshipType": "reliesOn", "service": {"id": "id-c"}}]


def test_what_left_the_file_stays_unless_it_is_pruned() -> None:
    assert compared(system(), service("a")) == Comparison((), ("a",), ())
    assert ordered(system(), service("a"), prune=True)["a"] == {
        "id": "a", "action": "delete", "service": {"id": "id-a"},
    }  # fmt: skip


def test_what_no_order_can_do_is_said_with_its_place() -> None:
    wanted = system(a={"specification": {"name": "vm", "version": "2"}}, b={"needs": ["c"]}, c={})
    found = compared(wanted, service("a"), service("b"), service("b", id="twin"))
    assert [(one.pointer, one.code) for one in found.violations] == [
        ("/services/b", "duplicateService"),
        ("/services/a/specification", "specificationChanged"),
        ("/services/b/needs/0", "needsWhatIsNew"),
    ]
    unknown = system(a={"needs": ["a", "x"]})
    assert [one.pointer for one in unknown.violations()] == ["/services/a/needs/0", "/services/a/needs/1"]
