"""One order of the demo: placed, followed, and checked at every place where its outcome has to show."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from som.cli import files
from som.cli.connection import ADMINISTRATION, INVENTORY, ORDERING, Server, at
from som.cli.exits import Refused, TimedOut
from som.cli.follow import Follower
from som.cli.picture import Picture
from som.cli.views import view
from som.demo.notifications import Mailbox, missing

_PATIENCE_SECONDS = 180.0


@dataclass(frozen=True, slots=True)
class Chapter:
    """An order of the examples.

    Attributes:
        title: for the reader.
        file: name of the order's file.
        keeps: what its first item's service is called in the files of later orders, as `${…}`.
    """

    title: str
    file: str
    keeps: str | None = None


@dataclass(slots=True)
class Outcome:
    """What became of an order, and what was not as it should be."""

    title: str
    order: str
    state: str
    services: dict[str, str] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)


class Storyteller:
    """Plays chapters, one after the other."""

    def __init__(self, server: Server, mailbox: Mailbox, orders: Path) -> None:
        """Know the server, who is told, and where the orders are."""
        self._server = server
        self._mailbox = mailbox
        self._orders = orders
        self._known: dict[str, str] = {}

    def play(self, chapter: Chapter) -> Outcome:
        """Place the order, show it live until its end, and check what it has led to."""
        before = len(self._mailbox.events())
        body = files.read_object(self._orders / chapter.file, self._known)
        try:
            placed = self._server.post(f"{ORDERING}/serviceOrder", body)
        except Refused as refusal:
            return Outcome(chapter.title, "none", "rejected", wrong=[str(refusal)])
        order_id = str(placed["id"])
        outcome = Outcome(chapter.title, order_id, str(placed["state"]))
        try:
            seen = Follower(self._server, order_id, _PATIENCE_SECONDS).follow(
                view(silent=False, notes=self._notes(before)), until=_at_rest
            )
        except TimedOut as trouble:
            outcome.wrong.append(str(trouble))
            return outcome
        outcome.state = seen.state
        if seen.state != "completed":
            outcome.wrong += [f"the order is {seen.state}", *seen.trouble]
        plan = self._server.find(at(f"{ADMINISTRATION}/plan", order_id)) or {}
        if chapter.keeps:
            self._known[chapter.keeps] = _first_service(plan)
        self._check_services(plan, outcome)
        outcome.wrong += missing(self._server, self._mailbox, [order_id, *outcome.services])
        return outcome

    def _notes(self, before: int) -> Callable[[], list[str]]:
        def told() -> list[str]:
            return [_told(event) for event in self._mailbox.events()[before:]]

        return told

    def _check_services(self, plan: Mapping[str, Any], outcome: Outcome) -> None:
        """Every service of the plan has to stand in the inventory as the plan wanted it."""
        planned = plan.get("service") or ()
        if not planned:
            outcome.wrong.append("no services were planned")
        for wanted in planned:
            found = self._server.find(at(f"{INVENTORY}/service", str(wanted["id"])))
            state = str(found.get("state")) if found else "absent"
            outcome.services[str(wanted["id"])] = state
            if state != wanted["state"]:
                name = wanted.get("name") or (wanted.get("specification") or {}).get("name") or wanted["id"]
                outcome.wrong.append(f"service {name} is {state}, not {wanted['state']}")


def _at_rest(seen: Picture) -> bool:
    """Nobody in the demo resolves what is held."""
    return seen.ended or seen.state == "held"


def _first_service(plan: Mapping[str, Any]) -> str:
    """What was ordered; the services that it is made of come after it."""
    items = plan.get("item") or [{}]
    return str(next(iter(items[0].get("service") or ()), ""))


def _told(event: Mapping[str, Any]) -> str:
    state = f": {event['state']}" if event.get("state") else ""
    return f"notified of {event['eventType']} of {event['resource']} {event['resourceId']}{state}"
