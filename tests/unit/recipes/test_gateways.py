"""Where paths part and meet."""

import pytest

from models.domain.recipes import effects
from models.domain.recipes.happenings import Chosen, Retried
from models.domain.recipes.run import MAX_TOKENS
from tests.unit.recipes.drawing import BEGIN, Runner, recipe, service

TASKS = "".join(map(service, "abcd"))


def test_a_parallel_gateway_waits_for_every_path() -> None:
    run = Runner(
        recipe(
            f'<startEvent id="s"/><parallelGateway id="f"/><parallelGateway id="j"/>{TASKS}<endEvent id="e"/>',
            "s > f\nf > a\nf > b\na > j\nb > j\nj > c\nc > e",
        )
    )
    assert run.working == ["a", "b"]
    assert run.done("b").working == ["a"]
    assert run.done("a").working == ["c"]
    assert run.done("c").status == "completed"
    assert run.state.ends == ("e",)


def test_an_exclusive_gateway_takes_the_first_way_whose_condition_holds_else_the_default() -> None:
    drawn = recipe(
        f'<startEvent id="s"/><exclusiveGateway id="x" default="x_c"/>{TASKS}<endEvent id="e"/>',
        "s > x\nx > a [n > 10]\nx > b [n > 5]\nx > c\na > e\nb > e\nc > e",
    )
    for number, task in ((11, "a"), (6, "b"), (1, "c"), (None, "c")):
        assert Runner(drawn, {"n": number}).working == [task]


def test_an_exclusive_gateway_without_a_way_is_stuck_until_the_data_are_right() -> None:
    drawn = recipe(f'<startEvent id="s"/><exclusiveGateway id="x"/>{TASKS}', "s > x\nx > a [n > 10]\nx > b [n < 5]")
    run = Runner(drawn, {"n": 7})
    assert run.stuck().code == "noWay"
    assert run.happens(Retried(BEGIN, "x")).stuck().code == "noWay"
    assert run.happens(Retried(BEGIN, "x", {"n": 12})).working == ["a"]


def test_a_gateway_that_does_not_say_the_way_asks_for_it() -> None:
    drawn = recipe(f'<startEvent id="s"/><exclusiveGateway id="x"/>{TASKS}', "s > x\nx > a\nx > b")
    run = Runner(drawn)
    (choice,) = run.got(effects.Choose)
    assert choice.flows == ("x_a", "x_b")
    assert "goes on by one of" in run.happens(Chosen(BEGIN, "x", ("nowhere",))).ignored()
    assert run.happens(Chosen(BEGIN, "x", ("x_b",))).working == ["b"]
    assert "too late" in run.happens(Chosen(BEGIN, "x", ("x_a",))).ignored()


INCLUSIVE = recipe(
    f'<startEvent id="s"/><inclusiveGateway id="f" default="f_c"/><inclusiveGateway id="j"/>{TASKS}<endEvent id="e"/>',
    "s > f\nf > a [n > 0]\nf > b [n > 1]\nf > c\na > j\nb > j\nc > j\nj > d\nd > e",
)


@pytest.mark.parametrize(("number", "taken"), [(2, ["a", "b"]), (1, ["a"]), (0, ["c"])])
def test_an_inclusive_gateway_waits_for_the_paths_that_were_taken_only(number: int, taken: list[str]) -> None:
    run = Runner(INCLUSIVE, {"n": number})
    assert run.working == taken
    for task in taken[:-1]:
        assert "d" not in run.done(task).working
    assert run.done(taken[-1]).working == ["d"]
    assert run.done("d").status == "completed"


def test_an_inclusive_gateway_waits_for_what_may_still_come_round_about() -> None:
    """A token that is far away, behind an exclusive gateway, can still reach the empty way in."""
    drawn = recipe(
        f'<startEvent id="s"/><parallelGateway id="f"/><exclusiveGateway id="x" default="x_c"/><inclusiveGateway id="j"/>'
        f'{TASKS}<endEvent id="e"/><endEvent id="o"/>',
        "s > f\nf > a\nf > b\na > j\nb > x\nx > j [go]\nx > c\nc > o\nj > d\nd > e",
    )
    assert Runner(drawn).done("a").working == ["b"]
    assert Runner(drawn).done("a").done("b", go=True).working == ["d"]
    run = Runner(drawn).done("a").done("b", go=False)
    assert sorted(run.working) == ["c", "d"], "nobody can come any more"
    assert run.done("c", "d").status == "completed"


def test_an_inclusive_gateway_in_a_loop_fires_each_time_round() -> None:
    drawn = recipe(
        f'<startEvent id="s"/><inclusiveGateway id="j"/><exclusiveGateway id="x" default="x_e"/>{TASKS}<endEvent id="e"/>',
        "s > j\nj > a\na > x\nx > j [again]\nx > e",
    )
    run = Runner(drawn).done("a", again=True)
    assert run.working == ["a#2"]
    assert run.done("a#2", again=False).status == "completed"


def test_paths_that_can_never_meet_are_told_of() -> None:
    drawn = recipe(
        f'<startEvent id="s"/><exclusiveGateway id="x" default="x_b"/><parallelGateway id="j"/>{TASKS}<endEvent id="e"/>',
        "s > x\nx > a [yes]\nx > b\na > j\nb > j\nj > e",
    )
    assert Runner(drawn, {"yes": True}).done("a").stuck().code == "deadlock"


def test_a_task_with_conditions_behind_it_parts_the_way_itself() -> None:
    drawn = recipe(
        f'<startEvent id="s"/>{service("t", attributes=chr(100) + "efault=" + chr(34) + "t_c" + chr(34))}{TASKS}',
        "s > t\nt > a [n > 0]\nt > b [n > 1]\nt > c",
    )
    assert Runner(drawn).done("t", n=2).working == ["a", "b"]
    assert Runner(drawn).done("t", n=0).working == ["c"]


def test_what_goes_round_without_end_is_stopped() -> None:
    drawn = recipe('<startEvent id="s"/><exclusiveGateway id="x"/><exclusiveGateway id="y"/>', "s > x\nx > y\ny > x")
    run = Runner(drawn)
    assert run.stuck().code == "tooManySteps"
    assert run.state.running


def test_tokens_that_multiply_without_end_are_stopped() -> None:
    elements = '<startEvent id="s"/><exclusiveGateway id="x"/><parallelGateway id="f"/><exclusiveGateway id="y"/>'
    run = Runner(recipe(elements, "s > x\nx > f\nf > x\nf > y\ny > x"))
    assert {effect.code for effect in run.got(effects.Stuck)} <= {"tooManySteps", "tooManyTokens"}
    assert run.state.running
    assert len(run.state.tokens) <= MAX_TOKENS
