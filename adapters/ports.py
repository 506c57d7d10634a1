"""The ports: what the inside asks of the outside. The docstrings are the contract; one suite of tests runs over all."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol, runtime_checkable

from models.domain.caller import DEFAULT_TENANT
from models.domain.outcomes import (
    Accepted,
    Done,
    InformationRequired,
    Outcome,
    Progress,
    Refused,
    Report,
    Shortage,
    Unreachable,
    parse_report,
)
from models.domain.policies import Policy
from models.domain.pools.demand import (
    LOWEST_PRIORITY,
    Allotment,
    Demand,
    Exhausted,
    Holder,
    Invalid,
    Member,
    Reserved,
    Served,
)
from models.domain.violations import Violation

__all__ = [
    "Accepted",
    "Allotment",
    "Catalogue",
    "ClosesChanges",
    "Demand",
    "Done",
    "Exhausted",
    "Forms",
    "Fulfiller",
    "FulfillerCall",
    "FulfillerRules",
    "Holder",
    "InformationRequired",
    "Invalid",
    "Inventory",
    "Member",
    "Outcome",
    "Probe",
    "Probed",
    "Progress",
    "Readable",
    "Refused",
    "Report",
    "Reserved",
    "Reserving",
    "ResourcePools",
    "Served",
    "Shortage",
    "TaskFlows",
    "Unreachable",
    "parse_report",
]

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class FulfillerCall:
    """One request to a fulfiller.

    Attributes:
        task_id: the task.
        order_id: the order, where one caused it.
        order_item_id: the order item, where one caused it.
        process_flow_id: the process flow (TMF701) that runs the recipe of which the task is a step, without an order.
        action: add, modify or delete; noChange for read.
        operation: fulfil does the work, compensate undoes it, cancel stops it; read asks what is, and changes nothing.
        service: the service as it is to be (TMF638 body); empty where the work is for none.
        input: what the specification maps; None leaves it to `service`.
        callback_url: where a report may be sent; a secret.
        idempotency_key: the same on every repetition, and then all that is sent is the same too.
        timeout: seconds that the call may take.
        attempt: 1 for the first call; never sent.
        repeated: whether a call with this key may have been made before; never sent.
        former: the service before the modification that is asked for, or to be undone; None for other actions.
        engaged: what was said when the work was taken on that is to be cancelled or undone, or that has asked for
            information since and now goes on with it (`fulfil`); None where there is no such work.
        output: for cancel and compensate: what the work has put out; None where it is not known to be done.
        fulfil_key: for cancel and compensate: idempotency key of the call that is to be undone.
        kind: what sort of thing the task does (`plan.KINDS`).
        name: of the task in the rules of its specification.
        step: of a step of a process flow, the element of the recipe that it is, by id; never sent.
        tenant: whose it is; never sent.
        priority: of the order, 0 is highest, 4 lowest; never sent.
        superseded: keys of earlier calls for the task, with other data, that stand no more; never sent.
        used: for cancel and compensate: whether anybody else has worked on the order item since; never sent.
    """

    task_id: str
    action: str
    service: Mapping[str, Any]
    idempotency_key: str
    operation: Literal["fulfil", "compensate", "cancel", "read"] = "fulfil"
    order_id: str | None = None
    order_item_id: str | None = None
    process_flow_id: str | None = None
    input: Any = None
    callback_url: str | None = field(default=None, repr=False)
    timeout: float = 10.0
    attempt: int = 1
    repeated: bool = False
    former: Mapping[str, Any] | None = None
    engaged: Accepted | None = None
    output: Mapping[str, Any] | None = None
    fulfil_key: str | None = None
    kind: str = "fulfil"
    name: str = ""
    step: str | None = None
    tenant: str = DEFAULT_TENANT
    priority: int = LOWEST_PRIORITY
    superseded: tuple[str, ...] = ()
    used: bool = True


@dataclass(frozen=True, slots=True)
class Probe:
    """What a look at a fulfiller found, without giving it work: it is up, or `down` says what is wrong."""

    down: str | None = None


@runtime_checkable
class Probed(Protocol):
    """A fulfiller that can be looked at without giving it work; a kind has this method or not."""

    async def probe(self, seconds: float) -> Probe | None:
        """Look whether it is up, within so many seconds. None where its registration leaves nothing to look at."""


@runtime_checkable
class Readable(Protocol):
    """A fulfiller that can be asked what has become of a service; a kind has this method or not."""

    async def read(self, call: FulfillerCall) -> Outcome:
        """Tell what is, and change nothing.

        `Done` has the values that the service has there and, if it is known, its state: `active`, `inactive`, or
        `terminated` where it is not there (any more). What it does not name is not known there; null says that a value
        is not there. `Refused` where it cannot be told, `Unreachable` where nobody answers. Nothing is accepted for
        later.
        """


@runtime_checkable
class Reserving(Protocol):
    """A fulfiller that keeps reservations of its own; a kind has these methods or not.

    `Done` has in its output `endDateTime`, where the reservation ends by itself, and `gone` where there is no such
    reservation (any more). `Unreachable` where nobody answers. Repeated, they change nothing.
    """

    async def use(self, reservation: str, seconds: float) -> Outcome:
        """What a reservation holds is in use from now on, as far as the system knows such a thing."""

    async def extend(self, reservation: str, until: datetime, seconds: float) -> Outcome:
        """Let a reservation last until then, if the system does so."""

    async def give_back(self, reservation: str, seconds: float) -> Outcome:
        """Give back what a reservation holds."""


@runtime_checkable
class ClosesChanges(Protocol):
    """A fulfiller with change requests that are to be closed when the work is over; a kind has this method or not."""

    async def close_change(self, change_request: str, status: str, note: str, seconds: float) -> Outcome:
        """End a change request that a task has opened, unless somebody has ended it; repeated, it changes nothing.

        `Done` also where there is no such change request (any more). `Unreachable` where nobody answers.

        Args:
            change_request: its id there.
            status: completed, failed or cancelled.
            note: what came of the work, for people.
            seconds: that it may take.
        """


@runtime_checkable
class Fulfiller(Protocol):
    """Somebody who does work.

    Every call ends in an outcome within `call.timeout` seconds; nothing is raised except cancellation. A repeated call
    (same key) has no second effect, or else its registration says that the key is not honoured.
    """

    @property
    def kind(self) -> str:
        """Name of its kind; a class variable will do."""

    async def engage(self, call: FulfillerCall) -> Outcome:
        """Ask for the work: `Done`, `Accepted`, `Refused` or `Unreachable`."""

    async def poll(self, reference: Accepted, call: FulfillerCall) -> Outcome:
        """Look how accepted work is: `Done`, `Refused`, `Progress`, or `Unreachable` when it could not be seen."""

    async def aclose(self) -> None:
        """Let go of what this instance holds. Calls under way may still end."""


class Forms(Protocol):
    """Forms that say, as JSON schemas, what a person reports back."""

    def faults(self, form: Any) -> list[Violation]:
        """What is wrong with a form; pointers lead into it."""

    def violations(self, form: Mapping[str, Any], values: Mapping[str, Any]) -> list[Violation]:
        """What is wrong with what is reported by a form without faults; pointers lead into the values."""


class FulfillerRules(Protocol):
    """What a registration must keep to: the rules of all fulfillers, and those of its kind."""

    def violations(self, body: Mapping[str, Any], credentials: Mapping[str, Any] | None) -> list[Violation]:
        """What is wrong with this registration; its types fit the schema already.

        Args:
            body: the fulfiller as it is to be stored, without credentials.
            credentials: those that will be in force, new or kept.
        """


class PolicyService(Protocol):
    """A service that decides by policies of its own."""

    async def ask(self, policy: Policy, question: Mapping[str, Any], token: str | None = None) -> Any:
        """The result of a policy's rule, as it came; `token` proves to the service who asks.

        Raises:
            NoAnswer: there was none in time, or none that is one; says why, without anything secret.
        """


class TaskFlows(Protocol):
    """The tasks of people (TMF701). Each stands for one call, whose idempotency key it is known by.

    All raise SomError when the database cannot be reached.
    """

    async def order(self, order_id: str) -> Document | None:
        """The body of an order; None where there is none."""

    async def open(self, key: str, body: Mapping[str, Any], seconds: float) -> Document:
        """Make the task flow of a call unless it is there, whatever its state; returns its body, with its id.

        Args:
            key: of the call.
            body: what is to be done, and by whom.
            seconds: until it is due.
        """

    async def look(self, key: str) -> Document | None:
        """The body of the task flow of a call; None where there is none."""

    async def withdraw(self, key: str) -> Document | None:
        """End the task flow of a call unless it has ended; returns its body then, None where there is none."""


class ResourcePools(Protocol):
    """Pools that resources are taken from. Nothing is ever given to two, and every call may be repeated safely.

    The life of what is asked for under one key: nothing, or waiting in line → reserved → committed → released. What is
    released rests in quarantine as long as its pool wants it, then it is free. Waiting costs its holder nothing: when
    members are added, released or leave quarantine, the first in line that can be served get theirs *reserved under
    their key*, in order of priority, then age; a later demand never gets what an earlier one of the same or a higher
    priority could have used. Exactly those are told of by `served`, and find `Reserved` when they ask again.

    How a task waits: `reserve` answers `Exhausted`; the task is held; `served` names it; the task asks again with the
    *same* key. A key is a promise: with another demand it is `Invalid` (`keyReused`). Give a changed demand a new key,
    and release the old one.

    All raise SomError when the database cannot be reached; then repeat.
    """

    async def reserve(self, key: str, holder: Holder, demand: Demand) -> Allotment:
        """Reserve what is demanded, all or nothing; repeated, it tells how things are now.

        Args:
            key: the call's idempotency key.
            holder: for whom.
            demand: what is wanted.

        Returns:
            `Reserved` (also where it has been committed since), `Exhausted` (the demand stands in line from now on),
            or `Invalid`: also after `release`, so that a call which comes late takes nothing.
        """

    async def look(self, key: str) -> Reserved | Exhausted | None:
        """What the key has: members, a place in line, or None where it has nothing (any more)."""

    async def commit(self, of: Holder | str) -> tuple[Member, ...]:
        """The members of a key, or of all keys of a holder, are in use now; they are kept until they are released.

        Returns:
            All members that they have; those that were committed before, too. None where a reservation has expired.
        """

    async def release(self, of: Holder | str, why: str | None = None, *, at_once: bool = False) -> int:
        """Give up what a key, or all keys of a holder, have or wait for.

        A holder's named attributes select: `Holder(service=…)` is everything that the service holds, whichever order
        asked. A key that never had anything is noted, so that its call, if it comes late, is `Invalid`.

        Args:
            of: the key, or whose.
            why: for the history, such as "cancelled".
            at_once: without quarantine, since nobody can have used them.

        Returns:
            How many members were released now.
        """

    async def held(self, of: Holder) -> tuple[str, ...]:
        """The ids of the members that a holder has, and is not about to lose (`part_with`)."""

    async def part_with(self, ids: Sequence[str], *, leaving: bool) -> None:
        """Note that the holder of these members does without them from now on, or has them after all.

        They stay its own, so that nobody else gets them, but a revised demand of its does not keep them any more.
        """

    async def give_up(self, ids: Sequence[str], why: str | None = None) -> int:
        """Release these members, through quarantine; repeated, it changes nothing.

        Returns:
            How many were released now.
        """

    async def served(self, limit: int = 100) -> tuple[Served, ...]:
        """Those whose waiting has ended with members reserved for them, and who have not been `told`; oldest first.

        After a crash they are named again: whoever is told twice is told the same.
        """

    async def told(self, keys: Iterable[str]) -> None:
        """These need not be named by `served` any more: their holders know, or are gone."""


class Catalogue(Protocol):
    """Service specifications (TMF633), our own or a foreign catalogue's."""

    async def specification(
        self,
        tenant: str,
        *,
        id: str | None = None,  # noqa: A002 - the attribute's name
        name: str | None = None,
        version: str | None = None,
    ) -> Document | None:
        """The body of a specification: by id; by name and version; or by name, then its newest orderable version."""


class Inventory(Protocol):
    """Services (TMF638), our own or a foreign inventory's."""

    async def services(self, tenant: str, ids: Iterable[str]) -> dict[str, Document]:
        """Bodies of those of the services that exist, by id."""

    async def find_shared(
        self, tenant: str, specification_id: str, characteristics: Mapping[str, Any] | None = None
    ) -> Document | None:
        """Body of a living service of this specification with these values, which another service may rely on."""
