"""Fallout rules as stored: read for the scheduler, and tried on the fallout of the past."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from models.domain.decision_points import FALLOUT
from models.domain.fallout import own_reason_of
from models.domain.fallout_rules import Application, Hold, Rule, decide, rule_of_policy, rules_of
from models.domain.patterns import PatternEngine
from models.policies import DECISIONS
from models.reading import reading
from models.reference_cache import ReferenceCache
from models.store import Store

Document = dict[str, Any]

COLLECTION = "falloutRule"
MOST_TASKS = 20_000
"""A dry run looks at so many tasks at most, those held last."""

_OWNERS_AT_ONCE = 1_000
PolicyWords = Mapping[tuple[str, int], Sequence[Rule]]
"""What policies say of holds, by the task's id and the hold's count, each as a rule that does the same."""


class RuleBook:
    """The rules of all tenants, kept at hand."""

    def __init__(self, store: Store, patterns: PatternEngine) -> None:
        """Read rules from this store."""

        def made(documents: list[Document]) -> tuple[Rule, ...]:
            return rules_of(((document["body"], document["rev"]) for document in documents), patterns)

        self._cache: ReferenceCache[tuple[Rule, ...]] = ReferenceCache(store, COLLECTION, made)

    def invalidate(self) -> None:
        """The rules have changed, or may have."""
        self._cache.invalidate()

    async def of(self, tenant: str) -> tuple[Rule, ...]:
        """The rules of a tenant that are enabled, in the order in which they are read.

        Raises:
            Unavailable: the database cannot be reached.
        """
        return await self._cache.get(tenant)


async def past_holds(store: Store, tenant: str, since: datetime) -> list[Document]:
    """The tasks that were held since a moment, with all their holds.

    Raises:
        Unavailable: the database cannot be reached.
    """
    shown = {"holds": 1, "fallout": 1, "name": 1, "action": 1, "operation": 1, "order": 1, "process": 1}
    where = {"tenant": tenant, "fallout.since": {"$gte": since}}
    with reading():
        return await store.collection("task").find(where, shown).sort("fallout.since", -1).limit(MOST_TASKS).to_list()


async def said_by_policies(
    store: Store, tenant: str, tasks: Iterable[Mapping[str, Any]], in_force: frozenset[str]
) -> PolicyWords:
    """What policies that are in force have said about holds of the past, when they were asked.

    Args:
        store: where decisions are recorded.
        tenant: whose.
        tasks: their documents.
        in_force: ids of policies, `<name>:<version>`.

    Raises:
        Unavailable: the database cannot be reached.
    """
    named = {str(task.get("order") or task.get("process") or "") for task in tasks} - {""}
    owners = sorted(named) if in_force else []  # orders and process flows: decisions name both as `order`
    found: dict[tuple[str, int], list[Rule]] = {}
    for start in range(0, len(owners), _OWNERS_AT_ONCE):
        some = owners[start : start + _OWNERS_AT_ONCE]
        where = {"tenant": tenant, "order": {"$in": some}, "point": FALLOUT, "policy": {"$in": sorted(in_force)}}
        with reading():
            decisions = await store.collection(DECISIONS).find(where).sort("policy", 1).to_list()
        for one in decisions:
            rule = rule_of_policy(one["policy"], one["result"])
            if rule is not None:
                found.setdefault((one["task"], one["input"]["count"]), []).append(rule)
    return found


def judged(
    tasks: Iterable[Mapping[str, Any]], rules: Sequence[Rule], since: datetime, said: PolicyWords | None = None
) -> list[tuple[Mapping[str, Any], Mapping[str, Any], Application | None]]:
    """What rules would have said of each hold since a moment, in the order of the holds; nothing is changed.

    What policies have said (`said`) comes before the rules.

    Returns:
        For each hold the task's document, the hold, and the application.
    """
    found = []
    for task in tasks:
        applied: dict[str, int] = {}
        for _, hold in sorted((task.get("holds") or {}).items(), key=lambda entry: int(entry[0])):
            if hold["at"] < since:
                continue
            first = (said or {}).get((task["_id"], hold.get("count", 1)), ())
            application = decide([*first, *rules], _hold(task, hold), applied)
            if application is not None:
                applied[application.rule.id] = application.number
            found.append((task, hold, application))
    return sorted(found, key=lambda one: one[1]["at"])


def _hold(task: Mapping[str, Any], hold: Mapping[str, Any]) -> Hold:
    fallout = task["fallout"]
    message = str((hold.get("error") or {}).get("message", ""))
    names = (fallout.get("specification"), fallout.get("specificationName"))
    return Hold(
        code=hold["code"],
        reason=own_reason_of(task.get("name") or "", message),
        fulfiller=hold.get("fulfiller"),
        specifications=tuple(name for name in names if name),
        action=task.get("action") or "add",
        operation=task.get("operation") or "fulfil",
        attempts=hold.get("attempts", 0),
        count=hold.get("count", 1),
        optional=fallout.get("optional", False),
    )
