"""Where a run of a recipe stands inside a plan, as the plan keeps it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from models.domain.recipes import State

Document = dict[str, Any]

MAX_DATA_BYTES = 256 * 1024
"""Of the data of one run, as JSON: it is written with every step. What is larger belongs into a service."""

PATH_KEPT = 500
"""Steps of the path that are kept, the latest ones; whoever shows a run colours it by them."""


@dataclass(slots=True)
class RecipeRun:
    """A run of a recipe.

    Attributes:
        recipe: name and version.
        called: versions of the recipes that it calls, by name, as the run began with them.
        number: how often the recipe was begun for its task; what a failed run has done is not looked at again.
        state: where its tokens are, and its data.
        called_off: keys of the steps (tasks) that are to be stopped, for the recipe went another way.
        path: what happened, each {at, what, id, key}: see `recipes.Passed`.
        reason: why it failed.
        engines: versions of the program that have led it, in turn; those before 0.2 did not write it down.
    """

    recipe: tuple[str, str]
    number: int
    state: State
    called: Mapping[str, str] = field(default_factory=dict)
    called_off: list[str] = field(default_factory=list)
    path: list[Document] = field(default_factory=list)
    reason: str = ""
    engines: list[str] = field(default_factory=list)

    def led_by(self, version: str) -> None:
        """Note which version of the program leads it now."""
        if self.engines[-1:] != [version]:
            self.engines.append(version)

    def note(self, at: str, what: str, node: str, key: str) -> None:
        """Add to the path."""
        self.path.append({"at": at, "what": what, "id": node, "key": key})
        del self.path[:-PATH_KEPT]

    def to_document(self) -> Document:
        """As stored."""
        stored: Document = {"recipe": list(self.recipe), "number": self.number, **self.state.to_document()}
        stored["called"] = [list(pair) for pair in self.called.items()]
        kept = {"calledOff": list(self.called_off), "path": list(self.path), "reason": self.reason}
        return {**stored, **kept, "engines": list(self.engines)}

    @classmethod
    def from_document(cls, stored: Mapping[str, Any]) -> "RecipeRun":
        """Read what `to_document` wrote."""
        name, version = stored["recipe"]
        state = State.from_document({"run": stored["run"], "data": stored["data"]})
        called = dict(stored["called"])
        kept = (stored["calledOff"], stored["path"], stored["reason"], list(stored.get("engines", ())))
        return cls((name, version), stored["number"], state, called, *kept)
