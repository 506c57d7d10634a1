"""What a run has made of each element of its drawing."""

import json

from models.domain.progress import TaskRun
from models.domain.recipe_runs import RecipeRun
from models.domain.recipe_visits import Step, element_of, element_state, status_of, taken, visits, within
from models.domain.recipes import effects
from tests.unit.recipes.drawing import Runner, process, recipe, service

BUSY = '<error id="busy" errorCode="busy"/>'
ENDS = '<endEvent id="e"/><endEvent id="f"/>'


def at_border(name: str, host: str, event: str, attributes: str = "") -> str:
    return f'<boundaryEvent id="{name}" attachedToRef="{host}" {attributes}>{event}</boundaryEvent>'


CAUGHT = at_border("x", "t", '<errorEventDefinition errorRef="busy"/>')


def kept(runner: Runner) -> RecipeRun:
    """The run as a plan keeps it."""
    run = RecipeRun(("r", "1.0.0"), 1, runner.state)
    for number, effect in enumerate(one for one in runner.all if isinstance(one, effects.Passed)):
        run.note(f"2026-01-01T00:00:{number:02}.000Z", effect.what, effect.id, effect.key)
    return RecipeRun.from_document(json.loads(json.dumps(run.to_document())))


def states(runner: Runner, **steps: TaskRun) -> dict[str, str]:
    """The state of each visited element."""
    run = kept(runner)
    found = visits(run, run.state.status, {key: Step(f"task-{key}", state) for key, state in steps.items()})
    return {element: element_state(one for one in found if one.element == element) for element in _elements(found)}


def _elements(found: list) -> list[str]:  # type: ignore[type-arg]
    return list(dict.fromkeys(one.element for one in found))


LINE = recipe(
    f'<startEvent id="s"/>{service("t")}{service("u")}{CAUGHT}{ENDS}', "s > t\nt > u\nu > e\nx > f", more=BUSY
)


def test_what_was_left_is_passed_and_where_the_run_is_is_active() -> None:
    run = Runner(LINE)
    assert states(run) == {"s": "passed", "t": "active"}
    assert states(run.done("t"), u=TaskRun("running")) == {"s": "passed", "t": "passed", "u": "active"}
    assert taken(kept(run)) == {("", "s_t"): 1, ("", "t_u"): 1}
    assert states(run.done("u")) == {"s": "passed", "t": "passed", "u": "passed", "e": "passed"}


def test_a_step_that_waits_for_somebody_is_held() -> None:
    assert states(Runner(LINE), t=TaskRun("held", error={"code": "refused"})) == {"s": "passed", "t": "held"}


def test_a_step_whose_error_is_caught_has_failed_and_the_event_at_its_border_has_happened() -> None:
    run = Runner(LINE).failed("t", "busy")
    found = states(run, t=TaskRun("skipped", error={"code": "caught"}))
    assert found == {"s": "passed", "t": "failed", "x": "passed", "f": "passed"}
    (border,) = [one for one in visits(kept(run), "completed", {}) if one.element == "x"]
    assert (border.key, border.state) == ("x", "passed")


def test_what_a_timer_interrupts_is_called_off() -> None:
    timer = at_border("x", "t", "<timerEventDefinition><timeDuration>PT1M</timeDuration></timerEventDefinition>")
    drawn = recipe(f'<startEvent id="s"/>{service("t")}{service("u")}{timer}{ENDS}', "s > t\nt > e\nx > u\nu > f")
    assert states(Runner(drawn).after(minutes=2)) == {"s": "passed", "t": "calledOff", "x": "passed", "u": "active"}


def test_of_a_failed_run_the_end_that_threw_the_error_has_failed_and_the_rest_was_called_off() -> None:
    bad = '<endEvent id="bad"><errorEventDefinition errorRef="busy"/></endEvent>'
    drawn = recipe(
        f'<startEvent id="s"/><parallelGateway id="g"/>{service("t")}{service("u")}{bad}<endEvent id="e"/>',
        "s > g\ng > t\ng > u\nt > bad\nu > e",
        more=BUSY,
    )
    run = Runner(drawn).done("t")
    assert run.status == "failed"
    assert states(run) == {"s": "passed", "g": "passed", "t": "passed", "u": "calledOff", "bad": "failed"}


def test_an_end_of_everything_is_passed() -> None:
    stop = '<endEvent id="stop"><terminateEventDefinition/></endEvent>'
    drawn = recipe(
        f'<startEvent id="s"/><parallelGateway id="g"/>{service("t")}{service("u")}{stop}<endEvent id="e"/>',
        "s > g\ng > t\ng > u\nt > stop\nu > e",
    )
    assert states(Runner(drawn).done("t"))["stop"] == "passed"


def test_an_element_that_is_visited_again_is_as_its_last_visit_and_is_held_while_one_is() -> None:
    drawn = recipe(
        f'<startEvent id="s"/><exclusiveGateway id="g"/>{service("t")}<endEvent id="e"/>'
        '<exclusiveGateway id="w" default="w_e"/>',
        "s > g\ng > t\nt > w\nw > g [again]\nw > e",
    )
    run = Runner(drawn).done("t", again=True)
    found = [one for one in visits(kept(run), "running", {}) if one.element == "t"]
    assert [one.state for one in found] == ["passed", "active"]
    assert element_state(found) == "active"


def test_each_round_of_a_loop_is_a_visit() -> None:
    several = service("t", "<som:x/>").replace(
        "</serviceTask>",
        "<multiInstanceLoopCharacteristics><loopCardinality>=2</loopCardinality></multiInstanceLoopCharacteristics></serviceTask>",
    )
    run = Runner(recipe(f'<startEvent id="s"/>{several}<endEvent id="e"/>', "s > t\nt > e"))
    done, working = run.working
    found = visits(kept(run), "running", {done: Step("a", TaskRun("held")), working: Step("b", TaskRun("accepted"))})
    assert [(one.state, one.step.task) for one in found if one.step] == [("held", "a"), ("active", "b")]
    assert element_state(one for one in found if one.element == "t") == "held"


def test_elements_of_what_is_called_are_told_apart_from_those_of_the_same_id_around_it() -> None:
    other = process(f'<startEvent id="s"/>{service("q")}', "s > q", "other")
    run = kept(Runner(recipe('<startEvent id="s"/><callActivity id="c" calledElement="other"/>', "s > c", other)))
    places = [(within(one.key), one.element, one.state) for one in visits(run, "running", {})]
    assert places == [("", "s", "passed"), ("", "c", "active"), ("c", "s", "passed"), ("c", "q", "active")]
    assert taken(run) == {("", "s_c"): 1, ("c", "s_q"): 1}
    assert within("sub[2]/inner#3/t+1") == "sub/inner"


def test_a_run_whose_task_was_ended_by_others_is_cancelled() -> None:
    run = kept(Runner(LINE))
    status = status_of(run.state.status, "cancelled")
    assert status == "cancelled"
    assert [(one.element, one.state) for one in visits(run, status, {})] == [("s", "passed"), ("t", "calledOff")]
    assert status_of("completed", "done") == "completed"
    assert status_of("running", "held") == "running"


def test_the_element_of_a_visit_is_known_by_its_key() -> None:
    assert [element_of(key) for key in ("a", "a#2", "each[3]", "o/i#2/bad", "o[1]/a#12")] == [
        "a", "a", "each", "bad", "a"
    ]  # fmt: skip
