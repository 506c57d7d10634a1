"""Decision models as Camunda Modeler and dmn-js write them, where that is not as the standard has it."""

from typing import Any

import pytest

from models.dmn import read
from models.domain.decisions import Decisions, DecisionsRefused, evaluate
from tests.unit.decision_models import decision, given, model, needs, table, text


def column(type_: str, test: str) -> Decisions:
    """A table that is drawn alone, as dmn-js draws it: nothing but its column says what is asked."""
    drawn = table("", "x", [(test, '"yes"')]).replace("<inputExpression>", f'<inputExpression typeRef="{type_}">')
    return read(model(decision("d", drawn)))


@pytest.mark.parametrize(
    ("type_", "test", "value"),
    [
        ("integer", "<= 8", 4),
        ("long", "> 5", 6),
        ("double", "< 1.5", 1),
        ("date", '> date("2017-01-01")', "2017-02-01"),
        ("date", '> date and time("2017-01-01T00:00:00")', "2017-02-01T00:00:00"),
        ("dateTime", '> date and time("2017-01-01T00:00:00")', "2017-02-01T00:00:00"),
        ("time", '> time("08:00:00")', "09:00:00"),
        ("dayTimeDuration", '> duration("P1D")', "P2D"),
    ],
)
def test_columns_of_tables_that_are_drawn_alone_say_what_a_value_is(type_: str, test: str, value: Any) -> None:
    assert evaluate(column(type_, test), "d", {"x": value}) == "yes"
    assert evaluate(column(type_, test), "d", {"x": "something else"}) is None


CHAIN = (
    '<decision id="season_1" name="The season"><variable name="season"/>' + text('if month = 12 then "Winter" else ""')
    + '</decision><decision id="rate" name="Rating">'
    + table("", "month", [("> 1", '"A"')], '<output name="grade"/>')
    + '</decision><decision id="both" name="Two things">'
    + table("", "month", [("> 1", '"B"; 7')], '<output name="kind"/><output name="size"/>')
    + '</decision><decision id="d" name="d">'
    + "".join(
        f'<informationRequirement><requiredDecision href="#{id_}"/></informationRequirement>'
        for id_ in ("season_1", "rate", "both")
    )
)  # fmt: skip


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("The season", "Winter"),
        ("season", "Winter"),
        ("season_1", "Winter"),
        ("Rating", "A"),
        ("rate", "A"),
        ("grade", "A"),
        ("Two things.size", 7),
        ("kind", "B"),
    ],
)
def test_what_is_required_is_known_by_the_names_that_tools_write(source: str, value: Any) -> None:
    assert evaluate(read(model(f"{CHAIN}{text(source)}</decision>")), "d", {"month": 12}) == value


def test_a_name_of_the_standard_comes_before_one_of_a_tool() -> None:
    body = f"{given('season')}{CHAIN}{needs('season')}{text('season')}</decision>"
    assert evaluate(read(model(body)), "d", {"month": 12, "season": "given"}) == "given"


def test_input_data_is_given_by_the_name_of_its_variable_too() -> None:
    body = '<inputData id="i" name="Guest count"><variable name="guests"/></inputData>' + decision(
        "d", text("guests"), "i"
    )
    for name in ("Guest count", "guests"):
        assert evaluate(read(model(body)), "d", {name: 4}) == 4


def test_a_file_of_the_first_camunda_7_is_read() -> None:
    old = model(decision("d", text("1 + 1")), "http://www.omg.org/spec/DMN/20151101/dmn11.xsd")
    assert evaluate(read(old), "d", {}) == 2


@pytest.mark.parametrize(
    ("language", "source"),
    [
        ("juel", "x"),
        ("juel", "${x > 1 ? x : 0}"),
        ("JUEL", "order.size"),
        ("javascript", "x"),
        ("groovy", "order.size"),
    ],
)
def test_what_is_plain_in_the_languages_of_camunda_7_is_read(language: str, source: str) -> None:
    asked = f'<inputExpression expressionLanguage="{language}"><text>{source.replace(">", "&gt;")}</text>'
    drawn = table("", "x", [("> 2", '"yes"')]).replace("<inputExpression><text>x</text>", asked)
    assert evaluate(read(model(decision("d", drawn))), "d", {"x": 3, "order": {"size": 3}}) == "yes"


@pytest.mark.parametrize(
    ("language", "source"), [("juel", "x.run()"), ("javascript", "x + 1"), ("python", "__import__")]
)
def test_what_is_no_more_than_plain_is_not_run(language: str, source: str) -> None:
    asked = f'<literalExpression expressionLanguage="{language}"><text>{source} + 1</text></literalExpression>'
    with pytest.raises(DecisionsRefused, match=f"language {language} is not run"):
        read(model(decision("d", asked)))


@pytest.mark.parametrize(("language", "source"), [("python", "True"), ("ruby", "nil"), ("javascript", "017")])
def test_what_looks_plain_and_means_something_else_in_feel_is_not_run(language: str, source: str) -> None:
    said = f'<outputEntry expressionLanguage="{language}">'
    drawn = table("", "x", [("> 2", source)]).replace("<outputEntry>", said)
    with pytest.raises(DecisionsRefused, match=f"language {language} is not run"):
        read(model(decision("d", drawn)))


@pytest.mark.parametrize(
    ("attribute", "test"),
    [
        ('camunda:inputVariable="season"', 'season = "Winter"'),
        ("", 'cellInput = "Winter"'),
        ("", 'starts with(cellInput, "W")'),
    ],
)
def test_a_cell_may_call_the_value_of_its_column_as_camunda_7_has_it(attribute: str, test: str) -> None:
    column = f'<input xmlns:camunda="http://camunda.org/schema/1.0/dmn" {attribute}>'
    drawn = table("", "x", [(test, '"yes"'), ('"Summer"', '"no"')]).replace("<input>", column)
    for value, answer in (("Winter", "yes"), ("Summer", "no")):
        assert evaluate(read(model(decision("d", drawn))), "d", {"x": value}) == answer


@pytest.mark.parametrize(
    ("type_", "value"),
    [
        ("&lt;Undefined&gt;", "a"),
        ("{http://www.omg.org/spec/FEEL/20140401}string", "a"),
        ("{http://www.omg.org/spec/FEEL/20140401}number", None),
        ("feel:string", "a"),
    ],
)
def test_types_are_read_as_drools_writes_them(type_: str, value: Any) -> None:
    assert evaluate(read(model(decision("d", text('"a"'), type_=type_))), "d", {}) == value
