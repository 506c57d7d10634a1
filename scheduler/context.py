"""What the expressions of a task can see."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from models.domain.expressions import compile_template
from models.domain.flow_runs import data_of
from models.domain.order_view import item_at
from models.domain.plan import PlannedService, PlannedTask
from models.domain.service_change import Report, values, with_delta
from models.domain.transients import marks
from models.store import Store
from scheduler.plan_record import PlanRecord
from scheduler.services import Services

Document = dict[str, Any]
RELATED = frozenset({"child", "reliesOn", "parent"})
ORDER_SHOWN = ("id", "externalId", "category", "priority", "requestedStartDate", "requestedCompletionDate")
"""What a recipe sees of its order."""
ITEM_SHOWN = ("id", "action", "quantity")
"""What a recipe sees of its order item."""


def service_view(body: Mapping[str, Any]) -> Document:
    """A service as expressions see it: its body, and its characteristics by name as `characteristic`."""
    return {**body, "characteristic": values(body)}


class TaskContext:
    """Evaluates the templates of a plan's tasks, reading only what they mention."""

    def __init__(
        self, store: Store, record: PlanRecord, services: Services, order: Callable[[], Mapping[str, Any]]
    ) -> None:
        """See this plan, its services and the body of its order, or of its process flow, as it last was read."""
        self._store = store
        self._record = record
        self._services = services
        self._order = order
        self._outputs: dict[str, Any] = {}
        self._items = {item.path: item for item in record.plan.items}
        self._children: dict[str, list[PlannedService]] = {}
        for service in record.plan.services:
            if service.parent is not None:
                self._children.setdefault(service.parent, []).append(service)

    @property
    def order(self) -> Mapping[str, Any]:
        """The body of what the plan is for, as it last was read: of an order, or of a process flow."""
        return self._order()

    def remember_output(self, key: str, output: Any) -> None:
        """Keep what a task put out, for those that need it."""
        self._outputs[key] = output

    async def evaluate_input(self, task: PlannedTask) -> Any:
        """The input of a task; None where the specification maps nothing.

        Raises:
            ExpressionError: a template cannot be evaluated on this data.
        """
        if task.input is None or task.of is not None:
            return task.input
        template = compile_template(task.input)
        if not template.expressions:
            return task.input
        return template.evaluate(await self._context(task, template.names))

    async def evaluate(self, value: Any, task: PlannedTask, **more: Any) -> Any:
        """The value of a template that sees what a task's own do, and something more.

        Raises:
            ExpressionError: it cannot be evaluated on this data.
        """
        template = compile_template(value)
        return template.evaluate({**await self._context(task, template.names), **more})

    async def evaluate_output(self, task: PlannedTask, output: Any) -> Report:
        """What a task's output means for its service.

        Raises:
            ExpressionError: a template cannot be evaluated on this data.
        """
        if task.output is None:
            return Report()
        template = compile_template(task.output)
        context = {**await self._context(task, template.names), "output": output}
        made = template.evaluate(context)
        characteristics = tuple(
            {"name": name, "value": value} for name, value in (made.get("characteristic") or {}).items()
        )
        resources = made.get("supportingResource") or []
        if isinstance(resources, Mapping):
            resources = [resources]
        return Report(characteristics, tuple(entry for entry in resources if isinstance(entry, Mapping)))

    async def _context(self, task: PlannedTask, names: frozenset[str]) -> Document:
        if not self._record.is_of_order:
            return {"processFlow": {**self.order, "characteristic": data_of(self.order)}}
        context: Document = {"order": self.order}
        item = self._items.get(task.item)
        if item is not None:
            context["item"] = item_at(self.order, item.pointer)
            if "operation" in names:
                context["operation"] = {"input": marks(context["item"])}
        if "task" in names:
            context["task"] = await self._task_outputs(task)
        planned = self._record.services.get(task.service)
        related = self._related(planned) if planned and names & RELATED else {}
        bodies = self._as_they_are_to_be(await self._services.read({task.service, *related.values()}))
        context["service"] = service_view(bodies.get(task.service, {}))
        for (role, name), key in related.items():
            view = service_view(bodies.get(key, {}))
            if role == "parent":
                context["parent"] = view
            else:
                context.setdefault(role, {})[name] = view
        return context

    def _as_they_are_to_be(self, bodies: Mapping[str, Document]) -> dict[str, Document]:
        """Services with what the plan changes of them: fulfillers are told the new values, which stand afterwards."""
        planned = self._record.services
        return {
            key: {**body, **with_delta(body, planned[key].body)}
            if key in planned and planned[key].action == "modify"
            else body
            for key, body in bodies.items()
        }

    def _related(self, planned: PlannedService) -> dict[tuple[str, str], str]:
        related = {("child", child.name): child.id for child in self._children.get(planned.id, ())}
        for key in planned.relies_on:
            other = self._record.services.get(key)
            related["reliesOn", other.name if other else key] = key
        if planned.parent is not None:
            related["parent", ""] = planned.parent
        return related

    async def _task_outputs(self, task: PlannedTask) -> Document:
        others = [
            other
            for key in self._record.progress.of_service(task.service)
            if (other := self._record.progress.tasks[key]).action == task.action and other.target is None
        ]
        outputs = await self.outputs([other.key for other in others])
        return {other.name: {"output": outputs.get(other.key)} for other in others}

    async def outputs(self, keys: Sequence[str]) -> Document:
        """What tasks have put out, by key; those that have not are left out."""
        missing = [self._record.task_id(key) for key in keys if key not in self._outputs]
        if missing:
            found = self._store.collection("task").find({"_id": {"$in": missing}}, {"key": 1, "output": 1})
            async for document in found:
                self._outputs[document["key"]] = document.get("output")
        return {key: self._outputs[key] for key in keys if key in self._outputs}

    async def surroundings(self, task: PlannedTask) -> Document:
        """What a recipe begins with: the service, those around it, and what identifies item and order.

        The order itself is not among it: a run keeps its data, and an order may be large. Without an order it is what
        the client of its process flow has given.
        """
        if not self._record.is_of_order:
            return data_of(self.order)
        context = await self._context(task, frozenset({*RELATED, "operation"}))
        order, item = context["order"], context.get("item") or {}
        seen: Document = {name: context[name] for name in ("service", *sorted(RELATED)) if name in context}
        return {
            **seen,
            "order": {name: order[name] for name in ORDER_SHOWN if name in order},
            "item": {name: item[name] for name in ITEM_SHOWN if name in item} | {"path": task.item},
            "action": task.action,
        }
