"""Life cycles: one table each, the published states, and the page that is drawn from them."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from models.domain.errors import IllegalTransition
from models.domain.lifecycle import LifeCycle, table
from models.domain.lifecycles import (
    ADMINISTRATIVE_STATE,
    ALL,
    CANCEL_SERVICE_ORDER,
    ORDER_ITEM,
    PROCESS_FLOW,
    RESOURCE_STATUS,
    SERVICE,
    SERVICE_ORDER,
    TASK,
    TASK_FLOW,
)
from tests.unit.domain.life_cycle_page import PAGE, render

SPECS = Path(__file__).parents[3] / "api_specs"


def _schemas(document: str) -> dict[str, Any]:
    loaded = yaml.load((SPECS / document).read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    schemas: dict[str, Any] = loaded["components"]["schemas"]
    return schemas


@pytest.mark.parametrize(
    ("cycle", "document", "schema", "read_only_for_clients"),
    [
        (SERVICE_ORDER, "tmf641/v4.yaml", "ServiceOrderStateType", set()),
        (ORDER_ITEM, "tmf641/v4.yaml", "ServiceOrderItemStateType", {"partial"}),
        (CANCEL_SERVICE_ORDER, "tmf641/v4.yaml", "TaskStateType", {"accepted"}),
        (SERVICE, "tmf638/v4.yaml", "ServiceStateType", set()),
        (RESOURCE_STATUS, "tmf639/v4.yaml", "ResourceStatusType", set()),
        (ADMINISTRATIVE_STATE, "tmf639/v4.yaml", "ResourceAdministrativeStateType", set()),
        (PROCESS_FLOW, "tmf701/v4.yaml", "ProcessFlowStateType", set()),
        (TASK_FLOW, "tmf701/v4.yaml", "TaskFlowStateType", set()),
    ],
    ids=lambda value: value.name.replace(" ", "_") if isinstance(value, LifeCycle) else "",
)
def test_the_states_of_a_table_are_those_of_the_published_contract(
    cycle: LifeCycle, document: str, schema: str, read_only_for_clients: set[str]
) -> None:
    """Published states that this server never uses are named here, each by a decision of the project's rules."""
    assert cycle.states == set(_schemas(document)[schema]["enum"]) - read_only_for_clients


def test_the_states_of_tasks_are_those_of_our_own_document() -> None:
    assert TASK.states == set(_schemas("som/v1.yaml")["PlanTask"]["properties"]["state"]["enum"])


@pytest.mark.parametrize("cycle", ALL, ids=lambda cycle: cycle.name.replace(" ", "_"))
def test_every_state_is_explained_and_can_be_reached_and_left(cycle: LifeCycle) -> None:
    assert set(cycle.meaning) == cycle.states
    assert cycle.initial <= cycle.states
    reached, waiting = set(cycle.initial), list(cycle.initial)
    while waiting:
        for following in cycle.transitions[waiting.pop()] - reached:
            reached.add(following)
            waiting.append(following)
    unused = {"failed"} if cycle is not SERVICE_ORDER and "failed" in cycle.states else set()
    assert cycle.states - reached <= unused
    assert all(following <= cycle.states for following in cycle.transitions.values())


def test_a_move_that_is_not_drawn_is_refused_and_names_those_that_are() -> None:
    with pytest.raises(IllegalTransition, match="from held it can go to assessingCancellation, cancelled, inProgress"):
        SERVICE_ORDER.move("held", "completed")
    with pytest.raises(IllegalTransition, match="nothing: it is final"):
        SERVICE_ORDER.move("completed", "inProgress")


def test_a_way_that_is_not_drawn_leads_through_the_state_between_or_is_refused() -> None:
    assert SERVICE_ORDER.path("acknowledged", "held", through="inProgress") == ("inProgress", "held")
    assert SERVICE_ORDER.path("acknowledged", "inProgress", through="inProgress") == ("inProgress",)
    assert SERVICE_ORDER.path("held", "held", through="inProgress") == ()
    assert SERVICE.path("terminated", "inactive", through="active") == ("active", "inactive")
    with pytest.raises(IllegalTransition):
        SERVICE_ORDER.path("cancelled", "completed", through="inProgress")


def test_an_item_never_is_partial() -> None:
    assert "partial" not in ORDER_ITEM.states
    assert not any("partial" in following for following in ORDER_ITEM.transitions.values())


def test_a_table_is_written_by_rows() -> None:
    assert table(a="b c", b="", c="a") == {"a": {"b", "c"}, "b": frozenset(), "c": {"a"}}


def test_the_page_on_life_cycles_says_what_the_tables_say() -> None:
    assert PAGE.read_text(encoding="utf-8") == render(), "run: python -m tests.unit.domain.life_cycle_page"
