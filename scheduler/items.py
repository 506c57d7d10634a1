"""Items and the services they work on: an item begins when every existing service it names is its own."""

from typing import Any

from models.domain.plan import PlannedItem
from scheduler.engagement import Held
from scheduler.plan_record import PlanRecord
from scheduler.services import Busy, Gone, Services, Taken

Document = dict[str, Any]


class Items:
    """Takes the services of a plan's items into possession before their first task starts.

    Attributes:
        refused: items that cannot begin at all, with the reason; whoever reads it empties it.
    """

    def __init__(self, record: PlanRecord, services: Services) -> None:
        """Work for this plan."""
        self._record = record
        self._services = services
        self._items = {item.path: item for item in record.plan.items}
        self._taken: set[str] = set()
        self.refused: dict[str, Held] = {}

    async def take(self, path: str) -> bool:
        """Whether the item may begin; where it must wait, the plan's `waits` say for what."""
        if path in self._taken:
            return True
        if path in self.refused:
            return False
        item = self._items.get(path)
        wanted = self._existing(item) if item else []
        for key in wanted:
            match await self._services.take(key, self._record.order_id, path):
                case Busy(order=order, item=other):
                    self._note_wait({"item": path, "service": key, "order": order, "orderItem": other})
                    return False
                case Taken(body=body, before=False) if body.get("state") == "terminated":
                    message = f"The service {key} has been terminated meanwhile."
                    self.refused[path] = Held("serviceTerminated", "The service is terminated", message)
                    return False
                case Gone():
                    message = f"The service {key} is not in the inventory any more."
                    self.refused[path] = Held("serviceGone", "The service is gone", message)
                    return False
        self._taken.add(path)
        self._record.waits = [wait for wait in self._record.waits if wait["item"] != path]
        return True

    def _existing(self, item: PlannedItem) -> list[str]:
        """The services to take, in one order everywhere, so that two items never wait for each other."""
        planned = (self._record.services.get(key) for key in item.services)
        return sorted(service.id for service in planned if service and service.action in ("modify", "delete"))

    def _note_wait(self, wait: Document) -> None:
        self._record.waits = [*(other for other in self._record.waits if other["item"] != wait["item"]), wait]
