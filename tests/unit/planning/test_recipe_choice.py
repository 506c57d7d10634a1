"""Which recipe carries out what an item is broken into, where a policy has named one."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from models.domain.bound_recipes import with_recipes
from models.domain.decomposition import decompose
from models.domain.draft import Unplannable
from models.domain.plan import Plan
from models.domain.recipe_choice import RecipeWish
from models.domain.recipes.binding import Binding
from models.domain.specification import Specification
from tests.unit.planning.examples import PATTERNS, item, ordered, snapshot, specification

LINE = {"add": (("fibre", "2.0.0"), ("fibre", "1.4.0"), ("copper", "1.0.0"))}
TASKS = {"add": {"tasks": {"vlan": {"kind": "allocate", "input": {"pool": "vlans"}}, "build": {}}}}


def planned(chosen: Mapping[str, RecipeWish], *items: dict[str, Any]) -> Plan:
    bodies = [specification("line", fulfilment=TASKS), specification("bundle", ("bundles", "line"))]
    known = {one["id"]: Specification.from_body(one, PATTERNS) for one in bodies}
    known["line"] = with_recipes(known["line"], {}, LINE)
    wishes = {path: (wish,) for path, wish in chosen.items()}
    made = replace(snapshot(specifications=known), chosen=wishes)
    return decompose("o", ordered(*items), made)


def run(plan: Plan) -> dict[str, list[tuple[str, Any]]]:
    found: dict[str, list[tuple[str, Any]]] = {}
    for task in plan.tasks:
        found.setdefault(task.item, []).append((task.name, task.recipe))
    return found


def test_the_named_recipe_takes_the_place_of_the_tasks_in_its_item_alone() -> None:
    made = planned({"1": RecipeWish("p:1.0.0", "fibre", "^1.0.0")}, item("1", "add", "line"), item("2", "add", "line"))
    assert run(made) == {
        "1": [("vlan", None), ("fibre", ("fibre", "1.4.0"))],
        "2": [("vlan", None), ("build", None)],
    }


def test_the_newest_version_carries_out_a_part_and_runs_in_place_of_the_one_that_is_bound() -> None:
    made = planned({"1": RecipeWish("p:1.0.0", "fibre")}, item("1", "add", "bundle"))
    assert run(made) == {"1": [("vlan", None), ("fibre", ("fibre", "2.0.0"))]}


@pytest.mark.parametrize(("name", "versions"), [("radio", None), ("fibre", ">=3.0.0")])
def test_what_is_not_published_for_the_item_is_refused_and_the_reason_says_what_there_is(
    name: str, versions: str | None
) -> None:
    with pytest.raises(Unplannable) as refused:
        planned({"1": RecipeWish("p:1.0.0", name, versions)}, item("1", "add", "line"))
    (found,) = refused.value.violations
    assert (found.pointer, found.code) == ("/serviceOrderItem/0", "unknownRecipe")
    assert f"The policy p:1.0.0 wants the recipe {name}" in found.message
    assert "fibre 2.0.0, fibre 1.4.0, copper 1.0.0" in found.message


def test_several_recipes_can_be_for_the_same_where_policies_choose() -> None:
    plain, chosen = Binding.read({"specification": "line"}), Binding.read({"specification": "line", "byPolicy": True})
    assert plain.overlaps(plain)
    assert not chosen.overlaps(chosen)
    assert not plain.overlaps(chosen)
