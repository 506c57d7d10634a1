"""Trying recipes: simulated answers on virtual time, and test cases."""

import pytest

from models.domain.recipes import Case, InvalidCase, explore, read_cases, simulate
from som.conformance import PAGE, page
from tests.reference import models_dir
from tests.unit.recipes.drawing import extended, recipe, service

ORDERING = recipe(
    '<startEvent id="s"/><userTask id="review" name="Review the order"><extensionElements>'
    '<som:outputSchema>{"properties": {"approved": {"type": "boolean"}}}</som:outputSchema></extensionElements></userTask>'
    '<exclusiveGateway id="x" default="x_no"/>'
    f'{service("build")}<boundaryEvent id="late" attachedToRef="build" cancelActivity="false"><timerEventDefinition>'
    f"<timeDuration>P1D</timeDuration></timerEventDefinition></boundaryEvent>{service('remind')}"
    '<boundaryEvent id="broken" attachedToRef="build"><errorEventDefinition/></boundaryEvent>'
    '<endEvent id="done" name="Built"/><endEvent id="no" name="Refused"/><endEvent id="reminded"/><endEvent id="given up"/>'.replace(
        "given up", "gaveup"
    ),
    "s > review\nreview > x\nx > build [approved]\nx > no\nbuild > done\nlate > remind\nremind > reminded\nbroken > gaveup",
)


def case(**parts: object) -> Case:
    (made,) = read_cases([parts])
    return made


def test_without_any_answers_the_first_way_is_gone() -> None:
    outcome = simulate(ORDERING)
    assert (outcome.status, outcome.ends, outcome.seconds) == ("completed", ("done",), 0)
    assert outcome.data == {"approved": True}


def test_answers_are_given_by_id_or_name_with_delays_errors_and_data() -> None:
    no = simulate(ORDERING, case(answers={"Review the order": {"output": {"approved": False}, "delay": "PT2H"}}))
    assert (no.ends, no.seconds) == (("no",), 7200)
    late = simulate(ORDERING, case(answers={"build": {"delay": "P3D", "output": {"port": 1}}}))
    assert (late.ends, late.seconds) == (("reminded", "done"), 3 * 86_400)
    assert late.data["port"] == 1
    failed = simulate(ORDERING, case(answers={"build": {"error": "busy"}}))
    assert failed.ends == ("gaveup",)
    never = simulate(ORDERING, case(answers={"build": {"never": True}}))
    assert never.status == "waiting"
    assert "build" in never.reason


def test_a_case_says_what_is_expected_and_is_told_what_differs() -> None:
    good = {
        "end": "Built",
        "path": ["review", "build"],
        "avoids": ["remind"],
        "data": {"approved": True},
        "status": "completed",
    }
    assert simulate(ORDERING, case(expect=good)).differences == ()
    bad = {
        "end": ["Refused"],
        "path": ["build", "review"],
        "avoids": ["build"],
        "data": {"approved": False},
        "status": "failed",
    }
    differences = simulate(ORDERING, case(expect=bad)).differences
    assert [one.partition(":")[0] for one in differences] == ["status", "end", "end", "path", "path", "data"]


def test_an_answer_of_an_element_that_is_not_there_is_told() -> None:
    (told,) = simulate(ORDERING, case(answers={"build": {}, "biuld": {"error": "busy"}})).differences
    assert "'biuld'" in told


def test_answers_go_on_with_every_visit() -> None:
    drawn = recipe(
        f'<startEvent id="s"/>{service("t")}<exclusiveGateway id="x" default="x_t"/><endEvent id="e"/>',
        "s > t\nt > x\nx > e [ok]\nx > t",
    )
    outcome = simulate(drawn, case(input={}, answers={"t": [{"output": {"ok": False}}, {"output": {"ok": True}}]}))
    assert [step.key for step in outcome.path if step.what == "started"] == ["t", "t#2"]
    assert simulate(drawn, case(answers={"t": {"output": {"ok": False}}})).status == "endless"


def test_what_a_case_gives_is_not_made_up_anew_by_rounds_and_repeated_tasks() -> None:
    loop = '<som:loop collection="=sites" element="site"/>'
    rounds = f"<multiInstanceLoopCharacteristics>{extended(loop)}</multiInstanceLoopCharacteristics>"
    each = service("each").replace("</serviceTask>", f"{rounds}</serviceTask>")
    wait = extended('<som:correlation key="=number"/>') + '<messageEventDefinition messageRef="m"/>'
    drawn = recipe(
        f'<startEvent id="s"/>{each}<exclusiveGateway id="x" default="x_w"/><exclusiveGateway id="j"/>{service("again")}'
        f'<intermediateCatchEvent id="w">{wait}</intermediateCatchEvent><endEvent id="e"/>',
        "s > j\nj > each\neach > again\nagain > x\nx > j [good = false]\nx > w\nw > e",
        more='<message id="m" name="m"/>',
    )
    outcome = simulate(drawn, case(input={"sites": ["a", "b"], "number": "n-7", "good": False}))
    assert outcome.ends == ("e",)
    assert (outcome.data["sites"], outcome.data["number"]) == (["a", "b"], "n-7")
    assert [step.element for step in outcome.path if step.what == "started"].count("again") == 2


def test_messages_come_when_the_case_says_so_else_before_any_timer() -> None:
    drawn = recipe(
        '<startEvent id="s"/><eventBasedGateway id="g"/><intermediateCatchEvent id="m"><messageEventDefinition messageRef="M"/>'
        '</intermediateCatchEvent><intermediateCatchEvent id="t"><timerEventDefinition><timeDuration>P1D</timeDuration>'
        '</timerEventDefinition></intermediateCatchEvent><endEvent id="paid"/><endEvent id="late"/>',
        "s > g\ng > m\ng > t\nm > paid\nt > late",
        more='<message id="M" name="paid"/>',
    )
    assert simulate(drawn).ends == ("paid",)
    assert simulate(drawn, case(answers={"m": {"delay": "PT3H", "output": {"n": 1}}})).seconds == 3 * 3600
    assert simulate(drawn, case(answers={"m": {"never": True}})).ends == ("late",)


@pytest.mark.parametrize(
    "document",
    [
        "text",
        {"cases": 1},
        [1],
        [{"inputs": {}}],
        [{"answers": {"a": {"delay": "soon"}}}],
        [{"answers": {"a": 1}}],
        [{"input": 1}],
    ],
)
def test_what_is_no_case_is_refused_with_its_place(document: object) -> None:
    with pytest.raises(InvalidCase):
        read_cases(document)


def test_exploring_goes_all_ways_and_names_what_cannot_be_reached() -> None:
    found = explore(ORDERING)
    assert found.missed == ()
    ends = {end for _, outcome in found.outcomes for end in outcome.ends}
    assert ends == {"done", "no", "reminded", "gaveup"}
    declared = '{"properties": {"n": {"type": "integer"}, "m": {"const": 1}}}'
    chosen = recipe(
        f'{extended(f"<som:inputSchema>{declared}</som:inputSchema>")}<startEvent id="s"/>'
        f'<exclusiveGateway id="x" default="x_e"/>{service("t")}{service("u")}<endEvent id="e"/>',
        "s > x\nx > t [n > 10]\nx > u [m = 2]\nx > e\nt > e\nu > e",
    )
    assert [node.id for node in explore(chosen).missed] == ["u"]  # what is declared to be 1 is never 2
    shut = recipe(
        f'<startEvent id="s"/><exclusiveGateway id="x" default="x_e"/>{service("t")}<endEvent id="e"/>',
        "s > x\nx > t [1 > 2]\nx > e\nt > e",
    )
    assert [node.id for node in explore(shut).missed] == ["t"]


@pytest.mark.reference
def test_the_page_on_models_of_others_says_what_becomes_of_them() -> None:
    folder = models_dir("bpmn")
    if folder is None:
        pytest.skip("no models of others")
    assert page(folder) == PAGE.read_text(), "run python -m som.conformance"
