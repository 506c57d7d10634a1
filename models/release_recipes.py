"""The recipes of a release looked at, beside those and the specifications that there will be with it."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from models.aside import aside
from models.domain.errors import InvalidRequest
from models.domain.pointers import pointer
from models.domain.recipes import Recipe
from models.domain.recipes.difference import difference
from models.domain.releases.change import CatalogueChange
from models.domain.releases.coverage import capability_of
from models.domain.releases.difference import by_family
from models.domain.releases.package import Package
from models.domain.releases.versions import InvalidVersion, Version
from models.domain.selection import Selection
from models.domain.specification import Specification
from models.domain.violations import Violation
from models.recipe_book import PublishedRecipes, as_published
from models.recipe_examination import cases_of, content_violations, examine, taken
from models.recipe_sources import drawn
from models.recipes import InvalidRecipe, read_recipe

Body = Mapping[str, Any]
Document = dict[str, Any]
Find = Callable[[str], Specification | None]
"""Finds a specification, as it will be, by id or name."""


def with_drawings(package: Body) -> tuple[Document, list[Violation]]:
    """A package, as handed in, with the drawings of the recipes that came as YAML; and what cannot be drawn."""
    made, violations = [], []
    for index, body in enumerate(package.get("recipe") or ()):
        try:
            made.append(drawn(body))
        except InvalidRequest as refusal:
            made.append(dict(body))
            at = pointer("recipe", index)
            violations += [Violation(f"{at}{one.pointer}", one.code, one.message) for one in refusal.violations]
    return ({**package, "recipe": made} if made else dict(package)), violations


def unreadable(package: Package) -> list[Violation]:
    """Say what cannot be looked at any further, whatever else there is."""
    found: list[Violation] = []
    for index, body in enumerate(package.recipes):
        if "bpmn" not in body:
            continue  # told already: it could not be drawn
        at = pointer("recipe", index)
        found += [Violation(f"{at}{one.pointer}", one.code, one.message) for one in content_violations(body)]
        try:
            Version.parse(body["version"])
        except InvalidVersion as error:
            found.append(Violation(f"{at}/version", "invalidVersion", str(error)))
        try:
            read_recipe(body["bpmn"])
        except InvalidRecipe as error:
            found.append(Violation(f"{at}/bpmn", error.code, str(error)))
    return found


_NOT_YET = datetime.max.replace(tzinfo=UTC)
"""When a recipe was published that is only foreseen."""


def foreseen(published: PublishedRecipes, change: CatalogueChange, stored: Mapping[str, Document]) -> PublishedRecipes:
    """The published recipes as they will be; `stored` has those that are published again, whole."""
    back = [stored[key] for key, (to, _) in change.moved.items() if to == "published"]
    new = [
        {
            "_id": body["id"],
            "name": body["name"],
            "version": body["version"],
            "body": body,
            "rev": 0,
            "updated": _NOT_YET,
        }
        for body in change.created
    ]
    gone = {key for key, (to, _) in change.moved.items() if to != "published"}
    read = (as_published(one) for one in (*new, *back))
    return published.changed([one for one in read if one is not None], gone)


@dataclass(frozen=True, slots=True)
class RecipesLook:
    """Looks at the recipes of a package.

    Attributes:
        package: which holds them.
        published: the recipes as they will be.
        selection: the registered fulfillers.
    """

    package: Package
    published: PublishedRecipes
    selection: Selection

    async def violations(self, specifications: Mapping[str, Specification | None]) -> list[Violation]:
        """Say everything that stands against publishing them.

        Args:
            specifications: by id or name those that their steps are about.
        """
        return await aside(lambda: [*self._violations(specifications.get)])

    def named(self) -> set[str]:
        """What the steps of the recipes are about: specifications by id or name."""
        return {wanted for body in self.package.recipes for wanted, _, _ in self._work(body)}

    def _violations(self, find: Find) -> Iterator[Violation]:
        for index, body in enumerate(self.package.recipes):
            at = pointer("recipe", index)
            yield from self._refused(body, at)
            yield from self._uncovered(body, at, find)
            one = self.published.find(body["name"], body["version"])
            for text in taken(one.bindings if one else (), self.published, body["name"]):
                yield Violation(f"{at}/binding", "bindingTaken", text)

    def _refused(self, body: Body, at: str) -> Iterator[Violation]:
        cases = cases_of(body)
        found = examine(body, self.published, self.selection, cases)
        for problem in found.problems:
            if problem.severity != "remark":
                yield Violation(f"{at}/bpmn", problem.kind, str(problem))
        for number, trial in enumerate(found.trials):
            for text in trial.outcome.differences:
                case = f"test case {trial.name!r}: {text}"
                yield Violation(f"{at}/testCase/{number}", "unexpectedOutcome", case)

    def _uncovered(self, body: Body, at: str, find: Find) -> Iterator[Violation]:
        """Yield the steps that nobody can do; what the package says it needs is told of there."""
        for wanted, action, title in self._work(body):
            known = find(wanted)
            names = {wanted} if known is None else {wanted, known.id, known.name}
            needed = any(need.specification in names and need.action == action for need in self.package.needs)
            if not needed and not self.selection.fits(capability_of(wanted, action, known)):
                text = f"{title}: No registered fulfiller can do {action} of {wanted}."
                yield Violation(f"{at}/bpmn", "missingCapability", text)

    def _work(self, body: Body) -> Iterator[tuple[str, str, str]]:
        """What a recipe wants done: specification, action, and the title of the step."""
        recipe = read_recipe(body["bpmn"])
        for process in recipe.processes.values():
            for node in process.nodes.values():
                work = node.work
                if work.specification and work.action and work.fulfiller is None:
                    yield work.specification, work.action, node.title


def left_behind(before: PublishedRecipes, after: PublishedRecipes) -> Iterator[str]:
    """Say which recipes call one that is not published any more, or are for the same as another."""
    for one in after:
        for name in sorted(one.recipe.called - one.recipe.processes.keys()):
            if before.find(name) is not None and after.find(name) is None:
                yield f"The recipe {one.id} calls {name}."
        if before.find(one.name, one.version) is None:
            yield from taken(one.bindings, after, one.name)


def recipe_differences(before: Iterable[Body], after: Iterable[Body]) -> list[Document]:
    """Compare the recipes of two versions of a release, as `releases.difference` does with specifications."""
    return by_family(before, after, _differences)


def _differences(before: Body, after: Body) -> list[Document]:
    return difference(before, after, _read(before), _read(after))


def _read(body: Body) -> Recipe | None:
    try:
        return read_recipe(str(body.get("bpmn", "")))
    except InvalidRecipe:
        return None
