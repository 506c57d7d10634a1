"""The parts that a pool is made of: ranges of numbers, lists of names, prefixes, or hosts with their amounts."""

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Literal

from models.domain.pools.amounts import amount_of
from models.domain.pools.piece import Piece, Slot, minus
from models.domain.pools.reading import trait_text

Document = dict[str, Any]
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Kind = Literal["discrete", "address", "capacity"]
Spans = dict[str, list[tuple[int, int]]]

KINDS: tuple[Kind, ...] = ("discrete", "address", "capacity")
LISTED = "="
BITS = {4: 32, 6: 128}
_NUMBERED = re.compile(r"(.*?)([0-9]{1,18})", re.DOTALL)
_DIGITS_OF_A_NUMBER = 16
WORDS = ("network", "broadcast", "gateway")


class PartWrong(ValueError):
    """This part of a pool cannot be meant.

    Attributes:
        attribute: in which attribute of the part.
    """

    def __init__(self, attribute: str, message: str) -> None:
        """Say where, and what is wrong."""
        super().__init__(message)
        self.attribute = attribute


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a pool.

    Attributes:
        id: unique in the pool.
        traits: what conditions find it by: `capacity=<id>`, `place=<id>`, and each characteristic as `name=value`.
        spans: which members it has, as runs of numbers by their axis; nothing for capacity.
        head: what stands before the number in a member's name.
        width: how many digits a number has at least.
        network: of addresses.
        amounts: of capacity: base units by measure, over-booked.
        dimensions: of the measures.
        characteristics: by name.
        place: reference to where it is.
    """

    id: str
    traits: tuple[str, ...]
    spans: Spans = field(default_factory=dict)
    head: str = ""
    width: int = 1
    network: Network | None = None
    amounts: Mapping[str, int] = field(default_factory=dict)
    dimensions: Mapping[str, str] = field(default_factory=dict)
    characteristics: Mapping[str, Any] = field(default_factory=dict)
    place: Mapping[str, Any] | None = None

    def pieces(self, spans: Spans) -> list[Piece]:
        """Runs of its members as pieces."""
        return [
            Piece(axis, start, end, self.id, self.traits) for axis, runs in spans.items() for start, end in sorted(runs)
        ]

    def name_of(self, piece: Piece) -> str:
        """How people call a member, or a block of addresses."""
        if piece.axis.startswith(LISTED):
            return piece.axis.removeprefix(LISTED)
        if self.network is None:
            return f"{self.head}{piece.start:0{self.width}d}"
        block = network_of(piece, self.network.version)
        return str(block.network_address) if block.prefixlen == block.max_prefixlen else str(block)


def part_of(kind: Kind, body: Mapping[str, Any]) -> Part:
    """The part that an entry of a pool's `capacity` describes.

    Raises:
        PartWrong: it does not fit the kind of the pool, or cannot be meant.
    """
    characteristics = {one["name"]: one.get("value") for one in body.get("characteristic", ())}
    place = body.get("place")
    traits = {f"capacity={body['id']}"}
    traits |= {f"{name}={trait_text(value)}" for name, value in characteristics.items()}
    if place is not None and place.get("id"):
        traits.add(f"place={place['id']}")
    common: Document = {"id": body["id"], "traits": tuple(sorted(traits)), "place": place}
    common["characteristics"] = characteristics
    match kind:
        case "discrete":
            return Part(**common, **_discrete(body))
        case "address":
            return Part(**common, **_addresses(body))
        case _:
            return Part(**common, **_capacity(body))


def _discrete(body: Mapping[str, Any]) -> Document:
    spans: Spans = {LISTED + name: [(0, 0)] for name in body.get("value", ())}
    made: Document = {"spans": spans}
    amount = body.get("capacityAmount")
    if amount is not None:
        first, last = (str(amount.get(f"capacityAmount{end}", "")) for end in ("From", "To"))
        low, high = _NUMBERED.fullmatch(first), _NUMBERED.fullmatch(last)
        if low is None or high is None or low[1] != high[1] or int(low[2]) > int(high[2]) or LISTED in low[1][:1]:
            raise PartWrong("capacityAmount", f"{first!r} to {last!r} is no range: the same text, then rising numbers.")
        padded = low[2].startswith("0") and len(low[2]) > 1
        if padded and len(low[2]) != len(high[2]):
            raise PartWrong("capacityAmount", f"{first!r} and {last!r} must be as long: they begin with 0.")
        holes = [_number(low[1], word) for word in body.get("withheld", ())]
        spans[low[1]] = minus([(int(low[2]), int(high[2]))], holes)
        made |= {"head": low[1], "width": len(low[2]) if padded else 1}
    elif "value" not in body and not body.get("listed"):
        raise PartWrong("", "A part of a discrete pool has a range (capacityAmount) or a list (value).")
    return made


def _number(head: str, word: str) -> tuple[int, int]:
    found = _NUMBERED.fullmatch(word)
    if found is None or found[1] != head:
        raise PartWrong("withheld", f"{word!r} is none of the numbers of the range.")
    return int(found[2]), int(found[2])


def _addresses(body: Mapping[str, Any]) -> Document:
    if "prefix" not in body:
        raise PartWrong("", "A part of a pool of addresses has a prefix.")
    network = network_read(body["prefix"], "prefix")
    holes = []
    for word in body.get("withheld", ()):
        if word in WORDS:
            holes += _named_hole(network, word)
            continue
        hole = network_read(word, "withheld")
        if hole.version != network.version or not hole.subnet_of(network):  # type: ignore[arg-type] # one version
            raise PartWrong("withheld", f"{word} lies outside of {network}.")
        holes.append((int(hole.network_address), int(hole.broadcast_address)))
    whole = (int(network.network_address), int(network.broadcast_address))
    return {"network": network, "spans": {"": minus([whole], holes)}}


def _named_hole(network: Network, word: str) -> list[tuple[int, int]]:
    """The addresses of a prefix that by custom belong to no host (RFC 950, RFC 3021, RFC 4291 section 2.6.1)."""
    first, last = int(network.network_address), int(network.broadcast_address)
    if last - first < 2:
        return []
    match word:
        case "network":
            return [(first, first)]
        case "broadcast":
            return [(last, last)] if network.version == 4 else []
        case _:
            return [(first + 1, first + 1)]


def _capacity(body: Mapping[str, Any]) -> Document:
    if not body.get("measure"):
        raise PartWrong("", "A part of a pool of capacity has measures.")
    amounts, dimensions = {}, {}
    for one in body["measure"]:
        try:
            amount = amount_of(one["amount"])
        except ValueError as error:
            raise PartWrong("measure", f"{one['name']}: {error}") from error
        amounts[one["name"]] = int(amount.base * Fraction(str(one.get("overbooking", 1))))
        dimensions[one["name"]] = amount.dimension
    return {"amounts": amounts, "dimensions": dimensions}


def network_read(text: str, attribute: str) -> Network:
    """The prefix that a text names.

    Raises:
        PartWrong: it is none, or has host bits.
    """
    try:
        return ipaddress.ip_network(text)
    except ValueError as error:
        raise PartWrong(attribute, f"{text!r} is no prefix: {error}.") from error


def network_of(piece: Piece, version: int) -> Network:
    """The prefix that a block of addresses is."""
    length = BITS[version] - (piece.size - 1).bit_length()
    made = ipaddress.IPv4Network if version == 4 else ipaddress.IPv6Network
    return made((piece.start, length))


def numbered(text: str) -> Slot | None:
    """Axis and number of a name that ends in a number."""
    found = _NUMBERED.fullmatch(text)
    return None if found is None else (found[1], int(found[2]))


def position_of(axis: str, number: int, digits: int = _DIGITS_OF_A_NUMBER) -> str:
    """A text that sorts as the positions of a pool do.

    Args:
        axis: what stands before the number.
        number: its number.
        digits: how many hexadecimal digits the largest number of the pool has.
    """
    return axis if axis.startswith(LISTED) else f"{axis}{number:0{digits}x}"


def digits_of(version: int | None) -> int:
    """How many hexadecimal digits a position of a pool has: of addresses of this IP version, or of numbers."""
    return _DIGITS_OF_A_NUMBER if version is None else BITS[version] // 4
