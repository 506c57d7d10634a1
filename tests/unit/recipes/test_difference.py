"""What differs between two versions of a recipe, in words that people use."""

from models.domain.recipes.difference import difference
from models.recipes import read_recipe
from models.recipes.written import draw, load

WAIT = "recipe: A\nsteps:\n  - wait: Settle\n    after: PT1S\n"


def test_another_time_of_a_timer_is_told_as_such() -> None:
    drawings = [draw(load(text)) for text in (WAIT, WAIT.replace("PT1S", "PT2S"))]
    (told,) = difference(*({"bpmn": one} for one in drawings), *map(read_recipe, drawings))  # type: ignore[misc, arg-type]
    assert (told["name"], told["attribute"]) == ("Settle", "event duration")
    assert (told["before"], told["after"]) == ("PT1S", "PT2S")
