"""BPMN files read: what tools write, what is refused, and that nothing hostile is let in."""

import pytest

from models.domain.recipes import Node, Recipe
from models.recipes import InvalidRecipe, read_recipe
from models.recipes.foreign import condition, value
from models.recipes.juel import UntranslatableError, translate
from tests.unit.recipes.drawing import document, extended, process, recipe


def task(drawn: Recipe, name: str = "t") -> Node:
    return drawn.process.nodes[name]


HOSTILE = {
    "a billion laughs": '<!DOCTYPE d [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]><definitions>&b;</definitions>',
    "an external entity": '<!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/passwd">]><definitions>&x;</definitions>',
    "an external document type": '<!DOCTYPE definitions SYSTEM "http://127.0.0.1:9/x.dtd"><definitions/>',
    "a parameter entity": '<!DOCTYPE d [<!ENTITY % p SYSTEM "http://127.0.0.1:9/x">%p;]><definitions/>',
    "a document type alone": "<!DOCTYPE definitions><definitions/>",
    "elements without end in each other": "<a>" * 5_000 + "</a>" * 5_000,
    "too many elements": "<definitions>" + "<a/>" * 100_001 + "</definitions>",
    "too many bytes": "<definitions>" + " " * 4_000_001 + "</definitions>",
    "no XML": "PK\x03\x04",
    "nothing": "",
    "half of it": "<definitions",
    "an unknown encoding": '<?xml version="1.0" encoding="klingon"?><definitions/>',
    "another language": '<dmn:definitions xmlns:dmn="https://www.omg.org/spec/DMN/20191111/MODEL/"/>',
    "no process": document(),
    "an empty process": document(process("", "")),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_what_is_hostile_or_no_bpmn_is_refused_with_a_reason(what: str) -> None:
    with pytest.raises(InvalidRecipe) as refusal:
        read_recipe(HOSTILE[what].encode())
    assert len(str(refusal.value)) < 200
    assert str(refusal.value).endswith(".")


def test_includes_and_stylesheets_are_not_followed() -> None:
    source = '<?xml-stylesheet href="http://127.0.0.1:9/x.xsl"?>' + document(
        '<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="file:///etc/passwd"/>',
        process('<startEvent id="s"/><endEvent id="e"/>', "s > e"),
    )
    assert set(read_recipe(source).process.nodes) == {"s", "e"}


def test_encodings_are_those_that_the_file_says() -> None:
    text = '<?xml version="1.0" encoding="ISO-8859-1"?>' + document(process('<task id="t" name="Prüfen"/>', ""))
    assert task(read_recipe(text.encode("latin-1"))).name == "Prüfen"


def test_our_own_words() -> None:
    inner = (
        '<som:task specification="line" action="add" queue="field" groups="a, b" deadline="PT1H" retry="PT10S,PT1M"/>'
        '<som:input name="speed" value="=s.speed"/><som:input name="opts">{"deep": ["=n", 1]}</som:input>'
        '<som:output name="port" value="=output.port"/><som:milestone name="connected"/>'
        '<som:inputSchema>{"properties": {"speed": {}}}</som:inputSchema>'
    )
    node = task(recipe(f'<serviceTask id="t">{extended(inner)}</serviceTask>', ""))
    work = node.work
    assert (work.specification, work.action, work.queue, work.groups) == ("line", "add", "field", ("a", "b"))
    assert (work.deadline, work.retry, node.milestone) == (3600.0, (10.0, 60.0), "connected")
    assert work.inputs == (("speed", "=s.speed"), ("opts", {"deep": ["=n", 1]}))
    assert work.outputs == (("port", "=output.port"),)
    assert work.input_schema == {"properties": {"speed": {}}}


def test_words_of_camunda_8() -> None:
    inner = (
        '<zeebe:taskDefinition type="email"/><zeebe:ioMapping><zeebe:input source="= a.b" target="to.mail"/>'
        '<zeebe:input source="fixed" target="kind"/><zeebe:output source="= id" target="sent"/></zeebe:ioMapping>'
    )
    work = task(recipe(f'<serviceTask id="t">{extended(inner)}</serviceTask>', "")).work
    assert work.type == "email"
    assert work.inputs == (("to.mail", "=a.b"), ("kind", "fixed"))
    assert work.outputs == (("sent", "=id"),)


def test_words_of_camunda_7() -> None:
    inner = (
        '<camunda:inputOutput><camunda:inputParameter name="to">${order.mail}</camunda:inputParameter>'
        '<camunda:inputParameter name="text">Dear ${name}!</camunda:inputParameter>'
        '<camunda:inputParameter name="odd">=1</camunda:inputParameter>'
        '<camunda:inputParameter name="m"><camunda:map><camunda:entry key="k">v</camunda:entry></camunda:map>'
        "</camunda:inputParameter></camunda:inputOutput><camunda:failedJobRetryTimeCycle>R3/PT10M</camunda:failedJobRetryTimeCycle>"
    )
    drawn = recipe(
        f'<serviceTask id="t" camunda:type="external" camunda:topic="mail">{extended(inner)}</serviceTask>', ""
    )
    work = task(drawn).work
    assert (work.type, work.retry) == ("mail", (600.0, 600.0))
    assert work.inputs == (
        ("to", "=order.mail"),
        ("text", '="Dear " + string(name) + "!"'),
        ("odd", '="=1"'),
        ("m", {"k": "v"}),
    )


@pytest.mark.parametrize(
    "attributes", ['camunda:class="org.x.Do"', 'camunda:delegateExpression="${do}"', 'camunda:expression="${do.it()}"']
)
def test_code_of_others_is_named_and_never_run(attributes: str) -> None:
    drawn = recipe(f'<serviceTask id="t" name="Do" {attributes}/>', "")
    (problem,) = drawn.process.problems
    assert (problem.element, problem.kind, problem.severity) == ("t", "code", "incomplete")
    assert "is not run" in problem.reason
    assert task(drawn).work.type


@pytest.mark.parametrize("language", ["javascript", "groovy", "python", ""])
def test_scripts_are_refused(language: str) -> None:
    drawn = recipe(f'<scriptTask id="t" scriptFormat="{language}"><script>__import__("os")</script></scriptTask>', "")
    (problem,) = drawn.process.problems
    assert (problem.kind, problem.severity) == ("code", "refused")


def test_a_script_in_feel_is_an_expression() -> None:
    assert (
        task(recipe('<scriptTask id="t" scriptFormat="feel"><script>1 + 1</script></scriptTask>', "")).work.script
        == "1 + 1"
    )


@pytest.mark.parametrize(
    "element",
    ["complexGateway", "adHocSubProcess", "choreographyTask"],
)
def test_what_is_not_run_is_refused_by_name(element: str) -> None:
    (problem,) = recipe(f'<{element} id="t" name="It"/>', "").process.problems
    assert (problem.element, problem.name, problem.type, problem.severity) == ("t", "It", element, "refused")


@pytest.mark.parametrize(
    ("juel", "feel"),
    [
        ("approved", "approved"),
        ("!approved", "(if approved then false else true)"),
        ("score > 5 && kind == 'gold'", '(score > 5 and kind = "gold")'),
        ("a.b['c d'] eq null or not x", "(a.b.`c d` = null or (if x then false else true))"),
        ("empty list ? 1 : n % 2", '(if (list = null or list = "" or list = []) then 1 else modulo(n, 2))'),
        ("(a + b) * -2 >= items[0]", "((((a + b)) * (-2)) >= items[1]"[1:]),
    ],
)
def test_juel_that_only_reads_and_compares_is_translated(juel: str, feel: str) -> None:
    assert translate(juel) == feel


@pytest.mark.parametrize("juel", ["bean.call()", "f(x)", "a =", "", "1 2", "x[y]", "!" * 99 + "x", "'open", "a ? b"])
def test_juel_that_calls_code_or_is_none_is_not(juel: str) -> None:
    with pytest.raises(UntranslatableError):
        translate(juel)


@pytest.mark.parametrize(
    ("text", "language", "feel"),
    [
        ("= n > 1", "", "n > 1"),
        ("n > 1", "", "n > 1"),
        ("${n > 1}", "", "n > 1"),
        ("bpmn:getDataObject('ok') = 'yes'", "", 'ok = "yes"'),
        ("getDataObject('my ok')", "http://www.w3.org/1999/XPath", "`my ok`"),
        ('My State = "a"', "", '`My State` = "a"'),
        ("n == 'x'", "", 'n = "x"'),
    ],
)
def test_conditions_of_tools(text: str, language: str, feel: str) -> None:
    assert condition(text, language, {"My State"}).feel == feel


@pytest.mark.parametrize("text", ["= )(", "${a.b()}", "= f(x)", "__import__('os')", "exec('1')"])
def test_conditions_that_cannot_be_read_say_why(text: str) -> None:
    read = condition(text)
    assert read.feel is None
    assert read.reason
    assert value("${a.b()}")[1]


def test_lanes_pools_and_data_objects_are_kept() -> None:
    drawn = read_recipe(
        document(
            '<process id="main"><laneSet id="l"><lane id="l1" name="Sales"><flowNodeRef>t</flowNodeRef></lane></laneSet>'
            '<dataObject id="d" name="Order"/><task id="t"/></process>',
            more='<collaboration id="c"><participant id="p" name="Shop" processRef="main"/></collaboration>',
        )
    )
    assert task(drawn).lane == "Sales"
    assert drawn.process.pool == "Shop"
    assert drawn.process.objects == {"Order"}


def test_the_process_that_can_be_executed_is_run_unless_another_is_asked_for() -> None:
    two = document('<process id="p"><task id="t"/></process>', process('<task id="t"/>', "", "q"))
    assert read_recipe(two).main == "q"
    assert read_recipe(two, process="p").main == "p"
    with pytest.raises(InvalidRecipe, match="has no process 'x'"):
        read_recipe(two, process="x")
