"""What the answers of a REST fulfiller mean."""

from datetime import UTC, datetime

import pytest

from adapters.rest_answers import Answer, read_engagement, read_poll, seconds
from models.domain.outcomes import Accepted, Done, InformationRequired, Progress, Refused, Unreachable

NOW = datetime(2026, 1, 31, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize("status", [200, 201, 204])
def test_a_success_without_a_body_is_done(status: int) -> None:
    assert read_engagement(Answer(status, ""), NOW) == Done()


def test_a_success_with_facts_is_done_with_them() -> None:
    assert read_engagement(Answer(201, "application/hal+json", b'{"output": {"a": 1}}'), NOW) == Done({"a": 1})


def test_an_acceptance_may_carry_a_reference_and_a_wish() -> None:
    body = b'{"reference": 77, "retryAfter": 2.5, "pollUrl": "/t/77"}'
    assert read_engagement(Answer(202, body=body), NOW) == Accepted("77", "/t/77", 2.5)


def test_an_acceptance_without_a_body_waits_for_the_callback() -> None:
    assert read_engagement(Answer(202, "", retry_after="7"), NOW) == Accepted(None, None, 7.0)


@pytest.mark.parametrize(
    "body", [b"[]", b'{"retryAfter": "soon"}', b'{"retryAfter": -1}', b'{"pollUrl": 5}', b"nonsense"]
)
def test_an_acceptance_that_makes_no_sense_is_a_refusal(body: bytes) -> None:
    assert isinstance(read_engagement(Answer(202, body=body), NOW), Refused)


@pytest.mark.parametrize(
    ("status", "maybe_done"),
    [(408, False), (425, False), (429, False), (500, True), (502, True), (503, False), (599, True)],
)
def test_it_is_tried_again_and_told_whether_something_may_have_been_done(status: int, maybe_done: bool) -> None:
    outcome = read_engagement(Answer(status, "text/plain", b"oops", retry_after="30"), NOW)
    said = f"The fulfiller answered with HTTP {status}: oops."
    assert outcome == Unreachable(said, 30.0, maybe_done, "status", status)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 410, 422, 451])
def test_other_client_errors_are_refusals_with_the_reason_given(status: int) -> None:
    body = b'{"code": "x", "reason": "No port", "message": "All 48 are taken."}'
    assert read_engagement(Answer(status, body=body), NOW) == Refused("No port: All 48 are taken.", code="x")


def test_a_refusal_without_a_reason_names_the_status() -> None:
    outcome = read_engagement(Answer(403, "text/html", b"<html>long page"), NOW)
    assert outcome == Refused("The fulfiller answered with HTTP 403 and gave no reason.")


def test_a_redirect_is_a_refusal_that_names_the_place() -> None:
    outcome = read_engagement(Answer(302, location="http://elsewhere/"), NOW)
    assert isinstance(outcome, Refused)
    assert "http://elsewhere/" in outcome.reason


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (Answer(200, "text/html", b"<html>It works!"), "not JSON but text/html"),
        (Answer(200, "", b"{}"), "of unknown type"),
        (Answer(200, body=b"{"), "not valid JSON"),
        (Answer(200, body=b"[1]"), "not a JSON object but a list"),
        (Answer(200, body=b'{"output": 5}'), "output is not an object but a number"),
        (Answer(206, body=b"{}"), "HTTP 206"),
        (Answer(200, body=b"{}", whole=False), "longer than"),
    ],
)
def test_garbage_is_a_refusal_that_says_what_came(answer: Answer, why: str) -> None:
    outcome = read_engagement(answer, NOW)
    assert isinstance(outcome, Refused)
    assert why in outcome.reason


def test_retry_after_is_understood_as_seconds_and_as_a_date() -> None:
    assert seconds("120", NOW) == 120
    assert seconds("Sat, 31 Jan 2026 12:01:00 GMT", NOW) == 60
    assert seconds("Sat, 31 Jan 2026 11:00:00 GMT", NOW) == 0
    assert seconds("soon", NOW) is None
    assert seconds(None, NOW) is None
    assert seconds("²", NOW) is None


def test_a_poll_tells_progress_with_the_wish_of_the_header() -> None:
    answer = Answer(200, body=b'{"status": "progress", "milestone": "cabled"}', retry_after="9")
    assert read_poll(answer, NOW) == Progress("cabled", None, 9.0)


def test_a_poll_that_is_still_accepted_is_progress_whatever_its_body() -> None:
    assert read_poll(Answer(202, ""), NOW) == Progress()
    assert read_poll(Answer(202, body=b'{"reference": "x"}'), NOW) == Progress()


def test_a_poll_tells_the_end() -> None:
    assert read_poll(Answer(200, body=b'{"status": "done", "output": {"a": 1}}'), NOW) == Done({"a": 1})
    assert read_poll(Answer(200, body=b'{"status": "refused", "reason": "no"}'), NOW) == Refused("no")


def test_a_poll_of_something_unknown_is_a_refusal_and_a_fault_is_not() -> None:
    assert isinstance(read_poll(Answer(404, ""), NOW), Refused)
    assert isinstance(read_poll(Answer(500, ""), NOW), Unreachable)
    assert isinstance(read_poll(Answer(204, ""), NOW), Refused)


QUESTION = b'{"status": "informationRequired", "missing": [{"characteristic": "siteContact", "description": "who"}]}'


@pytest.mark.parametrize("status", [200, 422])
def test_an_answer_may_ask_the_customer(status: int) -> None:
    asked = read_engagement(Answer(status, body=QUESTION), NOW)
    assert isinstance(asked, InformationRequired)
    assert asked.missing == ({"characteristic": "siteContact", "description": "who"},)
    assert asked.message == "The fulfiller needs more information. Please give siteContact (who)."


@pytest.mark.parametrize(
    "body", [b'{"status": "informationRequired"}', b'{"status": "informationRequired", "missing": [{"name": "a"}]}']
)
def test_a_question_that_asks_nothing_is_a_refusal(body: bytes) -> None:
    assert isinstance(read_engagement(Answer(422, body=body), NOW), Refused)
    assert isinstance(read_poll(Answer(200, body=body), NOW), Refused)
