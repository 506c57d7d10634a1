"""What policies are told of a task, besides its order."""

from typing import Any

from models.domain.order_view import item_at
from models.domain.plan import PlannedTask
from models.domain.policy_facts import task_facts
from scheduler.context import TaskContext, service_view
from scheduler.plan_record import PlanRecord
from scheduler.services import Services

Document = dict[str, Any]


def asked_about(record: PlanRecord) -> Document:
    """What policies decide about: the order of a plan, or the process flow, with the name of its recipe."""
    if record.is_of_order:
        return {"_id": record.order_id, "tenant": record.tenant}
    recipe = next((task.recipe[0] for task in record.plan.tasks if task.recipe is not None), "")
    return {"_id": record.owner_id, "tenant": record.tenant, "recipe": recipe}


class TaskFacts:
    """Tells of the tasks of one order's plan."""

    def __init__(self, record: PlanRecord, services: Services, context: TaskContext) -> None:
        """Look at this plan, its services and its order."""
        self._record = record
        self._services = services
        self._context = context
        self._items = {item.path: item for item in record.plan.items}

    async def of(self, task: PlannedTask) -> Document:
        """{task, item, service}: the item without those nested in it, the service as expressions see it.

        A task without an order has no item.

        Raises:
            Unavailable: the database cannot be reached.
        """
        item = self._items.get(task.item)
        found = item_at(self._context.order, item.pointer) if item is not None and self._record.is_of_order else {}
        body = (await self._services.read([task.service])).get(task.service, {}) if task.service else {}
        return {
            "task": self.task(task),
            "item": {name: value for name, value in found.items() if name != "serviceOrderItem"},
            "service": service_view(body),
        }

    def task(self, task: PlannedTask) -> Document:
        """What is known of the task itself."""
        return task_facts(task, self._record.task_id(task.key), self._record.progress.run[task.key].holds)
