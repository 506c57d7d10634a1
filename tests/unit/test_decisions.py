"""Decision models: what their elements give, and how what is wrong is named."""

from typing import Any

import pytest

from models.dmn import read, survey
from models.domain.decisions import DecisionsRefused, NoSuchDecision, UnusableDecision, assess, evaluate
from models.domain.expressions import ExpressionTooExpensive, register_patterns
from models.patterns import Re2Patterns
from tests.unit.decision_models import decision, given, model, needs, one_decision, table, text

OUTPUT = '<output name="{0}"><outputValues><text>"low", "high"</text></outputValues></output>'
DEFAULT = "<output><defaultOutputEntry><text>0</text></defaultOutputEntry></output>"
NESTED = (
    "{a: [1,1,1,1,1,1,1,1], "
    + "".join(f"{b}: [{', '.join(a * 8)}], " for a, b in ("ab", "bc", "cd", "de"))
    + ("f: [e,e,e,e,e,e,e,e]}")
)
RULES = [("< 10", "1"), ("< 20", "2"), ("< 20", "3")]


@pytest.fixture(autouse=True, scope="module")
def engine() -> None:
    register_patterns(Re2Patterns())


def feel(source: str, **inputs: Any) -> Any:
    return evaluate(one_decision(text(source), *inputs), "d", inputs)


@pytest.mark.parametrize(
    ("policy", "value", "expected"),
    [
        ('hitPolicy="UNIQUE"', 5, None),
        ('hitPolicy="UNIQUE"', 50, None),
        ('hitPolicy="ANY"', 5, None),
        ('hitPolicy="FIRST"', 15, 2),
        ('hitPolicy="RULE ORDER"', 5, [1, 2, 3]),
        ('hitPolicy="RULE ORDER"', 50, []),
        ('hitPolicy="COLLECT"', 15, [2, 3]),
        ('hitPolicy="COLLECT" aggregation="SUM"', 5, 6),
        ('hitPolicy="COLLECT" aggregation="MIN"', 15, 2),
        ('hitPolicy="COLLECT" aggregation="MAX"', 5, 3),
        ('hitPolicy="COLLECT" aggregation="MAX"', 50, None),
        ('hitPolicy="COLLECT" aggregation="COUNT"', 5, 3),
        ('hitPolicy="COLLECT" aggregation="COUNT"', 50, 0),
    ],
)
def test_a_hit_policy_says_which_rules_count(policy: str, value: int, expected: Any) -> None:
    assert evaluate(one_decision(table(policy, "x", RULES), "x"), "d", {"x": value}) == expected


def test_unique_and_any_answer_where_the_rules_allow_it() -> None:
    rules = [("[1..5)", '"a"'), (">= 5", '"b"'), ("7", '"b"')]
    assert evaluate(one_decision(table("", "x", rules[:2]), "x"), "d", {"x": 5}) == "b"
    assert evaluate(one_decision(table('hitPolicy="ANY"', "x", rules), "x"), "d", {"x": 7}) == "b"


def test_priority_and_output_order_go_by_the_allowed_values() -> None:
    rules = [("-", '"high"'), ("< 10", '"low"')]
    first = one_decision(table('hitPolicy="PRIORITY"', "x", rules, OUTPUT.format("r")), "x")
    everything = one_decision(table('hitPolicy="OUTPUT ORDER"', "x", rules, OUTPUT.format("r")), "x")
    assert [evaluate(first, "d", {"x": value}) for value in (5, 15)] == ["low", "high"]
    assert evaluate(everything, "d", {"x": 5}) == ["low", "high"]


def test_priority_goes_by_the_type_where_the_output_has_no_allowed_values() -> None:
    values = '<allowedValues><text>"low", "high"</text></allowedValues>'
    types = f"<itemDefinition name='tLevel'><typeRef>string</typeRef>{values}</itemDefinition>"
    logic = table('hitPolicy="PRIORITY"', "x", [("-", '"high"'), ("< 10", '"low"')])
    decisions = read(model(types + given("x") + decision("d", logic, "x", type_="tLevel")))
    assert [evaluate(decisions, "d", {"x": value}) for value in (5, 15)] == ["low", "high"]


def test_several_outputs_are_a_context_and_defaults_stand_in() -> None:
    outputs = '<output name="a"/><output name="b c"/>'
    assert evaluate(one_decision(table("", "x", [("1", '"p";2')], outputs), "x"), "d", {"x": 1}) == {"a": "p", "b c": 2}
    assert evaluate(one_decision(table("", "x", [("1", "7")], DEFAULT), "x"), "d", {"x": 2}) == 0


@pytest.mark.parametrize(
    ("test", "value", "fits"),
    [
        ("-", None, True),
        ("1, 2", 2, True),
        ("not(1, 2)", 2, False),
        ("not(1, 2)", 3, True),
        ("null", None, True),
        ("]1..3[", 3, False),
        ("(1..3]", 3, True),
        ("? > 2 and ? < 5", 3, True),
        ('contains(?, "b")', "abc", True),
        ("[1, 2, 3]", 3, True),
        ("limit", 9, True),
        ("> limit", 9, False),
        ("true", True, True),
        ('not("a", "b")', "c", True),
        ('date("2024-05-01")', "2024-05-01", False),
    ],
)
def test_a_cell_is_a_unary_test(test: str, value: Any, fits: bool) -> None:
    decisions = one_decision(table("", "x", [(test, '"yes"')]), "x", "limit")
    assert evaluate(decisions, "d", {"x": value, "limit": 9}) == ("yes" if fits else None)


def test_boxed_expressions_are_evaluated_in_each_other() -> None:
    square = (
        "<encapsulatedLogic><formalParameter name='n'/>"
        + text("if n <= 1 then 1 else n * f(n - 1)")
        + "</encapsulatedLogic>"
    )
    entry = "<contextEntry><variable name='{}'/>{}</contextEntry>"
    call = (
        "<invocation>"
        + text("f")
        + "<binding><parameter name='n'/>"
        + text("side length + 2")
        + "</binding></invocation>"
    )
    rows = "<relation><column name='a b'/><row>" + text("1") + "</row><row>" + text("2") + "</row></relation>"
    loop = "<for iteratorVariable='i'><in>" + text("[1..3]") + "</in><return>" + text("i * size") + "</return></for>"
    result = "<contextEntry>" + text("[size, sum(rows.a b), loop]") + "</contextEntry>"
    box = "<context>" + entry.format("side length", text("x")) + entry.format("size", call) + entry.format("rows", rows)
    box += entry.format("loop", loop) + result + "</context>"
    knowledge = f"<businessKnowledgeModel id='f' name='f'>{square}{needs('f')}</businessKnowledgeModel>"
    body = given("x", "number") + knowledge.replace(needs("f"), "") + decision("d", box, "x", "f")
    assert evaluate(read(model(body)), "d", {"x": 1}) == [6, 3, [6, 12, 18]]


def test_decisions_require_decisions_and_services_are_functions() -> None:
    service = (
        "<decisionService id='fs' name='fs'><outputDecision href='#double'/><encapsulatedDecision href='#double'/>"
        "<inputData href='#x'/></decisionService>"
    )
    body = given("x", "number") + decision("double", text("x * 2"), "x") + service
    body += decision("sum", text("double + fs(10)"), "double", "fs")
    decisions = read(model(body))
    assert evaluate(decisions, "sum", {"x": 1}) == 22
    assert evaluate(decisions, "fs", {"x": 4}) == 8
    assert evaluate(decisions, "sum", {"double": 1}) == 21
    assert dict(assess(decisions, "sum", {"x": 1}).values) == {"double": 2, "sum": 22}
    assert [data.name for data in decisions.inputs_of("sum")] == ["x"]


def test_types_read_dates_and_refuse_what_is_not_allowed() -> None:
    types = (
        "<itemDefinition name='tDay'><typeRef>date</typeRef></itemDefinition>"
        '<itemDefinition name=\'tLevel\'><typeRef>string</typeRef><allowedValues><text>"a","b"</text></allowedValues>'
        "</itemDefinition>"
        "<itemDefinition name='tOrder'><itemComponent name='due date'><typeRef>tDay</typeRef></itemComponent>"
        "<itemComponent name='levels' isCollection='true'><typeRef>tLevel</typeRef></itemComponent></itemDefinition>"
    )
    body = types + given("o", "tOrder") + decision("d", text('[o.due date + @"P1D", o.levels[1]]'), "o")
    decisions = read(model(body))
    assert evaluate(decisions, "d", {"o": {"due date": "2024-02-28", "levels": ["a"]}}) == ["2024-02-29", "a"]
    outcome = assess(decisions, "d", {"o": {"due date": "2024-02-28", "levels": ["c"]}})
    assert outcome.value == [None, None]
    assert outcome.notes == ("o was given a value that does not fit tOrder: it counts as null",)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("1 / 0", None),
        ('substring("foobar", 3.8)', "obar"),
        ("{f: function(n) if n = 0 then 1 else n * f(n - 1), r: f(5)}.r", 120),
        ('[1 + "a", 2]', [None, 2]),
        ("abs()", None),
        ("abs(1, 2)", None),
        ("unknown(1)", None),
        ("nobody.nothing", None),
        ("9223372036854775807 + 1", 9.223372036854775808e18),
        ("0.1 + 0.2 = 0.3", True),
        ("1.0 = 1", True),
        ("string(1.50)", "1.5"),
        ('string([1, "a", {b c: null}])', '[1, "a", {b c: null}]'),
        ('matches("a1", "\\d")', True),
        ('date("2024-05-01") < date and time("2024-05-01T00:00:00")', None),
        ("if null then 1 else 2", 2),
        ("for x in [1..3] return x", [1, 2, 3]),
        ("{a: 1, b: {c: a}}.b.c", 1),
        ("[{a: 1}, {a: 2}].a", [1, 2]),
        ("[{a: 1}, {a: 2}][a > 1].a", [2]),
        ("3 instance of number", True),
        ("(function(a, b) a + b)(b: 1, a: 2)", 3),
        ('substring(string: "abc", start position: 2)', "bc"),
        ("10 in (1, < 5, >= 10)", True),
        ("1 in [[2..4], [1..3]]", True),
        ("every x in [1, 2], y in [3] satisfies x < y", True),
        ("(1..3).start included", False),
        ("-2 ** 2", 4),
        ("2 ** 0.5 > 1.414", True),
        ("not(null)", None),
        ("sort([3, 1, 2], function(x, y) x > y)", [3, 2, 1]),
        ("duration(\"P1Y\") + duration(\"P1D\")", None),
        ('@"2024-01-31T10:00:00@Europe/Paris" + @"P1M"', "2024-02-29T10:00:00@Europe/Paris"),
        ('date and time("2024-05-01T10:00:00Z") - date and time("2024-05-01T12:00:00+02:00")', "PT0S"),
        ('time("23:00:00") + duration("PT2H")', "01:00:00"),
        ("1 /* one */ + // two\n 2", 3),
    ],
)  # fmt: skip
def test_decisions_follow_feel(source: str, expected: Any) -> None:
    assert feel(source) == expected


def test_names_may_have_spaces_and_signs() -> None:
    body = given("Monthly Payment").replace('id="Monthly Payment"', 'id="i1"') + given("a-b").replace(
        'id="a-b"', 'id="i2"'
    )
    body += decision("d", text("Monthly Payment * 2 + a-b - 1"), "i1", "i2")
    assert evaluate(read(model(body)), "d", {"Monthly Payment": 10, "a-b": 5}) == 24


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (decision("d", text("1 +")), r"decision 'd': '1 \+' cannot be read: .* ends too early"),
        (decision("d", table("", "1", [("> ", "1")])), r"rule 1, input 1 \(1\): '>' cannot be read"),
        (decision("d", table('hitPolicy="MAYBE"', "1", [])), "no hit policy MAYBE"),
        (decision("d", table('hitPolicy="PRIORITY"', "1", [])), "needs allowed values"),
        (decision("d", table("", "1", [("1", "1;2")])), "rule 1: it has 1 tests and 2 outputs for 1 and 1 columns"),
        (decision("d", text("1"), "nowhere"), "it requires '#nowhere', which is not in the model"),
        (decision("d", text("1"), type_="tNone"), "there is no type 'tNone'"),
        (decision("d", "<functionDefinition kind='Java'/>"), "functions in Java are not run"),
        (decision("d", text("f(1)").replace(">", " expressionLanguage='python'>", 1)), "python is not run"),
        (decision("d", text("function(a) external {java: {class: 'x'}}")), "Java, Python or PMML are not run"),
        (decision("d", text("d"), "d"), "it requires itself"),
        ("<import name='other' namespace='urn:o' importType='x'/>", "import 'other': other models are not imported"),
        ("<itemDefinition name='t'><typeRef>t</typeRef></itemDefinition>", "made of itself"),
        (decision("d", "<surprise/>"), "surprise is no expression"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_refused_with_element_and_reason(body: str, words: str) -> None:
    with pytest.raises(DecisionsRefused, match=words):
        read(model(body))


def test_a_broken_decision_leaves_the_others_usable() -> None:
    decisions, problems = survey(model(decision("good", text("1")) + decision("bad", text("1 +"))))
    assert [problem.id for problem in problems] == ["bad"]
    assert evaluate(decisions, "good", {}) == 1
    with pytest.raises(UnusableDecision, match="bad"):
        evaluate(decisions, "bad", {})
    with pytest.raises(NoSuchDecision, match="it has bad, good"):
        evaluate(decisions, "nobody", {})


def test_what_is_certain_to_be_null_is_worth_a_warning() -> None:
    _, problems = survey(model(decision("d", text("flor(1)"))))
    assert [(problem.severity, problem.element) for problem in problems] == [("warning", "decision 'd'")]
    assert "did you mean floor" in problems[0].reason


@pytest.mark.parametrize(
    "source",
    [
        b"", b"no xml", b"<a/>", b'<definitions xmlns="urn:other"/>',
        b'<!DOCTYPE d [<!ENTITY a "aa"><!ENTITY b "&a;&a;">]><definitions>&b;</definitions>',
        b'<!DOCTYPE d SYSTEM "file:///etc/passwd"><definitions/>',
        model("<decision>" * 200 + "</decision>" * 200), b"\xff\xfe\x00",
    ],
)  # fmt: skip
def test_what_is_no_model_is_refused(source: bytes) -> None:
    with pytest.raises(DecisionsRefused):
        survey(source)


@pytest.mark.parametrize(
    "source",
    [
        "for a in 1..1000000, b in 1..1000000 return a",
        "f(1)",
        "for i in 1..9999 return f2(i)",
        "string join(for i in 1..9999 return \"aaaaaaaaaaaaaaaaaaaaaaaa\")",
        "for a in 1..9999 return matches(\"aaaaaaaaaaaaaaaaaaaaaaaa\", \"(a|a)*b\" + string(a))",
        "for i in @\"0001-01-01\"..@\"9999-01-01\" return i",
        NESTED,
    ],
)  # fmt: skip
def test_what_would_take_for_ever_is_an_error(source: str) -> None:
    function = "<encapsulatedLogic><formalParameter name='n'/>{}</encapsulatedLogic>"
    loops = f"<businessKnowledgeModel id='f' name='f'>{function.format(text('f(n + 1)'))}</businessKnowledgeModel>"
    body = "for x in 1..9999 return n"
    slow = f"<businessKnowledgeModel id='f2' name='f2'>{function.format(text(body))}</businessKnowledgeModel>"
    decisions = read(model(loops + slow + decision("d", text(source), "f", "f2")))
    with pytest.raises(ExpressionTooExpensive):
        evaluate(decisions, "d", {})
