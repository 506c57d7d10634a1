"""Policies as stored: their versions, those that are asked, and what they have decided."""

from collections.abc import Mapping
from typing import Any, ClassVar

from models import outbox
from models.clock import Clock, to_text
from models.domain.decision_points import HELD
from models.domain.errors import AlreadyExists
from models.domain.events import event_type
from models.domain.lifecycle import LifeCycle
from models.domain.lifecycles import POLICY
from models.domain.policies import PolicySet
from models.policy_tables import read_policy
from models.reading import reading
from models.reference_cache import ReferenceCache
from models.store import Store
from models.versions import Versions

Document = dict[str, Any]

COLLECTION = "policy"
DECISIONS = "policyDecision"
MOST_DECISIONS = 1_000
"""That are looked at of one order."""


class PolicyVersions(Versions):
    """Reads and writes versions of policies."""

    collection: ClassVar[str] = COLLECTION
    word: ClassVar[str] = "policy"
    life: ClassVar[LifeCycle] = POLICY
    parts: ClassVar[tuple[str, ...]] = ("appliesTo", "whenDown", "needs", "testCase")


class PolicyBook:
    """The published policies of all tenants, kept at hand: an order without policies costs no read."""

    def __init__(self, store: Store) -> None:
        """Read policies from this store."""
        self._cache: ReferenceCache[PolicySet] = ReferenceCache(store, COLLECTION, _published)

    def invalidate(self) -> None:
        """Policies have changed, or may have."""
        self._cache.invalidate()

    async def of(self, tenant: str) -> PolicySet:
        """The published policies of a tenant.

        Raises:
            Unavailable: the database cannot be reached.
        """
        return await self._cache.get(tenant)


def _published(documents: list[Document]) -> PolicySet:
    return PolicySet(read_policy(one) for one in documents if one["state"] == "published")


def decision_id(order: str, point: str, policy_name: str, occasion: str = "") -> str:
    """The id of a decision: a policy, whichever version of it, decides once at each point of an order.

    `occasion` tells one time from another where there are several: how often the order was amended, or who asks.
    """
    return f"{order}:{point}:{policy_name}" + (f":{occasion}" if occasion else "")


async def decisions_of(store: Store, tenant: str, order: str) -> list[Document]:
    """The decisions that have been made about an order, the oldest first.

    Raises:
        Unavailable: the database cannot be reached.
    """
    with reading():
        found = store.collection(DECISIONS).find({"tenant": tenant, "order": order}).sort([("created", 1), ("id", 1)])
        return await found.to_list(MOST_DECISIONS)


async def record(store: Store, clock: Clock, decision: Document, why: str | None) -> Document:
    """Store a decision, unless another process has decided the same meanwhile. What was on hold is decided by it.

    Args:
        store: where to.
        clock: the time.
        decision: the document, with its id.
        why: the configured answer was taken, which listeners and the history are told; None where the policy answered.

    Returns:
        The decision that stands.

    Raises:
        Unavailable: the database cannot be reached; safe to repeat.
    """
    decision["body"] = shown(decision)
    told = [outbox.stub(event_type(DECISIONS, "Fallback"), who=decision["policy"], why=why)] if why is not None else []
    made = outbox.first(dict(decision), told, clock.now())
    try:
        await store.insert(DECISIONS, made)
    except AlreadyExists:
        standing = await store.get(DECISIONS, decision["_id"]) or decision
        if standing["state"] != HELD or decision["state"] == HELD:
            return standing
        fields = {name: value for name, value in decision.items() if name not in ("_id", "tenant")}
        gone = () if "problem" in decision else ("problem",)
        change = outbox.change(standing, fields, told, clock.now(), unset=gone)
        guard = {"_id": decision["_id"], "rev": standing["rev"]}
        if not await store.update(DECISIONS, guard, change):
            return await store.get(DECISIONS, decision["_id"]) or decision
    return made


async def note_approval(store: Store, clock: Clock, decision: Document, approval: Document) -> None:
    """Write beside a decision that wanted an approval what people have said; once is enough.

    Raises:
        Unavailable: the database cannot be reached; safe to repeat.
    """
    if "approval" in decision:
        return
    noted = {**decision, "approval": approval}
    change = outbox.change(decision, {"approval": approval, "body": shown(noted)}, [], clock.now())
    await store.update(DECISIONS, {"_id": decision["_id"], "approval": {"$exists": False}}, change)


def shown(decision: Mapping[str, Any]) -> Document:
    """A decision as clients read it: about an order, or a process flow that runs a recipe without one."""
    about = "processFlow" if "recipe" in decision else "order"
    same = ("item", "task", "policy", "result", "problem", "input", "duration", "approval")
    return {
        "id": decision["_id"],
        "decisionPoint": decision["point"],
        "outcome": decision["state"],
        about: decision["order"],
        **{name: decision[name] for name in same if name in decision},
        "date": to_text(decision["asked"]),
    }
