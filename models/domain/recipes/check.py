"""What is wrong with a recipe, before anybody runs it."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from models.domain.recipes import check_data, check_drawing, check_events, check_schemas, check_secrets, check_work
from models.domain.recipes.model import Recipe
from models.domain.recipes.problems import Problem
from models.domain.recipes.run import Fits


@dataclass(frozen=True, slots=True)
class Known:
    """What exists besides the recipe, as far as it is to be checked; None leaves a kind unchecked.

    Attributes:
        recipes: names under which other recipes are called.
        decisions: references of decisions.
        fulfillers: names of fulfillers, and types of jobs that somebody does.
        secrets: names of secrets.
        given: names of variables that every run begins with, besides what the recipe declares: it is bound.
        fits: holds values against JSON Schemas.
    """

    recipes: Collection[str] | None = None
    decisions: Collection[str] | None = None
    fulfillers: Collection[str] | None = None
    secrets: Collection[str] | None = None
    given: Collection[str] = ()
    fits: Fits | None = None


def check(recipe: Recipe, known: Known | None = None) -> tuple[Problem, ...]:
    """Return what is wrong with the process that a recipe runs, and with those it calls; the worst first."""
    found = [*recipe.problems, *_found(recipe, known or Known())]
    order = ("refused", "incomplete", "remark")
    return tuple(sorted(dict.fromkeys(found), key=lambda problem: order.index(problem.severity)))


def is_refused(problems: Collection[Problem]) -> bool:
    """Whether a recipe with these problems can be neither run nor tried."""
    return any(problem.severity == "refused" for problem in problems)


def is_publishable(problems: Collection[Problem]) -> bool:
    """Whether a recipe with these problems can be published."""
    return all(problem.severity == "remark" for problem in problems)


def _found(recipe: Recipe, known: Known) -> Iterator[Problem]:
    if known.given:
        yield from check_schemas.unbound(recipe.process, known.given)
    for key in recipe.closure:
        process = recipe.processes[key]
        yield from process.problems
        yield from check_drawing.check(process)
        yield from check_events.check(process)
        yield from check_work.check(recipe, process, known.recipes, known.decisions, known.fulfillers)
        yield from check_schemas.check(recipe, process, known.fits)
        yield from check_secrets.check(process, known.secrets)
        open_ = key != recipe.main and process.input_schema is None
        yield from check_data.check(recipe, process, known.given, open_=open_)
