"""The members of pools that somebody has, as resource documents."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from models import resources
from models.domain.ids import derived_id
from models.domain.pools.amounts import shown
from models.domain.pools.definition import Policy, policy_of
from models.domain.pools.demand import Holder, Member
from models.domain.pools.parts import LISTED, Part, digits_of, network_of, position_of
from models.domain.pools.piece import Piece
from models.domain.pools.resizing import Amounts
from models.domain.pools.usage import MEMBERS, Use
from models.domain.resource_states import Standing, put
from models.resources import Cause

Document = dict[str, Any]

STANDINGS: Mapping[Use, Standing] = {
    "reserved": Standing.RESERVED,
    "used": Standing.IN_USE,
    "quarantined": Standing.QUARANTINED,
}


@dataclass(frozen=True, slots=True)
class Claim:
    """Under what, and for whom, members are reserved.

    Attributes:
        key: the call's idempotency key.
        holder: for whom.
        asked: what was demanded, in short; another demand under the key is told from a repetition by it.
        until: when the reservation ends.
        who: subject that asks.
    """

    key: str
    holder: Holder
    asked: str
    until: datetime | None = None
    who: str = "som"

    def resource_id(self, number: int) -> str:
        """The id of its member of this number. It follows from the key, so that no key ever gets two first members."""
        return derived_id("resource", self.key, str(number))


@dataclass(frozen=True, slots=True)
class Got:
    """What was taken out of a pool for one member.

    Attributes:
        part: of the pool.
        piece: the number, name or block of addresses; None for capacity.
        amounts: of capacity, in base units by measure.
        beyond: what that is more than the share that it takes the place of; None where it takes no other's place.
        instead: id of that share.
    """

    part: Part
    piece: Piece | None = None
    amounts: Mapping[str, int] | None = None
    beyond: Mapping[str, int] | None = None
    instead: str | None = None

    @property
    def sizes(self) -> dict[str, int]:
        """How much that is, by measure."""
        if self.piece is None:
            return dict((self.amounts if self.beyond is None else self.beyond) or {})
        return {MEMBERS: self.piece.size}


def made(pool: Mapping[str, Any], claim: Claim, number: int, got: Got, now: datetime) -> Document:
    """The resource document of a member that is reserved now."""
    beside: Document = {
        "pool": pool["_id"],
        "part": got.part.id,
        "traits": list(got.part.traits),
        "use": "reserved",
        "holder": claim.holder.named(),
        "claim": claim.key,
        "asked": claim.asked,
        "cause": Cause(claim.who, claim.holder.order, f"reserved in the pool {pool['body']['name']}"),
    }
    if claim.until is not None:
        beside["until"] = claim.until
    if got.piece is not None:
        beside["position"] = position_of(got.piece.axis, got.piece.start, digits_of(pool.get("version")))
        beside["bits"] = (got.piece.size - 1).bit_length()
    else:
        beside["amounts"] = stored_amounts(got.sizes)
    if got.instead is not None:
        beside |= {"instead": got.instead, "whole": stored_amounts(got.amounts or {})}
    body = _body(pool["body"], policy_of(pool["body"]), got)
    return resources.new(claim.resource_id(number), claim.holder.tenant, body, now, **beside)


def _body(pool: Mapping[str, Any], policy: Policy, got: Got) -> Document:
    part = got.part
    value = part.id if got.piece is None else part.name_of(got.piece)
    body: Document = {"@type": "LogicalResource", "name": f"{pool['name']} {value}", "value": value}
    body["category"] = pool.get("category", pool["name"])
    if "resourceSpecification" in pool:
        body["resourceSpecification"] = pool["resourceSpecification"]
    if part.place is not None:
        body["place"] = dict(part.place)
    facts = {**part.characteristics, **_facts(policy, got)}
    if facts:
        body["resourceCharacteristic"] = [{"name": name, "value": fact} for name, fact in facts.items()]
    return body | put(Standing.RESERVED)


def _facts(policy: Policy, got: Got) -> Document:
    if got.piece is None:
        dimensions = got.part.dimensions
        return {name: shown(amount, dimensions.get(name, "piece")) for name, amount in (got.amounts or {}).items()}
    if got.part.network is None or got.piece.size == 1:
        return {} if got.part.network is None else {"prefixLength": got.part.network.max_prefixlen}
    block = network_of(got.piece, got.part.network.version)
    facts: Document = {"network": str(block.network_address), "prefixLength": block.prefixlen}
    if block.version == 4:
        facts["netmask"] = str(block.netmask)
    if policy.gateway != "none" and got.piece.size > 2:
        last = block.broadcast_address if block.version == 6 else block.broadcast_address - 1
        facts["gateway"] = str(block.network_address + 1 if policy.gateway == "first" else last)
    return facts


def member_of(stored: Mapping[str, Any]) -> Member:
    """A member as its resource document tells of it."""
    body = stored["body"]
    return Member(
        id=stored["_id"],
        name=body.get("name", ""),
        value=body.get("value", ""),
        pool=stored["pool"],
        characteristics={one["name"]: one.get("value") for one in body.get("resourceCharacteristic", ())},
        specification=body.get("resourceSpecification"),
    )


def sizes_of(stored: Mapping[str, Any]) -> dict[str, int]:
    """How much a member takes, by measure."""
    if "position" not in stored:
        return {one["measure"]: one["amount"] for one in stored.get("amounts", ())}
    return {MEMBERS: 1 << stored.get("bits", 0)}


def stored_amounts(amounts: Mapping[str, int]) -> list[Document]:
    """Amounts by measure as a resource document has them; what is nothing is left out."""
    return [{"measure": name, "amount": amount} for name, amount in amounts.items() if amount]


def amounts_of(stored: Mapping[str, Any], measures: Sequence[Mapping[str, Any]], *, whole: bool = False) -> Amounts:
    """The amounts of a share of capacity, by the measures of its pool.

    Args:
        stored: its resource document.
        measures: of the pool.
        whole: all that it is to have, also while the share that it takes the place of has a part of that.
    """
    entries = stored.get("whole" if whole and "whole" in stored else "amounts", ())
    amounts = {one["measure"]: one["amount"] for one in entries}
    return tuple(amounts.get(one["name"], 0) for one in measures)


def piece_of(stored: Mapping[str, Any], version: int | None) -> Piece:
    """The space that a member takes, as a piece."""
    position, traits = stored["position"], tuple(stored.get("traits", ()))
    if position.startswith(LISTED):
        return Piece(position, 0, 0, stored["part"], traits)
    digits = digits_of(version)
    start = int(position[-digits:], 16)
    return Piece(position[:-digits], start, start + (1 << stored.get("bits", 0)) - 1, stored["part"], traits)
