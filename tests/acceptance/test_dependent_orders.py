"""Orders that a service order places with other systems, over HTTP: awaited by event, linked both ways."""

import asyncio
from typing import Any

from tests.acceptance.federation import CATALOG, ORDERING, ORDERS, Side
from tests.acceptance.server_process import ServerProcess
from tests.integration.tmforum.stand_in import ProductOrders

Document = dict[str, Any]


def specify(us: Side, name: str, item: Document, **fulfiller: Any) -> None:
    """A service for which something is ordered, before it is configured."""
    tasks = {
        "buy": {"kind": "order", "input": item, "output": {"characteristic": {"port": "= output.port"}}},
        "configure": {"needs": ["buy"], "input": {"port": "= task.buy.output.port"}},
    }
    body = {"id": name, "name": name, "version": "1", "lifecycleStatus": "Active"}
    ending = {"buy": {"kind": "order", "input": item}}
    us.call("POST", CATALOG, {**body, "fulfilment": {"add": {"tasks": tasks}, "delete": {"tasks": ending}}})
    for action, registration in (("order", fulfiller), ("add", {"kind": "simulator"})):
        capability = [{"specification": name, "action": action}]
        us.call("POST", "/som/v1/fulfiller", {"name": f"{name} {action}", "capability": capability, **registration})


def related(us: Side, order: str) -> Document:
    """The one order that an order of ours is related to."""
    (found,) = us.get(order)["orderRelationship"]
    assert isinstance(found, dict)
    return found


async def test_a_product_order_is_placed_awaited_by_event_and_both_orders_name_each_other(
    server: ServerProcess,
) -> None:
    us, at_ease = Side(server), asyncio.to_thread
    async with ProductOrders() as seller:
        seller.seconds = 3600
        settings = {
            "catchUpInterval": 3600,
            "item": {"productOffering": {"id": "= input.offering"}},
            "send": {"colour": "= input.colour"},
            "receive": {"output": {"port": "= characteristic.port"}},
        }
        await at_ease(
            specify, us, "bought", {"offering": "router-offer", "colour": "red"},
            kind="tmf622", endpoint=seller.url, pollInterval=3600, settings=settings,
        )  # fmt: skip
        order = await at_ease(us.order, "bought")
        async with asyncio.timeout(60):
            while not seller.reads:  # the look soon after the order was placed; the next one is an hour away
                await asyncio.sleep(0.1)
        (placed,) = seller.orders.values()
        (item,) = placed["productOrderItem"]
        assert item["productOffering"] == {"id": "router-offer"}
        assert item["product"]["productCharacteristic"] == [{"name": "colour", "value": "red"}]
        assert (await at_ease(us.get, order))["state"] == "inProgress"
        await seller.complete(placed["id"])
        done = await at_ease(us.until, order, "completed")
        service = await at_ease(us.service, order)
        assert list(seller.built) == [service["supportingService"][0]["id"]]
        seller.seconds = 0
        gone = await at_ease(us.order, "bought", "delete", service["id"])
        await at_ease(us.until, gone, "completed")
        assert seller.built == {}
        assert len((await at_ease(us.get, gone))["orderRelationship"]) == 1
    assert {"name": "port", "value": 7} in service["serviceCharacteristic"]
    theirs = {"id": placed["id"], "href": placed["href"], "@referredType": "ProductOrder"}
    assert done["orderRelationship"] == [{**theirs, "relationshipType": "dependency"}]
    assert placed["note"][0]["text"] == f"Placed for the service order {order} ({server.url}{ORDERS}/{order})."
    history = us.call("GET", f"/som/v1/history?resourceId={order}&limit=100")
    told = [one for one in history if "orderRelationship" in (one.get("after") or {})]
    assert [one["what"] for one in told] == ["ServiceOrderAttributeValueChangeEvent"]
    assert seller.broken == []


async def test_service_orders_of_another_system_and_ours_are_found_from_each_other(server: ServerProcess) -> None:
    """The other system is this server itself, which orders from itself as it would from a partner."""
    us = Side(server)
    values = [{"name": "port", "value": 7}]
    us.specify("carrier-line", {"kind": "simulator", "settings": {"serviceCharacteristic": values}})
    settings = {
        "subject": {"serviceSpecification": {"id": "carrier-line"}},
        "receive": {"output": {"port": "= characteristic.port"}},
        "inventory": f"{server.url}/tmf-api/serviceInventory/v4",
    }
    specify(us, "line", {}, kind="tmf641", endpoint=f"{server.url}{ORDERING}", pollInterval=0.2, settings=settings)
    order = us.order("line")
    us.until(order, "completed")
    theirs = related(us, order)
    assert theirs["@referredType"] == "ServiceOrder"
    back = related(us, theirs["id"])
    assert (back["id"], back["relationshipType"], back["@referredType"]) == (order, "cross-ref", "ServiceOrder")
    for link, key in ((theirs, theirs["id"]), (back, order)):
        assert us.call("GET", link["href"].removeprefix(server.url))["id"] == key
    assert {"name": "port", "value": 7} in us.service(order)["serviceCharacteristic"]
