"""Fallout as a task flow: what people are shown of a held task, and what they can say to it."""

from datetime import UTC, datetime
from typing import Any

import pytest

from adapters.forms import JsonSchemaForms
from models.domain.fallout_flow import care, form, looked_after, resolved, wanted

Document = dict[str, Any]
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
ALL = ("retry", "edit", "reassign", "skip", "complete", "fail", "cancel")


def task(**more: Any) -> Document:
    fallout = {"code": "refused", "count": 2, "attempts": 1, "fulfiller": "north", "specification": "s1"}
    error = {"code": "refused", "reason": "No", "message": "build: no port"}
    return {"_id": "p1:k1", "order": "p1", "item": "1", "service": "s-1", "name": "build", "operation": "fulfil",
            "fallout": fallout, "error": error, **more}  # fmt: skip


def test_a_person_finds_what_is_wrong_what_to_do_and_what_it_is_about() -> None:
    made = wanted(task(), 1, "item-1")
    assert (made["queue"], made["priority"], made["taskFlowSpecification"]) == ("fallout", 1, "fallout")
    assert "build: no port" in made["instructions"]
    assert "resume" in made["instructions"]
    assert (made["input"]["code"], made["input"]["fulfiller"], made["input"]["count"]) == ("refused", "north", 2)
    assert {each["role"]: each["id"] for each in made["relatedEntity"]} == {
        "serviceOrder": "p1", "serviceOrderItem": "item-1", "service": "s-1", "fallout": "p1:k1",
    }  # fmt: skip


def test_who_looked_after_it_before_does_so_again() -> None:
    made = wanted(task(care={"queue": "access", "assignee": "ana"}))
    assert (made["queue"], made["assignee"]) == ("access", "ana")


def test_the_form_offers_what_makes_sense_for_the_code() -> None:
    assert wanted(task())["form"]["properties"]["do"]["enum"] == list(ALL)
    undoing = wanted(task(operation="compensate"))["form"]["properties"]
    assert undoing["do"]["enum"] == ["retry", "reassign", "skip", "complete"]
    assert "undo" not in undoing


@pytest.mark.parametrize(
    ("values", "fits"),
    [
        ({"do": "retry"}, True),
        ({"do": "edit", "input": {"port": 9}, "characteristic": [{"name": "vlan", "value": 7}]}, True),
        ({"do": "fail", "why": "no port will come", "undo": True}, True),
        ({"do": "cancel", "why": "given up"}, True),
        ({}, False),
        ({"do": "dance"}, False),
        ({"do": "fail"}, False),
        ({"do": "cancel"}, False),
        ({"do": "retry", "port": 9}, False),
        ({"do": "reassign", "fulfiller": 7}, False),
    ],
)
def test_the_form_takes_what_an_intervention_takes(values: Document, fits: bool) -> None:
    assert JsonSchemaForms().faults(form(ALL)) == []
    assert (not JsonSchemaForms().violations(form(ALL), values)) is fits


def test_help_by_another_way_completes_it_with_what_was_done() -> None:
    body, through = resolved({"state": "new"}, "retry", "north is back", NOW)
    assert (body["state"], body["outcome"], through) == ("completed", "done", ("active",))
    assert body["characteristic"] == [{"name": "do", "value": "retry"}, {"name": "why", "value": "north is back"}]
    assert body["completionDate"] == "2026-03-01T12:00:00.000Z"


def test_without_a_queue_of_its_own_it_is_in_the_usual_one() -> None:
    body = looked_after({"queue": "access", "assignee": "ana"}, {"queue": None, "assignee": None}, None)
    assert body["queue"] == "fallout"
    assert "assignee" not in body
    assert [party["role"] for party in body["relatedParty"]] == ["queue"]


def test_what_is_told_of_who_looks_after_it() -> None:
    before = {"queue": "fallout", "note": [{"id": "n1", "author": "bo", "text": "Hm."}]}
    note = {"id": "n2", "author": "ana", "text": "Calling north."}
    after = {"queue": "access", "assignee": "ana", "note": [*before["note"], note]}
    moved = {"queue": "access", "assignee": "ana"}
    assert care(before, after, "ana") == [{"who": "ana", "text": "Calling north.", **moved}]
    assert care(before, after, "bo") == [{"who": "bo", **moved}, {"who": "ana", "text": "Calling north."}]
    assert care(after, {**after, "state": "hold", "assignee": None}, "ana") == [{"who": "ana", "assignee": None}]
    assert care(after, {**after, "priority": 0}, "ana") == []
