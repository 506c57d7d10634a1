"""Versions of recipes."""

from typing import ClassVar

from models.domain.lifecycle import LifeCycle
from models.domain.lifecycles import RECIPE
from models.versions import Versions

COLLECTION = "recipe"


class RecipeVersions(Versions):
    """Reads and writes versions of recipes."""

    collection: ClassVar[str] = COLLECTION
    word: ClassVar[str] = "recipe"
    life: ClassVar[LifeCycle] = RECIPE
    parts: ClassVar[tuple[str, ...]] = ("bpmn", "source", "decisionTable", "form", "testCase", "binding")
