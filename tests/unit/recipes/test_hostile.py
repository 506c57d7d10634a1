"""Recipes that want to do more than recipes may: nothing of it runs, and nobody waits for it."""

from xml.sax.saxutils import quoteattr

import pytest

from models.domain.recipes import Recipe, check, is_publishable, simulate
from tests.unit.recipes.drawing import recipe, service

CODE = [
    '=__import__("os").getpid()',
    "=().__class__.__mro__",
    "=[c for c in ().__class__.__bases__]",
    '=open("/etc/passwd")',
    '=exec("1")',
    "=lambda: 1",
    "={{7*7}}",
]


def _places(text: str) -> dict[str, Recipe]:
    value = quoteattr(text)
    content = text.replace("&", "&amp;").replace("<", "&lt;")
    wait = f"<intermediateCatchEvent id='w'><timerEventDefinition><timeDuration>{content}</timeDuration></timerEventDefinition></intermediateCatchEvent>"
    loop = f"<multiInstanceLoopCharacteristics><extensionElements><som:loop collection={value}/></extensionElements></multiInstanceLoopCharacteristics>"
    message = (
        f'<message id="M" name="m"><extensionElements><som:correlation key={value}/></extensionElements></message>'
    )
    condition = f'<sequenceFlow id="c" sourceRef="x" targetRef="a"><conditionExpression>{content}</conditionExpression></sequenceFlow>'
    begin = '<startEvent id="s"/>'
    return {
        "an input": recipe(begin + service("a", f'<som:input name="n" value={value}/>'), "s > a"),
        "an output": recipe(begin + service("a", f'<som:output name="n" value={value}/>'), "s > a"),
        "a script": recipe(
            f'{begin}<scriptTask id="t"><extensionElements><som:script expression={value}/></extensionElements></scriptTask>',
            "s > t",
        ),
        "a timer": recipe(begin + wait, "s > w"),
        "a list": recipe(f'{begin}<userTask id="t">{loop}</userTask>', "s > t"),
        "a correlation": recipe(begin + '<receiveTask id="t" messageRef="M"/>', "s > t", more=message),
        "a condition": recipe(
            begin + f'<exclusiveGateway id="x"/>{service("a")}{service("b")}{condition}', "s > x\nx > b [n = 1]"
        ),
        "a zeebe mapping": recipe(
            f'{begin}<userTask id="t"><extensionElements><zeebe:ioMapping><zeebe:input source={value} target="n"/></zeebe:ioMapping></extensionElements></userTask>',
            "s > t",
        ),
    }


@pytest.mark.parametrize("text", CODE)
def test_code_in_place_of_an_expression_is_a_problem_wherever_it_stands(text: str) -> None:
    for place, drawn in _places(text).items():
        problems = check(drawn)
        assert not is_publishable(problems), place
        kinds = {problem.kind for problem in problems}
        assert {"expression", "code", "unknownValue"} & kinds, (
            place
        )  # what reads as FEEL is about values nobody has made
        assert simulate(drawn).status in ("completed", "stuck", "waiting"), place


@pytest.mark.parametrize(
    "text",
    [
        "=for i in 1..100000000 return i",
        "=count(for i in 1..10000, j in 1..10000 return i)",
        '=string join(for i in 1..10000 return "0123456789012345678901234567890", "")',
    ],
)
def test_an_expression_without_bounds_stops_the_token_and_nothing_else(text: str) -> None:
    outcome = simulate(
        recipe(
            f'<startEvent id="s"/>{service("a", f"<som:input name={quoteattr(chr(110))} value={quoteattr(text)}/>")}',
            "s > a",
        )
    )
    assert outcome.status == "stuck"


def test_what_reads_as_an_expression_of_ours_reaches_no_attribute_of_the_program() -> None:
    for place, drawn in _places("=n.__class__()").items():
        assert simulate(drawn).status in ("completed", "stuck", "waiting"), place
