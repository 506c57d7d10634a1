"""Decisions that rule tasks ask, and what becomes of their answers."""

import pytest

from models.domain.decisions import NoSuchDecision
from models.domain.recipes import simulate
from models.domain.recipes.cases import read_cases
from models.recipe_decisions import RecipeDecisions
from models.recipes import read_recipe
from tests.integration.engine.recipes import bpmn, flows, service

TABLE = """<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="d" name="Vendors" namespace="urn:t">
<decision id="vendor" name="Vendor">
  <decisionTable hitPolicy="FIRST">
    <input id="i"><inputExpression id="e" typeRef="number"><text>speed</text></inputExpression></input>
    <output id="o" name="vendor" typeRef="string"/>
    <rule id="r1"><inputEntry id="a"><text>&gt; 100</text></inputEntry><outputEntry id="b"><text>"nokia"</text></outputEntry></rule>
    <rule id="r2"><inputEntry id="c"><text>-</text></inputEntry><outputEntry id="f"><text>"zte"</text></outputEntry></rule>
  </decisionTable>
</decision></definitions>"""

DRAWN = bpmn(
    '<startEvent id="start"/><endEvent id="end"/><endEvent id="end2"/>',
    '<businessRuleTask id="choose"><extensionElements><som:decision ref="vendors" result="vendor"/></extensionElements>'
    "</businessRuleTask>",
    '<exclusiveGateway id="way" default="way_other"/>',
    service("nokia"), service("other"),
    flows("start>choose", "choose>way", 'way>nokia[vendor = "nokia"]', "way>other", "nokia>end", "other>end2"),
)  # fmt: skip


@pytest.mark.parametrize("reference", ["vendors", "vendor", "Vendor"])
def test_a_decision_is_found_by_its_file_its_id_or_its_name(reference: str) -> None:
    decisions = RecipeDecisions([{"name": "vendors", "dmn": TABLE}])
    assert decisions.problems == []
    assert decisions.decide(reference, {"speed": 200}) == "nokia"
    assert reference in decisions.names


def test_a_decision_that_nobody_wrote_is_not_made() -> None:
    with pytest.raises(NoSuchDecision):
        RecipeDecisions([]).decide("vendors", {})


def test_a_file_that_cannot_be_used_is_a_problem_of_the_recipe() -> None:
    decisions = RecipeDecisions([{"name": "vendors", "dmn": "<a/>"}])
    assert [(problem.name, problem.severity) for problem in decisions.problems] == [("vendors", "incomplete")]


@pytest.mark.parametrize(("speed", "way"), [(200, "nokia"), (5, "other")])
def test_a_rule_task_leads_where_its_table_says(speed: int, way: str) -> None:
    (case,) = read_cases([{"name": "one", "input": {"speed": speed}, "expect": {"path": ["choose", way]}}])
    decide = RecipeDecisions([{"name": "vendors", "dmn": TABLE}]).decide
    assert simulate(read_recipe(DRAWN), case, decide=decide).differences == ()
