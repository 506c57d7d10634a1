"""Two instances of this product, federated: ours gives work to a partner's, which stops and starts as told.

    python -m tests.acceptance.federation --outage 300

plays an outage of the partner for as long as told, with orders open and orders to be placed, and checks that all of
them complete and none is doubled.
"""

import argparse
import json
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests
from pymongo import MongoClient

from tests.acceptance.server_process import ServerProcess
from tests.database import database_of_the_run

Document = dict[str, Any]

CATALOG = "/tmf-api/serviceCatalogManagement/v4/serviceSpecification"
ORDERING = "/tmf-api/serviceOrdering/v4"
INVENTORY = "/tmf-api/serviceInventory/v4"
ORDERS = f"{ORDERING}/serviceOrder"
CANCELS = f"{ORDERING}/cancelServiceOrder"
SERVICES = f"{INVENTORY}/service"
TASK_FLOWS = "/tmf-api/processFlowManagement/v4/taskFlow"
PATIENCE = 60.0

# The partner surveys, then connects: two tasks with a milestone each.
_TASKS = {"survey": {"milestone": "surveyed"}, "connect": {"needs": ["survey"], "milestone": "connected"}}


@dataclass
class Side:
    """One of the two instances, spoken to over HTTP."""

    server: ServerProcess

    def call(self, method: str, path: str, body: Any = None, media: str = "application/json") -> Any:
        content = None if body is None else json.dumps(body)
        answer = requests.request(
            method, self.server.url + path, data=content, headers={"Content-Type": media}, timeout=60
        )
        assert answer.ok, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    def specify(self, specification: str, fulfiller: Document, fulfilment: Document | None = None) -> str:
        """Publish a specification and register who fulfils it; returns the fulfiller's id."""
        body = {"id": specification, "name": specification, "version": "1", "lifecycleStatus": "Active"}
        self.call("POST", CATALOG, body | ({"fulfilment": fulfilment} if fulfilment else {}))
        capability = [{"specification": specification, "action": "*"}]
        made = self.call("POST", "/som/v1/fulfiller", {"name": specification, "capability": capability, **fulfiller})
        return str(made["id"])

    def order(self, specification: str, action: str = "add", service: str | None = None, **values: Any) -> str:
        wanted: Document = {"serviceCharacteristic": [{"name": name, "value": value} for name, value in values.items()]}
        wanted |= {"serviceSpecification": {"id": specification}} if service is None else {"id": service}
        item = {"id": "1", "action": action, "service": wanted}
        return str(self.call("POST", ORDERS, {"serviceOrderItem": [item]})["id"])

    def give(self, order: str, **values: Any) -> None:
        """What a customer adds to the service of a pending order."""
        item = self.get(order)["serviceOrderItem"][0]
        known = [
            *item["service"].get("serviceCharacteristic", []),
            *({"name": n, "value": v} for n, v in values.items()),
        ]
        item["service"]["serviceCharacteristic"] = known
        self.call("PATCH", f"{ORDERS}/{order}", {"serviceOrderItem": [item]})

    def get(self, order: str) -> Document:
        found: Document = self.call("GET", f"{ORDERS}/{order}")
        return found

    def until(self, order: str, state: str) -> Document:
        found: Document = {}

        def there() -> bool:
            found.update(self.get(order))
            return bool(found["state"] == state)

        eventually(there, lambda: f"{order} is not {state} but {found}")
        return found

    def task(self, order: str) -> Document:
        """The first task of an order, once it is planned."""
        eventually(lambda: self.call("GET", f"/som/v1/plan?order={order}"), lambda: f"{order} is not planned")
        short = self.call("GET", f"/som/v1/plan/{order}")["task"][0]
        found: Document = self.call("GET", f"/som/v1/task/{short['id']}")
        return found

    def task_states(self, order: str) -> dict[str, str]:
        """The states of an order's tasks by name, once it is planned."""
        eventually(lambda: self.call("GET", f"/som/v1/plan?order={order}"), lambda: f"{order} is not planned")
        return {task["name"]: task["state"] for task in self.call("GET", f"/som/v1/plan/{order}")["task"]}

    def service(self, order: str) -> Document:
        """The service of an order's one item."""
        found: Document = self.call("GET", f"{SERVICES}/{self.get(order)['serviceOrderItem'][0]['service']['id']}")
        return found


def eventually(check: Callable[[], Any], trouble: Callable[[], str] = lambda: "in vain") -> None:
    give_up = time.monotonic() + PATIENCE
    while not check():
        assert time.monotonic() < give_up, trouble()
        time.sleep(0.1)


@dataclass
class Federation:
    """We, and the partner.

    Attributes:
        registration: what we say of the partner besides.
    """

    us: Side
    partner: Side
    registration: Document | None = None

    def specify(self, name: str, latency: float, **settings: Any) -> str:
        """A specification of ours that the partner builds as `carrier-…`, in two steps that take so long each."""
        values = [{"name": "circuitId", "value": '= "C-" + service.id'}]
        made = {"accept": latency > 0, "latency": latency, "serviceCharacteristic": values}
        return self._specify(name, {"kind": "simulator", "pollInterval": 0.1, "settings": made}, settings)

    def specify_for_people(self, name: str, **settings: Any) -> str:
        """Likewise, but the two steps are done by the partner's people."""
        return self._specify(name, {"kind": "manual", "settings": {"queue": "surveyors"}}, settings)

    def _specify(self, name: str, partners: Document, settings: Document) -> str:
        self.partner.specify(f"carrier-{name}", partners, {"add": {"tasks": _TASKS}})
        poll = settings.pop("pollInterval", 0.3)
        settings = {
            "specification": {f"access-{name}": f"carrier-{name}"},
            "characteristic": {"speed": "bandwidth", "circuit": "circuitId"},
            "inventory": f"{self.partner.server.url}{INVENTORY}",
            "catchUpInterval": 3600,
            **settings,
        }
        return self.us.specify(
            f"access-{name}",
            {
                "kind": "tmf641",
                "endpoint": f"{self.partner.server.url}{ORDERING}",
                "retry": {"delays": [0.5] * 40 + [15.0] * 24},
                **(self.registration or {}),
                "pollInterval": poll,
                "settings": settings,
            },
        )

    def partner_orders(self, order: str) -> list[Document]:
        """The partner's orders for the one task of an order of ours."""
        task = self.us.task(order)
        found: list[Document] = self.partner.call("GET", f"{ORDERS}?externalId={task['id']}:fulfil:0")
        return found

    def ask(self, order: str, question: Document) -> None:
        """The person who has the partner's first task for an order of ours asks the customer."""
        self._do(order, {"assignee": "bob", "informationRequired": question})

    def complete_by_hand(self, order: str) -> None:
        """The partner's people do all that is to be done for an order of ours."""
        for _ in _TASKS:
            self._do(order, {"assignee": "bob", "state": "completed"})

    def _do(self, order: str, change: Document) -> None:
        """What a person does with the one task flow that is open at the partner for an order of ours."""
        self.open_at_the_partner(order)
        (theirs,) = self.partner_orders(order)
        found: list[Document] = []

        def there() -> bool:
            flows = self.partner.call("GET", f"{TASK_FLOWS}?relatedEntity.id={theirs['id']}")
            found[:] = [flow for flow in flows if flow["state"] in ("new", "active", "hold")]
            return bool(found)

        eventually(there, lambda: f"nobody has to do anything for {order}")
        self.partner.call("PATCH", found[0]["href"].removeprefix(self.partner.server.url), change)

    def completes_once(self, order: str) -> Document:
        """Ours completes, and the partner has one order for it."""
        done = self.us.until(order, "completed")
        assert [one["state"] for one in self.partner_orders(order)] == ["completed"]
        return done

    def open_at_the_partner(self, order: str) -> None:
        eventually(lambda: len(self.partner_orders(order)) == 1, lambda: f"the partner has no order for {order}")

    def outage(self, seconds: float, open_orders: list[str], specification: str) -> list[str]:
        """The partner stops with these orders open, further ones are placed meanwhile, and it starts again."""
        self.partner.server.stop()
        try:
            placed = [self.us.order(specification, speed=100) for _ in range(2)]
            end = time.monotonic() + seconds
            for order in placed:
                self._tried_in_vain(order)
            time.sleep(max(0.0, end - time.monotonic()))
        finally:
            self.partner.server.start()
        return [*open_orders, *placed]

    def _tried_in_vain(self, order: str) -> None:
        eventually(lambda: self.us.task(order)["attempt"], lambda: f"nothing was tried for {order}")


@contextmanager
def federation(mongodb_url: str, folder: Path, **registration: Any) -> Iterator[Federation]:
    """Both instances, each a process with a database of its own."""
    sides = []
    for name in ("us", "partner"):
        (folder / name).mkdir()
        database = f"som_test_{name}_{time.time_ns()}"
        sides.append(ServerProcess(folder / name, {"SOM_MONGODB_URL": mongodb_url, "SOM_MONGODB_DATABASE": database}))
    try:
        with ThreadPoolExecutor() as beside:  # each takes some seconds
            list(beside.map(ServerProcess.start, sides))
        yield Federation(Side(sides[0]), Side(sides[1]), registration)
    finally:
        with ThreadPoolExecutor() as beside:
            list(beside.map(ServerProcess.stop, sides))
        with MongoClient[Document](mongodb_url) as client:
            for server in sides:
                client.drop_database(server.environment["SOM_MONGODB_DATABASE"])


def main() -> None:
    """Play an outage as long as one likes."""
    options = argparse.ArgumentParser(prog="python -m tests.acceptance.federation", description=__doc__)
    options.add_argument("--outage", type=float, default=300.0, metavar="S", help="seconds that the partner is away")
    options.add_argument("--orders", type=int, default=10, metavar="N", help="orders that are open when it goes")
    given = options.parse_args()
    with (
        tempfile.TemporaryDirectory() as folder,
        database_of_the_run() as mongodb_url,
        federation(mongodb_url, Path(folder)) as both,
    ):
        both.specify("outage", 5.0)
        opened = [both.us.order("access-outage", speed=100) for _ in range(given.orders)]
        for order in opened:
            both.open_at_the_partner(order)
        print(f"{len(opened)} orders are open; the partner is away for {given.outage:g} s", flush=True)
        for order in both.outage(given.outage, opened, "access-outage"):
            both.completes_once(order)
        print("all orders are completed, and the partner has one order for each")


if __name__ == "__main__":
    main()
