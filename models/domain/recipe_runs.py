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


FORMER_KEPT = 10
"""Runs that failed before the present one whose steps can still be undone, the latest ones."""


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
        undoing: whether all that it has done is being undone, or was.
        former: runs that failed before it was begun anew, and have done what can be undone: {number, run, data}.
        moves: how it came to its version, each {id: of the wish, at, from, to, who, why}; none where it began with it.
    """

    recipe: tuple[str, str]
    number: int
    state: State
    called: Mapping[str, str] = field(default_factory=dict)
    called_off: list[str] = field(default_factory=list)
    path: list[Document] = field(default_factory=list)
    reason: str = ""
    engines: list[str] = field(default_factory=list)
    undoing: bool = False
    former: list[Document] = field(default_factory=list)
    moves: list[Document] = field(default_factory=list)

    def led_by(self, version: str) -> None:
        """Note which version of the program leads it now."""
        if self.engines[-1:] != [version]:
            self.engines.append(version)

    def begun_anew(self, state: State) -> "RecipeRun":
        """The run that takes the place of this one, which has failed; what that has done may have to be undone."""
        mine = [{"number": self.number, **self.state.to_document()}] if self.state.records else []
        former = [*self.former, *mine][-FORMER_KEPT:]
        return RecipeRun(self.recipe, self.number + 1, state, self.called, former=former, moves=self.moves)

    def step_back(self) -> bool:
        """All that this run has done is undone: look at the one that failed before it; False where there is none."""
        if not self.former:
            return False
        last = self.former.pop()
        self.number, self.state = last["number"], State.from_document(last)
        return True

    def note(self, at: str, what: str, node: str, key: str) -> None:
        """Add to the path."""
        self.path.append({"at": at, "what": what, "id": node, "key": key})
        del self.path[:-PATH_KEPT]

    def to_document(self) -> Document:
        """As stored."""
        stored: Document = {"recipe": list(self.recipe), "number": self.number, **self.state.to_document()}
        stored["called"] = [list(pair) for pair in self.called.items()]
        kept = {"calledOff": list(self.called_off), "path": list(self.path), "reason": self.reason}
        rare: Document = {"undoing": True} if self.undoing else {}
        rare |= {name: list(entries) for name in ("former", "moves") if (entries := getattr(self, name))}
        return {**stored, **kept, "engines": list(self.engines), **rare}

    @classmethod
    def from_document(cls, stored: Mapping[str, Any]) -> "RecipeRun":
        """Read what `to_document` wrote."""
        name, version = stored["recipe"]
        state = State.from_document({"run": stored["run"], "data": stored["data"]})
        called = dict(stored["called"])
        kept = (stored["calledOff"], stored["path"], stored["reason"], list(stored.get("engines", ())))
        rare = (stored.get("undoing", False), list(stored.get("former", ())), list(stored.get("moves", ())))
        return cls((name, version), stored["number"], state, called, *kept, *rare)
