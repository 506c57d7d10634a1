"""Asking policies about the items of an order right before it is planned: what is refused, and what is filled in."""

import asyncio
from contextlib import nullcontext
from datetime import timedelta
from typing import Any

from models.clock import Clock
from models.deciding import ASKED_AGAIN_SECONDS, Deciding
from models.domain.decision_points import DECOMPOSE, HELD
from models.domain.defaulting import with_values
from models.domain.delays import POLICY, Delay, Delayed
from models.domain.errors import InvalidRequest
from models.domain.order_items import OrderItem, items_of
from models.domain.policies import Policy
from models.domain.violations import Violation
from models.store import Store
from models.task_deciding import TaskDeciding

Document = dict[str, Any]

ASKED_ABOUT = frozenset({"add", "modify"})
"""Actions of the items that something is broken into: of what goes or stays there is nothing to say."""


class Decomposing:
    """Has policies decide about the items of orders."""

    def __init__(self, store: Store, clock: Clock, deciding: Deciding) -> None:
        """Ask by `deciding`; what was decided is read here."""
        self._store = store
        self._clock = clock
        self._deciding = deciding

    async def prepare(self, order: Document) -> Document:
        """A stored order as it is to be planned. What was decided about it as it stands is not asked again.

        An order that no policy of the point applies to costs no read and no write.

        Raises:
            InvalidRequest: policies refuse items, with the reason of each.
            Delayed: one that gave no answer is to be asked again.
            Unavailable: the database cannot be reached.
        """
        asking = TaskDeciding(self._store, self._clock, self._deciding, order, lambda: order["body"], nullcontext)
        policies = await asking.policies(DECOMPOSE)
        if not policies:
            return order
        items = [item for item in items_of(order["body"]) if item.action in ASKED_ABOUT]
        made = await asyncio.gather(*(self._asked(asking, policies, order, item) for item in items))
        self._wait_for([one for decisions in made for one in decisions if one["state"] == HELD])
        refused = [found for item, decisions in zip(items, made, strict=True) for found in _refusals(item, decisions)]
        if refused:
            raise InvalidRequest(refused)
        values = {
            item.indexes: found
            for item, decisions in zip(items, made, strict=True)
            if item.action == "add" and (found := _values(decisions))
        }
        return {**order, "body": with_values(order["body"], values)} if values else order

    @staticmethod
    async def _asked(asking: TaskDeciding, policies: list[Policy], order: Document, item: OrderItem) -> list[Document]:
        context = {
            "item": {name: value for name, value in item.body.items() if name != "serviceOrderItem"},
            "service": {**item.service, "characteristic": _by_name(item)},
        }
        occasion = f"{order.get('amended', 0)}:{item.path}"
        return await asking.decide(DECOMPOSE, policies, occasion, context, item=item.path)

    @staticmethod
    def _wait_for(held: list[Document]) -> None:
        if held:
            again = held[0]["asked"] + timedelta(seconds=ASKED_AGAIN_SECONDS)
            names = tuple(dict.fromkeys(one["policy"] for one in held))
            raise Delayed(Delay(POLICY, again, names, held[0]["result"].get("reason") or held[0]["problem"]))


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
