"""When an order will probably be done, and whether the date that its customer asked for is in jeopardy."""

from collections.abc import Generator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from models.clock import Clock, parse, to_text
from models.domain.jeopardy import Jeopardy, jeopardy, latest
from models.domain.order_view import item_at
from models.domain.outlook import Outlook, outlook_steps
from models.durations import Durations
from models.slices import in_slices
from scheduler.plan_record import PlanRecord

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Sight:
    """What the order is to say of its future.

    Attributes:
        expected: for `expectedCompletionDate`; None where it cannot be told.
        alert: an entry for `jeopardyAlert`; told once.
    """

    expected: str | None = None
    alert: Document | None = None


NOTHING = Sight()


class Forecast:
    """Looks ahead over one plan."""

    def __init__(self, durations: Durations, clock: Clock, record: PlanRecord, body: Mapping[str, Any]) -> None:
        """Look ahead over this plan of the order with this body."""
        self._durations = durations
        self._clock = clock
        self._record = record
        self._expected: dict[str, float] | None = None
        self._places = {item.path: item.pointer for item in record.plan.items}
        self._requested = _moment(body, "requestedCompletionDate")
        self._begun = _moment(body, "orderDate") or clock.now()
        self._due: datetime | None = None

    @property
    def due(self) -> datetime | None:
        """When to look again although nothing has moved: the promised date would be in jeopardy from then on."""
        return self._due

    async def look(self, body: Mapping[str, Any]) -> Sight:
        """Look ahead.

        Args:
            body: the order as it stands; alerts that it has are not raised again.

        Raises:
            Unavailable: the database cannot be reached.
        """
        self._due = None
        if self._record.state != "running" or not self._record.is_of_order:
            return NOTHING
        now = self._clock.now()
        view = await in_slices(self._steps(await self._durations_of_tasks(), now))
        expected = to_text(now + timedelta(seconds=view.seconds)) if view.path and view.known else None
        alert = None if self._requested is None else self._alert(body, view, self._requested, now)
        return Sight(expected, alert)

    def _steps(self, expected: dict[str, float], now: datetime) -> Generator[None, None, Outlook]:
        return outlook_steps(self._record.progress, expected, now)

    async def _durations_of_tasks(self) -> dict[str, float]:
        """Known once per run of the plan: what is learnt meanwhile comes too late for it."""
        if self._expected is None:
            progress = self._record.progress
            fulfillers = {key: run.fulfiller for key, run in progress.run.items()}
            self._expected = await self._durations.expected(self._record.tenant, progress.plan.tasks, fulfillers)
        return self._expected

    def _alert(self, body: Mapping[str, Any], view: Outlook, requested: datetime, now: datetime) -> Document | None:
        found = jeopardy(self._record.progress, view, self._begun, requested, now)
        if found is None:
            moment = latest(view, self._begun, requested)
            self._due = moment if view.path and moment > now else None
            return None
        if found.is_told({str(alert.get("id")) for alert in body.get("jeopardyAlert") or ()}):
            return None
        return found.alert(self._record.order_id, self._item_id(body, found), now)

    def _item_id(self, body: Mapping[str, Any], found: Jeopardy) -> str | None:
        pointer = self._places.get(found.item or "")
        return None if pointer is None else item_at(body, pointer).get("id")


def _moment(body: Mapping[str, Any], name: str) -> datetime | None:
    text = body.get(name)
    return parse(text) if text else None
