"""The kind `pool`: this server's own resource pools as the fulfiller of `allocate` tasks."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar

from adapters.base import BaseFulfiller
from adapters.ports import (
    Done,
    Exhausted,
    FulfillerCall,
    Holder,
    Invalid,
    Member,
    Outcome,
    Refused,
    Reserved,
    ResourcePools,
    Shortage,
)
from models.domain.fulfiller import ENABLED, OWN_POOLS, FulfillerDefinition
from models.domain.pools.demand import Demand
from models.domain.pools.reading import MAX_SECONDS, read_demand
from models.domain.violations import Violation

Document = dict[str, Any]

REGISTRATION: Mapping[str, Any] = {
    "id": OWN_POOLS,
    "name": "Resource pools",
    "kind": "pool",
    "capability": [{"specification": "*", "action": "allocate"}],
}
"""As it is registered at every start: there is one, and it stays."""


class PoolFulfiller(BaseFulfiller):
    """Reserves what a task asks for, and gives it back.

    The task's input is the demand (`read_demand`); null asks for nothing. What is reserved belongs to the service and
    the task's name, and stays so for as long as the service does: an order's reservation has no end of its own.
    """

    kind: ClassVar[str] = "pool"

    @classmethod
    def check(cls, definition: FulfillerDefinition) -> list[Violation]:
        """Our own pools are registered already, once."""
        found = []
        if definition.id != OWN_POOLS:
            text = f"The pools of this server are registered as {OWN_POOLS!r}, once and for all."
            found.append(Violation("/kind", "builtIn", text))
        if definition.administrative_state != ENABLED:
            text = "The pools of this server cannot be withdrawn: what they have reserved has to be given back to them."
            found.append(Violation("/administrativeState", "builtIn", text))
        return found

    async def engage(self, call: FulfillerCall) -> Outcome:
        """Reserve; in delete, cancel and compensate give back."""
        pools = self.tools.resource_pools
        if pools is None:
            return Refused("This process has no resource pools.")
        if call.operation == "read":
            return Refused("Pools know what they have given, and nothing of the services that it is for.")
        if call.operation != "fulfil":
            why = "cancelled" if call.operation == "cancel" else "undone"
            await pools.release(str(call.fulfil_key), why, at_once=not call.used)
            return Done()
        if call.action == "delete":
            service = str(call.service["id"])
            await pools.release(Holder(service=service, task=call.name, tenant=call.tenant), "the service is deleted")
            return Done()
        for key in call.superseded:
            await pools.release(key, "asked for something else", at_once=True)
        return await self._reserve(pools, call)

    async def _reserve(self, pools: ResourcePools, call: FulfillerCall) -> Outcome:
        if call.input is None:
            return Done()
        demand = _demand(call)
        if isinstance(demand, Refused):
            return demand
        holder = Holder(
            service=str(call.service["id"]),
            order=call.order_id,
            item=call.order_item_id,
            plan=call.task_id.rpartition(":")[0],
            task=call.name,
            tenant=call.tenant,
        )
        match await pools.reserve(call.idempotency_key, holder, demand):
            case Reserved(members=members):
                return reserved(members)
            case Exhausted(reason=reason, pools=exhausted, ahead=ahead):
                return Shortage(reason, exhausted, ahead)
            case Invalid(reason=reason):
                return Refused(reason)


def _demand(call: FulfillerCall) -> Demand | Refused:
    """The demand of a call, in the line's terms: with the order's priority, and without an end."""
    if isinstance(call.input, Mapping) and call.input.get("seconds") is not None:
        return Refused("An order's reservation lasts as long as the order: `seconds` cannot be given.")
    written = call.input
    if isinstance(written, Mapping):
        written = {"priority": call.priority, **written, "seconds": MAX_SECONDS}
    demand = read_demand(written)
    if isinstance(demand, Demand):
        return replace(demand, revises=call.action == "modify")
    faults = "; ".join(f"{fault.pointer or 'input'}: {fault.message}" for fault in demand)
    return Refused(f"The task's input is no demand that a pool could serve. {faults}")


def reserved(members: tuple[Member, ...]) -> Done:
    """What comes out of an allocation: `resource`, all of them; and `id`, `value`, `characteristic` of the first."""
    shown = [_shown(member) for member in members]
    first = shown[0]
    output: Document = {
        "resource": shown,
        "values": [member.value for member in members],
        **{name: first[name] for name in ("id", "value", "characteristic")},
    }
    references = tuple(
        {"id": member.id, "name": member.name, "value": member.value, "@referredType": "Resource"} for member in members
    )
    return Done(output=output, supporting_resource=references)


def _shown(member: Member) -> Document:
    made: Document = {
        "id": member.id,
        "name": member.name,
        "value": member.value,
        "pool": member.pool,
        "characteristic": dict(member.characteristics),
    }
    return {**made, "resourceSpecification": dict(member.specification)} if member.specification else made
