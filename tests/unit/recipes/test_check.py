"""What is found wrong with a recipe before it runs."""

import pytest

from models.domain.recipes import Known, Recipe, check, is_publishable, is_refused
from tests.unit.recipes.drawing import document, extended, process, recipe, service

END = '<endEvent id="e"/>'
NEEDS = extended('<som:input name="n" value="=number"/>')
TWO = service("a") + service("b")


def found(drawn: Recipe, known: Known | None = None) -> set[tuple[str, str, str]]:
    return {(one.element, one.kind, one.severity) for one in check(drawn, known)}


def test_a_sound_recipe_can_be_published() -> None:
    problems = check(recipe(f'<startEvent id="s"/>{service("a")}{END}', "s > a\na > e"))
    assert is_publishable(problems)
    assert not is_refused(problems)
    assert problems == ()


WRONG = {
    "a flow into nothing": (TWO + '<startEvent id="s"/>', "s > a\na > nobody", ("a_nobody", "dangling", "refused")),
    "a border event at nothing": (
        '<startEvent id="s"/><boundaryEvent id="b" attachedToRef="x"><errorEventDefinition/></boundaryEvent>' + END,
        "s > e",
        ("b", "dangling", "refused"),
    ),
    "a default that is no way": (
        f'<startEvent id="s"/><exclusiveGateway id="x" default="y"/>{TWO}',
        "s > x\nx > a\nx > b",
        ("x", "dangling", "refused"),
    ),
    "no start": (TWO, "a > b", ("main", "noStart", "incomplete")),
    "several starts": (
        '<startEvent id="s"/><startEvent id="z"/>' + END,
        "s > e\nz > e",
        ("main", "severalStarts", "incomplete"),
    ),
    "a circle without a beginning": (TWO, "a > b\nb > a", ("main", "noStart", "refused")),
    "no end": (f'<startEvent id="s"/>{service("a")}', "s > a", ("a", "noEnd", "remark")),
    "what no path leads to": (
        f'<startEvent id="s"/>{TWO}{END}',
        "s > e\na > b\nb > a",
        ("a", "unreachable", "incomplete"),
    ),
    "a gateway that says nothing": (
        f'<startEvent id="s"/><exclusiveGateway id="x"/>{TWO}',
        "s > x\nx > a\nx > b",
        ("x", "noChoice", "incomplete"),
    ),
    "a condition that is no expression": (
        f'<startEvent id="s"/><exclusiveGateway id="x"/>{TWO}',
        "s > x\nx > a [n >]\nx > b [n &lt; 1]",
        ("x_a", "expression", "incomplete"),
    ),
    "a task that nobody does": ('<startEvent id="s"/><serviceTask id="t"/>', "s > t", ("t", "noWork", "incomplete")),
    "a call of nobody": (
        '<startEvent id="s"/><callActivity id="t" calledElement="x"/>',
        "s > t",
        ("t", "unknownCall", "incomplete"),
    ),
    "a rule without a decision": (
        '<startEvent id="s"/><businessRuleTask id="t"/>',
        "s > t",
        ("t", "unknownDecision", "incomplete"),
    ),
    "a loop over nothing": (
        '<startEvent id="s"/><userTask id="t"><multiInstanceLoopCharacteristics/></userTask>',
        "s > t",
        ("t", "loop", "incomplete"),
    ),
    "an event without a trigger": (
        '<startEvent id="s"/><intermediateCatchEvent id="t"><messageEventDefinition/></intermediateCatchEvent>',
        "s > t",
        ("t", "noTrigger", "incomplete"),
    ),
    "a timer that is none": (
        '<startEvent id="s"/><intermediateCatchEvent id="t"><timerEventDefinition><timeDuration>soon</timeDuration></timerEventDefinition></intermediateCatchEvent>',
        "s > t",
        ("t", "noTrigger", "incomplete"),
    ),
    "an error that is awaited": (
        '<startEvent id="s"/><intermediateCatchEvent id="t"><errorEventDefinition/></intermediateCatchEvent>',
        "s > t",
        ("t", "misplaced", "refused"),
    ),
    "a cancellation of no transaction": (
        '<startEvent id="s"/><endEvent id="t"><cancelEventDefinition/></endEvent>',
        "s > t",
        ("t", "misplaced", "refused"),
    ),
    "an error that does not interrupt": (
        f'<startEvent id="s"/>{TWO}<boundaryEvent id="t" attachedToRef="a" cancelActivity="false"><errorEventDefinition/></boundaryEvent>',
        "s > a\nt > b",
        ("t", "misplaced", "incomplete"),
    ),
    "an undoing that is not drawn": (
        f'<startEvent id="s"/>{TWO}<boundaryEvent id="t" attachedToRef="a"><compensateEventDefinition/></boundaryEvent>',
        "s > a",
        ("t", "misplaced", "incomplete"),
    ),
    "an undoing of nothing": (
        f'<startEvent id="s"/>{TWO}<serviceTask id="t" isForCompensation="true"/>',
        "s > a",
        ("t", "misplaced", "incomplete"),
    ),
    "a link to nowhere": (
        '<startEvent id="s"/><intermediateThrowEvent id="t"><linkEventDefinition name="L"/></intermediateThrowEvent>',
        "s > t",
        ("t", "dangling", "refused"),
    ),
    "a task behind an event gateway": (
        f'<startEvent id="s"/><eventBasedGateway id="t"/>{TWO}',
        "s > t\nt > a",
        ("t", "misplaced", "refused"),
    ),
    "an empty sub-process": ('<startEvent id="s"/><subProcess id="t"/>', "s > t", ("t", "empty", "incomplete")),
    "a value from nobody": (
        f'<startEvent id="s"/><userTask id="t">{NEEDS}</userTask>',
        "s > t",
        ("t", "unknownValue", "incomplete"),
    ),
    "a value from whom nothing is known": (
        f'<startEvent id="s"/>{service("a")}<userTask id="t">{NEEDS}</userTask>',
        "s > a\na > t",
        ("t", "doubtfulValue", "remark"),
    ),
}


@pytest.mark.parametrize("what", WRONG)
def test_what_is_wrong_is_told_with_the_element(what: str) -> None:
    elements, ways, problem = WRONG[what]
    drawn = recipe(elements, ways)
    assert problem in found(drawn)
    assert is_publishable(check(drawn)) == (problem[2] == "remark")


DECLARED = (
    '<extensionElements><som:inputSchema>{"properties": {"order": {}}}</som:inputSchema></extensionElements>'
    '<startEvent id="s"/>'
)


def typed(name: str, reads: str, makes: str) -> str:
    outputs = f'<som:outputSchema>{{"properties": {{"{makes}": {{}}}}}}</som:outputSchema>'
    return service(name, f'<som:input name="x" value="={reads}"/>{outputs}')


def test_values_follow_the_paths_of_the_drawing() -> None:
    drawn = recipe(
        f'{DECLARED}<exclusiveGateway id="x" default="x_b"/>{typed("a", "order.id", "port")}{typed("b", "order", "vlan")}'
        f"{typed('c', 'port + vlan', 'done')}{END}",
        "s > x\nx > a [order.big]\nx > b\na > c\nb > c\nc > e",
    )
    assert check(drawn) == ()
    early = recipe(f"{DECLARED}{typed('a', 'vlan', 'port')}{typed('b', 'port', 'vlan')}{END}", "s > a\na > b\nb > e")
    assert found(early) == {("a", "unknownValue", "incomplete")}
    assert check(early, Known(given={"vlan"})) == ()


def test_values_of_a_round_and_of_a_sub_process_are_known_inside() -> None:
    loop = (
        '<multiInstanceLoopCharacteristics><extensionElements><som:loop collection="=order" element="site"/></extensionElements>'
        "</multiInstanceLoopCharacteristics>"
    )
    task = typed("a", "site", "port").replace(
        "</extensionElements></serviceTask>", f"</extensionElements>{loop}</serviceTask>"
    )
    assert check(recipe(f"{DECLARED}{task}{END}", "s > a\na > e")) == ()


def test_the_correlation_of_a_repeated_receive_task_may_name_the_element_of_the_round() -> None:
    loop = extended('<som:loop collection="=order" element="site"/>')
    key = extended('<som:correlation key="=site"/>')
    receive = (
        f'<receiveTask id="a" messageRef="m">{key}'
        f"<multiInstanceLoopCharacteristics>{loop}</multiInstanceLoopCharacteristics></receiveTask>"
    )
    drawn = recipe(f"{DECLARED}{receive}{END}", "s > a\na > e", more='<message id="m" name="m"/>')
    assert check(drawn) == ()


def test_what_exists_outside_is_looked_up_where_it_is_told() -> None:
    rule = '<businessRuleTask id="r"><extensionElements><zeebe:calledDecision decisionId="d" resultVariable="v"/></extensionElements></businessRuleTask>'
    drawn = recipe(
        f'<startEvent id="s"/>{rule}{service("a")}<callActivity id="c" calledElement="other"/>{END}',
        "s > r\nr > a\na > c\nc > e",
    )
    assert found(drawn, Known(recipes={"other"}, decisions={"d"}, fulfillers={"a"})) == set()
    kinds = {kind for _, kind, _ in found(drawn, Known(recipes=(), decisions=(), fulfillers=()))}
    assert kinds == {"unknownDecision", "noWork", "unknownCall"}


def test_a_call_in_versions_that_are_no_range_is_told_so_and_not_that_there_is_no_recipe() -> None:
    call = '<callActivity id="c">' + extended('<som:call recipe="other" versions="1.x"/>') + "</callActivity>"
    drawn = recipe(f'<startEvent id="s"/>{call}{END}', "s > c\nc > e")
    (problem,) = check(drawn, Known(recipes={"other"}))
    assert (problem.element, problem.kind) == ("c", "unknownCall")
    assert "'1.x' are no range" in problem.reason


def test_called_processes_are_checked_too() -> None:
    other = process('<startEvent id="os"/><serviceTask id="ot"/>', "os > ot", "other")
    drawn = recipe(f'<startEvent id="s"/><callActivity id="c" calledElement="other"/>{END}', "s > c\nc > e", other)
    assert ("ot", "noWork", "incomplete") in found(drawn)
    assert document(other)


def test_a_secret_is_handed_on_as_it_is() -> None:
    def kinds(value: str) -> set[str]:
        task = service("a", f'<som:input name="token" value="{value}"/>')
        drawn = recipe(f'<startEvent id="s"/>{task}{END}', "s > a\na > e")
        return {kind for _, kind, _ in found(drawn, Known(secrets={"CRM"}))}

    assert kinds("=&quot;Bearer &quot; + secrets.CRM") == set()
    assert kinds("=upper case(secrets.CRM)") == {"reshapedSecret"}
