"""Services that others rely on, over HTTP and on two servers: built once, waited for, taken over, kept."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests
from pymongo import MongoClient

from tests.acceptance.federation import CANCELS, CATALOG, ORDERS, SERVICES, Side, eventually
from tests.acceptance.server_process import ServerProcess

Document = dict[str, Any]
ASKING = 20


class Pair:
    """Two servers on one database, each with a scheduler of its own."""

    def __init__(self, sides: list[Side]) -> None:
        self.sides = sides
        self.one = sides[0]

    def specify(self, name: str, latency: float, **settings: Any) -> None:
        """An application that relies on a platform, of which one is enough; the platform takes so long to build."""
        simulated = {"kind": "simulator", "pollInterval": 0.1}
        slow = {"accept": latency > 0, "latency": latency, **settings}
        self.one.specify(f"platform-{name}", {**simulated, "settings": slow})
        body = {"id": f"app-{name}", "name": f"app-{name}", "version": "1", "lifecycleStatus": "Active"}
        relation = {"id": f"platform-{name}", "relationshipType": "dependency", "role": "platform"}
        relation["name"] = "platform"
        self.one.call("POST", CATALOG, {**body, "serviceSpecRelationship": [relation]})
        capability = [{"specification": f"app-{name}", "action": "*"}]
        self.one.call("POST", "/som/v1/fulfiller", {"name": f"app-{name}", "capability": capability, **simulated})

    def order_at_once(self, name: str, count: int) -> list[str]:
        """So many orders of the application at the same moment, at both servers; the ids in the order of creation."""
        with ThreadPoolExecutor(count) as crowd:
            return list(crowd.map(lambda n: self.sides[n % len(self.sides)].order(f"app-{name}"), range(count)))

    def services(self, specification: str) -> list[Document]:
        found: list[Document] = self.one.call("GET", f"{SERVICES}?serviceSpecification.id={specification}&limit=100")
        return found

    def builders(self, orders: list[str], platform: Document) -> list[str]:
        """Those of the orders whose plan has a task for the platform."""
        plans = [self.one.call("GET", f"/som/v1/plan/{order}") for order in orders]
        return [plan["id"] for plan in plans if any(task["service"] == platform["id"] for task in plan["task"])]

    def waits(self, order: str) -> list[Document]:
        found: list[Document] = self.one.call("GET", f"/som/v1/order/{order}/explanation")["wait"]
        return found


@pytest.fixture(scope="module")
def pair(mongodb_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    database = f"som_test_shared_{time.time_ns()}"
    common = {"SOM_MONGODB_URL": mongodb_url, "SOM_MONGODB_DATABASE": database}
    folders: list[Path] = [tmp_path_factory.mktemp(name) for name in ("one", "two")]
    servers = [ServerProcess(folder, {**common, "SOM_NODE": folder.name}) for folder in folders]
    try:
        with ThreadPoolExecutor() as beside:
            list(beside.map(ServerProcess.start, servers))
        yield Pair([Side(server) for server in servers])
    finally:
        with ThreadPoolExecutor() as beside:
            list(beside.map(ServerProcess.stop, servers))
        with MongoClient[Document](mongodb_url) as client:
            client.drop_database(database)


def test_twenty_orders_at_once_have_the_service_that_all_need_built_once(pair: Pair) -> None:
    pair.specify("crowd", latency=1.0)
    orders = pair.order_at_once("crowd", ASKING)
    for order in orders:
        pair.one.until(order, "completed")
    (platform,) = pair.services("platform-crowd")
    assert platform["state"] == "active"
    assert len(pair.builders(orders, platform)) == 1
    applications = pair.services("app-crowd")
    relied = {other["service"]["id"] for one in applications for other in one["serviceRelationship"]}
    assert (len(applications), relied) == (ASKING, {platform["id"]})


def test_who_waits_says_for_what_and_takes_over_when_the_builder_is_cancelled(pair: Pair) -> None:
    pair.specify("heir", latency=600)
    first = pair.one.order("app-heir")
    eventually(lambda: pair.one.task(first)["state"] == "accepted")
    second = pair.one.order("app-heir")
    eventually(lambda: [wait["kind"] for wait in pair.waits(second)] == ["enablingService"])
    (wait,) = pair.waits(second)
    (coming,) = pair.services("platform-heir")
    assert (wait["party"]["id"], wait["service"]) == (first, coming["id"])
    pair.one.call("POST", CANCELS, {"serviceOrder": {"id": first}})
    pair.one.until(first, "cancelled")
    eventually(lambda: pair.one.task(second)["state"] == "accepted")
    pair.one.call("POST", CANCELS, {"serviceOrder": {"id": second}})
    pair.one.until(second, "cancelled")


def test_an_order_that_waits_can_be_cancelled(pair: Pair) -> None:
    pair.specify("idle", latency=600)
    first = pair.one.order("app-idle")
    eventually(lambda: pair.one.task(first)["state"] == "accepted")
    second = pair.one.order("app-idle")
    eventually(lambda: bool(pair.one.get(second)["id"] and pair.waits(second)[0]["kind"] == "enablingService"))
    pair.one.call("POST", CANCELS, {"serviceOrder": {"id": second}})
    pair.one.until(second, "cancelled")
    pair.one.call("POST", CANCELS, {"serviceOrder": {"id": first}})
    pair.one.until(first, "cancelled")


def test_a_service_that_others_rely_on_cannot_be_deleted_and_its_users_are_named(pair: Pair) -> None:
    pair.specify("kept", latency=0)
    pair.one.until(pair.one.order("app-kept"), "completed")
    (user,) = pair.services("app-kept")
    (platform,) = pair.services("platform-kept")
    item = {"id": "1", "action": "delete", "service": {"id": platform["id"]}}
    refused = requests.post(f"{pair.one.server.url}{ORDERS}", json={"serviceOrderItem": [item]}, timeout=30)
    assert refused.status_code == 400
    assert user["id"] in refused.json()["message"]
    both = [item, {"id": "2", "action": "delete", "service": {"id": user["id"]}}]
    order = pair.one.call("POST", ORDERS, {"serviceOrderItem": both})["id"]
    pair.one.until(order, "completed")
    assert {one["state"] for one in (*pair.services("platform-kept"), *pair.services("app-kept"))} == {"terminated"}


DEPENDENTS = 50
READS = "=reliesOn.platform.characteristic.endpoint"


def specify_consumers(pair: Pair, name: str, on_change: str) -> None:
    """Applications whose address is what their platform says, and whose connection has to follow it."""
    simulated = {"kind": "simulator", "pollInterval": 0.1}
    pair.one.specify(f"platform-{name}", simulated)
    connect = {"input": {"to": READS}, "output": {"characteristic": {"address": READS}}}
    rules = {
        "add": {"tasks": {"connect": connect}},
        "modify": {"tasks": {"connect": connect}},
        "reliesOn": {"platform": {"onChange": on_change}},
    }
    relation = {"id": f"platform-{name}", "relationshipType": "dependency", "name": "platform"}
    body = {"id": f"app-{name}", "name": f"app-{name}", "version": "1", "fulfilment": rules}
    pair.one.call("POST", CATALOG, {**body, "serviceSpecRelationship": [relation]})
    capability = [{"specification": f"app-{name}", "action": "*"}]
    pair.one.call("POST", "/som/v1/fulfiller", {"name": f"app-{name}", "capability": capability, **simulated})


def addresses(services: list[Document]) -> list[str]:
    return [
        one["value"] for service in services for one in service["serviceCharacteristic"] if one["name"] == "address"
    ]


def test_fifty_who_rely_on_a_changed_service_are_revised_and_told_once(pair: Pair) -> None:
    specify_consumers(pair, "told", "propose")
    platform = pair.one.until(pair.one.order("platform-told", endpoint="old"), "completed")
    key = platform["serviceOrderItem"][0]["service"]["id"]
    for order in pair.order_at_once("told", DEPENDENTS):
        pair.one.until(order, "completed")
    users = pair.services("app-told")
    assert addresses(users) == ["old"] * DEPENDENTS
    change = pair.one.order("platform-told", "modify", key, endpoint="new")
    pair.one.until(change, "completed")
    eventually(lambda: [one["state"] for one in pair.one.call("GET", f"/som/v1/propagation?service={key}")] == ["done"])
    (told,) = pair.one.call("GET", f"/som/v1/propagation?service={key}")
    assert (told["serviceOrder"]["id"], told["serviceCharacteristic"]) == (change, ["endpoint"])
    assert (told["total"], told["told"], told["proposed"], told["problem"]) == (DEPENDENTS, DEPENDENTS, DEPENDENTS, [])
    (progress,) = pair.one.call("GET", f"/som/v1/order/{change}/explanation")["propagation"]
    assert (progress["told"], progress["total"]) == (DEPENDENTS, DEPENDENTS)
    revised = pair.services("app-told")
    assert [one["desired"]["reliesOn"][0]["service"] for one in revised] == [key] * DEPENDENTS
    assert all(one["hasDrift"] for one in revised), "the address shall be the new one, and is the old one"
    for user in users:
        events = pair.one.call("GET", f"/som/v1/history?resourceId={user['id']}&limit=100")
        about = [event for event in events if key in (event.get("why") or "")]
        assert len([event for event in about if event["what"] == "ServiceAttributeValueChangeEvent"]) == 1
    pair.one.call("POST", f"/som/v1/propagation/{told['id']}/order")
    eventually(lambda: addresses(pair.services("app-told")) == ["new"] * DEPENDENTS)
    eventually(lambda: not any(one["hasDrift"] for one in pair.services("app-told")))
    placed = pair.one.call("GET", f"{ORDERS}?category=dependency&limit=1000")
    mine = [one for one in placed if one["externalId"] == key]
    assert len(mine) == DEPENDENTS


def test_where_the_specification_says_so_the_modification_is_placed_at_once(pair: Pair) -> None:
    specify_consumers(pair, "placed", "place")
    platform = pair.one.until(pair.one.order("platform-placed", endpoint="old"), "completed")
    key = platform["serviceOrderItem"][0]["service"]["id"]
    pair.one.until(pair.one.order("app-placed"), "completed")
    values = [{"name": "endpoint", "value": "patched"}]
    pair.one.call("PATCH", f"{SERVICES}/{key}", {"serviceCharacteristic": values}, "application/merge-patch+json")
    eventually(lambda: addresses(pair.services("app-placed")) == ["patched"])
