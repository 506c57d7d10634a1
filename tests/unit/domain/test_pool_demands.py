"""Demands on resource pools as tasks and requests write them."""

from typing import Any

import pytest

from models.domain.pools.demand import Demand, Holder, Nearness
from models.domain.pools.reading import read_demand


def test_a_demand_is_read_with_every_attribute() -> None:
    written = {
        "pool": "hosts",
        "resourceSpecification": "virtualMachine",
        "count": "2",
        "adjacent": True,
        "prefixLength": "/29",
        "amounts": {"cpu": 2},
        "value": 100,
        "where": {"place": ["berlin", "munich"], "tier": 1, "gold": True},
        "near": [{"of": "service-1"}, {"by": "place", "of": ["a", "b"], "apart": False}],
        "seconds": 60,
        "priority": "0",
    }
    assert read_demand(written) == Demand(
        pool="hosts",
        specification="virtualMachine",
        count=2,
        adjacent=True,
        prefix_length=29,
        amounts={"cpu": 2},
        value="100",
        where={"place": ("berlin", "munich"), "tier": ("1",), "gold": ("true",)},
        near=(Nearness("capacity", ("service-1",)), Nearness("place", ("a", "b"), apart=False)),
        seconds=60.0,
        priority=0,
    )


def test_an_attribute_that_is_null_is_as_good_as_none() -> None:
    assert read_demand({"pool": "vlans", "count": None}) == Demand(pool="vlans")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("count", 0),
        ("count", True),
        ("count", 1001),
        ("count", 1.5),
        ("prefixLength", 129),
        ("adjacent", "yes"),
        ("amounts", {}),
        ("value", ""),
        ("where", {"place": []}),
        ("where", {"place": [{"id": "berlin"}]}),
        ("near", [{"of": []}, 1]),
        ("near", [{"off": ["a"]}]),
        ("seconds", 0),
        ("colour", "red"),
    ],
)
def test_what_cannot_be_meant_is_refused_at_its_place(name: str, value: Any) -> None:
    faults = read_demand({name: value})
    assert isinstance(faults, list)
    assert [fault.pointer for fault in faults] == [f"/{name}"]


def test_a_holder_selects_by_the_attributes_that_are_named() -> None:
    assert Holder(service="s", task="").named() == {"service": "s"}
