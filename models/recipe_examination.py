"""A recipe looked at and tried, before anything runs it: on what it says, and on what there is beside it."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from models.aside import aside
from models.domain.bound_recipes import GIVEN
from models.domain.errors import InvalidRequest
from models.domain.pointers import pointer
from models.domain.recipes import Problem, Recipe
from models.domain.recipes.binding import Binding, bindings_of
from models.domain.recipes.binding import violations as binding_violations
from models.domain.recipes.cases import Case, InvalidCase, read_cases
from models.domain.recipes.check import Known, check, is_publishable, is_refused
from models.domain.recipes.naming import at_node
from models.domain.recipes.outcome import Outcome
from models.domain.recipes.simulation import simulate
from models.domain.releases.coverage import capability_of
from models.domain.selection import Selection
from models.domain.violations import Violation
from models.recipe_book import PublishedRecipe, PublishedRecipes, RecipeBook
from models.recipe_decisions import RecipeDecisions
from models.recipes import InvalidRecipe, read_recipe
from models.registrations import registered
from models.schemas import violations
from models.secrets import names_of as secret_names
from models.store import Store

Body = Mapping[str, Any]

MOST_CASES = 100
"""Test cases of one recipe; each is a simulated run."""

_UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class Trial:
    """A simulated run: of which case, and what came of it."""

    name: str
    outcome: Outcome

    @property
    def passed(self) -> bool:
        """Whether everything came as the case expects."""
        return not self.outcome.differences


@dataclass(frozen=True, slots=True)
class Examination:
    """What came of looking at a recipe.

    Attributes:
        recipe: as read, with those that it calls; None where it cannot be read.
        problems: what is wrong with the drawing, the worst first.
        trials: simulated runs, where they were asked for and can be.
    """

    recipe: Recipe | None
    problems: tuple[Problem, ...]
    trials: tuple[Trial, ...] = ()

    @property
    def is_publishable(self) -> bool:
        """Whether the drawing can be published."""
        return self.recipe is not None and is_publishable(self.problems)

    @property
    def can_be_tried(self) -> bool:
        """Whether the drawing can be run with simulated answers."""
        return self.recipe is not None and not is_refused(self.problems)

    def objections(self) -> Iterator[str]:
        """Sentences for all that stands against publishing it."""
        yield from (str(problem) for problem in self.problems if problem.severity != "remark")
        for trial in self.trials:
            yield from (f"test case {trial.name!r}: {difference}" for difference in trial.outcome.differences)


class RecipeExaminer:
    """Examines recipes against what is published and registered."""

    def __init__(self, store: Store, book: RecipeBook) -> None:
        """Look up fulfillers in this store, and other recipes in this book."""
        self._store = store
        self._book = book

    async def check(self, tenant: str, body: Body) -> Examination:
        """Say what is wrong with a recipe.

        Raises:
            Unavailable: the database cannot be reached.
        """
        return await self._examined(tenant, body, ())

    async def try_out(self, tenant: str, body: Body, cases: Iterable[Case]) -> Examination:
        """Say what is wrong with a recipe, and run it with simulated answers where it can be.

        Raises:
            Unavailable: the database cannot be reached.
        """
        return await self._examined(tenant, body, tuple(cases))

    async def _examined(self, tenant: str, body: Body, cases: tuple[Case, ...]) -> Examination:
        published, selection = await self._book.of(tenant), await registered(self._store, tenant)
        return await aside(examine, body, published, selection, cases, await secret_names(self._store, tenant))

    async def taken(self, tenant: str, body: Body) -> Iterator[str]:
        """Say which published recipe of another name is for something that this one is for.

        Raises:
            Unavailable: the database cannot be reached.
        """
        self._book.invalidate()  # what this process knows may be a moment old
        return taken(bindings_of(body), tuple(await self._book.of(tenant)), body["name"])


def cases_of(body: Body) -> tuple[Case, ...]:
    """The test cases of a recipe.

    Raises:
        InvalidRequest: one of them is none.
    """
    return given_cases(list(body.get("testCase") or ()), "/testCase")


def given_cases(entries: list[Any], at: str) -> tuple[Case, ...]:
    """Test cases as clients write them.

    Raises:
        InvalidRequest: one of them is none; the message says where.
    """
    try:
        return read_cases(entries)
    except InvalidCase as error:
        raise InvalidRequest([Violation(at, error.code, str(error))]) from None


def content_violations(body: Body) -> list[Violation]:
    """What cannot be stored of a recipe, whatever is drawn; a drawing that cannot run yet can be."""
    found = list(binding_violations(body.get("binding") or ()))
    for attribute in ("decisionTable", "form", "testCase"):
        names = [entry.get("name") for entry in body.get(attribute) or ()]
        for index, name in enumerate(names):
            if name is not None and name in names[:index]:
                text = f"There is another {attribute} of the name {name!r}."
                found.append(Violation(pointer(attribute, index, "name"), "duplicateName", text))
    try:
        read_cases(list(body.get("testCase") or ()))
    except InvalidCase as error:
        found.append(Violation("/testCase", error.code, str(error)))
    return found


def examine(
    body: Body,
    published: PublishedRecipes,
    selection: Selection,
    cases: tuple[Case, ...],
    secrets: frozenset[str] | None = None,
) -> Examination:
    """Say what is wrong with a recipe beside these others and fulfillers, and run it with simulated answers.

    Without `secrets`, the names of those that there are, it is not looked at which of them exist.
    """
    try:
        recipe = published.linked(read_recipe(body["bpmn"]))
    except InvalidRecipe as error:
        return Examination(None, (Problem("", "", "", _UNREADABLE, "refused", str(error)),))
    decisions = RecipeDecisions(body.get("decisionTable") or ())
    given = GIVEN if body.get("binding") else ()
    known = Known((), decisions.names, selection.names, secrets, given, violations)
    problems = (*decisions.problems, *check(recipe, known), *_undone(recipe, selection))
    if is_refused(problems):
        return Examination(recipe, problems)
    outcomes = ((case.name, simulate(recipe, case, decide=decisions.decide, fits=violations)) for case in cases)
    return Examination(recipe, problems, tuple(Trial(name, outcome) for name, outcome in outcomes))


def _undone(recipe: Recipe, selection: Selection) -> Iterator[Problem]:
    """Remark on the work for which nobody is registered yet; who does it is chosen when it is to be done."""
    for key in recipe.closure:
        for node in recipe.processes[key].nodes.values():
            work = node.work
            if work.specification and work.action and work.fulfiller is None:
                wanted = capability_of(work.specification, work.action, None)
                if not selection.fits(wanted):
                    text = f"No registered fulfiller can do {work.action} of {work.specification}."
                    yield at_node(node, "noWork", "remark", text)


def taken(bindings: Iterable[Binding], published: Iterable[PublishedRecipe], name: str) -> Iterator[str]:
    """Say which published recipe of another name is for something that one of this name is for."""
    others = [one for one in published if one.name != name]
    for binding in bindings:
        for other in others:
            if any(binding.overlaps(theirs) for theirs in other.bindings):
                yield f"{other.id}, which is published, is for {binding} already."
                break
