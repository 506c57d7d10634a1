"""What a change request orders, and what is written to it."""

from typing import Any

import pytest

from models.domain.change_reports import Started, at_denial, at_end, at_refusal, at_start, patch_of, versions_of
from models.domain.change_requests import STATUSES, order_of, source_violations, withdrawal_of
from models.domain.errors import InvalidRequest
from models.domain.merge_patch import merged

SERVICE = {"id": "s-1", "role": "changed", "@referredType": "Service"}
LINE = {"id": "line", "role": "wanted", "@referredType": "ServiceSpecification"}
SITE = {"id": "office", "role": "site", "@referredType": "Place"}
SPEED = {"name": "speed", "value": 200}


def request(*targets: Any, **attributes: Any) -> dict[str, Any]:
    return {"id": "C-1", "status": "approved", "targetEntity": list(targets), **attributes}


def test_each_service_is_modified_and_each_specification_added() -> None:
    asked = request(SITE, SERVICE, LINE, changeRequestCharacteristic=[SPEED], priority="1", description="More")
    values = [{"name": "speed", "value": 200}]
    assert order_of(asked) == {
        "description": "More",
        "priority": "1",
        "serviceOrderItem": [
            {"id": "1", "action": "modify", "service": {"id": "s-1", "serviceCharacteristic": values}},
            {"id": "2", "action": "add", "service": {"serviceSpecification": {"id": "line"},
                                                      "serviceCharacteristic": values}},
        ],
    }  # fmt: skip


def test_an_action_that_is_named_is_taken_and_a_deletion_has_no_values() -> None:
    asked = request(SERVICE, changeRequestCharacteristic=[SPEED, {"name": "action", "value": "delete"}])
    assert order_of(asked)["serviceOrderItem"] == [{"id": "1", "action": "delete", "service": {"id": "s-1"}}]


def test_an_order_that_is_carried_says_for_itself_when_it_starts() -> None:
    carried = {"requestedStartDate": "2026-05-01T00:00:00Z", "serviceOrderItem": [{"id": "9"}]}
    asked = request(
        SITE,
        plannedStartTime="2026-04-01T00:00:00Z",
        plannedEndTime="2026-06-01T00:00:00Z",
        changeRequestCharacteristic=[{"name": "serviceOrder", "value": carried}],
    )
    assert order_of(asked) == {**carried, "requestedCompletionDate": "2026-06-01T00:00:00Z"}


def test_a_template_reads_the_change_request_and_its_values() -> None:
    template = {"serviceOrderItem": [{"id": "= changeRequest.id", "action": "= characteristic.does"}]}
    asked = request(SITE, changeRequestCharacteristic=[{"name": "does", "value": "add"}])
    assert order_of(asked, template) == {"serviceOrderItem": [{"id": "C-1", "action": "add"}]}


@pytest.mark.parametrize(
    ("asked", "template", "code"),
    [
        (request(SITE), None, "nothingToOrder"),
        (request("no entity", {"@referredType": "Service"}), None, "nothingToOrder"),
        (request(SITE, changeRequestCharacteristic=[{"name": "serviceOrder", "value": "later"}]), None, "invalidValue"),
        (request(SITE), {"description": '= 1 + "x"'}, "invalidExpression"),
    ],
)
def test_what_orders_nothing_says_so(asked: Any, template: Any, code: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        order_of(asked, template)
    assert [one.code for one in refused.value.violations] == [code]


def began() -> dict[str, Any]:
    versions = ({"id": "line", "name": "Line", "version": "3"},)
    return at_start(Started("o-1", "http://som/o-1", "http://som/plan/o-1", versions, "2026-01-02T00:00:00.000Z", None))


def test_what_is_written_stands_beside_what_others_wrote_and_is_written_once() -> None:
    note = {"author": "Ann", "text": "Hurry."}
    asked = request(LINE, changeRequestCharacteristic=[SPEED], note=[note])
    written = merged(asked, patch_of(asked, began()))
    assert (written["status"], written["note"][0], len(written["note"])) == ("inProgress", note, 2)
    assert written["changeRequestCharacteristic"][0] == SPEED
    assert written["attachment"][0]["url"] == "http://som/plan/o-1"
    assert written["targetEntity"] == [LINE]
    assert merged(written, patch_of(written, began())) == written
    # What we have written is nothing that a later order of it would have as values.
    assert order_of(written)["serviceOrderItem"][0]["service"]["serviceCharacteristic"] == [SPEED]


@pytest.mark.parametrize(("state", "status"), [("completed", "completed"), ("cancelled", "cancelled"),
                         ("failed", "failed"), ("partial", "failed"), ("rejected", "failed")])  # fmt: skip
def test_each_end_of_an_order_is_a_status_of_tmf655(state: str, status: str) -> None:
    owed = at_end("o-1", state, "2026-01-02T00:00:00.000Z", ["It rained."])
    assert (owed["status"], owed["set"]["resolution"]["code"]) == (status, state)
    assert "It rained." in owed["set"]["statusChangeReason"]
    assert status in STATUSES


def test_a_status_that_is_final_stays_with_its_reason() -> None:
    asked = {**request(LINE), "status": "cancelled", "statusChangeReason": "Too dear."}
    for owed in (began(), at_end("o-1", "completed", "t", []), at_refusal("no", "t"), at_denial("o-1", "no", "t")):
        assert not {"status", "statusChangeReason"} & patch_of(asked, owed).keys()
    silent = {**asked, "statusChangeReason": None}
    assert "completed" in patch_of(silent, at_end("o-1", "completed", "t", []))["statusChangeReason"]
    assert "status" not in patch_of(request(LINE), began(), status=False)


@pytest.mark.parametrize("status", STATUSES)
def test_only_who_cancels_or_rejects_a_change_withdraws_it(status: str) -> None:
    asked = {**request(LINE), "status": status}
    withdrawn = status in {"cancelled", "rejected"}
    assert withdrawal_of(asked) == (f"The change request C-1 is {status}." if withdrawn else None)
    given = withdrawal_of({**asked, "statusChangeReason": "Too dear."})
    assert given == (f"The change request C-1 is {status}: Too dear." if withdrawn else None)


def test_that_an_order_goes_on_is_a_note_and_no_result() -> None:
    written = merged(request(LINE), patch_of(request(LINE), at_denial("o-1", "The line is cut.", "t")))
    assert written["status"] == "approved"
    assert "resolution" not in written
    assert written["note"][0]["text"].endswith("could not be cancelled. The line is cut.")


def test_what_a_plan_runs_are_its_specifications_and_its_recipes_each_once() -> None:
    line = {"id": "line", "name": "Line", "version": "3", "href": "http://x"}
    services: list[dict[str, Any]] = [{"specification": line}, {"specification": line}, {"specification": None}, {}]
    tasks: list[dict[str, Any]] = [
        {"name": "a", "recipe": ["fit", "2"]},
        {"name": "b", "recipe": ["fit", "2"]},
        {"name": "c"},
    ]
    found = versions_of(services, tasks)
    assert found == (
        {"id": "line", "name": "Line", "version": "3"},
        {"id": "fit:2", "name": "fit", "version": "2", "@referredType": "Recipe"},
    )
    told = at_start(Started("o-1", "u", "p", found, "t"))
    assert "It runs Line 3, the recipe fit 2." in told["add"]["note"][0]["text"]


@pytest.mark.parametrize(
    ("body", "credentials", "pointer"),
    [
        ({"endpoint": "ftp://x"}, None, "/endpoint"),
        ({"endpoint": "http://x/?a=1"}, None, "/endpoint"),
        ({"endpoint": "http://x"}, {"type": "bearer"}, "/credentials/token"),
        ({"endpoint": "http://x"}, {"type": "privateKey", "username": "u", "privateKey": "k"}, "/credentials/type"),
        ({"endpoint": "http://x", "order": {"a": "= ("}}, None, "/order/a"),
        ({"endpoint": "http://x", "order": {"a": "= order.id"}}, None, "/order"),
    ],
)
def test_a_source_that_cannot_work_is_refused(body: Any, credentials: Any, pointer: str) -> None:
    assert [one.pointer for one in source_violations(body, credentials)] == [pointer]


def test_a_source_that_can_work_is_taken() -> None:
    body = {"endpoint": "http://x/v4", "order": {"a": "= characteristic.a", "b": "= changeRequest.id"}}
    assert source_violations(body, {"type": "bearer", "token": "t"}) == []
