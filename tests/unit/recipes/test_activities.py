"""Activities: tasks, data, calls, loops, and undoing them."""

from typing import Any

import pytest

from models.domain.errors import SomError
from models.domain.recipes import effects
from models.domain.recipes.happenings import Cancelled, Retried
from tests.unit.recipes.drawing import BEGIN, Runner, process, recipe, service

TASKS = "".join(map(service, "abcd"))


def test_a_task_gets_what_its_mapping_says_and_leaves_what_its_mapping_says() -> None:
    inner = (
        '<som:input name="to.name" value="=customer.name"/><som:input name="to.kind" value="private"/>'
        '<som:input name="token" value="=secrets.MAIL"/><som:output name="sent.at" value="=when"/>'
    )
    run = Runner(
        recipe(f'<startEvent id="s"/>{service("t", inner)}{TASKS}', "s > t\nt > a"), {"customer": {"name": "Ann"}}
    )
    assert run.input("t") == {"to": {"name": "Ann", "kind": "private"}, "token": "{{secrets.MAIL}}"}
    run.done("t", when="noon", more="not kept")
    assert run.state.variables == {"customer": {"name": "Ann"}, "sent": {"at": "noon"}}


def test_one_can_ask_who_made_and_who_used_a_value() -> None:
    inner = '<som:input name="n" value="=number + extra"/>'
    run = Runner(recipe(f'<startEvent id="s"/>{TASKS}{service("t", inner)}', "s > a\na > t"), {"extra": 1})
    run.done("a", number=4)
    (begun,) = run.got(effects.Start)
    assert begun.sources == {"number": "a", "extra": ""}
    assert run.state.data.made[1]["number"] == "a"
    assert run.state.data.used["number"] == ("t",)


def test_declared_outputs_keep_out_what_is_not_declared() -> None:
    inner = '<som:outputSchema>{"properties": {"port": {"type": "integer"}}}</som:outputSchema>'
    run = Runner(recipe(f'<startEvent id="s"/>{service("t", inner)}{TASKS}', "s > t\nt > a"))
    assert run.done("t", port=7, debug="long").state.variables == {"port": 7}


def test_an_answer_that_comes_twice_or_for_nobody_changes_nothing() -> None:
    run = Runner(recipe(f'<startEvent id="s"/>{TASKS}', "s > a\na > b")).done("a", n=1)
    before = run.state
    assert "twice" in run.done("a", n=2).ignored()
    assert "twice" in run.done("nobody").ignored()
    assert run.state == before


def test_a_mapping_that_fails_keeps_the_answer_until_somebody_mends_it() -> None:
    inner = '<som:output name="total" value="=net * rate"/>'
    run = Runner(recipe(f'<startEvent id="s"/>{service("t", inner)}{TASKS}', "s > t\nt > a"), {"rate": "a lot"})
    assert "lot" not in run.done("t", net=10).stuck().code
    assert run.working == []
    run.happens(Retried(BEGIN, "t", {"rate": 2}))
    assert run.working == ["a"]
    assert run.state.variables["total"] == 20


def test_a_script_of_one_expression_is_computed_at_once() -> None:
    script = '<scriptTask id="t"><extensionElements><zeebe:script expression="=n * 2" resultVariable="m"/></extensionElements></scriptTask>'
    assert Runner(recipe(f'<startEvent id="s"/>{script}{TASKS}', "s > t\nt > a"), {"n": 4}).input("a")["m"] == 8


RULE = recipe(
    '<startEvent id="s"/><businessRuleTask id="t"><extensionElements>'
    '<zeebe:calledDecision decisionId="risk" resultVariable="level"/></extensionElements></businessRuleTask>'
    f"{TASKS}",
    "s > t\nt > a",
)


def test_a_rule_task_asks_the_decision_that_is_there_or_whoever_carries_out() -> None:
    assert Runner(RULE, {"n": 1}, decide=lambda ref, values: f"{ref} {values['n']}").input("a")["level"] == "risk 1"
    run = Runner(RULE)
    assert run.got(effects.Start)[0].kind == "rule"
    assert run.done("t", grade=3).input("a")["level"] == {"grade": 3}


def test_a_decision_that_cannot_be_made_is_stuck() -> None:
    def refuse(_: str, __: Any) -> Any:
        raise SomError("no table")

    assert "no table" in Runner(RULE, decide=refuse).stuck().reason


def called(variables: str = "") -> str:
    return f'<callActivity id="k" calledElement="other">{variables}</callActivity>'


OTHER = process(f'<startEvent id="os"/>{service("w")}', "os > w", "other")


def test_a_called_process_sees_only_what_it_is_given_and_gives_what_is_taken() -> None:
    mapping = (
        '<extensionElements><som:call recipe="other"/><som:input name="x" value="=n + 1"/>'
        '<som:output name="y" value="=result"/></extensionElements>'
    )
    run = Runner(recipe(f'<startEvent id="s"/>{called(mapping)}{TASKS}', "s > k\nk > a", OTHER), {"n": 1, "secret": 2})
    assert run.input("k/w") == {"x": 2}
    run.done("k/w", result=5, more=6)
    assert run.state.variables == {"n": 1, "secret": 2, "y": 5}


def test_camunda_8_passes_everything_unless_it_says_otherwise() -> None:
    run = Runner(recipe(f'<startEvent id="s"/>{called()}{TASKS}', "s > k\nk > a", OTHER), {"n": 1})
    assert run.input("k/w") == {"n": 1}
    assert run.done("k/w", result=5).state.variables == {"n": 1, "result": 5}


def test_a_call_of_a_recipe_that_is_not_there_is_left_to_whoever_carries_out() -> None:
    run = Runner(recipe(f'<startEvent id="s"/>{called()}{TASKS}', "s > k\nk > a"))
    assert [(one.key, one.kind) for one in run.got(effects.Start)] == [("k", "call")]
    assert run.done("k").working == ["a"]


def test_a_recipe_that_calls_itself_ends_somewhere() -> None:
    run = Runner(recipe('<startEvent id="s"/><callActivity id="c" calledElement="main"/>', "s > c"))
    assert run.stuck().code == "tooDeep"


def several(attributes: str, inner: str = "", kind: str = "false") -> str:
    loop = f'<multiInstanceLoopCharacteristics isSequential="{kind}">{attributes}</multiInstanceLoopCharacteristics>'
    return f'<serviceTask id="t"><extensionElements><som:task fulfiller="t"/>{inner}</extensionElements>{loop}</serviceTask>'


OVER = '<extensionElements><som:loop collection="=sites" element="site" collected="ports" result="=port"/></extensionElements>'
INPUT = '<som:input name="site" value="=site"/><som:input name="n" value="=loopCounter"/>'


def test_a_task_over_a_list_is_done_for_each_element_side_by_side() -> None:
    run = Runner(
        recipe(f'<startEvent id="s"/>{several(OVER, INPUT)}{TASKS}', "s > t\nt > a"), {"sites": ["x", "y", "z"]}
    )
    assert run.working == ["t[1]", "t[2]", "t[3]"]
    assert run.input("t[2]") == {"site": "y", "n": 2}
    run.done("t[3]", port=30).done("t[1]", port=10)
    assert run.working == ["t[2]"]
    assert run.done("t[2]", port=20).input("a")["ports"] == [10, 20, 30], "in the order of the list"


def test_a_task_over_a_list_can_be_done_one_after_another() -> None:
    drawn = recipe(f'<startEvent id="s"/>{several(OVER, INPUT, "true")}{TASKS}', "s > t\nt > a")
    run = Runner(drawn, {"sites": ["x", "y"]})
    assert run.working == ["t[1]"]
    assert run.done("t[1]", port=1).working == ["t[2]"]
    assert run.done("t[2]", port=2).input("a")["ports"] == [1, 2]
    assert Runner(drawn, {"sites": []}).input("a")["ports"] == []
    assert Runner(drawn, {"sites": "x"}).stuck().code == "noList"
    assert Runner(drawn, {"sites": list(range(1_001))}).stuck().code == "tooManyRounds"


def test_a_completion_condition_ends_the_other_rounds() -> None:
    enough = OVER + "<completionCondition>=numberOfCompletedInstances >= 2</completionCondition>"
    run = Runner(recipe(f'<startEvent id="s"/>{several(enough)}{TASKS}', "s > t\nt > a"), {"sites": ["x", "y", "z"]})
    run.done("t[1]", port=1).done("t[3]", port=3)
    assert run.got(effects.Cancel) == [effects.Cancel("t[2]")]
    assert run.input("a")["ports"] == [1, 3]


def test_an_error_in_one_round_ends_all_of_them() -> None:
    border = '<boundaryEvent id="x" attachedToRef="t"><errorEventDefinition/></boundaryEvent>'
    drawn = recipe(f'<startEvent id="s"/>{several(OVER)}{border}{TASKS}', "s > t\nt > a\nx > b")
    run = Runner(drawn, {"sites": ["x", "y"]}).failed("t[2]", "busy")
    assert run.got(effects.Cancel) == [effects.Cancel("t[1]")]
    assert run.working == ["b"]


def test_a_standard_loop_goes_on_while_its_condition_holds() -> None:
    loop = '<standardLoopCharacteristics loopMaximum="3"><loopCondition>=not(found)</loopCondition></standardLoopCharacteristics>'
    task = f'<serviceTask id="t">{loop}</serviceTask>'
    drawn = recipe(f'<startEvent id="s"/>{task}{TASKS}', "s > t\nt > a")
    run = Runner(drawn).done("t[1]", found=False)
    assert run.working == ["t[2]"]
    assert run.done("t[2]", found=True).working == ["a"]
    assert Runner(drawn).done("t[1]", found=False).done("t[2]", found=False).done("t[3]", found=False).working == ["a"]


# Undoing


def undone(name: str) -> str:
    return (
        service(name)
        + f'<boundaryEvent id="b{name}" attachedToRef="{name}"><compensateEventDefinition/></boundaryEvent>'
        + service(f"un{name}", attributes='isForCompensation="true"')
        + f'<association id="as{name}" sourceRef="b{name}" targetRef="un{name}"/>'
    )


UNDO = '<intermediateThrowEvent id="u"><compensateEventDefinition/></intermediateThrowEvent>'


def test_what_was_done_is_undone_in_reverse() -> None:
    drawn = recipe(
        f'<startEvent id="s"/>{undone("x")}{undone("y")}{undone("z")}{UNDO}{TASKS}', "s > x\nx > y\ny > u\nu > a"
    )
    run = Runner(drawn).done("x", port=1).done("y")
    assert run.working == ["uny"]
    (begun,) = run.got(effects.Start)
    assert begun.undoes == "y"
    assert run.done("uny").working == ["unx"]
    assert run.done("unx").working == ["a"], "z was never done"


def test_one_activity_can_be_undone_alone() -> None:
    alone = '<intermediateThrowEvent id="u"><compensateEventDefinition activityRef="x"/></intermediateThrowEvent>'
    drawn = recipe(f'<startEvent id="s"/>{undone("x")}{undone("y")}{alone}{TASKS}', "s > x\nx > y\ny > u\nu > a")
    run = Runner(drawn).done("x").done("y")
    assert run.working == ["unx"]
    assert run.done("unx").working == ["a"]


def inside(elements: str, ways: str, kind: str = "subProcess", border: str = "") -> str:
    lines = (line.split(" > ") for line in ways.splitlines())
    inner = "".join(f'<sequenceFlow id="i{a}{b}" sourceRef="{a}" targetRef="{b}"/>' for a, b in lines)
    return f'<{kind} id="p">{elements}{inner}</{kind}>{border}'


def test_a_sub_process_is_undone_by_what_was_done_in_it() -> None:
    sub = inside(f'<startEvent id="ps"/>{undone("x")}{undone("y")}', "ps > x\nx > y")
    run = Runner(recipe(f'<startEvent id="s"/>{sub}{UNDO}{TASKS}', "s > p\np > u\nu > a"))
    run.done("p/x").done("p/y")
    assert run.working == ["p/uny"]
    assert run.done("p/uny").done("p/unx").working == ["a"]


def test_a_sub_process_can_say_itself_how_it_is_undone() -> None:
    handler = (
        f'<subProcess id="h" triggeredByEvent="true"><startEvent id="hs"><compensateEventDefinition/></startEvent>{service("w")}'
        '<sequenceFlow id="q" sourceRef="hs" targetRef="w"/></subProcess>'
    )
    sub = inside(f'<startEvent id="ps"/>{undone("x")}{handler}', "ps > x")
    run = Runner(recipe(f'<startEvent id="s"/>{sub}{UNDO}{TASKS}', "s > p\np > u\nu > a"))
    run.done("p/x", port=3)
    assert run.working == ["p/h/w"]
    assert run.done("p/h/w").working == ["a"]


def test_rounds_of_a_loop_are_undone_each() -> None:
    loop = f"<multiInstanceLoopCharacteristics>{OVER}</multiInstanceLoopCharacteristics>"
    drawn = undone("x").replace("</extensionElements></serviceTask>", f"</extensionElements>{loop}</serviceTask>", 1)
    drawn = drawn.replace(
        '<som:task fulfiller="unx"/>', '<som:task fulfiller="unx"/><som:input name="site" value="=site"/>'
    )
    run = Runner(recipe(f'<startEvent id="s"/>{drawn}{UNDO}{TASKS}', "s > x\nx > u\nu > a"), {"sites": ["n", "m"]})
    run.done("x[1]", port=1).done("x[2]", port=2)
    (begun,) = run.got(effects.Start)
    assert (begun.undoes, begun.input) == ("x[2]", {"site": "m"})
    run.done(begun.key)
    (begun,) = run.got(effects.Start)
    assert (begun.undoes, begun.input) == ("x[1]", {"site": "n"})
    assert run.done(begun.key).working == ["a"]


def test_a_cancelled_transaction_is_undone_and_left_by_its_cancel_event() -> None:
    border = '<boundaryEvent id="cb" attachedToRef="p"><cancelEventDefinition/></boundaryEvent>'
    sub = inside(
        f'<startEvent id="ps"/>{undone("x")}<parallelGateway id="f"/>{service("y")}<endEvent id="ce"><cancelEventDefinition/></endEvent>',
        "ps > x\nx > f\nf > y\nf > ce",
        "transaction",
        border,
    )
    run = Runner(recipe(f'<startEvent id="s"/>{sub}{TASKS}', "s > p\np > a\ncb > b")).done("p/x")
    assert run.working == ["p/unx"], "the rest of it is called off"
    assert run.done("p/unx").working == ["b"]


def test_a_run_that_is_called_off_can_be_undone_before() -> None:
    drawn = recipe(f'<startEvent id="s"/>{undone("x")}{undone("y")}', "s > x\nx > y")
    run = Runner(drawn).done("x").happens(Cancelled(BEGIN, undo=True))
    assert run.working == ["unx"]
    assert run.done("unx").status == "cancelled"
    assert Runner(drawn).done("x").happens(Cancelled(BEGIN)).status == "cancelled"


@pytest.mark.parametrize("code", ["busy", "other"])
def test_an_undoing_that_fails_and_is_not_caught_ends_the_run(code: str) -> None:
    drawn = recipe(f'<startEvent id="s"/>{undone("x")}{UNDO}{TASKS}', "s > x\nx > u\nu > a")
    assert Runner(drawn).done("x").failed("unx", code).status == "failed"
