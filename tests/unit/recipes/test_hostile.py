"""Recipes that want to do more than recipes may: nothing of it runs, and nobody waits for it."""

from xml.sax.saxutils import quoteattr

import pytest

from models.domain.expressions import meter
from models.domain.recipes import Recipe, check, is_publishable, is_refused, simulate
from models.domain.recipes.interpreter import MAX_WORK
from models.domain.recipes.simulation import MAX_WORK as MAX_TRIED
from models.recipes import InvalidRecipe
from models.recipes.written import InvalidWriting, load
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


HEAVY = "sum(for i in 1..2000 return i)"  # half of what one expression may cost


def computing(name: str) -> str:
    return f'<scriptTask id="{name}"><extensionElements><som:script expression="{HEAVY}"/></extensionElements></scriptTask>'


def test_a_happening_that_computes_for_ever_is_stopped() -> None:
    round_and_round = '<startEvent id="s"/><exclusiveGateway id="m"/><exclusiveGateway id="x" default="x_m"/>'
    drawn = recipe(round_and_round + computing("t"), "s > m\nm > t\nt > x\nx > m")
    before = meter.spent()
    outcome = simulate(drawn)
    assert (outcome.status, outcome.reason.partition(":")[2]) == (
        "stuck",
        f" Expressions and schemas of one happening take more than {MAX_WORK} steps together.",
    )
    assert meter.spent() - before < 2 * MAX_WORK


def test_a_trial_that_computes_for_ever_is_stopped() -> None:
    pause = "<timerEventDefinition><timeDuration>PT1S</timeDuration></timerEventDefinition>"
    names = [f"t{index}" for index in range(10)]
    drawn = recipe(
        f'<startEvent id="s"/><exclusiveGateway id="m"/><intermediateCatchEvent id="w">{pause}</intermediateCatchEvent>'
        + "".join(map(computing, names)),
        "\n".join(f"{one} > {other}" for one, other in zip(["s", "m", *names], ["m", *names, "w"], strict=True))
        + "\nw > m",
    )
    before = meter.spent()
    assert simulate(drawn).status == "endless"
    assert meter.spent() - before < 2 * MAX_TRIED


def test_inclusive_gateways_of_which_nobody_could_say_who_still_comes_are_refused() -> None:
    count = 200
    gateways = "".join(f'<inclusiveGateway id="g{index}"/>' for index in range(count))
    ways = "\n".join(f"g{at} > g{(at + by) % count}" for at in range(count) for by in range(1, 6))
    (problem, *_) = check(recipe(f'<startEvent id="s"/>{gateways}', f"s > g0\n{ways}"))
    assert problem.kind == "unsupported"
    assert is_refused([problem])


def test_more_flows_than_anybody_draws_are_refused() -> None:
    flows = "".join(f'<sequenceFlow id="f{index}" sourceRef="s" targetRef="e"/>' for index in range(10_001))
    with pytest.raises(InvalidRecipe, match="more than 10000 sequence flows"):
        recipe(f'<startEvent id="s"/><endEvent id="e"/>{flows}', "")


def test_yaml_of_more_parts_than_anybody_writes_is_refused_before_it_is_read() -> None:
    with pytest.raises(InvalidWriting, match="more than 20000 values"):
        load("recipe: x\nsteps:\n" + "- {}\n" * 20_000)
    with pytest.raises(InvalidWriting, match="steps/0: A step has one of"):
        load("recipe: x\nsteps:\n" + "- {}\n" * 2_000)


@pytest.mark.parametrize(
    "value", ["!!binary aGVsbG8=", "!!timestamp 2001-01-01", "!!python/name:os.system x", "!own 1"]
)
def test_yaml_makes_nothing_but_what_json_has(value: str) -> None:
    with pytest.raises(InvalidWriting, match="tag"):
        load(f"recipe: x\nsteps: []\nversion: {value}\n")


@pytest.mark.parametrize(
    "schema",
    [
        '{"enum": [1, 2]}',
        '{"const": 1}',
        '{"default": "x"}',
        '{"properties": [1]}',
        '{"properties": {"a": 1}}',
        '{"required": "a"}',
        '{"properties": {"a": {"properties": 1}}}',
        '{"properties": {"a": {"items": {"required": [1]}}}}',
    ],
)
def test_schemas_of_no_object_break_no_trial(schema: str) -> None:
    steps = "".join(f"<som:{part}>{schema}</som:{part}>" for part in ("inputSchema", "outputSchema"))
    drawn = recipe(f'<startEvent id="s"/>{service("a", steps)}', "s > a")
    assert simulate(drawn).status == "completed"


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ("[" * 5_000 + "]" * 5_000, "nested too deep"),
        ("[" * 90 + "]" * 90, "nested deeper"),
        ("NaN", "no number"),
        ("1e999", "no number"),
        ("1" + "0" * 40, "64 bits"),
        ('{"$where": 1}', "begins with $"),
        ('"\\ud800"', "not valid Unicode"),
    ],
)
@pytest.mark.parametrize("part", ["input", "output"])
def test_a_value_in_a_mapping_that_cannot_be_kept_is_told_when_it_is_read(part: str, value: str, says: str) -> None:
    drawn = recipe(f'<startEvent id="s"/>{service("x", f"""<som:{part} name="v">{value}</som:{part}>""")}', "s > x")
    assert says in " ".join(problem.reason for problem in check(drawn) if problem.severity == "incomplete")


@pytest.mark.parametrize("target", ["$x", "a..b", "a.$b"])
def test_a_name_that_cannot_be_kept_is_told_when_it_is_read(target: str) -> None:
    drawn = recipe(f'<startEvent id="s"/>{service("x", f"""<som:output name="{target}" value="1"/>""")}', "s > x")
    assert "cannot be kept" in " ".join(problem.reason for problem in check(drawn))


def test_a_schema_that_is_nested_too_deep_is_told_when_it_is_read() -> None:
    deep = '{"not":' * 5_000 + "{}" + "}" * 5_000
    drawn = recipe(f'<startEvent id="s"/>{service("x", f"<som:inputSchema>{deep}</som:inputSchema>")}', "s > x")
    assert "nested too deep" in " ".join(problem.reason for problem in check(drawn))
