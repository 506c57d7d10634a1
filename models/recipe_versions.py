"""Versions of recipes."""

from collections.abc import Iterable
from typing import Any, ClassVar

from models import outbox
from models.domain.events import event_type
from models.domain.lifecycle import LifeCycle
from models.domain.lifecycles import RECIPE
from models.reading import reading
from models.versions import Versions

COLLECTION = "recipe"
SPECIFICATION = "processFlowSpecification"

_TOLD = {"published": "Create", "retired": "Delete"}
"""What becoming that means for whoever knows recipes as the process flow specifications of TMF701."""


class RecipeVersions(Versions):
    """Reads and writes versions of recipes."""

    collection: ClassVar[str] = COLLECTION
    word: ClassVar[str] = "recipe"
    life: ClassVar[LifeCycle] = RECIPE
    parts: ClassVar[tuple[str, ...]] = ("bpmn", "source", "decisionTable", "form", "testCase", "binding")

    def _besides(self, who: str, to: str, why: str | None) -> list[outbox.Stub]:
        """What a move is for clients of TMF701."""
        if to not in _TOLD:
            return []
        told = event_type(SPECIFICATION, _TOLD[to])
        return [outbox.stub(told, who=who, why=why, view=SPECIFICATION)]

    async def all(self, tenant: str, whole: Iterable[str]) -> dict[str, dict[str, Any]]:
        """All versions by id: those of the ids in `whole` with all of their bodies, others without what may be large.

        Raises:
            Unavailable: the database cannot be reached.
        """
        ids = list(whole)
        large = {f"body.{part}": 0 for part in self.parts if part != "binding"}
        with reading():
            recipes = self._store.collection(COLLECTION)
            others = await recipes.find({"tenant": tenant, "_id": {"$nin": ids}}, large).to_list()
            found = await recipes.find({"tenant": tenant, "_id": {"$in": ids}}).to_list() if ids else []
        return {one["_id"]: one for one in (*others, *found)}
