"""What a turn of a pool is asked for, each with the future of its answer."""

import asyncio
import hashlib
import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from models.domain.pools.demand import Allotment, Demand, Holder, Nearness

if TYPE_CHECKING:
    from models.pools.turn import Turn


def _future() -> asyncio.Future[Any]:
    return asyncio.get_running_loop().create_future()


@dataclass(slots=True, eq=False)
class Ask:
    """Something that a turn is to do.

    Attributes:
        answer: set when the turn is in the database.
        result: what the answer will be; a turn that has to begin again overwrites it.
    """

    answer: asyncio.Future[Any] = field(default_factory=_future, kw_only=True)
    result: Any = field(default=None, kw_only=True)


@dataclass(slots=True, eq=False)
class Take(Ask):
    """Reserve; the answer is an `Allotment`.

    Attributes:
        key: idempotency key.
        holder: for whom.
        demand: what.
        pools: ids of all pools that may serve it, in whose lines it stands when this one cannot.
        since: when it began to wait; None for a newcomer.
        who: subject that asks.
        shape: the same for demands that the same members would satisfy.
    """

    key: str
    holder: Holder
    demand: Demand
    pools: tuple[str, ...]
    since: datetime | None = None
    who: str = "som"
    result: Allotment | None = field(default=None, kw_only=True)
    shape: str = field(init=False)

    def __post_init__(self) -> None:
        """Tell it apart."""
        self.shape = shape_of(self.demand)


@dataclass(slots=True, eq=False)
class Use(Ask):
    """Members that are reserved are in use from now on; the answer is a list of their documents.

    Attributes:
        ids: of the resources.
        who: subject that says so.
    """

    ids: Sequence[str]
    who: str = "som"


@dataclass(slots=True, eq=False)
class Free(Ask):
    """Give members back, by way of quarantine or at once; the answer is how many were given back.

    Attributes:
        ids: of the resources.
        why: for the history.
        expired: only those whose `until` has come: reservations, and members in quarantine.
        at_once: without quarantine.
        who: subject that says so.
    """

    ids: Sequence[str]
    why: str | None = None
    expired: bool = False
    at_once: bool = False
    who: str = "som"


@dataclass(slots=True, eq=False)
class Serve(Ask):
    """See whether those in line can be served; the answer is how many were."""


@dataclass(slots=True, eq=False)
class Define(Ask):
    """Change what the pool is; the answer is whatever `work` returns.

    Attributes:
        work: does it within the turn.
        made: the document of a pool that is made in this turn.
    """

    work: Callable[["Turn"], Awaitable[Any]]
    made: dict[str, Any] | None = None


def demand_document(demand: Demand) -> dict[str, Any]:
    """A demand as it is stored."""
    return json.loads(json.dumps(asdict(demand)))  # type: ignore[no-any-return] # tuples become lists


def shape_of(demand: Demand) -> str:
    """A short text that tells demands apart by what would satisfy them."""
    amounts, where = sorted(demand.amounts.items()), sorted(demand.where.items())
    told: tuple[Any, ...] = (
        demand.pool, demand.specification, demand.count, demand.adjacent, demand.prefix_length, demand.value,
        *(("revises",) if demand.revises else ()),
    )  # fmt: skip
    return hashlib.sha256(repr((told, amounts, where, demand.near)).encode()).hexdigest()[:16]


def demand_stored(stored: dict[str, Any]) -> Demand:
    """The demand that was stored."""
    where = {name: tuple(values) for name, values in stored["where"].items()}
    near = tuple(Nearness(one["by"], tuple(one["of"]), one["apart"]) for one in stored["near"])
    return Demand(**{**stored, "where": where, "near": near})
