"""Both sides of a service: what was ordered, what is with its sources, and the drift between them."""

from typing import Any

from models.domain import desired
from models.domain.actual import Source
from models.domain.drift import difference, drifted, same
from models.domain.sides import DETECTED, RESOLVED, Work, recorded, shown, worked

T1, T2, T3 = (f"2026-11-2{day}T10:00:00.000Z" for day in (1, 2, 3))
LINK = desired.link_of("o1", "2/1", "add")
Body = dict[str, Any]


def values(**named: Any) -> list[Body]:
    return [{"name": name, "value": value} for name, value in named.items()]


def body(state: str = "designed", **named: Any) -> Body:
    return {"id": "s", "state": state, "serviceSpecification": {"id": "sp", "name": "Line", "version": "2"},
            "serviceCharacteristic": values(**named)}  # fmt: skip


def planned(**named: Any) -> Body:
    """A service as decomposition leaves it."""
    new = body(**named)
    return {"_id": "s", "rev": 1, "body": new, "desired": desired.ordered(new, "active", LINK, T1), "hasDrift": False,
            "owner": {"order": "o1", "item": "2/1"}}  # fmt: skip


def after(document: Body, new: Body, work: Work) -> Body:
    """The document with what `worked` says written to it."""
    change = worked(document, new, work)
    made = {**document, "body": new, **change.fields}
    for name in [*change.unset, *(["owner"] if work.releases else [])]:
        made.pop(name)
    return made


def built(**named: Any) -> Body:
    document = planned(speed=100)
    told = {name: Source("reported", "north", T2) for name in named}
    return after(
        document, body("active", speed=100, **named), Work("o1", T2, completes=True, releases=True, reported=told)
    )


def of(document: Body) -> dict[str, tuple[Any, ...]]:
    """The actual side in short."""
    return {
        entry["name"]: (entry["value"], entry["source"], entry["by"], entry["at"])
        for entry in document["actual"]["serviceCharacteristic"]
    }


def test_a_planned_service_has_a_desired_side_only_with_its_template_order_and_item() -> None:
    found = shown(planned(speed=100))
    assert "actual" not in found
    assert found["hasDrift"] is False
    assert found["desired"] == {
        "state": "active",
        "serviceSpecification": {"id": "sp", "name": "Line", "version": "2"},
        "serviceCharacteristic": values(speed=100),
        "serviceOrderItem": {
            "serviceOrderId": "o1",
            "itemId": "1",
            "itemAction": "add",
            "@referredType": "ServiceOrder",
        },
        "since": T1,
    }


def test_once_real_the_actual_side_is_a_copy_of_the_desired_one_and_what_was_reported_is_marked() -> None:
    document = built(address="192.0.2.7")
    assert of(document) == {"speed": (100, "ordered", "o1", T2), "address": ("192.0.2.7", "reported", "north", T2)}
    assert {name: document["actual"][name] for name in ("state", "source", "by")} == {
        "state": "active", "source": "ordered", "by": "o1",
    }  # fmt: skip
    assert not document["hasDrift"]


def test_what_is_reported_while_a_service_is_built_is_known_at_once_and_kept_until_it_is_real() -> None:
    document = planned(speed=100)
    told = {"address": Source("reported", "north", T2)}
    document = after(document, body(speed=100, address="a"), Work("o1", T2, reported=told))
    assert of(document) == {"address": ("a", "reported", "north", T2)}
    document = after(document, body("active", speed=100, address="a"), Work("o1", T3, completes=True, releases=True))
    assert of(document) == {"speed": (100, "ordered", "o1", T3), "address": ("a", "reported", "north", T2)}


def test_a_value_reported_otherwise_than_ordered_is_drift_as_soon_as_the_order_lets_go() -> None:
    told = {"speed": Source("reported", "north", T2)}
    document = after(planned(speed=100), body("active", speed=80), Work("o1", T2, completes=True, reported=told))
    document["owner"]["done"] = True
    assert "drift" not in document
    change = worked(document, document["body"], Work("o1", T3, releases=True))
    assert change.event == DETECTED
    assert change.fields["drift"] == {"since": T3, "difference": [{
        "attribute": "serviceCharacteristic", "name": "speed", "desired": 100, "actual": 80,
        "source": "reported", "by": "north", "at": T2,
    }]}  # fmt: skip


def test_a_client_of_the_inventory_changes_the_actual_side_and_the_drift_comes_and_goes() -> None:
    document = built(address="a")
    change = recorded(document, body("active", speed=50, address="b"), Source("recorded", "noc", T3), {})
    assert change.event == DETECTED
    assert "desired" not in change.fields
    document = {**document, "body": body("active", speed=50, address="b"), **change.fields}
    assert of(document) == {"speed": (50, "recorded", "noc", T3), "address": ("b", "recorded", "noc", T3)}
    assert [entry["name"] for entry in document["drift"]["difference"]] == ["speed"]  # nobody ordered the address
    change = recorded(document, body("active", speed=100, address="b"), Source("recorded", "noc", T3), {})
    assert (change.event, change.unset, change.fields["hasDrift"]) == (RESOLVED, ["drift"], False)


def owned(document: Body, delta: Body, state: str = "active") -> Body:
    """The service as an item of order o2 takes it."""
    wanted = desired.known(document)
    link = desired.link_of("o2", "1", "modify")
    made = desired.reordered(wanted, document["body"], delta, None, state, link, T2)
    owner = {"order": "o2", "item": "1", "wanted": wanted, "known": document["actual"]}
    return {**document, "desired": made, "owner": owner}


def test_a_change_is_desired_at_once_and_actual_when_done() -> None:
    document = owned(built(), {"serviceCharacteristic": values(speed=200, colour="red")})
    assert document["desired"]["serviceCharacteristic"] == values(speed=200, colour="red")
    assert document["desired"]["serviceOrderItem"]["serviceOrderId"] == "o2"
    assert of(document) == {"speed": (100, "ordered", "o1", T2)}
    new = body("active", speed=200, colour="red")
    document = after(document, new, Work("o2", T3, completes=True, releases=True))
    assert of(document)["speed"] == (200, "ordered", "o2", T3)
    assert not document["hasDrift"]


def test_an_order_that_lets_go_without_having_done_it_takes_its_wish_back() -> None:
    before = built()
    document = after(
        owned(before, {"serviceCharacteristic": values(speed=200)}), before["body"], Work("o2", T3, releases=True)
    )
    assert document["desired"] == before["desired"]
    assert not document["hasDrift"]


def test_what_is_undone_has_both_sides_as_they_were() -> None:
    before = built()
    document = owned(before, {"serviceCharacteristic": values(speed=200)})
    document = after(document, body("active", speed=200), Work("o2", T3, completes=True))
    document["owner"]["done"] = True
    document = after(document, before["body"], Work("o2", T3, restores=True))
    document = after(document, before["body"], Work("o2", T3, releases=True))
    assert (document["desired"], document["actual"]) == (before["desired"], before["actual"])


def test_half_of_a_change_left_behind_is_drift_from_what_was_ordered_before() -> None:
    document = owned(built(), {"serviceCharacteristic": values(speed=200)})
    told = {"speed": Source("reported", "north", T3)}
    document = after(document, body("active", speed=150), Work("o2", T3, reported=told))
    document = after(document, document["body"], Work("o2", T3, releases=True))
    assert [(one["desired"], one["actual"]) for one in document["drift"]["difference"]] == [(100, 150)]


def test_what_the_customer_says_meanwhile_is_desired_at_once() -> None:
    more = {"serviceCharacteristic": values(speed=300)}
    document = after(planned(speed=100), body(speed=100), Work("o1", T2, given=more))
    assert document["desired"]["serviceCharacteristic"] == values(speed=300)


def test_a_service_that_nobody_ordered_has_no_desired_side_until_an_order_adopts_it() -> None:
    fields = recorded(
        {"body": body("active", speed=1)}, body("active", speed=1), Source("recorded", "noc", T1), {}
    ).fields
    document = {"_id": "s", "rev": 1, "body": body("active", speed=1), **fields}
    assert "desired" not in shown(document)
    assert of(document) == {"speed": (1, "recorded", "noc", T1)}
    taken = owned(document, {"serviceCharacteristic": values(colour="red")})
    assert taken["desired"]["serviceCharacteristic"] == values(speed=1, colour="red")
    back = after(taken, document["body"], Work("o2", T3, releases=True))
    assert "desired" not in back


def test_a_service_of_an_earlier_release_counts_as_ordered_as_it_is_until_it_changes() -> None:
    was = {**body("active", speed=100), "serviceOrderItem": [LINK], "startDate": T1}
    old: Body = {"_id": "s", "rev": 3, "body": was}
    found = shown(old)
    assert found["desired"]["serviceCharacteristic"] == found["serviceCharacteristic"]
    assert found["desired"]["since"] == T1
    assert found["actual"] == {"state": "active", "serviceCharacteristic": values(speed=100)}
    change = recorded(old, {**was, "serviceCharacteristic": values(speed=7)}, Source("recorded", "noc", T3), {})
    assert change.fields["desired"]["serviceCharacteristic"] == values(speed=100)
    assert change.event == DETECTED


def test_what_was_ordered_is_looked_for_in_what_is_and_not_the_other_way_round() -> None:
    wanted = {"state": "active", "serviceCharacteristic": values(speed=100, on=True), "place": [{"id": "p1"}],
              "feature": [{"name": "backup", "isEnabled": True}]}  # fmt: skip
    there = {**body("active", speed=100, on=True, extra=1), "place": [{"id": "p1", "name": "Oslo"}, {"id": "p2"}],
             "feature": [{"name": "backup", "isEnabled": True}, {"name": "other"}]}  # fmt: skip
    assert difference(wanted, there) == []
    off = {**there, "state": "inactive", "serviceCharacteristic": values(on=1), "place": [],
           "feature": [{"name": "backup", "isEnabled": False}]}  # fmt: skip
    found = [(one["attribute"], one.get("name"), one["actual"]) for one in difference(wanted, off)]
    assert found == [
        ("state", None, "inactive"),
        ("serviceCharacteristic", "speed", None),
        ("serviceCharacteristic", "on", 1),
        ("feature", "backup", {"name": "backup", "isEnabled": False}),
        ("place", "p1", None),
    ]


def test_of_a_service_that_has_ended_the_state_alone_counts() -> None:
    wanted = {"state": "terminated", "serviceCharacteristic": values(speed=1)}
    assert difference(wanted, body("terminated")) == []
    assert len(difference({**wanted, "state": "active"}, body("terminated"))) == 1


def test_drift_keeps_its_beginning() -> None:
    found = [{"attribute": "state", "desired": "active", "actual": "inactive"}]
    assert drifted({"since": T1, "difference": []}, found, T2) == {"since": T1, "difference": found}
    assert drifted({"since": T1, "difference": found}, [], T2) is None
    assert (same(1, True), same(1, 1.0), same([1], [1])) == (False, True, True)
