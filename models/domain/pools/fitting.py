"""What a demand means to a pool of some kind."""

import ipaddress
from collections.abc import Mapping, Sequence
from typing import Any

from models.domain.pools.amounts import NoAmount, amount_of
from models.domain.pools.demand import Demand
from models.domain.pools.parts import BITS, LISTED, numbered
from models.domain.pools.piece import Shape, Slot
from models.domain.pools.rooms import Need

Traits = tuple[tuple[frozenset[str], ...], frozenset[str]]
"""Sets of traits of which one each is wanted, and traits that are not."""


class DemandWrong(ValueError):
    """The pool can never give what is demanded."""


def traits_of(where: Mapping[str, Sequence[str]]) -> tuple[frozenset[str], ...]:
    """The sets of traits of which a part must have one each."""
    return tuple(frozenset(f"{name}={value}" for value in values) for name, values in sorted(where.items()))


def shapes(demand: Demand, version: int | None, traits: Traits) -> tuple[Shape, ...]:
    """What is wanted of a pool of numbers, names or addresses; the first shape that is there will do.

    Args:
        demand: what is demanded.
        version: of the pool's IP addresses; None where it has none.
        traits: what its part must be like.

    Raises:
        DemandWrong: such a pool has nothing of the kind.
    """
    if demand.amounts:
        raise DemandWrong("Amounts are demanded, and the pool has none: its members are counted.")
    if demand.value is not None and demand.count > 1:
        raise DemandWrong("One value is named, and more than one member demanded.")
    among, without = traits
    if version is None:
        if demand.prefix_length is not None:
            raise DemandWrong("A prefix length is demanded, and the pool has no addresses.")
        places: list[Slot | None] = [None]
        if demand.value is not None:
            places = [(LISTED + demand.value, 0), numbered(demand.value)]
        wanted = [place for place in places if place is not None or demand.value is None]
        return tuple(Shape(1, among, without, place) for place in wanted)
    size, at = _block(demand, version)
    return (Shape(size, among, without, at),)


def _block(demand: Demand, version: int) -> tuple[int, Slot | None]:
    bits = BITS[version]
    length = bits if demand.prefix_length is None else demand.prefix_length
    at: Slot | None = None
    if demand.value is not None:
        try:
            network = ipaddress.ip_network(demand.value)
        except ValueError as error:
            raise DemandWrong(f"{demand.value!r} is no prefix: {error}.") from error
        if network.version != version or demand.prefix_length not in {None, network.prefixlen}:
            raise DemandWrong(f"{demand.value!r} is not what this pool has, or not as long as demanded.")
        length, at = network.prefixlen, ("", int(network.network_address))
    if length > bits:
        raise DemandWrong(f"An IPv{version} prefix has at most {bits} bits; {length} are demanded.")
    return 1 << (bits - length), at


def need(demand: Demand, measures: Sequence[Mapping[str, Any]], traits: Traits) -> Need:
    """What is wanted of a part of a pool of capacity.

    Args:
        demand: what is demanded.
        measures: of the pool: {name, dimension}.
        traits: what the part must be like.

    Raises:
        DemandWrong: the pool has no such measure, or counts it in another unit.
    """
    if not demand.amounts or demand.adjacent or demand.prefix_length is not None:
        raise DemandWrong("Of a pool of capacity amounts are demanded, and nothing else.")
    known = {one["name"]: place for place, one in enumerate(measures)}
    amounts = [0] * len(measures)
    for name, written in demand.amounts.items():
        if name not in known:
            raise DemandWrong(f"The pool has no measure {name!r}; it has {', '.join(known) or 'none'}.")
        try:
            amount = amount_of(written)
        except NoAmount as error:
            raise DemandWrong(f"{name}: {error}") from error
        dimension = measures[known[name]]["dimension"]
        if amount.dimension != dimension:
            raise DemandWrong(f"{name} is counted in {dimension}; {written!r} is demanded.")
        amounts[known[name]] = amount.base
    if not any(amounts):
        raise DemandWrong("Nothing is demanded of any measure.")
    among, without = traits
    return Need(tuple(amounts), among, without, demand.value)
