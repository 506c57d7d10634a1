"""Runs of recipes, found by the recipes that plans list (`models.domain.recipe_plays`)."""

from collections.abc import Mapping, Sequence
from typing import Any, get_args

from models.domain.recipes.state import Status
from models.reading import reading
from models.store import Store

Document = dict[str, Any]

STATUSES = get_args(Status)
NO_MORE: Mapping[str, Any] = {}
NEWEST_FIRST = {"created": -1, "_id": -1}


async def page_of_runs(  # noqa: PLR0913 - what a page is
    store: Store,
    tenant: str,
    play: Mapping[str, Any],
    plans: Mapping[str, Any],
    *,
    offset: int,
    limit: int,
    seconds: float,
) -> tuple[int, list[tuple[Document, str]]]:
    """How many runs there are, and a page of them: those of the plans that began last come first.

    Args:
        store: where plans are.
        tenant: whose.
        play: what is asked of the entry of a run: recipe, version, status, held, each a value or a condition.
        plans: what is asked of the plans, besides.
        offset: how many to leave out.
        limit: how many to answer.
        seconds: how long it may take.

    Returns:
        For each run its plan, with no other runs than those of the page, and the key of its task.
    """
    stored, longest = store.collection("plan"), int(seconds * 1000)
    found = runs_among_plans(tenant, play, plans)
    with reading():
        cursor = await stored.aggregate([*found, {"$count": "total"}], maxTimeMS=longest)
        total = next((int(one["total"]) for one in await cursor.to_list()), 0)
        if limit == 0 or offset >= total:
            return total, []
        cursor = await stored.aggregate([*found, {"$skip": offset}, {"$limit": limit}], maxTimeMS=longest)
        runs = [(str(one["_id"]), str(one["plays"]["task"])) for one in await cursor.to_list()]
    whole = await _plans(store, runs)
    return total, [(whole[plan_id], task) for plan_id, task in runs if plan_id in whole]


def runs_among_plans(tenant: str, play: Mapping[str, Any], plans: Mapping[str, Any] = NO_MORE) -> list[Document]:
    """The stages that find runs, those of the newest plans first; each is told as {_id: of its plan, plays: its entry}.

    Each status is asked for by itself, so that the index gives the plans in their order whatever is asked for. What is
    held has an index of its own, which is used where that is asked for outside of the list, too.
    """
    entry = {"status": {"$in": list(STATUSES)}, **play}
    few = {"plays.held": True} if play.get("held") is True else {}
    return [
        {"$match": {"tenant": tenant, **few, "plays": {"$elemMatch": entry}, **plans}},
        {"$sort": NEWEST_FIRST},
        {"$project": {"plays": 1}},
        {"$unwind": "$plays"},
        {"$match": {f"plays.{name}": value for name, value in entry.items()}},
    ]


async def _plans(store: Store, runs: Sequence[tuple[str, str]]) -> dict[str, Document]:
    """The plans, each without what does not belong to these runs."""
    tasks = {task for _, task in runs}
    wanted = {
        "owner": 1,
        "created": 1,
        "run": 1,
        "added.key": 1,
        "added.of": 1,
        "added.kind": 1,
        "added.target": 1,
        **{f"recipes.{one}": 1 for one in tasks},
    }
    with reading():
        found = await store.collection("plan").find({"_id": {"$in": [plan for plan, _ in runs]}}, wanted).to_list()
    return {plan["_id"]: plan for plan in found}


async def task_flows_of(store: Store, plan: str, tenant: str) -> list[Document]:
    """The task flows of people that a plan has asked for, each with the call that it answers."""
    shown = {"call": 1, "body.state": 1, "body.name": 1, "body.queue": 1, "body.assignee": 1, "body.processFlow": 1}
    with reading():
        return await store.collection("taskFlow").find({"plan": plan, "tenant": tenant}, shown).to_list()
