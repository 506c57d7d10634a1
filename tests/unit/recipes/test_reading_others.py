"""What engines and tools of others write into BPMN files: understood, or told of; nothing is left out in silence."""

import pytest

from models.domain.recipes import Node, Recipe, check
from models.recipes import InvalidRecipe, read_recipe
from tests.unit.recipes.drawing import document, extended, flows, recipe

SPACES = (
    'xmlns:flowable="http://flowable.org/bpmn" xmlns:operaton="http://operaton.org/schema/1.0/bpmn" '
    'xmlns:spiffworkflow="http://spiffworkflow.org/bpmn/schema/1.0/core" xmlns:drools="http://www.jboss.org/drools" '
    'xmlns:tool="urn:of-some-tool"'
)


def drawn(elements: str, more: str = "") -> Recipe:
    return recipe(elements.replace("id=", f"{SPACES} id=", 1), "", more=more)


def within(element: str, inner: str) -> str:
    return f'<{element} id="t">{extended(inner)}</{element}>'


def task(elements: str, more: str = "") -> Node:
    return drawn(elements, more).process.nodes["t"]


def told(elements: str, more: str = "") -> list[tuple[str, str, str]]:
    problems = drawn(elements, more).process.problems
    assert {problem.element for problem in problems} <= {"t"}
    return [(problem.kind, problem.severity, problem.reason) for problem in problems]


@pytest.mark.parametrize(
    ("element", "words"),
    [
        ('<userTask id="t" camunda:dueDate="P1D" camunda:candidateUsers="a"/>', "camunda:dueDate, camunda:candidateUsers"),
        ('<userTask id="t" flowable:skipExpression="${x}"/>', "flowable:skipExpression"),
        (within("serviceTask", '<zeebe:taskHeaders/>'), "zeebe:taskHeaders"),
        (
            within("callActivity", "<zeebe:calledElement processId='p' bindingType='deployment'/>"),
            "calledElement bindingType",
        ),
        (
            '<userTask id="t"><multiInstanceLoopCharacteristics flowable:elementIndexVariable="i"/></userTask>',
            "flowable:elementIndexVariable",
        ),
        ('<boundaryEvent id="t"><errorEventDefinition camunda:errorCodeVariable="c"/></boundaryEvent>', "errorCodeVariable"),
        ('<userTask id="t" startQuantity="2"/>', "startQuantity is 2"),
    ],
)  # fmt: skip
def test_what_means_nothing_here_is_told(element: str, words: str) -> None:
    ((kind, severity, reason),) = told(element)
    assert (kind, severity) == ("ignored", "remark")
    assert words in reason


def test_code_beside_a_task_is_more_than_a_remark() -> None:
    inner = "<spiffworkflow:preScript>x = 1</spiffworkflow:preScript>"
    assert [(kind, severity) for kind, severity, _ in told(within("userTask", inner))] == [("code", "incomplete")]


@pytest.mark.parametrize(
    "element",
    [
        '<userTask id="t" camunda:asyncBefore="true" tool:colour="red"/>',
        within("userTask", "<tool:note>hello</tool:note><zeebe:userTask/>"),
    ],
)
def test_what_changes_no_run_is_not_told(element: str) -> None:
    assert told(element) == []


@pytest.mark.parametrize(
    ("element", "kind", "named"),
    [
        ('<serviceTask id="t" operaton:type="external" operaton:topic="mail"/>', "service", "mail"),
        ('<businessRuleTask id="t" flowable:type="external" flowable:topic="rate"/>', "service", "rate"),
        (within("scriptTask", "<zeebe:taskDefinition type='js'/>"), "service", "js"),
        (within("serviceTask", "<zeebe:taskDefinition type='=&quot;js&quot;'/>"), "service", "js"),
        ('<task id="t" drools:taskName="Email"/>', "service", "Email"),
        (within("serviceTask", "<spiffworkflow:serviceTaskOperator id='http/Get'/>"), "service", "http/Get"),
        ('<serviceTask id="t" operationRef="o"/>', "service", "getPrice"),
    ],
)  # fmt: skip
def test_work_that_others_name_is_a_job_by_that_name(element: str, kind: str, named: str) -> None:
    found = task(element, '<interface id="i"><operation id="o" name="getPrice"/></interface>')
    assert (found.task, found.work.type) == (kind, named)


def test_decisions_by_the_words_of_others() -> None:
    field = '<flowable:field name="decisionTableReferenceKey"><flowable:string>risk</flowable:string></flowable:field>'
    asked = task(f'<serviceTask id="t" flowable:type="dmn">{extended(field)}</serviceTask>')
    assert (asked.task, asked.work.decision, asked.work.type) == ("rule", "risk", None)
    spiff = "<spiffworkflow:calledDecisionId>risk</spiffworkflow:calledDecisionId>"
    assert task(within("businessRuleTask", spiff)).work.decision == "risk"


def test_names_that_would_have_to_be_computed_are_refused_to_be_published() -> None:
    name = '<message id="m" name="=&quot;paid-&quot; + order.id"/>'
    found = drawn('<receiveTask id="t" messageRef="m"/>', name)
    assert [(one.kind, one.severity) for one in found.process.problems] == [("expression", "incomplete")]
    constant = drawn('<receiveTask id="t" messageRef="m"/>', '<message id="m" name="=&quot;paid&quot;"/>')
    assert constant.process.nodes["t"].events[0].name == "paid"


def test_people_as_bpmn_activiti_and_jbpm_name_them() -> None:
    def role(name: str, text: str) -> str:
        expression = (
            f"<resourceAssignmentExpression><formalExpression>{text}</formalExpression></resourceAssignmentExpression>"
        )
        return f'<userTask id="t"><{name}>{expression}</{name}></userTask>'

    assert task(role("humanPerformer", "kermit")).work.assignee == "kermit"
    assert task(role("potentialOwner", "group(sales), group(billing)")).work.groups == ("sales", "billing")
    assert task(role("potentialOwner", "sales")).work.groups == ("sales",)
    resource = '<userTask id="t"><performer><resourceRef>r</resourceRef></performer></userTask>'
    assert task(resource, '<resource id="r" name="Clerk"/>').work.assignee == "Clerk"


@pytest.mark.parametrize("person", ["${starter}", "=starter", "#{starter}"])
def test_a_person_who_would_have_to_be_computed_is_left_out_and_told(person: str) -> None:
    element = f'<userTask id="t" camunda:assignee="{person}"/>'
    assert task(element).work.assignee is None
    assert told(element)[0][:2] == ("ignored", "remark")


JBPM = (
    '<userTask id="t"><ioSpecification><dataInput id="i1" name="TaskName"/><dataInput id="i2" name="who"/>'
    '<dataOutput id="o1" name="performance"/></ioSpecification>'
    '<dataInputAssociation id="a1"><targetRef>i1</targetRef><assignment><from>review</from><to>i1</to></assignment>'
    "</dataInputAssociation>"
    '<dataInputAssociation id="a2"><sourceRef>employee</sourceRef><targetRef>i2</targetRef></dataInputAssociation>'
    '<dataOutputAssociation id="a3"><sourceRef>o1</sourceRef><targetRef>grade</targetRef></dataOutputAssociation></userTask>'
    '<property id="employee" name="employee"/><property id="grade" name="grade"/>'
)


def test_data_that_is_renamed_or_assigned_on_its_way_is_a_mapping() -> None:
    work = task(JBPM).work
    assert work.inputs == (("TaskName", "review"), ("who", "=employee"))
    assert work.outputs == (("grade", "=performance"),)


def test_several_objects_drawn_into_one_place_keep_their_names() -> None:
    inner = "".join(
        f'<dataInputAssociation id="a{at}"><sourceRef>{name}</sourceRef><targetRef>i</targetRef></dataInputAssociation>'
        for at, name in enumerate(("from", "to"))
    )
    objects = '<dataObject id="from" name="From"/><dataObject id="to" name="To date"/>'
    element = f'<userTask id="t"><ioSpecification><dataInput id="i" name="Fixed"/></ioSpecification>{inner}</userTask>'
    assert (task(element + objects).work.input_schema or {})["properties"] == {"From": {}, "To date": {}}


def test_what_a_loop_goes_over_is_found_behind_an_input_or_by_its_name() -> None:
    def loop(reference: str, before: str = "", after: str = "") -> str | None:
        several = f"<multiInstanceLoopCharacteristics><loopDataInputRef>{reference}</loopDataInputRef></multiInstanceLoopCharacteristics>"
        found = task(f'<userTask id="t">{before}{several}</userTask>{after}').loop
        assert found is not None
        return found.collection

    association = (
        '<dataInputAssociation id="a"><sourceRef>l</sourceRef><targetRef>in</targetRef></dataInputAssociation>'
    )
    inputs = f'<ioSpecification><dataInput id="in" name="IN"/></ioSpecification>{association}'
    assert loop("in", inputs, '<property id="l" name="list"/>') == "`list`"
    assert loop("assignees") == "`assignees`"


def test_counters_of_camunda_7_are_ours() -> None:
    condition = "${nrOfCompletedInstances / nrOfInstances >= 0.6 || loopCounter == 0}".replace(">", "&gt;")
    several = f"<loopCardinality>5</loopCardinality><completionCondition>{condition}</completionCondition>"
    found = task(
        f'<userTask id="t"><multiInstanceLoopCharacteristics>{several}</multiInstanceLoopCharacteristics></userTask>'
    )
    assert found.loop is not None
    assert found.loop.until == "((numberOfCompletedInstances / numberOfInstances) >= 0.6 or (loopCounter - 1) = 0)"


@pytest.mark.parametrize(
    ("text", "value", "computed"),
    [
        ("PT${minutes}M", '"PT" + string(minutes) + "M"', True),
        ('"PT5S"', "PT5S", False),
        ("'PT5S'", "PT5S", False),
        ('=duration("PT" + string(n) + "S")', 'duration("PT" + string(n) + "S")', True),
        ('=now() + duration("PT5S")', 'now() + duration("PT5S")', True),
    ],
)
def test_times_as_others_write_them(text: str, value: str, computed: bool) -> None:
    wait = f"<timerEventDefinition><timeDuration>{text}</timeDuration></timerEventDefinition>"
    (event,) = task(f'<intermediateCatchEvent id="t">{wait}</intermediateCatchEvent>').events
    assert event.timer is not None
    assert (event.timer.value, event.timer.expression) == (value, computed)


def test_the_form_that_starts_a_process_says_what_a_run_begins_with() -> None:
    field = '<camunda:formField id="amount" type="long"><camunda:validation><camunda:constraint name="required"/>'
    form = f"<camunda:formData>{field}</camunda:validation></camunda:formField></camunda:formData>"
    needs = extended('<som:input name="n" value="=amount"/><som:task fulfiller="f"/>')
    elements = f'{within("startEvent", form)}<serviceTask id="a">{needs}</serviceTask><endEvent id="e"/>'
    made = recipe(elements.replace('id="t"', 'id="s"', 1), "s > a\na > e")
    assert made.process.input_schema == {
        "type": "object",
        "properties": {"amount": {"type": "integer"}},
        "additionalProperties": True,
        "required": ["amount"],
    }
    assert check(made) == ()


def test_secrets_of_connectors_are_ours() -> None:
    mapping = '<zeebe:ioMapping><zeebe:input source="Bearer {{secrets.TOKEN}}" target="auth"/></zeebe:ioMapping>'
    assert task(within("serviceTask", mapping)).work.inputs == (("auth", '="Bearer " + secrets.TOKEN'),)


def test_no_retry_is_no_retry() -> None:
    once = '<zeebe:taskDefinition type="x" retries="1"/>'
    assert task(within("serviceTask", once)).work.retry == ()
    cycle = "<camunda:failedJobRetryTimeCycle>R1/PT1M</camunda:failedJobRetryTimeCycle>"
    assert task(within("serviceTask", cycle)).work.retry == ()


def test_forms_of_others_say_what_is_asked_for() -> None:
    choice = '<camunda:value id="y" name="Yes"/>'
    inner = (
        f'<camunda:formData><camunda:formField id="ok" label="Fine?" type="enum">{choice}</camunda:formField></camunda:formData>'
        '<flowable:formProperty id="n" name="Number" type="long" required="true"/>'
    )
    assert task(within("userTask", inner)).work.output_schema == {
        "type": "object",
        "properties": {
            "ok": {"type": "string", "title": "Fine?", "enum": ["y"]},
            "n": {"type": "integer", "title": "Number"},
        },
        "required": ["n"],
        "additionalProperties": True,
    }


def test_of_an_ad_hoc_sub_process_only_itself_is_told() -> None:
    inside = '<task id="a"/><task id="b"/>' + flows("a > b")
    assert [kind for kind, _, _ in told(f'<adHocSubProcess id="t">{inside}</adHocSubProcess>')] == ["unsupported"]


def test_an_id_that_is_there_twice_is_refused() -> None:
    assert told('<task id="t"/><userTask id="t"/>') == [
        ("dangling", "refused", "Another element of the process has the same id.")
    ]


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        (document('<process id="p"><startEvent/></process>'), "startEvent: It has no id."),
        (document('<process name="P"><task id="t"/></process>'), "The process 'P' has no id."),
    ],
)
def test_what_has_no_id_is_refused(source: str, reason: str) -> None:
    with pytest.raises(InvalidRecipe) as refusal:
        read_recipe(source)
    assert str(refusal.value) == reason
