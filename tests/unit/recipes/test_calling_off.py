"""A run that is called off is undone: whatever it has done, wherever that was, whether it was over by itself or not."""

from typing import Any

import pytest

from models.domain.plan import Capability, PlannedTask
from models.domain.recipe_steps import planned_step
from models.domain.recipes import Recipe, effects
from models.domain.recipes.happenings import Cancelled
from tests.unit.recipes.drawing import Runner, extended, flows, process, recipe, service
from tests.unit.recipes.test_activities import inside, undone

START, END = '<startEvent id="s"/>', '<endEvent id="e"/>'


def by(name: str, way: str) -> str:
    """A task that says how it is undone."""
    return (
        f'<serviceTask id="{name}">{extended(f"""<som:task fulfiller="{name}" compensation="{way}"/>""")}</serviceTask>'
    )


def called_off(run: Runner, **done: Any) -> Runner:
    return run.happens(Cancelled(run.now, undo=True, done=done))


def test_what_was_done_in_a_sub_process_that_is_not_over_is_undone() -> None:
    sub = inside(f'<startEvent id="ps"/>{undone("x")}{service("y")}', "ps > x\nx > y")
    run = Runner(recipe(f"{START}{undone('a')}{sub}{END}", "s > a\na > p\np > e")).done("a").done("p/x")
    assert called_off(run).working == ["p/unx"]
    assert run.done("p/unx").working == ["una"]
    assert run.done("una").status == "cancelled"


def test_what_was_done_before_the_run_could_be_told_is_undone_with_its_output() -> None:
    handler = '<som:task fulfiller="una"/><som:input name="port" value="=port"/>'
    drawn = undone("a").replace('<som:task fulfiller="una"/>', handler)
    run = called_off(Runner(recipe(f"{START}{drawn}{END}", "s > a\na > e")), a={"port": 7})
    assert (run.working, run.input("una")) == (["una"], {"port": 7})


def test_a_run_that_is_over_can_still_be_undone_once() -> None:
    run = Runner(recipe(f"{START}{undone('a')}{END}", "s > a\na > e")).done("a")
    assert run.status == "completed"
    assert called_off(run).working == ["una"]
    assert run.done("una").status == "cancelled"
    assert "over" in called_off(run).ignored()


def test_a_run_of_which_nothing_can_be_undone_keeps_no_more_than_its_variables_at_its_end() -> None:
    sub = inside(f'<startEvent id="ps"/>{service("x")}', "ps > x")
    run = Runner(recipe(f"{START}{sub}{END}", "s > p\np > e")).done("p/x")
    assert (list(run.state.scopes), dict(run.state.records)) == ([1], {})


def test_a_failed_run_can_be_undone() -> None:
    bad = '<endEvent id="bad"><errorEventDefinition/></endEvent>'
    run = Runner(recipe(f"{START}{undone('a')}{bad}", "s > a\na > bad")).done("a")
    assert run.status == "failed"
    assert called_off(run).done("una").status == "cancelled"


def test_what_was_done_in_an_activity_that_was_interrupted_is_undone() -> None:
    border = '<boundaryEvent id="b" attachedToRef="p"><errorEventDefinition/></boundaryEvent>'
    sub = inside(f'<startEvent id="ps"/>{undone("x")}{service("y")}', "ps > x\nx > y", border=border)
    run = Runner(recipe(f"{START}{sub}{service('z')}{END}", "s > p\np > e\nb > z")).done("p/x").failed("p/y", "bad")
    assert run.working == ["z"]
    assert called_off(run).working == ["p/unx"]


def test_undoing_that_goes_on_is_not_begun_again() -> None:
    throw = '<intermediateThrowEvent id="u"><compensateEventDefinition/></intermediateThrowEvent>'
    run = Runner(recipe(f"{START}{undone('a')}{undone('b')}{throw}{END}", "s > a\na > b\nb > u\nu > e"))
    run.done("a").done("b")
    assert run.working == ["unb"]
    called_off(run)
    assert (run.got(effects.Start), run.working) == ([], ["unb"])
    assert run.done("unb").working == ["una"]
    assert run.done("una").status == "cancelled"


def test_a_task_can_be_undone_by_whoever_has_done_it() -> None:
    run = Runner(recipe(f"{START}{by('a', 'operation')}{END}", "s > a\na > e")).done("a", port=1)
    called_off(run)
    (begun,) = run.got(effects.Start)
    assert (begun.key, begun.undoes, begun.operation) == ("a~", "a", "compensate")
    assert run.done("a~", port=2).status == "cancelled"
    assert run.state.variables["port"] == 1


def test_rounds_are_undone_under_keys_of_their_own() -> None:
    loop = "<multiInstanceLoopCharacteristics><loopCardinality>2</loopCardinality></multiInstanceLoopCharacteristics>"
    drawn = undone("x").replace("</extensionElements></serviceTask>", f"</extensionElements>{loop}</serviceTask>", 1)
    run = Runner(recipe(f"{START}{drawn}{END}", "s > x\nx > e")).done("x[1]", "x[2]")
    assert called_off(run).working == ["x[2]/unx"]
    assert run.done("x[2]/unx").working == ["x[1]/unx"]


@pytest.mark.parametrize(
    ("drawn", "action", "way"),
    [
        (undone("a"), "modify", "recipe"),
        (by("a", "operation"), "modify", "recipe"),
        (by("a", "recipe"), "modify", "recipe"),
        (by("a", "none"), "add", "none"),
        (by("a", "delete"), "add", "delete"),
        (by("a", "delete"), "modify", "none"),
        (service("a"), "add", "delete"),
        (service("a"), "modify", "none"),
    ],
)
def test_a_step_is_undone_as_drawn_else_as_it_says_else_as_its_action_does(drawn: str, action: str, way: str) -> None:
    one = recipe(f"{START}{drawn}{END}", "s > a\na > e")
    assert _step(one, action).compensation == way


def test_a_way_of_undoing_that_there_is_not_is_named() -> None:
    one = recipe(f"{START}{by('a', 'magic')}{END}", "s > a\na > e")
    (problem,) = one.process.problems
    assert (problem.element, "'magic'" in problem.reason) == ("a", True)


def test_what_a_called_process_does_is_undone_as_the_call_says() -> None:
    call = '<callActivity id="c" calledElement="other"/>'
    call += '<boundaryEvent id="bc" attachedToRef="c"><compensateEventDefinition/></boundaryEvent>'
    call += service("unc", attributes='isForCompensation="true"')
    call += '<association id="ac" sourceRef="bc" targetRef="unc"/>'
    other = process(f'<startEvent id="os"/>{service("x")}', "os > x", "other")
    run = Runner(recipe(f"{START}{call}{END}", "s > c\nc > e", other))
    (begun,) = run.got(effects.Start)
    assert (begun.key, begun.undoable) == ("c/x", True)
    assert called_off(run).working == ["unc"]


def test_a_job_type_of_another_engine_is_the_name_of_the_fulfiller_that_gets_the_step() -> None:
    job = extended('<zeebe:taskDefinition type="mailer"/>')
    drawn = recipe(f'{START}<serviceTask id="mail">{job}</serviceTask>{END}', "s > mail\nmail > e")
    assert _step(drawn, "add").fulfiller == "mailer"


def _step(drawn: Recipe, action: str) -> PlannedTask:
    (begun,) = Runner(drawn).got(effects.Start)
    task = PlannedTask("1.r", "r", "1", "s1", "line", action, Capability("line", action), kind="recipe")
    return planned_step(task, 1, begun, drawn, {})


BAD = '<endEvent id="bad"><errorEventDefinition/></endEvent>'
ASKS = f'<startEvent id="us"/>{service("ask")}<exclusiveGateway id="g" default="g_bad"/>{service("give")}{BAD}'
WAYS = "us > ask\nask > g\ng > give [free = true]\ng > bad"


def joined() -> str:
    """A task, and the sub-process that undoes it: it asks, and ends with an error unless that is free."""
    return (
        f'{service("a")}<boundaryEvent id="ba" attachedToRef="a"><compensateEventDefinition/></boundaryEvent>'
        f'<subProcess id="undo" isForCompensation="true">{ASKS}{flows(WAYS)}</subProcess>'
        '<association sourceRef="ba" targetRef="undo"/>'
    )


def within() -> str:
    """A sub-process with a task in it, and in it the event sub-process that undoes the whole."""
    asks = ASKS.replace('<startEvent id="us"/>', '<startEvent id="us"><compensateEventDefinition/></startEvent>')
    handler = f'<subProcess id="undo" triggeredByEvent="true">{asks}{flows(WAYS)}</subProcess>'
    return f'<subProcess id="p"><startEvent id="ps"/>{service("a")}{flows("ps > a")}{handler}</subProcess>'


@pytest.mark.parametrize(("drawn", "first"), [(joined(), "a"), (within(), "p")])
def test_undoing_that_ends_with_an_error_is_stuck_and_begun_anew_when_it_is_tried_again(drawn: str, first: str) -> None:
    run = Runner(recipe(f"{START}{drawn}{service('z')}{END}", f"s > {first}\n{first} > z\nz > e"))
    run.done("a" if first == "a" else "p/a")
    called_off(run)
    (asked,) = run.working
    stuck = run.done(asked, free=False).stuck()
    assert (run.status, run.working) == ("running", [])
    assert "is begun anew when it is tried again" in stuck.reason
    (again,) = run.retried().working
    assert again != asked, "it is asked anew, and not taken from the first answer"
    run.done(again, free=False).stuck()
    (once_more,) = run.retried().working
    (gives,) = run.done(once_more, free=True).working
    assert run.done(gives).status == "cancelled"
    assert len(set(run.started)) == len(run.started)


def test_an_error_of_what_undoes_ends_a_run_that_undoes_by_itself() -> None:
    throw = '<intermediateThrowEvent id="u"><compensateEventDefinition/></intermediateThrowEvent>'
    run = Runner(recipe(f"{START}{joined()}{throw}{END}", "s > a\na > u\nu > e")).done("a").done("undo/ask", free=False)
    assert run.status == "failed"
