"""Asking policies about the tasks of one plan: at selection, after a failed attempt, and about fallout."""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Any

from models.clock import Clock
from models.deciding import Deciding
from models.domain.decision_points import HELD
from models.domain.policies import Policy, PolicySet, head, head_of_flow
from models.policies import DECISIONS, decision_id
from models.reading import reading
from models.store import Store

Document = dict[str, Any]
Rest = Callable[[], AbstractContextManager[None]]

AT_A_TIME = 10
"""Questions of one plan that are under way: a policy service is not overrun by an order of a thousand items."""


class TaskDeciding:
    """Has policies decide about the tasks of one order.

    Tables decide where they are asked; services are waited for with the plan at rest, so that nobody else is.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - whom and what it asks
        self,
        store: Store,
        clock: Clock,
        deciding: Deciding | None,
        order: Mapping[str, Any],
        body: Callable[[], Mapping[str, Any]],
        rest: Rest,
    ) -> None:
        """Decide about an order ({_id, tenant}), or a process flow ({_id, tenant, recipe}: the name of what it runs).

        `body` gives its body, and `rest` a context in which the plan waits.
        """
        self._store = store
        self._clock = clock
        self._deciding = deciding
        self._order = order
        self._recipe: str | None = order.get("recipe")
        self._body = body
        self._rest = rest
        self._places = asyncio.Semaphore(AT_A_TIME)
        self._set: PolicySet | None = None
        self._known: dict[str, list[Policy]] = {}
        self._head: Document | None = None
        self._waiting = 0
        self._resting = ExitStack()

    async def policies(self, point: str) -> list[Policy]:
        """Those that have a say in the order at a point, by name; what they apply to is looked at once.

        Raises:
            Unavailable: the database cannot be reached.
        """
        if self._deciding is None:
            return []
        found = await self._deciding.book.of(self._order["tenant"])
        if found is not self._set:
            self._set, self._known = found, {}
        if not found.asks_at(point):
            return []
        known = self._known  # other policies may be published while the inventory is asked: these are not theirs
        if point not in known:
            known[point] = found.of(point, await self._told(), self._recipe)
        return known[point]

    async def decide(
        self, point: str, policies: Sequence[Policy], occasion: str, context: Mapping[str, Any], **facts: Any
    ) -> list[Document]:
        """What policies decide about a task, all at the same time; what they have decided on this occasion stands.

        Args:
            point: the decision point.
            policies: those that are asked.
            occasion: tells this decision about this task from others.
            context: what they are told besides the order.
            facts: stand beside the decisions.

        Raises:
            Unavailable: the database cannot be reached.
        """
        if self._deciding is None:
            return []
        order, deciding = self._order, self._deciding
        ids = {decision_id(order["_id"], point, one.name, occasion): one for one in policies}
        standing = await self._standing(list(ids))
        told = {**await self._of_the_order(), "decisionPoint": point, "now": self._clock.text(), **context}

        async def asked(policy: Policy) -> Document:
            async with self._places:
                return await deciding.ask(point, order, policy, occasion, told, **facts)

        with self._at_rest():
            made = await asyncio.gather(*(asked(one) for key, one in ids.items() if key not in standing))
        found = {**standing, **{one["_id"]: one for one in made}}
        return [found[key] for key in ids]

    @contextmanager
    def _at_rest(self) -> Iterator[None]:
        """The plan waits, once, however many of its tasks are decided about."""
        if self._waiting == 0:
            self._resting.enter_context(self._rest())
        self._waiting += 1
        try:
            yield
        finally:
            self._waiting -= 1
            if self._waiting == 0:
                self._resting.close()

    async def _standing(self, ids: list[str]) -> dict[str, Document]:
        with reading():
            found = await self._store.collection(DECISIONS).find({"_id": {"$in": ids}}).to_list()
        return {one["_id"]: one for one in found if one["state"] != HELD}

    async def _of_the_order(self) -> Document:
        if self._head is None:
            tell = head if self._recipe is None else head_of_flow
            self._head = tell(self._order["_id"], await self._told())
        return self._head

    async def _told(self) -> Mapping[str, Any]:
        """The body of the order, whose items say of which specification their services are."""
        if self._deciding is None or self._recipe is not None:
            return self._body()
        return await self._deciding.named(self._order["tenant"], self._body())
