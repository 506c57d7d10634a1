"""The examples are what users read first: each can be published, is accepted, and leads to the plan it should."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from models.domain.decomposition import decompose
from models.domain.order_check import check_order
from models.domain.plan import Plan
from models.domain.publishing import check_publishable
from models.domain.snapshot import Snapshot
from tests.unit.planning.examples import EXAMPLES, NOW, PATTERNS, catalogue, fulfilled, order, picture, snapshot

GOLDEN = Path(__file__).parent / "golden"
SAMPLE_SERVICES = [
    {**json.loads((EXAMPLES / "services" / f"data-service-{name}.json").read_text()), "id": f"service-{name}"}
    for name in ("12", "456")
]


def add(name: str) -> Plan:
    return decompose("order-0", order(name), snapshot())


def after(name: str) -> tuple[str, Snapshot]:
    """The service that an order of the examples has built, and the inventory afterwards."""
    plan = add(name)
    return plan.items[0].services[0], snapshot(fulfilled(plan))


def cases() -> dict[str, tuple[dict[str, Any], Snapshot]]:
    access, access_inventory = after("add-internet-access.json")
    hosting, hosting_inventory = after("add-virtual-machine.json")
    account, accounts = after("add-user-account.json")
    granted = decompose("order-2", order("grant-access.json"), accounts)
    access_right, rights = (
        granted.items[0].services[0],
        snapshot(fulfilled(granted, map(dict, accounts.services.values()))),
    )
    return {
        "add-internet-access": (order("add-internet-access.json"), snapshot()),
        "modify-internet-access": (order("modify-internet-access.json", SERVICE_ID=access), access_inventory),
        "delete-internet-access": (order("delete-internet-access.json", SERVICE_ID=access), access_inventory),
        "add-virtual-machine": (order("add-virtual-machine.json"), snapshot()),
        "modify-virtual-machine": (order("modify-virtual-machine.json", VM_ID=hosting), hosting_inventory),
        "delete-virtual-machine": (order("delete-virtual-machine.json", VM_ID=hosting), hosting_inventory),
        "change-capacity": (order("change-capacity.json", VM_ID=hosting), hosting_inventory),
        "add-user-account": (order("add-user-account.json"), snapshot()),
        "reset-password": (
            order("reset-password.json", ACCOUNT_ID=account, NEW_PASSWORD="a long enough one"),
            accounts,
        ),
        "grant-access": (order("grant-access.json"), accounts),
        "remove-access": (order("remove-access.json", ACCESS_ID=access_right), rights),
        "install-patch": (order("install-patch.json"), hosting_inventory),
        "add-test-environment": (order("add-test-environment.json"), snapshot()),
        "add-site-survey": (order("add-site-survey.json"), snapshot()),
        "diamond-20-items": (order("diamond-20-items.json"), snapshot()),
        "tmforum-sample": (
            order("tmforum-sample.json", SERVICE_456="service-456", SERVICE_12="service-12"),
            snapshot(SAMPLE_SERVICES),
        ),
    }


CASES = cases()


def summary(plan: Plan) -> dict[str, Any]:
    return {
        "tasks": picture(plan),
        "services": {f"{one.item}:{one.path}": f"{one.action} → {one.state}" for one in plan.services},
        "items": {item.path: list(item.needs) for item in plan.items},
    }


@pytest.mark.parametrize("body", catalogue().values(), ids=lambda body: body["id"])
def test_every_example_specification_can_be_published(body: dict[str, Any]) -> None:
    assert check_publishable(body, PATTERNS, snapshot().specification) == []


@pytest.mark.parametrize("body", catalogue().values(), ids=lambda body: body["id"])
def test_every_example_specification_can_be_ordered(body: dict[str, Any]) -> None:
    specification = snapshot().specifications[body["id"]]
    assert specification.not_orderable(NOW) is None


def test_every_example_order_has_a_golden_plan() -> None:
    assert {file.stem for file in (EXAMPLES / "orders").glob("*.json")} == set(CASES)


@pytest.mark.parametrize("name", CASES)
def test_an_example_order_passes_the_surface_check(name: str) -> None:
    body, seen = CASES[name]
    assert check_order(body, seen) == []


@pytest.mark.parametrize("name", CASES)
def test_an_example_order_leads_to_its_golden_plan(name: str) -> None:
    body, seen = CASES[name]
    expected = json.loads((GOLDEN / f"{name}.json").read_text())
    assert summary(decompose("order-1", body, seen)) == expected


def test_the_diamond_of_twenty_items_runs_six_machines_at_the_same_time() -> None:
    plan = decompose("order-1", *CASES["diamond-20-items"])
    needs = picture(plan)
    after_first = [name for name, before in needs.items() if "first:virtual-machine.configure" in before]
    last = needs["last:virtual-machine.create"]
    assert len(after_first) == 6
    assert {name for name in last if name.endswith("configure")} == {
        f"{side}-{number}:virtual-machine.configure" for side in ("left", "right") for number in (7, 8, 9)
    }


def test_the_examples_ask_only_for_what_an_example_fulfiller_can_do() -> None:
    able = {
        capability["specification"]
        for name in ("network", "platform", "monitoring", "surveyors")
        for capability in json.loads((EXAMPLES / "fulfillers" / f"{name}.json").read_text())["capability"]
    }
    pools = {yaml.safe_load(file.read_text())["name"] for file in (EXAMPLES / "pools").glob("*.yaml")}
    for body, seen in CASES.values():
        for task in decompose("order-1", body, seen).tasks:
            there = pools if task.kind == "allocate" else able
            assert {task.capability.specification, task.capability.name} & there
