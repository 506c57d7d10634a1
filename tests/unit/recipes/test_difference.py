"""What differs between two versions of a recipe, in words that people use."""

from models.domain.recipes.difference import difference
from models.recipes import read_recipe
from models.recipes.written import draw, load

WAIT = "recipe: A\nsteps:\n  - wait: Settle\n    after: PT1S\n"


def test_another_time_of_a_timer_is_told_as_such() -> None:
    before, after = (draw(load(text)) for text in (WAIT, WAIT.replace("PT1S", "PT2S")))
    (told,) = difference({"bpmn": before}, {"bpmn": after}, read_recipe(before), read_recipe(after))
    assert (told["name"], told["attribute"]) == ("Settle", "event duration")
    assert (told["before"], told["after"]) == ("PT1S", "PT2S")


def test_a_flow_that_only_has_another_id_is_the_same() -> None:
    before = draw(load(WAIT))
    (flow,) = read_recipe(before).process.nodes["settle"].incoming
    after = before.replace(f'"{flow}"', '"drawn_anew"').replace(f">{flow}<", ">drawn_anew<")
    assert "drawn_anew" in read_recipe(after).process.flows
    assert difference({"bpmn": before}, {"bpmn": after}, read_recipe(before), read_recipe(after)) == []
