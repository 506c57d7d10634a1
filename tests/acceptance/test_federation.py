"""Two instances of this product, federated: the order completes with nothing doubled, whatever happens between them."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.acceptance.federation import CANCELS, ORDERS, SERVICES, Federation, eventually, federation


@pytest.fixture(scope="module")
def both(mongodb_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Federation]:
    # Neither breaker nor probes: every call of an outage is really made, and fails.
    unguarded: dict[str, Any] = {"circuitBreaker": {"failures": 0}, "probeInterval": 0}
    with federation(mongodb_url, tmp_path_factory.mktemp("federation"), **unguarded) as made:
        yield made


def values(service: dict[str, Any]) -> dict[str, Any]:
    return {entry["name"]: entry["value"] for entry in service["serviceCharacteristic"]}


def partner_service(both: Federation, order: str) -> dict[str, Any]:
    (reference,) = both.us.service(order)["supportingService"]
    found: dict[str, Any] = both.partner.call("GET", f"{SERVICES}/{reference['id']}")
    return found


def test_an_order_of_ours_is_built_changed_and_ended_by_the_partner_who_tells_us_of_it(both: Federation) -> None:
    """Nobody asks for an hour: what is known here in time was told."""
    both.specify("told", latency=0.3)
    order = both.us.order("access-told", speed=100)
    done = both.completes_once(order)
    assert [reached["name"] for reached in done["milestone"]] == ["surveyed", "connected"]
    ours, theirs = both.us.service(order), partner_service(both, order)
    assert values(theirs) == {"bandwidth": 100, "circuitId": f"C-{theirs['id']}"}
    assert values(ours) == {"speed": 100, "circuit": f"C-{theirs['id']}"}
    assert (ours["state"], theirs["state"]) == ("active", "active")

    both.completes_once(both.us.order("access-told", "modify", ours["id"], speed=500))
    assert values(partner_service(both, order))["bandwidth"] == 500
    assert values(both.us.service(order))["speed"] == 500

    both.completes_once(both.us.order("access-told", "delete", ours["id"]))
    assert partner_service(both, order)["state"] == "terminated"
    assert both.us.service(order)["state"] == "terminated"


def test_a_cancellation_is_passed_on_and_followed(both: Federation) -> None:
    both.specify("cancelled", latency=600)
    order = both.us.order("access-cancelled", speed=100)
    both.open_at_the_partner(order)
    both.us.call("POST", CANCELS, {"serviceOrder": {"id": order}})
    both.us.until(order, "cancelled")
    assert [one["state"] for one in both.partner_orders(order)] == ["cancelled"]
    cancellations = both.partner.call("GET", f"{CANCELS}?serviceOrder.id={both.partner_orders(order)[0]['id']}")
    assert [one["state"] for one in cancellations] == ["done"]


def test_what_is_completed_at_the_partner_is_undone_there(both: Federation) -> None:
    """An order of two items: one is completed when the other, which goes on, is cancelled with it."""
    both.specify("undone", latency=0)
    both.specify("unending", latency=600)
    items = [
        {"id": str(number), "action": "add", "service": {"serviceSpecification": {"id": f"access-{name}"}}}
        for number, name in enumerate(("undone", "unending"), 1)
    ]
    order = both.us.call("POST", "/tmf-api/serviceOrdering/v4/serviceOrder", {"serviceOrderItem": items})["id"]
    eventually(lambda: both.us.get(order)["serviceOrderItem"][0]["state"] == "completed")
    both.us.call("POST", CANCELS, {"serviceOrder": {"id": order}})
    both.us.until(order, "cancelled")
    left = both.partner.call("GET", f"{SERVICES}?serviceSpecification.id=carrier-undone")
    assert [one["state"] for one in left] == ["terminated"]


def test_what_the_partner_waits_for_is_seen_here_and_goes_on_when_it_goes_on_there(both: Federation) -> None:
    both.specify("held", latency=0.2)
    found = both.partner.call("GET", "/som/v1/fulfiller?specification=carrier-held")[0]
    refusing = {"settings": {**found["settings"], "refuse": "The duct is full."}}
    both.partner.call("PATCH", f"/som/v1/fulfiller/{found['id']}", refusing)
    order = both.us.order("access-held", speed=100)
    eventually(lambda: "The duct is full" in str(both.us.task(order)["remark"]))
    assert both.us.get(order)["state"] == "inProgress"
    both.partner.call("PATCH", f"/som/v1/fulfiller/{found['id']}", {"settings": {"refuse": None}})
    (theirs,) = both.partner_orders(order)
    both.partner.call("PATCH", f"/tmf-api/serviceOrdering/v4/serviceOrder/{theirs['id']}", {"state": "inProgress"})
    both.completes_once(order)


def test_what_the_partner_asks_for_is_asked_of_our_customer_and_the_answer_is_passed_on(both: Federation) -> None:
    """At the partner a person asks; there and here it is told by our names for things, and one order is placed."""
    both.specify_for_people("unclear", characteristic={"siteContact": "contactPerson"})
    order = both.us.order("access-unclear", speed=100)
    missing = {"characteristic": "contactPerson", "description": "who opens the door"}
    both.ask(order, {"reason": "The site is locked.", "missing": [missing]})

    waiting = both.us.until(order, "pending")
    (error,) = waiting["serviceOrderItem"][0]["errorMessage"]
    wanted = {"characteristic": "siteContact", "description": "who opens the door"}
    assert (error["code"], error["missing"]) == ("informationRequired", [wanted])
    assert "The site is locked" in error["message"]

    both.us.give(order, siteContact="Ada")
    eventually(lambda: both.partner_orders(order)[0]["state"] == "inProgress")  # else its people are faster than we
    both.complete_by_hand(order)
    done = both.completes_once(order)
    assert "errorMessage" not in done["serviceOrderItem"][0]
    asked = both.us.call("GET", f"/som/v1/event?eventType=ServiceOrderInformationRequiredEvent&resourceId={order}")
    assert len(asked) == 1
    assert values(partner_service(both, order)) == {"speed": 100, "contactPerson": "Ada"}
    assert values(both.us.service(order)) == {"speed": 100, "siteContact": "Ada"}


def test_a_question_that_is_answered_at_the_partner_needs_no_answer_here(both: Federation) -> None:
    both.specify_for_people("answered")
    order = both.us.order("access-answered", speed=100)
    both.ask(order, {"reason": "Is the duct free?"})
    both.us.until(order, "pending")
    (theirs,) = both.partner_orders(order)
    both.partner.call("PATCH", f"{ORDERS}/{theirs['id']}", {"state": "inProgress"})
    both.complete_by_hand(order)
    both.completes_once(order)


def test_a_pending_order_is_cancelled_at_the_partner_too(both: Federation) -> None:
    both.specify_for_people("dropped")
    order = both.us.order("access-dropped", speed=100)
    both.ask(order, {"reason": "Is the duct free?"})
    both.us.until(order, "pending")
    both.us.call("POST", CANCELS, {"serviceOrder": {"id": order}})
    both.us.until(order, "cancelled")
    assert [one["state"] for one in both.partner_orders(order)] == ["cancelled"]


def test_what_the_partner_rejects_is_held_here_with_its_reason(both: Federation) -> None:
    both.specify("rejected", latency=0, specification={"access-rejected": "carrier-unknown"})
    order = both.us.until(both.us.order("access-rejected", speed=100), "held")
    assert "carrier-unknown" in order["serviceOrderItem"][0]["errorMessage"][0]["message"]


def test_an_outage_of_the_partner_delays_and_doubles_nothing(both: Federation) -> None:
    both.specify("outage", latency=1.0)
    opened = [both.us.order("access-outage", speed=100) for _ in range(3)]
    for order in opened:
        both.open_at_the_partner(order)
    for order in both.outage(2.0, opened, "access-outage"):
        both.completes_once(order)


def test_a_restart_of_ours_delays_and_doubles_nothing(both: Federation) -> None:
    both.specify("restart", latency=0.5, catchUpInterval=1)
    order = both.us.order("access-restart", speed=100)
    both.open_at_the_partner(order)
    both.us.server.kill()
    both.us.server.start()
    both.completes_once(order)


def test_an_order_whose_notifications_are_lost_is_found_completed(both: Federation) -> None:
    fulfiller = both.specify("lost", latency=0.5, catchUpInterval=1)
    order = both.us.order("access-lost", speed=100)
    both.open_at_the_partner(order)
    ended = 0
    for subscription in both.partner.call("GET", "/som/v1/hubListener?state=active&limit=100"):
        both.partner.call("DELETE", f"/tmf-api/serviceOrdering/v4/hub/{subscription['id']}")
        ended += 1
    assert ended, f"{fulfiller} had no subscription"
    both.completes_once(order)


def test_a_partner_without_a_hub_is_asked(both: Federation) -> None:
    before = len(both.partner.call("GET", "/som/v1/hubListener?limit=100"))
    both.specify("asked", latency=0.3, hub=False)
    done = both.completes_once(both.us.order("access-asked", speed=100))
    assert [reached["name"] for reached in done["milestone"]] == ["surveyed", "connected"]
    assert len(both.partner.call("GET", "/som/v1/hubListener?limit=100")) == before


RESOURCES = "/tmf-api/resourceInventoryManagement/v4/resource"


class TestResourcesForThePartner:
    """A sink of the kind tmf639, which leads to the partner's own TMF639 API."""

    @pytest.fixture(autouse=True)
    def _sides(self, both: Federation) -> None:
        self.us, self.partner = both.us, both.partner
        self.base = f"{both.partner.server.url}{RESOURCES.removesuffix('/resource')}"

    def record(self, count: int, family: str) -> list[str]:
        """So many resources of ours, of a kind of their own."""

        def one(number: int) -> str:
            value = [{"name": "vlan", "value": number}]
            specification = {"id": family, "name": family}
            body = {"name": f"{family}-{number}", "@type": "LogicalResource", "resourceStatus": "available",
                    "resourceSpecification": specification, "resourceCharacteristic": value}  # fmt: skip
            return str(self.us.call("POST", RESOURCES, body)["id"])

        with ThreadPoolExecutor(8) as crowd:
            return list(crowd.map(one, range(count)))

    def sink(self, family: str, **more: Any) -> str:
        body = {"kind": "tmf639", "address": self.base, "specification": [family], **more}
        return str(self.us.call("POST", "/som/v1/sink", body)["id"])

    def copies(self, family: str) -> dict[str, dict[str, Any]]:
        """What the partner has of a kind, by our ids; nothing twice."""
        listed = self.partner.call("GET", f"{RESOURCES}?resourceSpecification.id={family}&limit=1000")
        found: dict[str, dict[str, Any]] = {}
        for one in listed:
            marks = {entry["name"]: entry["value"] for entry in one["resourceCharacteristic"]}
            assert marks["sourceResource"] not in found
            found[marks["sourceResource"]] = {**one, "vlan": marks["vlan"]}
        return found

    def test_a_resource_is_made_changed_and_removed_there_as_it_is_here(self) -> None:
        [before] = self.record(1, "told")
        eventually(lambda: self.us.call("GET", f"/som/v1/event?resourceId={before}"))
        sink = self.sink("told")
        [ours] = self.record(1, "told")
        eventually(lambda: self.copies("told").keys() == {ours})
        copy = self.copies("told")[ours]
        assert (copy["@type"], copy["resourceStatus"], copy["id"] != ours) == ("LogicalResource", "available", True)
        values = [{"name": "vlan", "value": 4000}]
        self.us.call("PATCH", f"{RESOURCES}/{ours}", {"resourceStatus": "reserved", "resourceCharacteristic": values})
        eventually(lambda: self.copies("told")[ours]["vlan"] == 4000)
        assert self.copies("told")[ours]["resourceStatus"] == "reserved"
        # What was there before comes with its next change, or when the whole inventory is copied.
        self.us.call("POST", f"/som/v1/sink/{sink}/copy")
        eventually(lambda: self.copies("told").keys() == {before, ours})
        self.us.call("DELETE", f"{RESOURCES}/{ours}")
        eventually(lambda: self.copies("told").keys() == {before})
        changed = self.us.call("PATCH", f"/som/v1/sink/{sink}", {"name": "CMDB", "specification": ["other"]})
        assert (changed["name"], changed["specification"]) == ("CMDB", ["other"])
        [another] = self.record(1, "other")
        eventually(lambda: self.copies("other").keys() == {another})
        eventually(lambda: self.us.call("GET", f"/som/v1/sink/{sink}")["pending"] == 0)  # the partner has it first
        left = self.us.call("GET", f"/som/v1/sink/{sink}")
        assert (left["dead"], left["copy"]["state"]) == (0, "done")

    def test_a_server_that_is_killed_while_it_copies_its_inventory_goes_on_and_makes_nothing_twice(self) -> None:
        ours = self.record(120, "whole")
        sink = self.sink("whole", initialCopy=True)
        eventually(lambda: len(self.copies("whole")) > 5)
        self.us.server.kill()
        begun = len(self.copies("whole"))
        self.us.server.start()
        eventually(lambda: self.copies("whole").keys() == set(ours), lambda: f"{len(self.copies('whole'))} of {begun}")
        eventually(lambda: self.us.call("GET", f"/som/v1/sink/{sink}")["pending"] == 0)
        assert self.us.call("GET", f"/som/v1/sink/{sink}")["copy"]["copied"] == len(ours)
        assert len(self.copies("whole")) == len(ours)
