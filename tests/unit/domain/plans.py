"""Small plans for tests of what is pure."""

from typing import Any

from models.domain.plan import Capability, Plan, PlannedItem, PlannedService, PlannedTask


def task(key: str, needs: tuple[str, ...] = (), **more: Any) -> PlannedTask:
    """A task `item.name` on the service of the item."""
    item = more.pop("item", key.split(".", maxsplit=1)[0])
    more.setdefault("service", f"s{item}")
    more.setdefault("compensation", "operation")
    return PlannedTask(
        key=key,
        name=key,
        item=item,
        specification="spec",
        action="add",
        capability=Capability("spec", "add"),
        needs=needs,
        **more,
    )


def plan(*tasks: PlannedTask, parents: dict[str, str] | None = None, items: tuple[str, ...] = ()) -> Plan:
    """A plan of these tasks, with an item and a service for each that they name."""
    paths = dict.fromkeys([*items, *(each.item for each in tasks)])
    services = dict.fromkeys([*(parents or {}), *(each.service for each in tasks)])
    return Plan(
        tuple(PlannedItem(path, (place,), "add", (f"s{path}",)) for place, path in enumerate(paths)),
        tuple(
            PlannedService(key, key.removeprefix("s"), "add", None, {}, "active", "spec", (parents or {}).get(key))
            for key in services
        ),
        tasks,
    )
