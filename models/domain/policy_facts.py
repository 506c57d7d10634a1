"""What policies are told of a task, and of the fulfillers that could have it. Pure."""

from typing import Any

from models.domain.fulfiller import FulfillerDefinition
from models.domain.plan import PlannedTask

Document = dict[str, Any]


def task_facts(task: PlannedTask, task_id: str | None, holds: int) -> Document:
    """What is known of a task itself: its document's id (None where it has none yet), and how often it was held."""
    names = (task.specification, task.capability.name)
    return {
        "id": task_id,
        "name": task.name,
        "kind": task.kind,
        "item": task.item,
        "specification": [name for name in names if name],
        "action": task.capability.action,
        "operation": task.operation,
        "optional": task.optional,
        "held": holds,
    }


def candidate(one: FulfillerDefinition, builder: str | None, under_way: int) -> Document:
    """One that could have the task: `builder` is who has built the service, `under_way` how many calls it has."""
    return {
        "id": one.id,
        "name": one.name,
        "kind": one.kind,
        "priority": one.priority,
        "cost": one.cost,
        "built": one.id == builder,
        "underWay": under_way,
    }
