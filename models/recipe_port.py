"""The port by which the scheduler comes to recipes, ready to be run."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from models.domain.recipes import Decide, Recipe


@dataclass(frozen=True, slots=True)
class Playable:
    """One version of a recipe, with all that running it takes.

    Attributes:
        recipe: with the processes that it calls.
        forms: JSON Schemas of what people report, by name.
        decide: makes the decisions of its rule tasks.
    """

    recipe: Recipe
    forms: Mapping[str, Any] = field(default_factory=dict)
    decide: Decide | None = None


class RecipeBook(Protocol):
    """Finds recipes."""

    async def playable(self, tenant: str, name: str, version: str) -> Playable | None:
        """This version of a recipe, or None where there is none that can be run.

        Raises:
            Unavailable: the database cannot be reached.
        """
