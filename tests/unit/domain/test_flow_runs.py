"""Process flows that run a recipe: their state, their data, and what stands against them."""

import pytest

from models.domain.flow_runs import (
    cancellation_of,
    data_of,
    objections,
    plan_of_run,
    results_of,
    state_of_run,
    step_body,
    with_results,
)
from models.domain.lifecycles import FLOW_OF_TASK, ORDER_ITEM, PROCESS_FLOW, PROCESS_OF_ITEM, TASK, TASK_FLOW
from models.domain.order_view import Course
from models.domain.plan import Plan
from models.domain.progress import Progress, TaskRun
from models.recipes import read_recipe
from tests.integration.engine.recipes import bpmn, flows, service

NOW = "2026-11-26T10:00:00.000Z"


def drawing(needs: str, schema: str = "") -> str:
    declared = f"<extensionElements><som:inputSchema>{schema}</som:inputSchema></extensionElements>" if schema else ""
    work = 'specification="s" action="add"'
    ends = '<startEvent id="start"/><endEvent id="end"/>'
    ways = flows("start>first", "first>last", "last>end")
    return bpmn(declared, ends, service("first", work), service("last", work, value=f"={needs}"), ways)


def test_every_state_of_an_item_and_of_a_task_has_one_of_tmf701() -> None:
    of_orders_alone = {"rejected", "assessingCancellation", "pendingCancellation"}
    assert PROCESS_OF_ITEM.keys() == ORDER_ITEM.states - of_orders_alone
    assert set(PROCESS_OF_ITEM.values()) == PROCESS_FLOW.states
    assert FLOW_OF_TASK.keys() == TASK.states
    assert set(FLOW_OF_TASK.values()) == TASK_FLOW.states


@pytest.mark.parametrize(
    ("item", "phase", "paused", "state"),
    [
        ("acknowledged", "working", False, "active"),
        ("inProgress", "working", True, "hold"),
        ("held", "working", False, "hold"),
        ("completed", "working", True, "completed"),
        ("failed", "working", False, "cancelled"),
        ("completed", "undoing", False, "active"),
        ("held", "undoing", False, "hold"),
        ("inProgress", "cancelled", False, "cancelled"),
    ],
)
def test_the_state_follows_the_tasks_the_client_and_the_cancellation(
    item: str, phase: str, paused: bool, state: str
) -> None:
    assert state_of_run(item, phase, paused=paused) == state


def test_the_plan_has_one_task_that_runs_the_recipe_and_comes_back_from_the_database() -> None:
    plan = plan_of_run("room", "1.0.0")
    assert Plan.from_document(plan.to_document()) == plan
    (task,) = Progress(plan).ready()
    assert (task.kind, task.recipe, task.service) == ("recipe", ("room", "1.0.0"), "")


def test_what_nobody_gives_is_told_by_name() -> None:
    declares = '{"type": "object", "properties": {"size": {}}}'
    assert objections(read_recipe(drawing("size")), frozenset({"size"})) == ()
    assert objections(read_recipe(drawing("size", declares)), frozenset()) == ()  # declared, and not insisted on
    (text,) = objections(read_recipe(drawing("service.id")), frozenset())  # whatever the first step may answer
    assert text == "'last' needs 'service', which only an order brings."
    declared = '{"type": "object", "properties": {"item": {}}}'
    assert len(objections(read_recipe(drawing("item.id", declared)), frozenset())) == 1
    assert objections(read_recipe(drawing("item.id", declared)), frozenset({"item"})) == ()


def test_results_take_the_place_of_what_the_run_began_with() -> None:
    body = {"characteristic": [{"name": "size", "value": 1, "valueType": "integer"}, {"name": "site", "value": "n"}]}
    assert data_of(body) == {"size": 1, "site": "n"}
    assert with_results(body, {"size": 2, "port": 7}) == [
        {"name": "size", "value": 2, "valueType": "integer"},
        {"name": "site", "value": "n"},
        {"name": "port", "value": 7},
    ]


def test_a_recipe_that_declares_what_it_leaves_leaves_nothing_else() -> None:
    output = '<extensionElements><som:outputSchema>{"properties": {"port": {}}}</som:outputSchema></extensionElements>'
    declaring = read_recipe(bpmn(output, '<startEvent id="start"/>')).process
    assert results_of({"port": 7, "draft": 1}, declaring) == {"port": 7}
    silent = read_recipe(bpmn('<startEvent id="start"/>')).process
    assert results_of({"port": 7, "draft": 1}, silent) == {"port": 7, "draft": 1}


def test_a_cancellation_says_how_far_it_is() -> None:
    asked = {"id": "c", "state": "requested"}
    working, undoing, gone = Course(), Course(phase="undoing"), Course(phase="cancelled")
    assert cancellation_of(None, working, (), "active", final=False) is None
    assert cancellation_of(asked, working, (), "active", final=False) == asked
    assert cancellation_of(asked, undoing, (), "active", final=False) == {"id": "c", "state": "inProgress"}
    assert cancellation_of(asked, gone, (), "cancelled", final=True) == {"id": "c", "state": "done"}
    late = cancellation_of(asked, working, (), "completed", final=True)
    assert late is not None
    assert (late["state"], late["message"]) == ("denied", "It came too late: the process flow is completed.")
    denied = cancellation_of(asked, working, [{"denied": "c", "message": "no"}], "active", final=False)
    assert denied == {"id": "c", "state": "denied", "message": "no"}
    assert cancellation_of(denied, working, (), "completed", final=True) == denied


def test_a_step_says_who_does_it_and_why_it_is_held() -> None:
    held = step_body(TaskRun("held", fulfiller="robot", error={"message": "no"}), {"state": "active"}, NOW)
    assert (held["state"], held["reason"], held["relatedEntity"][0]["id"]) == ("hold", "no", "robot")
    done = step_body(TaskRun("done", fulfiller="robot"), held, NOW)
    assert (done["state"], done["outcome"], done["completionDate"]) == ("completed", "done", NOW)
    assert "reason" not in done
