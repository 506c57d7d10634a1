"""The port by which the scheduler comes to recipes, ready to be run."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from models.domain.recipes import Decide, Recipe


@dataclass(frozen=True, slots=True)
class Playable:
    """One version of a recipe, with all that running it takes.

    Attributes:
        recipe: with the recipes that it calls.
        called: versions of those by name.
        forms: JSON Schemas of what people report, by name.
        decide: makes the decisions of its rule tasks.
    """

    recipe: Recipe
    called: Mapping[str, str] = field(default_factory=dict)
    forms: Mapping[str, Any] = field(default_factory=dict)
    decide: Decide | None = None


class RecipeSource(Protocol):
    """Where recipes come from."""

    async def playable(
        self, tenant: str, name: str, version: str, called: Mapping[str, str] | None = None
    ) -> Playable | None:
        """This version of a recipe, published or retired since; None where there is none that can be run.

        Args:
            tenant: whose it is.
            name: the recipe's.
            version: of it.
            called: the versions that a run began with of the recipes that it calls; without, the newest are taken.

        Raises:
            Unavailable: the database cannot be reached.
        """
