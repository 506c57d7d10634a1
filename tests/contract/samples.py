"""Bodies and paths that the contract tests use."""

from collections.abc import Mapping
from typing import Any

from models.store import Store
from tests.contract.client import ContractClient

ORDERING = "/tmf-api/serviceOrdering/v4"
INVENTORY = "/tmf-api/serviceInventory/v4"
RESOURCE_INVENTORY = "/tmf-api/resourceInventoryManagement/v4"
CATALOG = "/tmf-api/serviceCatalogManagement/v4"
PROCESSES = "/tmf-api/processFlowManagement/v4"
SOM = "/som/v1"

ORDERS = f"{ORDERING}/serviceOrder"
CANCELS = f"{ORDERING}/cancelServiceOrder"
SERVICES = f"{INVENTORY}/service"
RESOURCE_INVENTORY_V5 = "/tmf-api/resourceInventoryManagement/v5"
RESOURCES_V5 = f"{RESOURCE_INVENTORY_V5}/resource"
RESOURCES = f"{RESOURCE_INVENTORY}/resource"
LOGICAL_RESOURCES = f"{RESOURCE_INVENTORY}/logicalResource"
PHYSICAL_RESOURCES = f"{RESOURCE_INVENTORY}/physicalResource"
SPECIFICATIONS = f"{CATALOG}/serviceSpecification"
PROCESS_FLOWS = f"{PROCESSES}/processFlow"
FULFILLERS = f"{SOM}/fulfiller"
RELEASES = f"{SOM}/release"
POOLS = f"{SOM}/resourcePool"
RESOURCE_SPECIFICATIONS = f"{SOM}/resourceSpecification"
RESERVATIONS = f"{SOM}/reservation"
RECIPES = f"{SOM}/recipe"
POLICIES = f"{SOM}/policy"

Body = dict[str, Any]


def item(number: str = "1", specification: str = "vpn-1", **attributes: Any) -> Body:
    service = {"serviceSpecification": {"id": specification}}
    return {"id": number, "action": "add", "service": service, **attributes}


def order(*items: Body, **attributes: Any) -> Body:
    return {"serviceOrderItem": list(items) or [item()], **attributes}


def service(**attributes: Any) -> Body:
    return {"state": "active", "name": "line 7", "serviceSpecification": {"id": "vpn-1"}, **attributes}


def resource(**attributes: Any) -> Body:
    return {"name": "VLAN 7", "value": "7", "resourceStatus": "available", "@type": "LogicalResource", **attributes}


def physical_resource(**attributes: Any) -> Body:
    return {"name": "Router 7", "serialNumber": "FTX-7", "@type": "PhysicalResource", **attributes}


def specification(key: str = "vpn-1", **attributes: Any) -> Body:
    return {"id": key, "name": key, "version": "1", **attributes}


def resource_specification(key: str = "vlan-1", **attributes: Any) -> Body:
    """Of VLANs, which are at one of two sites."""
    sites = {"valueType": "string", "resourceSpecCharacteristicValue": [{"value": "north"}, {"value": "south"}]}
    return {
        "id": key,
        "name": key,
        "version": "1",
        "resourceSpecCharacteristic": [{"name": "site", **sites}],
        **attributes,
    }


def fulfiller(key: str = "north", **attributes: Any) -> Body:
    capability = [{"specification": "vpn-1", "action": "add"}]
    return {"id": key, "name": f"The {key} one", "kind": "simulator", "capability": capability, **attributes}


def numbers(first: int, last: int, key: str, **attributes: Any) -> Body:
    """A part of a pool: a range."""
    amount = {"capacityAmountFrom": str(first), "capacityAmountTo": str(last)}
    return {"id": key, "capacityAmount": amount, **attributes}


def pool(key: str = "vlans", *parts: Body, **attributes: Any) -> Body:
    """A pool; without parts it has the numbers 100 to 199."""
    made = {"id": key, "name": key, "kind": "discrete", "capacity": list(parts) or [numbers(100, 199, "first")]}
    return {**made, **attributes}


def reservation(pool: str = "vlans", **attributes: Any) -> Body:
    """One member of a pool, for another system."""
    return {"reservationItem": [{"capacityDemand": {"resourcePool": {"id": pool}}}], **attributes}


def release(name: str, version: str = "1.0.0", *specifications: Body, **attributes: Any) -> Body:
    """A package; without specifications it holds one whose name is its own."""
    held = list(specifications) or [{"name": name, "version": version}]
    return {"name": name, "version": version, "serviceSpecification": held, **attributes}


async def publish(client: ContractClient, key: str = "vpn-1", **attributes: Any) -> Body:
    answer = await client.post(SPECIFICATIONS, json=specification(key, **attributes))
    assert answer.status_code == 201, answer.text
    body: Body = answer.json()
    return body


async def place(client: ContractClient, body: Body | None = None, headers: Mapping[str, str] | None = None) -> Body:
    """An accepted order; its specification has to be published."""
    answer = await client.post(ORDERS, json=body or order(), headers=dict(headers or {}))
    assert answer.status_code == 201, answer.text
    placed: Body = answer.json()
    return placed


async def record(client: ContractClient, **attributes: Any) -> Body:
    """A recorded service; its specification has to be published."""
    answer = await client.post(SERVICES, json=service(**attributes))
    assert answer.status_code == 201, answer.text
    recorded: Body = answer.json()
    return recorded


async def set_state(store: Store, key: str, state: str, items: dict[str, str] | None = None, **fields: Any) -> None:
    """Move an order as the engine would, so that a handler finds it there."""
    states = {f"body.serviceOrderItem.{index}.state": to for index, to in (items or {}).items()}
    change = {"$set": {"body.state": state, **states, **fields}, "$inc": {"rev": 1}, "$unset": {"due": ""}}
    await store.collection("serviceOrder").update_one({"_id": key}, change)


def bpmn(*, name: str = "Build it", condition: str = "size > 10", specification: str = "vpn-1") -> str:
    """A drawing of a service task, a choice, and a person's task on one of its two ways."""
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:som="urn:som:recipe:1"
    targetNamespace="urn:som:recipes">
  <bpmn:process id="Process_1" isExecutable="true">
    <bpmn:extensionElements>
      <som:inputSchema>{{"type": "object", "properties": {{"size": {{"type": "integer"}}}}}}</som:inputSchema>
    </bpmn:extensionElements>
    <bpmn:startEvent id="start"><bpmn:outgoing>f1</bpmn:outgoing></bpmn:startEvent>
    <bpmn:serviceTask id="build" name="{name}">
      <bpmn:extensionElements>
        <som:task specification="{specification}" action="add"/>
        <som:input name="size" value="=size"/>
      </bpmn:extensionElements>
    </bpmn:serviceTask>
    <bpmn:exclusiveGateway id="big" name="Big?" default="f4"/>
    <bpmn:userTask id="look" name="Look at it">
      <bpmn:extensionElements><som:task queue="engineering"/></bpmn:extensionElements>
    </bpmn:userTask>
    <bpmn:endEvent id="done" name="Done"/>
    <bpmn:sequenceFlow id="f1" sourceRef="start" targetRef="build"/>
    <bpmn:sequenceFlow id="f2" sourceRef="build" targetRef="big"/>
    <bpmn:sequenceFlow id="f3" name="yes" sourceRef="big" targetRef="look">
      <bpmn:conditionExpression>{condition.replace("<", "&lt;")}</bpmn:conditionExpression>
    </bpmn:sequenceFlow>
    <bpmn:sequenceFlow id="f4" name="no" sourceRef="big" targetRef="done"/>
    <bpmn:sequenceFlow id="f5" sourceRef="look" targetRef="done"/>
  </bpmn:process>
</bpmn:definitions>
"""


def recipe(name: str = "build-vpn", version: str = "1.0.0", **attributes: Any) -> Body:
    return {"name": name, "version": version, "bpmn": bpmn(), **attributes}


def policy(name: str = "credit", version: str = "1.0.0", **attributes: Any) -> Body:
    """One whose service is not there."""
    down = {"allow": False, "reason": "Nobody can say."}
    asked = {"decisionPoint": "accept", "kind": "opa", "url": "http://127.0.0.1:9", "path": "som/accept"}
    return {"name": name, "version": version, **asked, "whenDown": down, **attributes}


def table_policy(dmn: str, name: str = "size", **attributes: Any) -> Body:
    """One that is a decision table."""
    down = {"allow": False, "reason": "Nobody can say."}
    asked = {"decisionPoint": "accept", "kind": "dmn", "dmn": dmn}
    return {"name": name, "version": "1.0.0", **asked, "whenDown": down, **attributes}
