"""Specifications whose actions are carried out by recipes."""

from collections.abc import Mapping
from dataclasses import replace

from models.domain.fulfilment import ACTIONS, TaskRule, default_compensation
from models.domain.specification import Choices, Specification

GIVEN = frozenset({"order", "item", "service", "parent", "child", "reliesOn", "action"})
"""Variables that the run of a bound recipe begins with: they are no result."""


def with_recipes(
    specification: Specification, bound: Mapping[str, tuple[str, str]], choices: Choices | None = None
) -> Specification:
    """A specification with the recipes, name and version by action, that are bound to it.

    A recipe takes the place of the tasks that the specification itself has for the action. Only its allocations stay:
    what an order needs is set aside as it is taken on, before the recipe begins. `choices` are all that policies can
    choose among by action; None leaves those that the specification has.
    """
    if choices is not None:
        specification = replace(specification, recipes={action: found for action, found in choices.items() if found})
    if not bound:
        return specification
    tasks = dict(specification.fulfilment.tasks)
    for action in ACTIONS:
        if action in bound:
            kept = {name: rule for name, rule in tasks.get(action, {}).items() if rule.kind == "allocate"}
            name, version = bound[action]
            rule = TaskRule(name, compensation=default_compensation(action), kind="recipe", recipe=(name, version))
            tasks[action] = {**kept, name: rule}
    return replace(specification, fulfilment=replace(specification.fulfilment, tasks=tasks))
