"""Customers: each orders a service, and most of them change or end it afterwards."""

import asyncio
import random
from dataclasses import dataclass, field
from typing import Any

from tests.crash import catalogue
from tests.crash.client import ORDERS, Client

Document = dict[str, Any]

STORIES = (("add",), ("add", "one"), ("add", "both"), ("add", "one", "delete"), ("add", "both", "delete"))
ORDERS_OF = {"add": 1, "one": 1, "both": 2, "delete": 1}
COMPLETES_WITHIN = 180.0


@dataclass(slots=True)
class Customer:
    """One customer's story and what should have come of it.

    Attributes:
        service: id of the service, once it is ordered.
        values: what the service's characteristics should be.
        deleted: whether the service should have been taken out of use.
        orders: ids of accepted orders.
        open: how many of them have not completed.
        trouble: why the story did not come to its end.
    """

    name: str
    specification: str
    story: tuple[str, ...]
    service: str = ""
    values: Document = field(default_factory=dict)
    deleted: bool = False
    orders: list[str] = field(default_factory=list)
    open: int = 0
    trouble: str = ""

    async def live(self, client: Client) -> None:
        """Place all orders, one chapter after the other."""
        try:
            for chapter in self.story:
                await self._chapter(client, chapter)
        except (AssertionError, LookupError) as problem:
            self.trouble = f"{type(problem).__name__}: {problem}"

    async def _chapter(self, client: Client, chapter: str) -> None:
        match chapter:
            case "add":
                self.values = {catalogue.BANDWIDTH: 10, catalogue.LABEL: "first"}
                order = catalogue.add(self.name, self.specification, self.values)
                done = await self._place(client, chapter, order)
                plan = await client.get(f"/som/v1/plan/{done['id']}")
                self.service = done["serviceOrderItem"][0]["service"].get("id") or plan["service"][0]["id"]
            case "one":
                await self._change(client, "one", {catalogue.BANDWIDTH: 20})
            case "both":  # two orders at the same time on one service, which may belong to one of them only
                await asyncio.gather(
                    self._change(client, "left", {catalogue.BANDWIDTH: 30}),
                    self._change(client, "right", {catalogue.LABEL: "second"}),
                )
            case "delete":
                self.deleted = True
                await self._place(client, chapter, catalogue.delete(f"{self.name} delete", self.service))

    async def _change(self, client: Client, chapter: str, values: Document) -> None:
        self.values |= values
        await self._place(client, chapter, catalogue.modify(f"{self.name} {chapter}", self.service, values))

    async def _place(self, client: Client, chapter: str, order: Document) -> Document:
        """Order, repeating what was not answered, and wait for the order's completion."""
        accepted = await client.make(ORDERS, order, key=f"{self.name}/{chapter}")
        self.orders.append(str(accepted["id"]))
        self.open += 1
        done = await client.until(
            accepted["id"], "completed", "failed", "rejected", "partial", "held", seconds=COMPLETES_WITHIN
        )
        assert done["state"] == "completed", f"order {accepted['id']} is {done['state']}: {done.get('errorMessage')}"
        self.open -= 1
        return done


def customers(orders: int, chance: random.Random) -> list[Customer]:
    """Customers who place so many orders in all."""
    made: list[Customer] = []
    left = orders
    while left > 0:
        story = STORIES[len(made) % len(STORIES)]
        while sum(ORDERS_OF[chapter] for chapter in story) > left:
            story = story[:-1] if len(story) > 1 else ("add",)
        left -= sum(ORDERS_OF[chapter] for chapter in story)
        made.append(Customer(f"customer-{len(made)}", chance.choice(catalogue.ORDERABLE), story))
    return made
