"""What fulfillers report is read with care."""

import pytest

from models.domain.outcomes import Done, Progress, Refused, Shortage, parse_report


def test_a_report_of_finished_work_carries_its_facts() -> None:
    report = parse_report(
        {
            "status": "done",
            "output": {"port": 7},
            "serviceCharacteristic": [{"name": "vlan", "value": 100}],
            "supportingResource": [{"id": "r1"}],
        }
    )
    assert report == Done({"port": 7}, ({"name": "vlan", "value": 100},), ({"id": "r1"},))


def test_finished_work_needs_no_facts() -> None:
    assert parse_report({"status": "done"}) == Done()


def test_a_refusal_keeps_its_reason_and_gets_one_where_it_has_none() -> None:
    assert parse_report({"status": "refused", "reason": "no free port"}) == Refused("no free port")
    assert parse_report({"status": "refused"}) == Refused("The fulfiller refused without giving a reason.")


def test_progress_may_name_a_milestone() -> None:
    assert parse_report({"status": "progress", "milestone": "cabled", "reason": 5}) == Progress("cabled", None)


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ([], "a list"),
        (None, "null"),
        ({}, "status None"),
        ({"status": "ok"}, "'ok'"),
        ({"status": "done", "output": []}, "output is not an object but a list"),
        ({"status": "done", "serviceCharacteristic": [{"value": 1}]}, "entry 0 of serviceCharacteristic"),
        ({"status": "done", "supportingResource": "r"}, "supportingResource is not a list but a text"),
        ({"status": "done", "output": {"$where": 1}}, "$where"),
        ({"status": "done", "output": {"a\0b": 1}}, "NUL"),
        ({"status": "done", "output": {"a": 2**63}}, "64 bits"),
        ({"status": "done", "output": {"a": "\ud800"}}, "Unicode"),
    ],
)
def test_a_report_without_sense_is_a_refusal_that_says_why(body: object, why: str) -> None:
    report = parse_report(body)
    assert isinstance(report, Refused)
    assert why in report.reason


def test_a_report_nested_too_deep_is_refused() -> None:
    nested: dict[str, object] = {}
    for _ in range(100):
        nested = {"a": nested}
    report = parse_report({"status": "done", "output": nested})
    assert isinstance(report, Refused)
    assert "deeper" in report.reason


def test_a_reason_is_cut_and_loses_its_control_characters() -> None:
    report = parse_report({"status": "refused", "reason": "a\x1b[31m\nb" + "x" * 5000})
    assert isinstance(report, Refused)
    assert report.reason.startswith("a [31m b")
    assert len(report.reason) == 1000


def test_a_shortage_names_its_pools() -> None:
    report = {"status": "shortage", "reason": "no block is left", "pool": ["north", "south"]}
    assert parse_report(report) == Shortage("no block is left", ("north", "south"))
    assert parse_report({"status": "shortage"}) == Shortage("There is not enough left of what is to be allocated.")
    assert isinstance(parse_report({"status": "shortage", "pool": "north"}), Refused)
