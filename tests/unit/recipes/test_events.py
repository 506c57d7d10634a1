"""Events: waiting, throwing, catching, at the border and inside."""

from dataclasses import replace
from datetime import timedelta

import pytest

from models.domain.recipes import catches, effects, times
from models.domain.recipes.happenings import Cancelled, Escalated
from models.domain.recipes.interpreter import MAX_LIFE
from tests.unit.recipes.drawing import BEGIN, Runner, recipe, service

TASKS = "".join(map(service, "abcd"))
MESSAGES = '<message id="M" name="paid"/><message id="N" name="withdrawn"/><signal id="S" name="alarm"/>'
ERRORS = (
    '<error id="E1" errorCode="busy"/><error id="E2" errorCode="broken"/><escalation id="X1" escalationCode="late"/>'
)


def timer(kind: str, text: str) -> str:
    return f"<timerEventDefinition><{kind}>{text}</{kind}></timerEventDefinition>"


def boundary(name: str, at: str, inner: str, *, interrupting: bool = True) -> str:
    ends = str(interrupting).lower()
    return f'<boundaryEvent id="{name}" attachedToRef="{at}" cancelActivity="{ends}">{inner}</boundaryEvent>'


def test_a_timer_at_a_task_ends_it_when_it_is_due() -> None:
    drawn = recipe(
        f'<startEvent id="s"/>{TASKS}{boundary("t", "a", timer("timeDuration", "PT1H"))}',
        "s > a\na > b\nt > c",
    )
    run = Runner(drawn)
    (wait,) = run.got(effects.Await)
    assert (wait.key, wait.standing, (wait.due - BEGIN).total_seconds() if wait.due else 0) == ("a!t", True, 3600)
    assert run.state.due == "2026-01-01T01:00:00.000Z"
    assert run.after(minutes=59).ignored() == "No timer is due."
    run.after(minutes=1)
    assert run.got(effects.Cancel) == [effects.Cancel("a")]
    assert run.working == ["c"]
    assert "too late" in run.done("a").ignored()
    assert Runner(drawn).done("a").got(effects.Forget) == [effects.Forget("a!t")]


def test_a_timer_that_does_not_interrupt_comes_as_often_as_it_says() -> None:
    drawn = recipe(
        f'<startEvent id="s"/>{TASKS}{boundary("t", "a", timer("timeCycle", "R2/P1D"), interrupting=False)}',
        "s > a\na > b\nt > c",
    )
    run = Runner(drawn).after(days=1)
    assert run.working == ["a", "c"]
    assert run.after(days=1).working == ["a", "c", "c#2"]
    assert run.after(days=9).ignored() == "No timer is due."


@pytest.mark.parametrize(
    ("kind", "text", "due"),
    [
        ("timeDate", "2026-03-01T10:00:00+02:00", "2026-03-01T08:00:00.000Z"),
        ("timeDuration", "P1M", "2026-02-01T00:00:00.000Z"),
        ("timeDuration", "=wait", "2026-01-03T00:00:00.000Z"),
        ("timeCycle", "R/2026-01-05T00:00:00Z/PT1H", "2026-01-05T00:00:00.000Z"),
    ],
)
def test_timers_are_dates_durations_and_cycles(kind: str, text: str, due: str) -> None:
    drawn = recipe(
        f'<startEvent id="s"/><intermediateCatchEvent id="t">{timer(kind, text)}</intermediateCatchEvent>{TASKS}',
        "s > t\nt > a",
    )
    run = Runner(drawn, {"wait": "P2D"})
    assert run.state.due == due
    assert run.after(days=90).working == ["a"]


@pytest.mark.parametrize(
    ("text", "late", "moments"),
    [
        ("R3/PT1S", timedelta(days=1), ["00:00:01", "00:00:02", "00:00:03"]),
        ("R/PT1H", timedelta(hours=3, minutes=1), ["01:00:00", "02:00:00", "03:00:00", "04:00:00"]),
        ("R/2020-01-01T00:00:00Z/PT1S", timedelta(0), ["00:00:00", "00:00:01"]),
        ("R3/2020-01-01T00:00:00Z/PT1S", timedelta(0), ["00:00:02"]),
    ],
)
def test_a_repetition_makes_up_for_what_it_missed_and_not_for_what_was_before_it(
    text: str, late: timedelta, moments: list[str]
) -> None:
    assert [one[11:19] for one in _times(text, late)] == moments


def test_a_run_that_goes_round_without_end_fails_before_its_plan_is_too_large_and_can_be_undone_then() -> None:
    back = service("back", attributes='isForCompensation="true"')
    undo = '<boundaryEvent id="u" attachedToRef="a"><compensateEventDefinition/></boundaryEvent>'
    drawn = recipe(
        f'<startEvent id="s"/>{service("a")}{undo}{back}'
        f'<association id="l" sourceRef="u" targetRef="back"/>{service("b")}<exclusiveGateway id="x"/>',
        "s > x\nx > a\na > b\nb > x",
    )
    run = Runner(drawn).done("a")
    run.state = replace(run.state, next=MAX_LIFE)
    run.done("b")
    assert (run.status, run.state.code, run.working) == ("failed", "tooManySteps", [])
    run.happens(Cancelled(run.now, undo=True))
    assert run.working == ["back"]
    assert run.done("back").status == "cancelled"


def test_of_very_many_times_that_were_missed_few_are_made_up_for() -> None:
    found = _times("R/PT1S", timedelta(days=1))
    assert len(found) == 1 + times.MADE_UP + 2  # the first, those made up for, one that is due now, and the next
    assert len(_times("R90000/PT1S", timedelta(days=1))) == len(found)


def test_a_repetition_without_end_leaves_time_for_others() -> None:
    with pytest.raises(times.InvalidTime, match="more often than once a second"):
        times.due("cycle", "R/PT0.001S", BEGIN)


def test_a_repetition_ends_with_the_year_9999() -> None:
    one = times.due("cycle", "R/P5000Y", BEGIN)
    last = times.again(one, times.moment(one.moment))
    assert (last.moment, last.left) == ("9999-12-31T00:00:00.000Z", 0)


def _times(text: str, late: timedelta) -> list[str]:
    """The moments of a repetition of which all is looked at so late: those that are past, and one more."""
    one = times.due("cycle", text, BEGIN)
    found = [one.moment]
    while one.left and times.moment(one.moment) <= BEGIN + late:
        one = times.again(one, BEGIN + late)
        found.append(one.moment)
    return found


def test_a_message_is_taken_by_whoever_waits_for_its_name_and_correlation() -> None:
    drawn = recipe(
        f'<startEvent id="s"/><receiveTask id="r" messageRef="K"/>{TASKS}',
        "s > r\nr > a",
        more='<message id="K" name="paid"><extensionElements><som:correlation key="order.id"/></extensionElements></message>',
    )
    run = Runner(drawn, {"order": {"id": 7}})
    (wait,) = run.got(effects.Await)
    assert (wait.name, wait.correlation, wait.standing) == ("paid", "7", False)
    assert "Nobody waits" in run.message("paid", "8").ignored()
    assert "Nobody waits" in run.message("sent", "7").ignored()
    assert run.message("paid", "7", amount=3).working == ["a"]
    assert run.input("a")["amount"] == 3
    assert "Nobody waits" in run.message("paid", "7").ignored()


def test_a_message_whose_correlation_has_no_value_would_wait_for_ever_and_is_stuck() -> None:
    drawn = recipe(
        '<startEvent id="s"/><receiveTask id="r" messageRef="K"/>',
        "s > r",
        more='<message id="K" name="paid"><extensionElements><zeebe:subscription correlationKey="=nobody"/></extensionElements></message>',
    )
    assert Runner(drawn).stuck().code == "noCorrelation"


def test_an_event_gateway_goes_where_the_first_event_is() -> None:
    elements = (
        '<startEvent id="s"/><eventBasedGateway id="g"/>'
        '<intermediateCatchEvent id="m"><messageEventDefinition messageRef="M"/></intermediateCatchEvent>'
        f'<intermediateCatchEvent id="t">{timer("timeDuration", "PT5M")}</intermediateCatchEvent>'
        f'<receiveTask id="r" messageRef="N"/>{TASKS}'
    )
    drawn = recipe(elements, "s > g\ng > m\ng > t\ng > r\nm > a\nt > b\nr > c", more=MESSAGES)
    run = Runner(drawn).message("paid")
    assert run.working == ["a"]
    assert {effect.key for effect in run.got(effects.Forget)} == {"g?m", "g?t", "g?r"}
    assert Runner(drawn).after(minutes=5).working == ["b"]
    assert Runner(drawn).message("withdrawn").working == ["c"]


def test_a_signal_reaches_all_that_wait_inside_and_outside() -> None:
    drawn = recipe(
        f'<startEvent id="s"/><parallelGateway id="f"/>{TASKS}'
        '<intermediateCatchEvent id="w"><signalEventDefinition signalRef="S"/></intermediateCatchEvent>'
        + boundary("x", "b", '<signalEventDefinition signalRef="S"/>')
        + '<intermediateThrowEvent id="t"><signalEventDefinition signalRef="S"/></intermediateThrowEvent>',
        "s > f\nf > w\nf > b\nf > a\na > t\nx > c\nw > d",
        more=MESSAGES,
    )
    run = Runner(drawn).done("a")
    assert run.got(effects.Broadcast) == [effects.Broadcast("alarm")]
    assert sorted(run.working) == ["c", "d"]
    assert sorted(Runner(drawn).signal("alarm").working) == ["a", "c", "d"]
    assert "Nobody waits" in Runner(drawn).signal("quiet").ignored()


ERROR_PATHS = recipe(
    f'<startEvent id="s"/><subProcess id="p"><startEvent id="ps"/>{service("w")}'
    '<endEvent id="pe"><errorEventDefinition errorRef="E1"/></endEvent>'
    '<sequenceFlow id="1" sourceRef="ps" targetRef="w"/><sequenceFlow id="2" sourceRef="w" targetRef="pe"/></subProcess>'
    + boundary("busy", "p", '<errorEventDefinition errorRef="E1"/>')
    + boundary("any", "p", "<errorEventDefinition/>")
    + TASKS,
    "s > p\np > a\nbusy > b\nany > c",
    more=ERRORS,
)


def test_an_error_is_caught_by_who_names_it_else_by_who_catches_any() -> None:
    assert Runner(ERROR_PATHS).failed("p/w", "busy").working == ["b"]
    run = Runner(ERROR_PATHS).failed("p/w", "broken", part="x")
    assert run.working == ["c"]
    assert run.input("c")["error"] == {"code": "broken", "message": "it failed"}
    assert run.input("c")["part"] == "x"
    assert Runner(ERROR_PATHS).done("p/w").working == ["b"], "thrown by the end event"


def test_an_error_that_nobody_catches_ends_the_run_and_calls_everything_off() -> None:
    drawn = recipe(f'<startEvent id="s"/><parallelGateway id="f"/>{TASKS}', "s > f\nf > a\nf > b")
    run = Runner(drawn).failed("a", "busy")
    assert run.got(effects.Cancel) == [effects.Cancel("b")]
    assert run.finished is not None
    assert (run.finished.status, run.finished.code, run.finished.reason) == ("failed", "busy", "it failed")
    assert run.state.tokens == {}
    assert "is over" in run.done("b").ignored()


def test_one_can_ask_whether_an_error_would_be_caught() -> None:
    run = Runner(ERROR_PATHS)
    assert catches(run.recipe, run.state, "p/w", "whatever")
    alone = Runner(recipe(f'<startEvent id="s"/>{TASKS}', "s > a"))
    assert not catches(alone.recipe, alone.state, "a", "busy")


def test_an_escalation_lets_the_work_go_on_and_somebody_above_know() -> None:
    drawn = recipe(
        f'<startEvent id="s"/>{TASKS}'
        + boundary("late", "a", '<escalationEventDefinition escalationRef="X1"/>', interrupting=False),
        "s > a\nlate > b\na > c",
        more=ERRORS,
    )
    run = Runner(drawn).happens(Escalated(BEGIN, "a", "late"))
    assert run.working == ["a", "b"]
    assert "Nobody catches" in run.happens(Escalated(BEGIN, "a", "other")).ignored()
    assert run.done("a").working == ["b", "c"]


EVENT_PROCESS = (
    '<subProcess id="ev" triggeredByEvent="true"><startEvent id="es" isInterrupting="{}">{}</startEvent>'
    + service("h")
    + '<endEvent id="ee"/><sequenceFlow id="1" sourceRef="es" targetRef="h"/><sequenceFlow id="2" sourceRef="h" targetRef="ee"/></subProcess>'
)


@pytest.mark.parametrize("interrupting", ["true", "false"])
def test_an_event_sub_process_takes_over_or_runs_beside(interrupting: str) -> None:
    event = EVENT_PROCESS.format(interrupting, '<messageEventDefinition messageRef="N"/>')
    drawn = recipe(f'<startEvent id="s"/>{TASKS}<endEvent id="e"/>{event}', "s > a\na > e", more=MESSAGES)
    run = Runner(drawn).message("withdrawn", why="late")
    assert run.input("ev/h")["why"] == "late"
    if interrupting == "true":
        assert run.working == ["ev/h"]
        assert "Nobody waits" in run.message("withdrawn").ignored()
        assert run.done("ev/h").status == "completed"
    else:
        assert run.working == ["a", "ev/h"]
        assert run.message("withdrawn").working == ["a", "ev/h", "ev#2/h"]
        assert run.done("a", "ev/h").status == "running"
        assert run.done("ev#2/h").status == "completed"


def test_an_event_sub_process_catches_errors_that_no_border_catches() -> None:
    event = EVENT_PROCESS.format("true", '<errorEventDefinition errorRef="E1"/>')
    drawn = recipe(f'<startEvent id="s"/>{TASKS}<endEvent id="e"/>{event}', "s > a\na > e", more=ERRORS)
    run = Runner(drawn).failed("a", "busy")
    assert run.working == ["ev/h"]
    assert run.failed("ev/h", "busy").status == "failed", "it does not catch its own"


def test_a_conditional_event_happens_once_each_time_its_condition_becomes_true() -> None:
    condition = "<conditionalEventDefinition><condition>=level > 5</condition></conditionalEventDefinition>"
    drawn = recipe(
        f'<startEvent id="s"/><parallelGateway id="f"/>{TASKS}{boundary("x", "b", condition, interrupting=False)}',
        "s > f\nf > a\nf > b\nx > c\na > d",
    )
    run = Runner(drawn).done("a", level=9)
    assert sorted(run.working) == ["b", "c", "d"]
    run.done("d", level=8)
    assert sorted(run.working) == ["b", "c"], "it was true before"
    run.done("c", level=1)
    assert run.working == ["b"]


def test_terminate_ends_everything_in_its_scope_at_once() -> None:
    drawn = recipe(
        f'<startEvent id="s"/><parallelGateway id="f"/>{TASKS}<endEvent id="e"><terminateEventDefinition/></endEvent>',
        "s > f\nf > a\nf > b\na > e",
    )
    run = Runner(drawn).done("a")
    assert run.got(effects.Cancel) == [effects.Cancel("b")]
    assert run.status == "terminated"


def test_terminate_in_a_sub_process_ends_only_that() -> None:
    inner = (
        f'<startEvent id="ps"/><parallelGateway id="f"/>{service("x")}{service("y")}'
        '<endEvent id="pe"><terminateEventDefinition/></endEvent>'
        '<sequenceFlow id="1" sourceRef="ps" targetRef="f"/><sequenceFlow id="2" sourceRef="f" targetRef="x"/>'
        '<sequenceFlow id="3" sourceRef="f" targetRef="y"/><sequenceFlow id="4" sourceRef="x" targetRef="pe"/>'
    )
    run = Runner(recipe(f'<startEvent id="s"/><subProcess id="p">{inner}</subProcess>{TASKS}', "s > p\np > a"))
    assert run.working == ["p/x", "p/y"]
    assert run.done("p/x").working == ["a"]


def test_links_join_distant_parts_of_a_drawing() -> None:
    drawn = recipe(
        f'<startEvent id="s"/><intermediateThrowEvent id="t"><linkEventDefinition name="L"/></intermediateThrowEvent>'
        f'<intermediateCatchEvent id="c1"><linkEventDefinition name="L"/></intermediateCatchEvent>{TASKS}',
        "s > t\nc1 > a",
    )
    assert Runner(drawn).working == ["a"]


def test_a_thrown_message_is_work_for_whom_it_names() -> None:
    drawn = recipe(
        f'<startEvent id="s"/><intermediateThrowEvent id="t"><extensionElements><som:task fulfiller="mail"/>'
        f'</extensionElements><messageEventDefinition messageRef="M"/></intermediateThrowEvent>{TASKS}',
        "s > t\nt > a",
        more=MESSAGES,
    )
    run = Runner(drawn, {"sum": 3})
    (sent,) = run.got(effects.Start)
    assert (sent.kind, sent.key, sent.input) == ("send", "t", {"sum": 3})
    assert run.done("t").working == ["a"]


def test_a_thrown_message_that_names_nobody_is_for_other_runs_and_this_one_goes_on() -> None:
    drawn = recipe(
        f'<startEvent id="s"/><intermediateThrowEvent id="t"><extensionElements><som:correlation key="=sum"/>'
        f'<som:input name="twice" value="=2 * sum"/></extensionElements>'
        f'<messageEventDefinition messageRef="M"/></intermediateThrowEvent>{TASKS}',
        "s > t\nt > a",
        more=MESSAGES,
    )
    run = Runner(drawn, {"sum": 3})
    assert run.got(effects.Send) == [effects.Send("t", "paid", "3", {"twice": 6})]
    assert run.working == ["a"]


def test_a_run_can_begin_at_any_of_its_start_events() -> None:
    drawn = recipe(
        f'<startEvent id="s"/><startEvent id="m"><messageEventDefinition messageRef="M"/></startEvent>{TASKS}',
        "s > a\nm > b",
        more=MESSAGES,
    )
    assert Runner(drawn).working == ["a"]
    assert Runner(drawn, event="m").working == ["b"]
