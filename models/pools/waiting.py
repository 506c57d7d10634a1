"""The line of a pool within a turn: who waits for it, by priority and age."""

from collections.abc import AsyncIterator, Sequence
from typing import TYPE_CHECKING, Any

from pymongo import UpdateOne

from models.domain.pools.demand import Exhausted
from models.pools.asks import Take, demand_document

if TYPE_CHECKING:
    from models.pools.saving import SavingUp
    from models.pools.turn import Turn

Document = dict[str, Any]

DEMAND = "poolDemand"
PORTION = 200


class Waiting:
    """Those who wait for the pool of a turn."""

    def __init__(self, turn: "Turn") -> None:
        """Work in this turn."""
        self._turn = turn

    async def in_order(self, known: set[str], failed: set[str]) -> AsyncIterator[Document]:
        """Those who wait, by priority and age, as long as there is something and somebody who may want it."""
        turn, seen = self._turn, set(known)
        order = [("priority", 1), ("since", 1), ("_id", 1)]
        while not turn.usage.empty:
            query: Document = {"pools": turn.pool["_id"], "state": "waiting"}
            query |= {"_id": {"$nin": list(seen)}, "shape": {"$nin": list(failed)}}
            found = await turn.store.collection(DEMAND).find(query, session=turn.session).sort(order).to_list(PORTION)
            for stored in found:
                seen.add(stored["_id"])
                if stored["shape"] not in failed and not turn.usage.empty:
                    yield stored
            if len(found) < PORTION:
                return

    async def append(self, takes: Sequence[Take], lined: dict[str, Document], saving: "SavingUp") -> None:
        """Let those wait who could not be served, behind those who wait already."""
        turn = self._turn
        before: dict[int, int] = {}
        for take in sorted(takes, key=lambda one: (one.demand.priority, one.since or turn.now)):
            priority = take.demand.priority
            if priority not in before:
                query = {"pools": turn.pool["_id"], "state": "waiting", "priority": {"$lte": priority}}
                count = turn.store.collection(DEMAND).count_documents
                before[priority] = await count(query, session=turn.session)
            reason = f"The pool {turn.pool['body']['name']} has nothing left of what is demanded."
            if saving.hinders(take):
                reason = f"The pool {turn.pool['body']['name']} saves up for a larger demand that has waited longer."
            take.result = Exhausted(reason, take.pools, max(0, before[priority] - (take.key in lined)))
            if take.key in lined:
                continue
            before[priority] += 1
            if not turn.policy.overtaking:
                saving.passed(take)
            document = {
                "_id": take.key,
                "tenant": turn.pool["tenant"],
                "state": "waiting",
                "holder": take.holder.named(),
                "pools": list(take.pools),
                "demand": demand_document(take.demand),
                "shape": take.shape,
                "priority": priority,
                "since": turn.now,
                "created": turn.now,
                "updated": turn.now,
            }
            turn.writes[DEMAND].append(UpdateOne({"_id": take.key}, {"$setOnInsert": document}, upsert=True))
