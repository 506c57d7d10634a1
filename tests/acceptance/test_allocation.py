"""Orders take what they need out of resource pools: ours, and those of a second instance of this product."""

import uuid
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from tests.acceptance.federation import CANCELS, ORDERS, SERVICES, Federation, Side, eventually, federation
from tests.acceptance.server_process import ServerProcess

Document = dict[str, Any]

POOLS = "/som/v1/resourcePool"
RESOURCES = "/tmf-api/resourceInventoryManagement/v4/resource"
COUNTED = ("reserved", "used", "quarantined")


def numbers(first: int, last: int) -> Document:
    amount = {"capacityAmountFrom": str(first), "capacityAmountTo": str(last)}
    return {"id": f"from-{first}", "capacityAmount": amount}


class Site:
    """A pool of numbers, and a specification whose services take one of them each."""

    def __init__(self, side: Side, members: int, **fulfiller: Any) -> None:
        self.side = side
        self.name = f"vlan-{uuid.uuid4().hex[:8]}"
        body = {"id": self.name, "name": self.name, "kind": "discrete", "quarantine": 3600}
        side.call("POST", POOLS, {**body, "capacity": [numbers(1, members)]})
        vlan = {
            "kind": "allocate",
            "input": {"pool": self.name},
            "output": {"characteristic": {"vlan": "=output.value"}},
        }
        build = {"input": {"vlan": "=task.vlan.output.value"}, "compensation": "operation"}
        rules = {"add": {"tasks": {"vlan": vlan, "build": build}}, "delete": {"tasks": {"remove": {}}}}
        self.builder = side.specify(self.name, {"kind": "simulator", **fulfiller}, rules)

    def order(self) -> str:
        return self.side.order(self.name)

    def held(self, order: str) -> str:
        """Why the order is held."""
        (error,) = self.side.until(order, "held")["serviceOrderItem"][0]["errorMessage"]
        assert error["code"] == "poolExhausted"
        return str(error["message"])

    def grow(self, first: int, last: int) -> None:
        self.side.call("POST", f"{POOLS}/{self.name}/push", {"capacity": [numbers(first, last)]})

    def counts(self) -> tuple[int, ...]:
        (counted,) = self.side.call("GET", f"{POOLS}/{self.name}/utilisation")["count"]
        return tuple(int(counted[name]) for name in COUNTED)

    def is_sound(self) -> bool:
        """Whether a recount of the pool comes to what its counters say."""
        return not self.side.call("POST", f"{POOLS}/{self.name}/check", {})["finding"]

    def resource_of(self, service: Document) -> Document:
        (reference,) = service["supportingResource"]
        found: Document = self.side.call("GET", f"{RESOURCES}/{reference['id']}")
        return found


@pytest.fixture(scope="module")
def us(server: ServerProcess) -> Side:
    return Side(server)


def value_of(service: Document) -> Any:
    return {entry["name"]: entry["value"] for entry in service["serviceCharacteristic"]}["vlan"]


def test_of_three_orders_on_a_pool_of_two_the_third_is_held_until_the_pool_grows(us: Side) -> None:
    site = Site(us, members=2)
    for _ in range(2):
        us.until(site.order(), "completed")
    third = site.order()
    assert site.name in site.held(third)
    told = us.call("GET", f"/som/v1/order/{third}/explanation")
    assert site.name in told["summary"]
    (group,) = [one for one in us.call("GET", "/som/v1/falloutGroup") if one["code"] == "poolExhausted"]
    assert group["count"] == 1
    fourth = site.order()
    site.held(fourth)
    (wait,) = us.call("GET", f"/som/v1/order/{fourth}/explanation")["wait"]
    assert (wait["pool"], wait["ahead"], wait["before"]) == ([site.name], 1, [third])
    site.grow(3, 3)
    us.until(third, "completed")
    assert us.get(fourth)["state"] == "held"
    us.call("POST", CANCELS, {"serviceOrder": {"id": fourth}})
    us.until(fourth, "cancelled")
    assert value_of(us.service(third)) == "3"
    assert (site.counts(), site.is_sound()) == ((0, 3, 0), True)


def test_service_and_resource_are_reserved_before_the_first_call_and_free_after_a_cancellation(us: Side) -> None:
    site = Site(us, members=1, settings={"accept": True, "latency": 600})
    slow = site.order()
    eventually(lambda: us.get(slow)["state"] == "inProgress" and us.task_states(slow)["build"] == "accepted")
    service = us.service(slow)
    resource = site.resource_of(service)
    assert (service["state"], resource["resourceStatus"]) == ("reserved", "reserved")
    waiting = site.order()
    site.held(waiting)
    us.call("POST", CANCELS, {"serviceOrder": {"id": waiting}})
    us.until(waiting, "cancelled")
    us.call("POST", CANCELS, {"serviceOrder": {"id": slow}})
    us.until(slow, "cancelled")
    assert site.counts() == (0, 0, 1), "the simulator had been called: the number rests"
    assert not us.call("GET", f"{SERVICES}?serviceSpecification.id={site.name}")


def test_the_pools_are_a_fulfiller_that_stays(us: Side) -> None:
    pools = us.call("GET", "/som/v1/fulfiller/pools")
    assert (pools["kind"], pools["capability"]) == ("pool", [{"specification": "*", "action": "allocate"}])
    url = f"{us.server.url}/som/v1/fulfiller/pools"
    assert requests.delete(url, timeout=60).status_code == 409
    assert requests.patch(url, json={"administrativeState": "withdrawn"}, timeout=60).status_code == 400
    assert requests.patch(url, json={"kind": "simulator"}, timeout=60).status_code == 400
    twin = {"name": "twin", "kind": "pool", "capability": pools["capability"]}
    assert requests.post(f"{us.server.url}/som/v1/fulfiller", json=twin, timeout=60).status_code == 400
    assert us.call("PATCH", "/som/v1/fulfiller/pools", {"maxConcurrent": 50})["maxConcurrent"] == 50


def test_a_reserved_service_that_leaves_the_inventory_takes_nothing_with_it(us: Side) -> None:
    site = Site(us, members=1)
    item = {"id": "1", "action": "add", "service": {"serviceSpecification": {"id": site.name}, "state": "reserved"}}
    order = us.call("POST", ORDERS, {"serviceOrderItem": [item]})["id"]
    us.until(order, "completed")
    service = us.service(order)
    assert (service["state"], site.counts()) == ("reserved", (1, 0, 0))
    us.call("DELETE", f"{SERVICES}/{service['id']}")
    assert site.counts() == (0, 0, 1)


def test_what_is_deleted_goes_through_quarantine(us: Side) -> None:
    site = Site(us, members=1)
    built = site.order()
    us.until(built, "completed")
    service = us.service(built)
    assert site.resource_of(service)["usageState"] == "active"
    us.until(us.order(site.name, "delete", service["id"]), "completed")
    assert site.resource_of(service)["resourceStatus"] == "suspended"
    assert (site.counts(), site.is_sound()) == ((0, 0, 1), True)


@pytest.fixture(scope="module")
def both(mongodb_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Federation]:
    with federation(mongodb_url, tmp_path_factory.mktemp("pools")) as made:
        yield made


def test_orders_take_addresses_out_of_the_pools_of_a_second_instance_with_crashes_in_between(both: Federation) -> None:
    orders = 8
    there = Site(both.partner, members=orders - 1)
    both.us.call("POST", "/som/v1/fulfiller", {
        "name": "addresses of the partner",
        "kind": "tmf685",
        "endpoint": f"{both.partner.server.url}/som/v1",
        "capability": [{"specification": there.name, "action": "allocate"}],
        "retry": {"delays": [0.5] * 24 + [2.0] * 40},
        "circuitBreaker": {"openSeconds": 1.0, "longestSeconds": 4.0},
    })  # fmt: skip
    vlan = {"kind": "allocate", "input": {"pool": there.name}, "output": {"characteristic": {"vlan": "=output.value"}}}
    rules = {"add": {"tasks": {"vlan": vlan, "build": {}}}, "delete": {"tasks": {}}}
    both.us.specify("rented", {"kind": "simulator"}, rules)
    placed = [both.us.order("rented") for _ in range(orders)]
    for side in (both.us, both.partner, both.us):
        side.server.kill()
        side.server.start()
    eventually(
        lambda: sum(both.us.get(order)["state"] == "completed" for order in placed) == orders - 1,
        lambda: str(
            [(one["state"], one["serviceOrderItem"][0].get("errorMessage")) for one in map(both.us.get, placed)]
        ),
    )
    (left,) = [order for order in placed if both.us.get(order)["state"] != "completed"]
    both.us.until(left, "held")
    services = [both.us.service(order) for order in placed if order != left]
    assert {value_of(service) for service in services} == {str(number) for number in range(1, orders)}
    eventually(lambda: there.counts() == (0, orders - 1, 0))
    assert there.is_sound(), "each is in use there, once"

    both.us.until(both.us.order("rented", "delete", services[0]["id"]), "completed")
    assert there.counts() == (0, orders - 2, 1)
    both.us.call("POST", CANCELS, {"serviceOrder": {"id": left}})
    both.us.until(left, "cancelled")
    there.grow(100, 100)
    assert (there.counts(), there.is_sound()) == ((0, orders - 2, 1), True), "who was cancelled waits no more"
    assert both.us.call("GET", f"{ORDERS}?state=completed&fields=id")

    both.partner.server.kill()
    both.us.call("PATCH", f"{SERVICES}/{services[1]['id']}", {"state": "terminated"})
    both.us.call("DELETE", f"{SERVICES}/{services[2]['id']}")
    both.us.server.kill()
    both.us.server.start()
    both.partner.server.start()
    eventually(lambda: there.counts() == (0, orders - 4, 3))
    assert there.is_sound(), "what was terminated or deleted holds nothing any more, there neither"
