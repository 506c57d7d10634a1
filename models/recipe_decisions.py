"""The decisions that rule tasks of a recipe ask: DMN files that stand beside the drawing."""

from collections.abc import Iterable, Mapping
from typing import Any

from models.dmn import read
from models.domain.decisions import Decision, Decisions, DecisionsRefused, NoSuchDecision, Service, evaluate
from models.domain.recipes import Problem


class RecipeDecisions:
    """Decision models by the names under which a recipe knows them.

    Attributes:
        problems: what is wrong with files that cannot be used.
    """

    def __init__(self, tables: Iterable[Mapping[str, Any]]) -> None:
        """Read files, each {name, dmn}."""
        self._models: dict[str, Decisions] = {}
        self.problems: list[Problem] = []
        for table in tables:
            name = str(table["name"])
            try:
                self._models[name] = read(str(table["dmn"]).encode())
            except DecisionsRefused as error:
                self.problems.append(Problem("", name, "decisionTable", "decision", "incomplete", str(error)))

    @property
    def names(self) -> set[str]:
        """What a rule task can ask: a file by its name, or a decision in it by its name or id."""
        inside = {text for model in self._models.values() for one in _all(model) for text in (one.id, one.name)}
        return inside.union(self._models)

    def decide(self, reference: str, inputs: Mapping[str, Any]) -> Any:
        """Make a decision (`recipes.Decide`).

        Raises:
            NoSuchDecision, UnusableDecision, ExpressionError: it cannot be made.
        """
        model, name = self._find(reference)
        return evaluate(model, name, inputs)

    def _find(self, reference: str) -> tuple[Decisions, str]:
        if reference in self._models:
            model = self._models[reference]
            return model, _top(model, reference)
        for model in self._models.values():
            for one in _all(model):
                if reference in (one.id, one.name):
                    return model, one.id
        raise NoSuchDecision(f"No decision table of the recipe has a decision {reference!r}.")


def _all(model: Decisions) -> list[Decision | Service]:
    return [*model.decisions, *model.services]


def _top(model: Decisions, reference: str) -> str:
    """The decision that is meant by the name of its file: of that name, else the one that no other requires."""
    candidates = _all(model)
    for one in candidates:
        if reference in (one.id, one.name):
            return one.id
    required = {other for decision in model.decisions for other in decision.requires}
    tops = [decision.id for decision in model.decisions if decision.id not in required]
    if len(tops) == 1:
        return tops[0]
    names = ", ".join(sorted(one.name for one in candidates))
    text = f"The decision table {reference!r} has several decisions ({names}); name the one that is meant."
    raise NoSuchDecision(text)
