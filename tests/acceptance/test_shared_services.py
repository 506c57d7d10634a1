"""Services that others rely on, over HTTP and on two servers: built once, waited for, taken over, kept."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests
from pymongo import MongoClient

from tests.acceptance.federation import CANCELS, ORDERS, SERVICES, Side, eventually
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
        catalogue = "/tmf-api/serviceCatalogManagement/v4/serviceSpecification"
        self.one.call("POST", catalogue, {**body, "serviceSpecRelationship": [relation]})
        capability = [{"specification": f"app-{name}", "action": "*"}]
        self.one.call("POST", "/som/v1/fulfiller", {"name": f"app-{name}", "capability": capability, **simulated})

    def order_at_once(self, name: str, count: int) -> list[str]:
        """So many orders of the application at the same moment, at both servers; the ids in the order of creation."""
        with ThreadPoolExecutor(count) as crowd:
            return list(crowd.map(lambda n: self.sides[n % len(self.sides)].order(f"app-{name}"), range(count)))

    def services(self, specification: str) -> list[Document]:
        found: list[Document] = self.one.call("GET", f"{SERVICES}?serviceSpecification.id={specification}&limit=100")
        return found

    def builds(self, name: str) -> list[str]:
        """The orders whose plan builds the platform."""
        built = {service["id"] for service in self.services(f"platform-{name}")}
        ids = [plan["id"] for plan in self.one.call("GET", "/som/v1/plan?limit=1000")]
        plans = [self.one.call("GET", f"/som/v1/plan/{key}") for key in ids]
        return [plan["id"] for plan in plans for task in plan["task"] if task["service"] in built]

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
    assert len(pair.builds("crowd")) == 1
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
