"""The delete tasks of services that an order built: how `add` is undone when the order is cancelled."""

from collections.abc import Sequence

from models.domain.draft import Draft, Unplannable
from models.domain.order_items import OrderItem
from models.domain.plan import PlannedTask
from models.domain.removals import in_use, removed_node, users_of
from models.domain.snapshot import Snapshot
from models.domain.task_layout import TaskLayout
from models.domain.violations import Violation


def delete_tasks(order_id: str, snapshot: Snapshot, services: Sequence[tuple[str, str]]) -> list[PlannedTask]:
    """Return the delete tasks of services (item path, id), with needs among the tasks of one service only.

    Which service is undone before which follows from what was done, and is for the caller to say.

    Raises:
        Unplannable: somebody else relies on one of them meanwhile.
    """
    draft = Draft(order_id, {}, snapshot, ())
    doomed = frozenset(service_id for _, service_id in services)
    layout = TaskLayout(draft)
    for path, service_id in services:
        body = snapshot.services.get(service_id)
        if body is None:
            continue
        users = users_of(draft, service_id, doomed)
        if users:
            draft.violations.append(Violation("/serviceOrderItem", "serviceInUse", in_use(service_id, users)))
            continue
        item = OrderItem(path, (), None, {"id": path.rsplit("/", 1)[-1], "action": "delete"})
        specification = snapshot.specification_of(body)
        layout.lay_alone(removed_node(draft, item, body, specification.name if specification else "service", None))
    if draft.violations:
        raise Unplannable(draft.violations)
    return layout.tasks
