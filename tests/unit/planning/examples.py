"""The example catalogue and orders as the tests use them, and small catalogues of their own."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from models.domain.plan import Plan
from models.domain.snapshot import RELIES_ON, Snapshot, related_ids
from models.domain.specification import Specification
from models.patterns import Re2Patterns

EXAMPLES = Path(__file__).resolve().parents[3] / "examples"
PATTERNS = Re2Patterns()
NOW = "2026-03-01T12:00:00.000Z"
Body = dict[str, Any]


def catalogue() -> dict[str, Body]:
    """Bodies of the example catalogue by id."""
    bodies = [yaml.safe_load(file.read_text()) for file in sorted((EXAMPLES / "catalogue").glob("*.yaml"))]
    return {body["id"]: body for body in bodies}


def compiled(bodies: Iterable[Mapping[str, Any]]) -> dict[str, Specification]:
    return {str(body["id"]): Specification.from_body(body, PATTERNS) for body in bodies}


EXAMPLE_SPECIFICATIONS = compiled(catalogue().values())


def order(name: str, **fill: str) -> Body:
    """An order of the examples, its placeholders filled in."""
    text = (EXAMPLES / "orders" / name).read_text()
    for placeholder, value in fill.items():
        text = text.replace(f"${{{placeholder}}}", value)
    body: Body = json.loads(text)
    return body


def snapshot(
    services: Iterable[Body] = (), specifications: Mapping[str, Specification] = EXAMPLE_SPECIFICATIONS
) -> Snapshot:
    """A snapshot of an inventory that holds these services and nothing else."""
    bodies = {body["id"]: body for body in services}
    shared: dict[str, list[Body]] = {}
    dependents: dict[str, list[str]] = {}
    for body in bodies.values():
        if body.get("state") == "active":
            shared.setdefault(body.get("serviceSpecification", {}).get("id"), []).append(body)
        for other in related_ids(body, RELIES_ON):
            if body.get("state") != "terminated":
                dependents.setdefault(other, []).append(body["id"])
    return Snapshot(NOW, specifications, bodies, shared, dependents)


def fulfilled(plan: Plan, before: Iterable[Body] = ()) -> list[Body]:
    """What stands in the inventory when a plan of additions is done."""
    built = [{**service.body, "id": service.id, "state": service.state} for service in plan.services
             if service.action == "add"]  # fmt: skip
    return [*before, *built]


def picture(plan: Plan) -> dict[str, list[str]]:
    """Every task as `path.task` with the tasks that it waits for, sorted: what a reader compares."""
    paths = {service.id: f"{service.item}:{service.path}" for service in plan.services}
    names = {task.key: f"{paths[task.service]}.{task.name}" for task in plan.tasks}
    return {names[task.key]: sorted(names[need] for need in task.needs) for task in plan.tasks}


def item(item_id: str, action: str = "add", specification: str | None = None, **more: Any) -> Body:
    """An order item; keyword arguments beyond these are attributes of the item, `service` is merged."""
    service = dict(more.pop("service", {}))
    if specification:
        service["serviceSpecification"] = {"id": specification}
    return {"id": item_id, "action": action, "service": service, **more}


def related(*item_ids: str, kind: str = "dependency") -> list[Body]:
    return [{"relationshipType": kind, "orderItem": {"itemId": item_id}} for item_id in item_ids]


def ordered(*items: Body) -> Body:
    return {"serviceOrderItem": list(items)}


def specification(spec_id: str, *relations: tuple[str, str], **more: Any) -> Body:
    """A specification whose relations are (type, id of the other)."""
    links = [{"relationshipType": kind, "id": other, "role": other} for kind, other in relations]
    return {"id": spec_id, "name": spec_id, "version": "1", "serviceSpecRelationship": links, **more}
