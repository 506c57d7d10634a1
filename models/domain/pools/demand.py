"""What is asked of a resource pool, for whom, and what comes of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from models.domain.caller import DEFAULT_TENANT

LOWEST_PRIORITY = 4


@dataclass(frozen=True, slots=True)
class Holder:
    """For whom resources are reserved. As a selector it means all whose named attributes are the same.

    Attributes:
        service: the service that rests on them.
        order: the order that asked.
        item: its item (path).
        plan: the plan whose task it is.
        task: name of that task in the rules of the service's specification.
        tenant: whose they are.
    """

    service: str | None = None
    order: str | None = None
    item: str | None = None
    plan: str | None = None
    task: str | None = None
    tenant: str = DEFAULT_TENANT

    def named(self) -> dict[str, str]:
        """The attributes that are given, but for the tenant."""
        found = {name: getattr(self, name) for name in ("service", "order", "item", "plan", "task")}
        return {name: value for name, value in found.items() if value}


@dataclass(frozen=True, slots=True)
class Nearness:
    """A condition on what others hold: affinity, or anti-affinity ("not the same host as").

    Attributes:
        by: what is compared: `capacity` (the part of the pool, such as a host), `place`, or a characteristic's name.
        of: ids of services, or of resources, that are compared with.
        apart: True where the values must differ from all of theirs, False where they must be among theirs.
    """

    by: str
    of: tuple[str, ...]
    apart: bool = True


@dataclass(frozen=True, slots=True)
class Demand:
    """What one call wants; all of it or nothing.

    Attributes:
        pool: id or name of the pool; None leaves it to the specification.
        specification: id or name of the resource specification whose pools are asked, in the order of their names.
        count: so many members, or address blocks of the same length.
        adjacent: whether they must lie side by side (numbers and addresses).
        prefix_length: of an address block; None means single addresses.
        amounts: of a pool of capacity: what is wanted of each measure, such as {"cpu": 2, "memory": "4 GiB"}.
        value: this very member, such as "100" of a range of VLANs, or "10.1.0.0/24".
        where: what the part of the pool must be like: values that are allowed, by characteristic (or `place`).
        near: what it must be like compared with what others hold.
        seconds: how long the reservation lasts unless it is committed; None takes the pool's word for it.
        priority: 0 is served first, 4 last, of those who wait.
        revises: whether this is what the holder's task shall have from now on: what the service has by a task of this
            name already, and what still fits, is kept and counts.
    """

    pool: str | None = None
    specification: str | None = None
    count: int = 1
    adjacent: bool = False
    prefix_length: int | None = None
    amounts: Mapping[str, Any] = field(default_factory=dict)
    value: str | None = None
    where: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    near: tuple[Nearness, ...] = ()
    seconds: float | None = None
    priority: int = LOWEST_PRIORITY
    revises: bool = False


@dataclass(frozen=True, slots=True)
class Member:
    """One resource that was reserved.

    Attributes:
        id: of the resource (TMF639), under which it is found from now on.
        name: for people.
        value: the number, the name, or the prefix; of capacity the name of the part that it lies in.
        pool: id of the pool.
        characteristics: further facts by name: of an address block its `network`, `prefixLength`, `netmask`, `gateway`,
            of capacity its amounts in base units, and whatever stands on the part of the pool.
        specification: reference {id, name} of the resource specification, where the pool has one.
    """

    id: str
    name: str
    value: str
    pool: str
    characteristics: Mapping[str, Any] = field(default_factory=dict)
    specification: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Reserved:
    """Everything that was asked for is reserved.

    Attributes:
        members: in the order of their positions, at least one.
        until: when the reservation ends unless it is committed; None means never.
        committed: whether it was committed already.
    """

    members: tuple[Member, ...]
    until: datetime | None = None
    committed: bool = False


@dataclass(frozen=True, slots=True)
class Exhausted:
    """There is not enough left at the moment; the demand waits in line and is served by itself.

    Attributes:
        reason: what is missing, for people.
        pools: ids of the pools that were asked.
        ahead: how many wait before this one.
    """

    reason: str
    pools: tuple[str, ...]
    ahead: int = 0


@dataclass(frozen=True, slots=True)
class Invalid:
    """It can never be given: a person or a rule has to look at the reason. Nothing waits.

    Attributes:
        reason: what is wrong, for people.
        code: a stable word: `unknownPool`, `invalidDemand`, `keyReused`, or `released` (also where it has expired).
    """

    reason: str
    code: str = "invalidDemand"


@dataclass(frozen=True, slots=True)
class Served:
    """A demand that had to wait has got what it wanted: its members are reserved under its key already.

    Attributes:
        key: the call's idempotency key; `reserve` with it answers `Reserved` from now on.
        holder: for whom.
    """

    key: str
    holder: Holder


Allotment = Reserved | Exhausted | Invalid
