"""What a run computes and hands on by itself: held against what its recipe declares, and named before a run."""

import json
from typing import Any

import pytest

from models.domain.bound_recipes import GIVEN
from models.domain.recipes import Known, Outcome, Recipe, check, read_cases, simulate
from models.schemas import violations
from tests.unit.recipes.drawing import Runner, extended, process, recipe, service

PORT = {"type": "object", "properties": {"port": {"type": "integer", "minimum": 1}}, "required": ["port"]}
ENDS = '<startEvent id="s"/>{0}<endEvent id="e"/>'


def tag(name: str, schema: Any) -> str:
    text = json.dumps(schema).replace("&", "&amp;").replace("<", "&lt;")
    return f"<som:{name}>{text}</som:{name}>"


def one(node: str, *others: str, begins: str = "") -> Recipe:
    """A recipe of one node, `x`, between start and end."""
    declared = extended(begins) if begins else ""
    return recipe(declared + ENDS.format(node), "s > x\nx > e", *others)


def script(expression: str, more: str) -> str:
    inner = f'<som:script expression="{expression}" result="port"/>{more}'
    return f'<scriptTask id="x">{extended(inner)}</scriptTask>'


def rule(more: str) -> str:
    inner = f'<som:decision ref="d" result="port"/><som:input name="port" value="=port"/>{more}'
    return f'<businessRuleTask id="x">{extended(inner)}</businessRuleTask>'


def call(inner: str) -> str:
    return f'<callActivity id="x" calledElement="part">{extended(inner)}</callActivity>'


def part(begins: str, inside: str = "") -> str:
    """A process to be called, of one service task `w`."""
    return process(extended(begins) + ENDS.format(service("w", inside)), "s > w\nw > e", "part")


def running(drawn: Recipe, decide: Any = None, **data: Any) -> Runner:
    return Runner(drawn, data, decide=decide, fits=violations)


@pytest.mark.parametrize(("declares", "says"), [("inputSchema", "The input of x"), ("outputSchema", "The answer of x")])
def test_a_script_is_held_to_what_it_declares_and_computed_anew_when_the_values_are_mended(
    declares: str, says: str
) -> None:
    run = running(one(script("port", tag(declares, PORT))), port="seven")
    stuck = run.stuck()
    assert (stuck.code, stuck.node) == ("misfit", "x")
    assert says in stuck.reason
    assert '/port: "seven" is not of type "integer"' in stuck.reason
    assert run.state.variables == {"port": "seven"}, "nothing has changed"
    assert run.retried(port=7).status == "completed"
    assert run.state.variables == {"port": 7}


@pytest.mark.parametrize(("answer", "fits"), [(7, True), ("seven", False), ({"port": 7}, True), ({"port": 0}, False)])
def test_a_decision_is_held_to_what_its_rule_task_declares_of_its_answer(answer: Any, *, fits: bool) -> None:
    run = running(one(rule(tag("outputSchema", PORT))), lambda _, __: answer, port=1)
    assert run.status == ("completed" if fits else "running")
    assert fits or "/port" in run.stuck().reason


def test_the_input_of_a_decision_is_looked_at_before_it_is_asked() -> None:
    asked: list[Any] = []

    def decide(_: str, given: Any) -> int:
        asked.append(given)
        return 1

    run = running(one(rule(tag("inputSchema", PORT))), decide, port=0)
    assert "The input of x is not what it declares: /port: 0 is less than the minimum of 1" in run.stuck().reason
    assert asked == []
    assert run.retried(port=2).status == "completed"
    assert asked == [{"port": 2}]


@pytest.mark.parametrize("declared_by", ["the call", "the called"])
def test_a_called_recipe_does_not_begin_with_what_does_not_fit(declared_by: str) -> None:
    schema = tag("inputSchema", PORT)
    mapping = '<som:call recipe="part"/><som:input name="port" value="=port"/>'
    called = part(schema if declared_by == "the called" else tag("inputSchema", {"properties": {"port": {}}}))
    run = running(one(call(mapping + (schema if declared_by == "the call" else "")), called), port="seven")
    assert '/port: "seven" is not of type "integer"' in run.stuck().reason
    assert run.started == []
    assert run.retried(port=7).working == ["x/w"]


def test_what_just_comes_along_with_a_call_is_not_held_against_what_is_called() -> None:
    closed = {**PORT, "additionalProperties": False}
    run = running(one(call('<som:call recipe="part" passes="all"/>'), part(tag("inputSchema", closed))), port=7, more=1)
    assert run.working == ["x/w"]


def test_what_a_called_recipe_leaves_is_held_to_what_it_declares_and_can_be_mended_there() -> None:
    drawn = one(call('<som:call recipe="part" returns="all"/>'), part(tag("outputSchema", PORT)))
    run = running(drawn).done("x/w", port="seven")
    stuck = run.stuck()
    assert (stuck.key, "What part leaves is not what it declares: /port" in stuck.reason) == ("x/e", True)
    assert run.retried(port=7).status == "completed"
    assert run.state.variables == {"port": 7}


@pytest.mark.parametrize("end", ['<endEvent id="e"/>', '<endEvent id="e"><terminateEventDefinition/></endEvent>'])
def test_what_a_recipe_leaves_is_held_to_what_it_declares(end: str) -> None:
    drawn = recipe(extended(tag("outputSchema", PORT)) + f'<startEvent id="s"/>{service("x")}{end}', "s > x\nx > e")
    run = running(drawn).done("x", more=1)
    assert '"port" is a required property' in run.stuck().reason
    assert run.retried(port=7).status in ("completed", "terminated")


def test_a_message_that_does_not_fit_holds_who_awaits_it_until_its_values_are_mended() -> None:
    receive = f'<receiveTask id="x" messageRef="m">{extended(tag("outputSchema", PORT))}</receiveTask>'
    drawn = recipe(ENDS.format(receive), "s > x\nx > e", more='<message id="m" name="paid"/>')
    run = running(drawn).message("paid", port=0)
    assert "The answer of x is not what it declares: /port" in run.stuck().reason
    assert run.retried(port=3).status == "completed"
    assert run.state.variables == {"port": 3}


def test_a_sub_process_is_held_to_what_it_declares() -> None:
    inside = service("w") + '<startEvent id="b"/><endEvent id="c"/>'
    ways = '<sequenceFlow id="b_w" sourceRef="b" targetRef="w"/><sequenceFlow id="w_c" sourceRef="w" targetRef="c"/>'
    node = f'<subProcess id="x">{extended(tag("inputSchema", PORT) + tag("outputSchema", PORT))}{inside}{ways}</subProcess>'
    run = running(one(node))
    assert "The input of x" in run.stuck().reason
    assert run.retried(port=1).working == ["x/w"]
    assert "What comes out of x" in run.done("x/w", port=0).stuck().reason
    assert run.retried(port=2).status == "completed"


def test_without_who_holds_values_against_schemas_every_value_will_do() -> None:
    assert Runner(one(script("port", tag("outputSchema", PORT))), {"port": "seven"}).status == "completed"


def test_scripts_and_the_conditions_behind_gateways_are_told_of_as_users_of_the_values_they_read() -> None:
    nodes = '<startEvent id="s"/><exclusiveGateway id="g" default="g_f"/><endEvent id="e"/><endEvent id="f"/>'
    drawn = recipe(nodes + script("port + 1", ""), "s > x\nx > g\ng > e [port > limit]\ng > f")
    run = running(drawn, port=1, limit=5, idle=0)
    assert run.status == "completed"
    assert dict(run.state.data.used) == {"port": ("x", "g"), "limit": ("g",)}


# Before a run


def tried(drawn: Recipe, **case: Any) -> Outcome:
    (read,) = read_cases([{"name": "c", **case}])
    return simulate(drawn, read, fits=violations)


def test_a_case_begins_with_what_the_recipe_declares_and_an_order_may_bring_more() -> None:
    closed = {**PORT, "additionalProperties": False}
    drawn = one(service("x"), begins=tag("inputSchema", closed))
    wrong = tried(drawn, input={"port": "seven"})
    assert (wrong.status, wrong.path) == ("stuck", ())
    assert wrong.reason == 'What it begins with is not what it declares: /port: "seven" is not of type "integer".'
    assert tried(drawn, input={"port": 7, "service": {}}).status == "completed"
    assert tried(drawn, input={"port": 7, "serivce": {}}).status == "stuck"
    assert tried(drawn).status == "completed"


def test_what_a_case_makes_a_script_compute_is_held_against_what_that_declares_and_what_samples_make_is_not() -> None:
    drawn = one(script("port", tag("outputSchema", {"properties": {"port": {"minimum": 5}}})))
    assert tried(drawn, input={"port": 1}).status == "stuck"
    assert tried(drawn).status == "completed"


def objections(drawn: Recipe, *, bound: bool = False) -> list[tuple[str, str, str]]:
    known = Known(fits=violations, given=GIVEN if bound else ())
    return [(p.element, p.kind, p.reason) for p in check(drawn, known) if p.severity == "incomplete"]


@pytest.mark.parametrize(
    ("mapping", "kind", "says"),
    [
        ('<som:input name="port" value="seven"/>', "misfit", '"seven" is not of type "integer"'),
        ('<som:input name="port">0</som:input>', "misfit", "0 is less than the minimum of 1"),
        ('<som:input name="at.n">1</som:input>', "unknownValue", "no input 'port', which it needs"),
        (
            '<som:input name="port" value="=1"/><som:input name="more" value="1"/>',
            "misfit",
            "'more', which it does not",
        ),
        ('<som:input name="port" value="=1"/><som:input name="at.n">"x"</som:input>', "misfit", "an input 'at.n' that"),
    ],
)
def test_a_mapping_that_can_never_fit_keeps_a_recipe_from_being_published(mapping: str, kind: str, says: str) -> None:
    at = {"at": {"properties": {"n": {"$ref": "#/$defs/number"}}}}
    schema = {**PORT, "additionalProperties": False, "$defs": {"number": {"type": "integer"}}}
    schema["properties"] = {**PORT["properties"], **at}  # type: ignore[dict-item]
    ((element, found, reason),) = objections(one(service("x", mapping + tag("inputSchema", schema))))
    assert (element, found, says in reason) == ("x", kind, True), reason


@pytest.mark.parametrize(
    ("passes", "begins", "found"),
    [
        ("", "", "It maps no input 'port', which 'part' needs."),
        ('passes="all"', "", "What it calls, part, needs 'port', which nobody produces."),
        ('passes="all"', tag("inputSchema", PORT), None),
    ],
)
def test_a_call_gives_what_the_called_recipe_begins_with(passes: str, begins: str, found: str | None) -> None:
    drawn = one(call(f'<som:call recipe="part" {passes}/>'), part(tag("inputSchema", PORT)), begins=begins)
    reasons = [reason for _, _, reason in objections(drawn)]
    assert (found is None and reasons == []) or (len(reasons) == 1 and reasons[0].startswith(str(found)))


def test_a_literal_that_a_call_gives_is_held_against_what_is_called() -> None:
    drawn = one(call('<som:call recipe="part"/><som:input name="port" value="7"/>'), part(tag("inputSchema", PORT)))
    assert objections(drawn) == [
        (
            "x",
            "misfit",
            "It maps an input 'port' that is not what 'part' declares: \"7\" is not of type \"integer\".",
        )
    ]


def test_a_recipe_that_orders_start_can_ask_only_for_what_orders_bring() -> None:
    drawn = one(service("x"), begins=tag("inputSchema", {**PORT, "required": ["port", "service"]}))
    assert objections(drawn) == []
    ((element, kind, reason),) = objections(drawn, bound=True)
    assert (element, kind, "only with 'port', which no order brings" in reason) == ("main", "unknownValue", True)


def test_a_recipe_that_says_it_leaves_what_nobody_produces_cannot_be_published() -> None:
    knows = service("x", tag("outputSchema", {"properties": {"line": {}}}))
    ((element, kind, reason),) = objections(one(knows, begins=tag("outputSchema", PORT)))
    assert (element, kind, "'port', which nobody produces" in reason) == ("main", "unknownValue", True)
    assert objections(one(service("x"), begins=tag("outputSchema", PORT))) == [], "a step that does not say may do so"


@pytest.mark.parametrize("where", ["inputSchema", "outputSchema"])
def test_what_declares_no_object_where_there_is_always_one_cannot_be_published(where: str) -> None:
    lists = tag(where, {"type": "array"})
    assert [(at, kind) for at, kind, _ in objections(one(service("x"), begins=lists))] == [("main", "misfit")]
    assert [(at, kind) for at, kind, _ in objections(one(service("x", lists)))] == [("x", "misfit")]
    assert objections(one(script("[1]", tag("outputSchema", {"type": "array"})))) == []


def test_a_happening_that_holds_much_against_schemas_again_and_again_is_stopped() -> None:
    check_it = tag("inputSchema", {"properties": {"much": {"type": "array"}}})
    inner = '<som:script expression="1" result="r"/>' + check_it
    node = f'<scriptTask id="x">{extended(inner)}</scriptTask>'
    drawn = recipe('<startEvent id="s"/><exclusiveGateway id="m"/>' + node, "s > m\nm > x\nx > m")
    stuck = running(drawn, much=[[at] for at in range(40_000)]).stuck()
    assert (stuck.code, stuck.reason.partition(" of one ")[0]) == ("tooManySteps", "Expressions and schemas")
