"""Asking policies about the items of an order right before it is planned: what is refused, filled in, and run."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from models.catalogue import Catalogue, Reference
from models.clock import Clock
from models.deciding import ASKED_AGAIN_SECONDS, Deciding
from models.domain.decision_points import DECOMPOSE, HELD
from models.domain.defaulting import with_values
from models.domain.delays import POLICY, Delay, Delayed
from models.domain.draft import as_seen
from models.domain.errors import InvalidRequest
from models.domain.order_items import OrderItem, items_of
from models.domain.policies import Policy
from models.domain.recipe_choice import RecipeWish, wishes_of
from models.domain.violations import Violation
from models.inventory import Inventory
from models.store import Store
from models.task_deciding import TaskDeciding

Document = dict[str, Any]

CHOSEN = "chosen"
"""Where a prepared order has the recipes that policies want, by the path of the item."""


@dataclass(frozen=True, slots=True)
class _Matter:
    """An item that is decided about.

    Attributes:
        item: the item.
        current: the body of the service that it names, as the inventory has it.
        recipes: names of those that can be chosen for the service that it is about.
    """

    item: OrderItem
    current: Document | None
    recipes: tuple[str, ...]

    @property
    def is_asked_about(self) -> bool:
        """Whether there is something to say: how something is broken into, or which recipe takes it away."""
        return self.item.action in ("add", "modify") or (self.item.action == "delete" and bool(self.recipes))

    @property
    def context(self) -> Document:
        """What policies are told of it."""
        told = {name: value for name, value in self.item.body.items() if name != "serviceOrderItem"}
        service = {**self.item.service, "characteristic": _by_name(self.item)}
        made: Document = {"item": told, "service": service, "recipes": list(self.recipes)}
        return made if self.current is None else {**made, "current": as_seen(self.current)}


class Decomposing:
    """Has policies decide about the items of orders."""

    def __init__(
        self, store: Store, clock: Clock, deciding: Deciding, catalogue: Catalogue, inventory: Inventory
    ) -> None:
        """Ask by `deciding`; what was decided is read here, and what the items are about there."""
        self._store = store
        self._clock = clock
        self._deciding = deciding
        self._catalogue = catalogue
        self._inventory = inventory

    async def prepare(self, order: Document) -> Document:
        """A stored order as it is to be planned. What was decided about it as it stands is not asked again.

        An order that no policy of the point applies to costs no read and no write.

        Returns:
            The order, with the values that were filled in, and the recipes that were chosen under `chosen`.

        Raises:
            InvalidRequest: policies refuse items, with the reason of each.
            Delayed: one that gave no answer is to be asked again.
            Unavailable: the database cannot be reached.
        """
        asking = TaskDeciding(self._store, self._clock, self._deciding, order, lambda: order["body"], nullcontext)
        policies = await asking.policies(DECOMPOSE)
        if not policies:
            return order
        matters = [one for one in await self._matters(order) if one.is_asked_about]
        made = await asyncio.gather(*(self._asked(asking, policies, order, one) for one in matters))
        self._wait_for([one for decisions in made for one in decisions if one["state"] == HELD])
        said = [(matter.item, decisions) for matter, decisions in zip(matters, made, strict=True)]
        refused = [found for item, decisions in said for found in _refusals(item, decisions)]
        if refused:
            raise InvalidRequest(refused)
        return _prepared(order, said)

    async def _matters(self, order: Document) -> list[_Matter]:
        tenant, items = order["tenant"], items_of(order["body"])
        named = [str(item.service["id"]) for item in items if item.action != "add" and item.service.get("id")]
        services = await self._inventory.services(tenant, named) if named else {}
        made = []
        for item in items:
            current = services.get(str(item.service.get("id"))) if item.action != "add" else None
            made.append(_Matter(item, current, await self._recipes(tenant, item, current)))
        return made

    async def _recipes(self, tenant: str, item: OrderItem, current: Document | None) -> tuple[str, ...]:
        reference = item.specification or (current or {}).get("serviceSpecification")
        if item.operation is not None or not isinstance(reference, Mapping):
            return ()
        compiled = await self._catalogue.compiled(tenant, Reference.of(reference))
        found = compiled.recipes.get(item.action, ()) if compiled is not None else ()
        return tuple(dict.fromkeys(name for name, _ in found))

    @staticmethod
    async def _asked(
        asking: TaskDeciding, policies: Sequence[Policy], order: Document, matter: _Matter
    ) -> list[Document]:
        occasion = f"{order.get('amended', 0)}:{matter.item.path}"
        return await asking.decide(DECOMPOSE, policies, occasion, matter.context, item=matter.item.path)

    @staticmethod
    def _wait_for(held: list[Document]) -> None:
        if held:
            again = held[0]["asked"] + timedelta(seconds=ASKED_AGAIN_SECONDS)
            names = tuple(dict.fromkeys(one["policy"] for one in held))
            raise Delayed(Delay(POLICY, again, names, held[0]["result"].get("reason") or held[0]["problem"]))


def _prepared(order: Document, said: Sequence[tuple[OrderItem, list[Document]]]) -> Document:
    """The order with what the decisions about its items fill in and choose."""
    values = {item.indexes: found for item, decisions in said if item.action == "add" and (found := _values(decisions))}
    chosen: dict[str, tuple[RecipeWish, ...]] = {}
    for item, decisions in said:
        wishes = tuple(wish for one in decisions for wish in wishes_of(one["policy"], one["result"]))
        if wishes:
            chosen[item.path] = wishes
    made = {**order, "body": with_values(order["body"], values)} if values else order
    return {**made, CHOSEN: chosen} if chosen else made


def _by_name(item: OrderItem) -> Document:
    given = item.service.get("serviceCharacteristic") or ()
    return {str(one.get("name")): one.get("value") for one in given if isinstance(one, dict)}


def _refusals(item: OrderItem, decisions: list[Document]) -> list[Violation]:
    return [
        Violation(
            item.pointer,
            "policyDenied",
            f"{one['result'].get('reason') or 'No reason was given.'} (policy {one['policy']})",
        )
        for one in decisions
        if not one["result"]["allow"]
    ]


def _values(decisions: list[Document]) -> Document:
    """What is filled in; of two policies that say the same characteristic the first by name counts."""
    found: Document = {}
    for one in decisions:
        found = {**(one["result"].get("characteristic") or {}), **found}
    return found
