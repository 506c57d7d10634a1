"""Runs moved to another version of their recipe, and why some are not."""

import pytest

from models.domain.recipes import NotMovable, Recipe, effects, migrate, obstacles
from tests.unit.recipes.drawing import BEGIN, Runner, recipe, service

TASKS = "".join(map(service, "abc"))
OLD = recipe(f'<startEvent id="s"/>{TASKS}<endEvent id="e"/>', "s > a\na > b\nb > e")
LATE = '<boundaryEvent id="t" attachedToRef="a"><timerEventDefinition><timeDuration>PT1H</timeDuration></timerEventDefinition></boundaryEvent>'


def moved(run: Runner, new: Recipe) -> list[effects.Effect]:
    """Go on with a run as one of another version."""
    run.state, found = migrate(run.state, run.recipe, new, BEGIN)
    run.recipe = new
    return list(found)


def test_a_run_goes_on_by_the_ways_of_the_new_version() -> None:
    run = Runner(OLD, {"n": 1})
    new = recipe(f'<startEvent id="s"/>{TASKS}<endEvent id="e"/>', "s > a\na > c\nc > b\nb > e")
    assert moved(run, new) == []
    assert run.done("a").working == ["c"]
    assert run.done("c").done("b").status == "completed"


def test_events_that_are_new_at_running_work_are_awaited_and_those_that_are_gone_are_not() -> None:
    with_timer = recipe(f'<startEvent id="s"/>{TASKS}{LATE}<endEvent id="e"/>', "s > a\na > b\nb > e\nt > c")
    run = Runner(OLD)
    (awaited,) = moved(run, with_timer)
    assert isinstance(awaited, effects.Await)
    assert awaited.key == "a!t"
    assert moved(run, with_timer) == []
    assert moved(run, OLD) == [effects.Forget("a!t")]
    moved(run, with_timer)
    assert run.after(hours=1).working == ["c"]


def test_what_has_happened_for_the_last_time_is_not_awaited_again() -> None:
    once = LATE.replace('attachedToRef="a"', 'attachedToRef="a" cancelActivity="false"')
    drawn = recipe(f'<startEvent id="s"/>{TASKS}{once}<endEvent id="e"/>', "s > a\na > b\nb > e\nt > c")
    run = Runner(drawn).after(hours=1)
    assert run.working == ["a", "c"]
    assert moved(run, drawn) == []


WITHOUT = {
    "the task": ('<startEvent id="s"/>' + service("b") + service("c"), "s > b", "a"),
    "its kind": (f'<startEvent id="s"/><userTask id="a"/>{service("b")}{service("c")}', "s > a\na > b", "a"),
    "its place": (f'<startEvent id="s"/><subProcess id="p">{service("a")}</subProcess>', "s > p", "a"),
}


@pytest.mark.parametrize("what", WITHOUT)
def test_a_run_is_not_moved_where_what_it_does_has_no_place(what: str) -> None:
    elements, ways, element = WITHOUT[what]
    run = Runner(OLD)
    new = recipe(elements, ways)
    (problem,) = obstacles(run.state, OLD, new)
    assert problem.element == element
    with pytest.raises(NotMovable, match="in the other version|no such element"):
        migrate(run.state, OLD, new, BEGIN)


def test_paths_that_wait_for_each_other_have_to_meet_in_the_same_way() -> None:
    gateways = '<startEvent id="s"/><parallelGateway id="f"/><parallelGateway id="j"/>'
    two = recipe(gateways + TASKS, "s > f\nf > a\nf > b\na > j\nb > j\nj > c")
    three = recipe(gateways + TASKS + service("d"), "s > f\nf > a\nf > b\nf > d\na > j\nb > j\nd > j\nj > c")
    run = Runner(two)
    assert obstacles(run.state, two, three) == ()
    run.done("a")
    assert [one.element for one in obstacles(run.state, two, three)] == ["j"]
