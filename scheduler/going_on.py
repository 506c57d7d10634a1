"""Tasks that are held, or wait for their customer, and go on."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from models.domain.precedence import ENDED
from models.domain.progress import STUCK
from models.domain.service_change import with_delta
from scheduler.plan_record import PlanRecord

Document = dict[str, Any]

NEW_KEY_AFTER = frozenset({"refused", "informationRequired", "informationMissing"})
"""Errors after which a resumed task is a new call: the fulfiller would repeat its answer to the old key."""
BY_ITSELF = frozenset({"noFulfiller", "poolExhausted"})
"""Errors after which a task goes on by itself, as soon as somebody, or something, is there for it."""


class GoingOn:
    """Takes tasks of one plan up again."""

    def __init__(self, record: PlanRecord, effect: Callable[..., Document]) -> None:
        """Work for this plan; `effect` owes an effect to a service (`Settling.effect`)."""
        self._record = record
        self._progress = record.progress
        self._effect = effect
        self._told: set[str] = set()

    def inform(self, path: str, values: Document) -> None:
        """Take in what a customer has said of an item that waited for it, and go on with it.

        The services that the item asks for get it, and those whose tasks have asked; what they are made of was decided
        when the order was planned, and stays.
        """
        services = {
            service.id: None
            for service in self._record.plan.services
            if service.item == path and service.parent is None
        }
        for key in self._progress.in_state("pending"):
            if _inside(self._progress.tasks[key].item, path):
                services[self._progress.tasks[key].service] = None
        for service in services:
            known = self._effect(service).get("values", {})
            self._effect(service, values=with_delta(known, values) if known else values)
        self.resume(path)

    def reconsider(self, key: str) -> None:
        """Somebody may be there now for a task that nobody could have, or a pool may have what it lacked."""
        run = self._progress.run.get(key)
        if run is None or (self._record.state == "cancelling" and key in self._record.ordered):
            return
        if run.state == "held" and (run.error or {}).get("code") in BY_ITSELF:
            self._progress.move(key, "waiting", attempts=0, error=None)
        elif run.state not in ENDED:  # told before we knew that we wait
            self._told.add(key)

    def take_told(self) -> list[str]:
        """Take up what is held by now, but was told before that it can go on; returns the keys."""
        told = [key for key in self._told if self._progress.run[key].state == "held"]
        self._told = {key for key in self._told if self._progress.run[key].state in ("running", "waiting", "retrying")}
        for key in told:
            self.reconsider(key)
        return told

    def resume(self, path: str | None) -> list[str]:
        """Take up tasks again that are held or wait for information, of one item (with those nested in it) or of all.

        While the order is being cancelled that means the undoing: what was ordered is not taken up any more.

        Returns:
            The keys of those that were held.
        """
        held = []
        for key in self._progress.in_state(*STUCK):
            if self._record.state == "cancelling" and key in self._record.ordered:
                continue
            if path is None or _inside(self._progress.tasks[key].item, path):
                held += [key] if self._progress.run[key].state == "held" else []
                self.take_up(key)
        return held

    def take_up(self, key: str, *, anew: bool = False, due: datetime | None = None) -> None:
        """Take up a task again, at once or at a moment.

        With a new key where that is asked for (`anew`), and where the old one was answered for good.
        """
        run = self._progress.run[key]
        new_key = anew or (run.error or {}).get("code") in NEW_KEY_AFTER
        revision = run.revision + 1 if new_key else run.revision
        fresh: Document = {"attempts": 0, "error": None, "deadline": None, "revision": revision, "started": None}
        self._progress.move(key, "waiting" if due is None else "retrying", due=due, **fresh)


def _inside(item: str, path: str) -> bool:
    """Whether this is the item at the path, or one nested in it."""
    return item == path or item.startswith(f"{path}/")
