"""Items and the services they work on: an item begins when every existing service it names is its own."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from models.clock import Clock
from models.domain.plan import PlannedItem, PlannedService
from models.domain.removals import in_use
from models.together import together
from scheduler.engagement import Held
from scheduler.plan_record import PlanRecord
from scheduler.services import Busy, Gone, Services, There

Document = dict[str, Any]


class Items:
    """Takes the services of a plan's items into possession before their first task starts.

    An item that waits for another order's work on a service stays acknowledged, and the plan's `waits` say for what.

    Attributes:
        refused: items that cannot begin at all, with the reason; whoever reads it empties it.
    """

    def __init__(self, record: PlanRecord, services: Services, clock: Clock) -> None:
        """Work for this plan."""
        self._record = record
        self._clock = clock
        self._services = services
        self._items = {item.path: item for item in record.plan.items}
        self._taken: set[str] = set()
        self._waiting: dict[str, Document] = {}
        self.refused: dict[str, Held] = {}

    def has(self, path: str) -> bool:
        """Whether the item has its services, and may begin."""
        return path in self._taken

    def look_again(self) -> None:
        """Services may have become free."""
        self._waiting.clear()

    async def take(self, paths: Iterable[str]) -> None:
        """Try to take the services of these items, unless that was tried already and nothing has happened since."""
        asked = [path for path in dict.fromkeys(paths) if path not in self._taken and path not in self._waiting]
        await together(self._take(path) for path in asked)
        if asked:
            self._record.waits = list(self._waiting.values())
            for path in asked:
                self._record.progress.block(path, blocked=path in self._waiting)

    async def _take(self, path: str) -> None:
        item = self._items.get(path)
        for planned in self._existing(item) if item else []:
            match await self._services.take(planned, self._record.order_id):
                case Busy(order=order, item=other):
                    wait = {"item": path, "service": planned.id, "order": order, "orderItem": other}
                    self._waiting[path] = {**wait, "since": self._since(wait)}
                    return
                case Gone(terminated=terminated):
                    self.refused[path] = _terminated(planned.id) if terminated else _gone(planned.id)
                    return
                case There():
                    self.refused[path] = _there(planned.id)
                    return
        refused = await self._refuse_deletion(item) or await self._miss_relied_on(item) if item else None
        if refused is not None:
            self.refused[path] = refused
            return
        self._taken.add(path)

    async def _refuse_deletion(self, item: PlannedItem) -> Held | None:
        """Why an item cannot delete what it has taken: since it was planned, somebody has come to rely on it.

        Looked at after the services were taken, as who relies on one looks at it after its own service was made: so one
        of the two sees the other.
        """
        leaving = [one.id for one in self._record.plan.services if one.action == "delete"]
        mine = [key for key in item.services if (one := self._record.services.get(key)) and one.action == "delete"]
        users = await self._services.users(mine, leaving) if mine else []
        return _in_use(mine[0] if len(mine) == 1 else "of the item", users) if users else None

    async def _miss_relied_on(self, item: PlannedItem) -> Held | None:
        """Why an item cannot begin: what it is to rely on is going out of use."""
        planned = (self._record.services.get(key) for key in item.services)
        relied = {key for one in planned if one and one.action in ("add", "modify") for key in one.relies_on}
        outside = [key for key in relied if (one := self._record.services.get(key)) and one.action == "noChange"]
        gone = await self._services.unusable(outside) if outside else None
        return _leaving(gone) if gone is not None else None

    def _since(self, wait: Document) -> datetime:
        """Since when it waits: it may have been found out before, by a former holder of the plan too."""
        known = (
            former["since"] for former in self._record.waits if "since" in former and wait.items() <= former.items()
        )
        return next(known, self._clock.now())

    def _existing(self, item: PlannedItem) -> list[PlannedService]:
        """The services to take, in one order everywhere, so that two items never wait for each other."""
        planned = (self._record.services.get(key) for key in item.services)
        existing = [service for service in planned if service and service.action in ("modify", "delete")]
        return sorted(existing, key=lambda service: service.id)


def _terminated(service: str) -> Held:
    return Held("serviceTerminated", "The service is terminated", f"The service {service} was terminated meanwhile.")


def _there(service: str) -> Held:
    message = f"The service {service}, which was gone and is to be built anew, is there again."
    return Held("serviceBack", "The service is there again", message)


def _in_use(service: str, users: list[str]) -> Held:
    return Held("serviceInUse", "Other services rely on it", in_use(service, users))


def _leaving(service: str) -> Held:
    message = f"The service {service}, which it relies on, was taken out of use meanwhile, or is about to be."
    return Held("reliedOnGone", "What it relies on is gone", message)


def _gone(service: str) -> Held:
    return Held("serviceGone", "The service is gone", f"The service {service} is not in the inventory any more.")
