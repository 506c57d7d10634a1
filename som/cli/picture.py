"""An order and its plan at one moment, as a person wants to see them. Pure: takes answers of the server apart."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

ENDED = frozenset({"completed", "failed", "partial", "cancelled", "rejected"})
"""States of an order that it does not leave any more."""


@dataclass(frozen=True, slots=True)
class TaskRow:
    """A task in words."""

    key: str
    name: str
    item: str
    service: str
    state: str
    fulfiller: str
    attempts: int
    seconds: float | None
    trouble: str
    operation: str
    kind: str = ""

    @property
    def label(self) -> str:
        """Its name, and what is done when that is not the ordinary."""
        told = [what for what in (self.kind, self.operation) if what not in ("", "fulfil")]
        return f"{self.name} ({', '.join(told)})" if told else self.name


@dataclass(frozen=True, slots=True)
class ItemRow:
    """An order item in words; nested ones have a path such as 1/2."""

    path: str
    action: str
    state: str
    what: str


@dataclass(frozen=True, slots=True)
class Picture:
    """Everything that is shown of an order."""

    order: Mapping[str, Any]
    items: Sequence[ItemRow]
    tasks: Sequence[TaskRow]

    @property
    def state(self) -> str:
        """The order's state."""
        return str(self.order.get("state", ""))

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen to the order."""
        return self.state in ENDED

    @property
    def milestones(self) -> list[str]:
        """Names of the milestones that the order has reached, in their order."""
        return [str(one.get("name")) for one in self.order.get("milestone") or ()]

    @property
    def trouble(self) -> list[str]:
        """What is wrong, in the server's words: of the order and of its items."""
        return [*_messages(self.order), *(text for _, item in walk(self.order) for text in _messages(item))]


def picture(
    order: Mapping[str, Any], plan: Mapping[str, Any] | None, names: Mapping[str, str], now: datetime | None = None
) -> Picture:
    """Put together what the server says.

    Args:
        order: a TMF641 service order.
        plan: the plan of it, when there is one already.
        names: names of fulfillers by their identifiers.
        now: the time that running tasks are measured against.
    """
    items = [
        ItemRow(path, str(item.get("action", "")), str(item.get("state", "")), _what(item))
        for path, item in walk(order)
    ]
    plan = plan or {}
    planned: Sequence[Mapping[str, Any]] = plan.get("service") or ()
    services = {service.get("id"): _service(service) for service in planned}
    moment = now or datetime.now(UTC)
    tasks = [_task(task, services, names, moment) for task in plan.get("task", ())]
    return Picture(order, items, tasks)


def walk(order: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Path and body of every item, nested ones after the one around them."""
    yield from _walk(order.get("serviceOrderItem") or (), "")


def pointer(order: Mapping[str, Any], path: str) -> str | None:
    """JSON pointer of the item at a path such as `1/2`, or None where there is none."""
    found, where = order, ""
    for part in path.split("/"):
        items: Sequence[Mapping[str, Any]] = found.get("serviceOrderItem") or ()
        place = next((number for number, item in enumerate(items) if str(item.get("id")) == part), None)
        if place is None:
            return None
        found, where = items[place], f"{where}/serviceOrderItem/{place}"
    return where


def _walk(items: Sequence[Mapping[str, Any]], above: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for item in items:
        path = f"{above}{item.get('id')}"
        yield path, item
        yield from _walk(item.get("serviceOrderItem") or (), f"{path}/")


def _messages(about: Mapping[str, Any]) -> list[str]:
    errors = about.get("errorMessage") or []
    listed: list[Any] = errors if isinstance(errors, list) else [errors]
    return [str(error.get("message") or error.get("reason") or error.get("code") or "") for error in listed]


def _what(item: Mapping[str, Any]) -> str:
    service = item.get("service") or {}
    specification = service.get("serviceSpecification") or {}
    return str(service.get("name") or specification.get("name") or specification.get("id") or service.get("id") or "")


def _service(service: Mapping[str, Any]) -> str:
    specification = service.get("specification") or {}
    return str(service.get("name") or specification.get("name") or service.get("id") or "")


def _task(task: Mapping[str, Any], services: Mapping[Any, str], names: Mapping[str, str], now: datetime) -> TaskRow:
    fulfiller = str(task.get("fulfiller") or "")
    return TaskRow(
        key=str(task.get("key", "")),
        name=str(task.get("name", "")),
        item=str(task.get("item", "")),
        service=services.get(task.get("service"), ""),
        state=str(task.get("state", "")),
        fulfiller=names.get(fulfiller, fulfiller),
        attempts=int(task.get("attempts") or 0),
        seconds=_seconds(task.get("startDate"), task.get("endDate"), now),
        trouble=str((task.get("error") or {}).get("message", "")),
        operation=str(task.get("operation", "")),
        kind=str(task.get("kind", "")),
    )


def _seconds(start: str | None, end: str | None, now: datetime) -> float | None:
    if not start:
        return None
    until = datetime.fromisoformat(end) if end else now
    return max(0.0, (until - datetime.fromisoformat(start)).total_seconds())
