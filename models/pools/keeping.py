"""Members that a holder keeps when it demands something else than before, found within a turn."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from models import resources
from models.domain.pools.demand import Demand
from models.domain.pools.fitting import Traits
from models.domain.pools.keeping import Held, Kind, fits, together
from models.pools.asks import Take
from models.pools.members import Got, amounts_of, piece_of

if TYPE_CHECKING:
    from models.pools.turn import Turn

Document = dict[str, Any]
TraitsOf = Callable[[Demand, Sequence[Got]], Awaitable[Traits | None]]

HELD = {"$in": ["reserved", "used"]}


async def held_by(turn: "Turn", take: Take) -> list[Document]:
    """What the holder of a demand has of this pool by the same task, under other keys; by position."""
    holder = take.holder
    query: Document = {"tenant": turn.pool["tenant"], "pool": turn.pool["_id"], "use": HELD}
    query |= {"holder.service": holder.service, "holder.task": holder.task}
    query |= {"claim": {"$ne": take.key}, "leaving": {"$exists": False}}
    found = turn.store.collection(resources.COLLECTION).find(query, session=turn.session)
    members = [one async for one in found if one["_id"] not in turn.left]
    return sorted(members, key=lambda one: (one.get("position", ""), one["_id"]))


async def kept(turn: "Turn", demand: Demand, members: Sequence[Document], traits_of: TraitsOf) -> list[Document]:
    """Those of the members that still fit a demand.

    Raises:
        DemandWrong: the pool can never give what is demanded.
    """
    kind = Kind(turn.pool.get("version"), turn.pool["measures"])
    documents = {one["_id"]: one for one in members}
    fitting: list[Held] = []
    traits = await traits_of(demand, ())
    for document in members:
        if demand.near:
            traits = await traits_of(demand, [await got_of(turn, documents[one.id]) for one in fitting])
        held = _held(turn.pool, document)
        if traits is not None and fits(held, demand, kind, traits):
            fitting.append(held)
    return [documents[one.id] for one in together(fitting, demand)]


def shares(turn: "Turn", members: Sequence[Document], keeps: Sequence[Document]) -> list[Held]:
    """The shares of capacity among the members that are not kept as they are, so that others may take their place."""
    kept_ids = {one["_id"] for one in keeps}
    return [_held(turn.pool, one) for one in members if one["_id"] not in kept_ids and "position" not in one]


async def got_of(turn: "Turn", member: Mapping[str, Any]) -> Got:
    """A member that is held, as if it had been taken just now."""
    return Got(await turn.part(member["part"]))


def _held(pool: Mapping[str, Any], member: Mapping[str, Any]) -> Held:
    traits = tuple(member.get("traits", ()))
    if "position" in member:
        return Held(member["_id"], member["part"], traits, piece_of(member, pool.get("version")))
    return Held(member["_id"], member["part"], traits, amounts=amounts_of(member, pool["measures"], whole=True))
