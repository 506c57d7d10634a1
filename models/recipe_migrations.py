"""Moving runs of a recipe to another version: looked at beforehand, and asked of the plans that lead them.

A run is moved by whoever leads its plan, who looks again whether it is sound: it may have gone on meanwhile.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from models import inbox
from models.aside import aside
from models.clock import Clock
from models.domain.caller import Caller
from models.domain.errors import Conflict
from models.domain.progress import TaskRun
from models.domain.recipe_moves import reasons_against
from models.domain.recipe_runs import RecipeRun
from models.domain.recipes.problems import Problem
from models.recipe_book import RecipeBook
from models.recipe_port import Playable
from models.recipe_run_reading import page_of_runs
from models.store import Store

Document = dict[str, Any]


class NoSuchVersion(Conflict):
    """The version is not published, or cannot be run."""

    code = "recipeNotPublished"


@dataclass(frozen=True, slots=True)
class Looked:
    """A run that could be moved, or not.

    Attributes:
        plan: its plan, with no other runs than this one's page has.
        task: key of the task that runs it.
        against: why it cannot be moved.
        asked: whether its plan has been asked to move it.
    """

    plan: Mapping[str, Any]
    task: str
    against: tuple[Problem, ...]
    asked: bool = False


class RecipeMigrations:
    """Looks at runs, and asks their plans to move them."""

    def __init__(self, store: Store, clock: Clock, book: RecipeBook) -> None:
        """Find runs in this store, and recipes in this book."""
        self._store = store
        self._clock = clock
        self._book = book

    async def look(  # noqa: PLR0913 - what a page of it is
        self,
        tenant: str,
        recipe: tuple[str, str],
        to: str,
        runs: Collection[str] | None,
        *,
        offset: int,
        limit: int,
        seconds: float,
    ) -> tuple[int, list[Looked]]:
        """Whether runs of a version could go on with another one.

        Args:
            tenant: whose.
            recipe: its name, and the version that they run.
            to: the other version.
            runs: ids of the only ones that are looked at; None for all.
            offset: how many of all to leave out, the newest first.
            limit: how many to look at.
            seconds: how long looking for them may take.

        Returns:
            How many runs of the version there are that have not ended, and those that were looked at.

        Raises:
            NoSuchVersion: the other version is not published, or cannot be run.
            Unavailable: the database cannot be reached.
        """
        name, version = recipe
        is_published = any((one.name, one.version) == (name, to) for one in await self._book.of(tenant))
        other = await self._book.playable(tenant, name, to) if is_published else None
        if other is None:
            raise NoSuchVersion(f"{name}:{to} is not published: runs cannot be moved to it.")
        play = {"recipe": name, "version": version, "status": {"$in": ["running", "failed"]}}
        plans: Document = {"state": {"$ne": "done"}}
        if runs is not None:
            plans["_id"] = {"$in": [run.rpartition(":")[0] for run in runs]}
        total, found = await page_of_runs(self._store, tenant, play, plans, offset=offset, limit=limit, seconds=seconds)
        wanted = [(plan, task) for plan, task in found if runs is None or f"{plan['_id']}:{task}" in runs]
        return total if runs is None else len(wanted), [await self._looked(tenant, *one, other) for one in wanted]

    async def _looked(self, tenant: str, plan: Mapping[str, Any], task: str, other: Playable) -> Looked:
        run = await aside(RecipeRun.from_document, plan["recipes"][task])
        name, version = run.recipe
        now = await self._book.playable(tenant, name, version, run.called)
        if now is None:
            gone = Problem("", name, "recipe", "dangling", "refused", f"Version {version} cannot be read any more.")
            return Looked(plan, task, (gone,))
        state = TaskRun.from_document(plan.get("run", {}).get(task, {"s": "accepted"})).state
        return Looked(plan, task, await aside(reasons_against, run, state, now.recipe, other.recipe))

    async def ask(self, caller: Caller, found: Sequence[Looked], to: str, why: str | None) -> list[Looked]:
        """Ask the plans of those that can be moved to move them; what has ended meanwhile is not asked.

        Raises:
            Unavailable: the database cannot be reached; some may have been asked, and asking them again does no harm.
        """
        wish: Document = {"kind": "move", "to": to, "who": caller.subject, **({"why": why} if why else {})}
        return [
            one
            if one.against
            else Looked(
                one.plan,
                one.task,
                (),
                await inbox.append(self._store, self._clock, one.plan["_id"], {**wish, "task": one.task}),
            )
            for one in found
        ]
