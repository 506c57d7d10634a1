"""What a holder has already of what it demands anew: a changed demand keeps what still fits, and takes the rest."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from models.domain.pools.demand import Demand
from models.domain.pools.fitting import Traits, need, shapes
from models.domain.pools.piece import Piece, suits


@dataclass(frozen=True, slots=True)
class Held:
    """A member that the holder has.

    Attributes:
        id: of the resource.
        part: of the pool.
        traits: of that part.
        piece: the number, name or block of addresses; None of capacity.
        amounts: of capacity, base units of each measure of the pool; all that it is to have.
    """

    id: str
    part: str
    traits: tuple[str, ...] = ()
    piece: Piece | None = None
    amounts: tuple[int, ...] = ()


def fits(held: Held, demand: Demand, pool: "Kind", traits: Traits) -> bool:
    """Whether a member is one of those that are demanded.

    A share of capacity is kept as large as it is; one of another size may be what a new one takes the place of.

    Raises:
        DemandWrong: the pool can never give what is demanded.
    """
    among, without = traits
    if not suits(held.traits, among, without):
        return False
    if held.piece is None:
        wanted = need(demand, pool.measures, traits)
        return held.amounts == wanted.amounts and wanted.part in {None, held.part}
    for shape in shapes(demand, pool.version, traits):
        if shape.size == held.piece.size and shape.at in {None, (held.piece.axis, held.piece.start)}:
            return True
    return False


@dataclass(frozen=True, slots=True)
class Kind:
    """What a pool counts.

    Attributes:
        version: of its IP addresses; None where it has none.
        measures: of capacity: {name, dimension}.
    """

    version: int | None = None
    measures: Sequence[dict[str, Any]] = ()


def together(fitting: Sequence[Held], demand: Demand) -> list[Held]:
    """Which of the members that fit are kept: as many as are demanded, and side by side where that is demanded.

    Where members must lie side by side and those at hand do not suffice, none is kept: all are taken anew.

    Args:
        fitting: in the order of their positions.
        demand: what is demanded.
    """
    if not demand.adjacent or demand.count == 1:
        return list(fitting[: demand.count])
    run: list[Held] = []
    for held in fitting:
        run = [*run, held] if run and _beside(run[-1], held) else [held]
        if len(run) == demand.count:
            return run
    return []


def _beside(one: Held, other: Held) -> bool:
    if one.piece is None or other.piece is None:
        return False
    return one.piece.axis == other.piece.axis and one.piece.end + 1 == other.piece.start
