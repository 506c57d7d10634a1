"""Policies as stored: their versions, those that are asked, and what they have decided."""

from typing import Any, ClassVar

from models import outbox
from models.clock import Clock
from models.domain.errors import AlreadyExists
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


def decision_id(order: str, point: str, policy_name: str) -> str:
    """The id of a decision: a policy, whichever version of it, decides once at each point of an order."""
    return f"{order}:{point}:{policy_name}"


async def decisions_of(store: Store, tenant: str, order: str, point: str) -> dict[str, Document]:
    """The decisions that have been made about an order at a decision point, by id.

    Raises:
        Unavailable: the database cannot be reached.
    """
    with reading():
        found = await store.collection(DECISIONS).find({"tenant": tenant, "order": order, "point": point}).to_list()
    return {one["_id"]: one for one in found}


async def record(store: Store, clock: Clock, decision: Document, why: str | None) -> Document:
    """Store a decision, unless another process has decided the same meanwhile.

    Args:
        store: where to.
        clock: the time.
        decision: the document, with its id.
        why: the configured answer was taken, which the history is told of; None where the policy answered.

    Returns:
        The decision that stands.

    Raises:
        Unavailable: the database cannot be reached; safe to repeat.
    """
    told = [outbox.stub("PolicyDecisionFallbackEvent", state=decision["state"], who=decision["policy"], why=why)]
    try:
        await store.insert(DECISIONS, outbox.first(decision, told if why is not None else [], clock.now()))
    except AlreadyExists:
        return await store.get(DECISIONS, decision["_id"]) or decision
    return decision
