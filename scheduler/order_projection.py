"""The order as its plan makes it: written whenever the plan has moved, and never ahead of it."""

from collections.abc import Sequence
from typing import Any

from models import outbox
from models.clock import Clock
from models.domain.caller import ENGINE
from models.domain.errors import NotFound
from models.domain.fallout import shown_error
from models.domain.lifecycles import SERVICE_ORDER
from models.domain.order_view import (
    ItemState,
    OrderChange,
    built_services,
    error_message,
    field_path,
    item_at,
    item_path,
    order_change,
)
from models.domain.plan import PlannedItem
from models.domain.progress import Progress
from models.domain.rollup import ItemView, roll_up
from models.store import Store
from models.transients import FIELD
from scheduler.order_news import News
from scheduler.subject import NO_MESSAGE, Message, Plot

Document = dict[str, Any]

COLLECTION = "serviceOrder"
SECONDS_PER_ITEM = 0.001
SHOWN_ITEMS = 20


class OrderProjection:
    """Keeps one order true to its plan.

    The order carries the plan revision that it shows. A big order is written less often: its events hold it whole, and
    the cost of telling must not grow with the square of its items.
    """

    def __init__(self, store: Store, clock: Clock, order: Document) -> None:
        """Keep this order, as it was read."""
        self._store = store
        self._clock = clock
        self._order = order
        self._views: dict[str, ItemView] = {}
        self._items: dict[str, PlannedItem] = {}
        self._last_write = float("-inf")

    @property
    def body(self) -> Document:
        """The order's body as last read or written."""
        body: Document = self._order["body"]
        return body

    @property
    def revision(self) -> int:
        """The plan revision that the order shows; 0 before the first."""
        shown: int = self._order.get("planRev", 0)
        return shown

    def wait_seconds(self, monotonic: float) -> float:
        """How long the next write of a big order should still wait."""
        return self._last_write + SECONDS_PER_ITEM * len(self._items) - monotonic

    def views(self, progress: Progress) -> dict[str, ItemView]:
        """The views of all items by path, brought up to date for those whose tasks have moved."""
        if not self._items:
            self._items = {item.path: item for item in progress.plan.items}
        for path in progress.dirty_items:
            if path in self._items:
                self._views[path] = progress.item_view(self._items[path])
        return self._views

    async def write(
        self, progress: Progress, revision: int, monotonic: float, plot: Plot, message: Message = NO_MESSAGE
    ) -> bool:
        """Write what the plan's progress changes in the order, with the events owed for it (`Subject.write`)."""
        views = self.views(progress)
        while True:
            change = self._difference(progress, views, plot)
            fresh = [told for told in message.news if not told.stands_in(self.body)]
            if not (change or fresh or message.deeds) and "plan" in self._order and "due" not in self._order:
                break
            update = self._update(change, revision, fresh, self._expectation(change, message.expected), message.deeds)
            guard = {"_id": self._order["_id"], "rev": self._order["rev"]}
            if await self._store.update(COLLECTION, guard, update):
                self._remember(update)
                break
            await self.reread(progress)
            if self._order.get("said"):
                return False
        progress.dirty_items.clear()
        self._last_write = monotonic
        return True

    async def reread(self, progress: Progress) -> None:
        """See the order as it is by now: somebody else has changed it."""
        fresh = await self._store.get(COLLECTION, self._order["_id"])
        if fresh is None:
            raise NotFound(f"Order {self._order['_id']} was removed while its plan was running.")
        self._order = fresh
        progress.dirty_items.update(dict.fromkeys(self._items))

    def _difference(self, progress: Progress, views: dict[str, ItemView], plot: Plot) -> OrderChange:
        course, steps = plot(self.body["state"]), []
        items = {}
        for path in self._items if course.phase == "cancelled" else progress.dirty_items:
            if (item := self._items.get(path)) is not None:
                before = item_at(self.body, item.pointer).get("state", "acknowledged")
                errors = [error_message(**shown_error(run, "serviceOrder")) for run in progress.stuck(item)]
                items[item.pointer] = ItemState(course.item_state(before, views[path].state), errors)
        if course.phase == "working":
            steps = [roll_up(views.values())]
        change = order_change(self.body, items, [*course.steps, *steps], self._clock.text(), course.errors)
        if course.reason is not None and "cancelled" in change.states:
            change.fields["cancellationReason"] = course.reason
        if "plan" not in self._order:
            for item in self._items.values():
                change.fields.update(built_services(self.body, item))
        return change

    def _expectation(self, change: OrderChange, expected: str | None) -> Document:
        """The expected date, where it is ours to say: one that a client has set stands."""
        ours = self.body.get("expectedCompletionDate") == self._order.get("expected")
        if expected is None or not ours or set(change.states) & SERVICE_ORDER.final:
            return {}
        return {"body.expectedCompletionDate": expected, "expected": expected}

    def _update(
        self,
        change: OrderChange,
        revision: int,
        fresh: Sequence[News],
        expectation: Document,
        deeds: Sequence[Document],
    ) -> Document:
        fields = {f"body.{name}": value for name, value in change.fields.items()} | expectation
        unset = [f"body.{name}" for name in change.unset]
        for name in dict.fromkeys(told.attribute for told in fresh):
            entries = [told.entry for told in fresh if told.attribute == name]
            fields[f"body.{name}"] = [*self.body.get(name, ()), *entries]
        fields.update({"planRev": revision, "plan": self._order["_id"]})
        if "due" in self._order or "lease" in self._order:
            unset += ["due", "lease", "fault", "awaits", "delay"]
        if change.fields.get("state") in SERVICE_ORDER.final and FIELD in self._order:
            unset.append(FIELD)
        stubs = (self._state_stubs(change) or self._item_stubs(change)) + self._questions(change)
        state = change.fields.get("state", self.body["state"])
        stubs += [outbox.stub("ServiceOrderAttributeValueChangeEvent", state=state, **deed) for deed in deeds]
        stubs += [
            outbox.stub(
                told.event,
                state=change.fields.get("state", self.body["state"]),
                who=ENGINE.subject,
                why=told.why,
                after={told.attribute: told.shown},
                fields=told.fields,
            )
            for told in fresh
        ]
        return outbox.change(self._order, fields, stubs, self._clock.now(), unset=unset, visible=bool(stubs))

    def _state_stubs(self, change: OrderChange) -> list[outbox.Stub]:
        stubs, before = [], self.body["state"]
        for state in change.states:
            stubs.append(
                outbox.stub(
                    "ServiceOrderStateChangeEvent",
                    state=state,
                    who=ENGINE.subject,
                    before={"state": before},
                    after={"state": state},
                )
            )
            before = state
        return stubs

    def _item_stubs(self, change: OrderChange) -> list[outbox.Stub]:
        if not change:
            return []
        moved = list(change.items.items())[:SHOWN_ITEMS]
        return [
            outbox.stub(
                "ServiceOrderAttributeValueChangeEvent",
                state=self.body["state"],
                who=ENGINE.subject,
                before={path: states[0] for path, states in moved},
                after={path: states[1] for path, states in moved},
            )
        ]

    def _questions(self, change: OrderChange) -> list[outbox.Stub]:
        """For each item that has begun to wait for information, or for more of it: what is missing, and where."""
        stubs = []
        for item in self._items.values():
            errors = change.fields.get(f"{item_path(item.pointer)}.errorMessage", ())
            asked = [error for error in errors if error["code"] == "informationRequired"]
            if not asked:
                continue
            missing = [entry for error in asked for entry in error.get("missing", ())]
            fields: Document = {"itemPath": item.path, "fieldPath": field_path(self.body, item.pointer, missing)}
            if missing:
                fields["missing"] = missing
            stubs.append(
                outbox.stub(
                    "ServiceOrderInformationRequiredEvent",
                    state=change.fields.get("state", self.body["state"]),
                    who=ENGINE.subject,
                    why="; ".join(error["message"] for error in asked),
                    fields=fields,
                )
            )
        return stubs

    def _remember(self, update: Document) -> None:
        """Keep the order as our own write left it, so that the next one need not read it."""
        increments = update.get("$inc", {})
        for name in ("rev", "seq"):
            self._order[name] += increments.get(name, 0)
        for path, value in update["$set"].items():
            _put(self._order, path.split("."), value)
        for path in update.get("$unset", {}):
            _drop(self._order, path.split("."))


def _put(document: Any, path: list[str], value: Any) -> None:
    for name in path[:-1]:
        document = document[int(name)] if isinstance(document, list) else document[name]
    document[path[-1]] = value


def _drop(document: Any, path: list[str]) -> None:
    for name in path[:-1]:
        document = document[int(name)] if isinstance(document, list) else document[name]
    document.pop(path[-1], None)
