"""Inputs of which nothing is kept: taken out of orders, marked in what is written down, wiped from what is said."""

from copy import deepcopy
from typing import Any

from models.domain.outcomes import Done, Refused
from models.domain.transients import has_marks, marks, put_back, put_in, take_out, wiped, without_transients

Body = dict[str, Any]


def order(**values: Any) -> Body:
    given = [{"name": name, "value": value} for name, value in values.items()]
    inner = {"id": "2", "action": "modify", "operation": {"name": "reset", "input": given}}
    return {"serviceOrderItem": [{"id": "1", "action": "modify", "serviceOrderItem": [inner]}]}


def inner(body: Body) -> Body:
    found: Body = body["serviceOrderItem"][0]["serviceOrderItem"][0]
    return found


def test_values_are_taken_out_of_items_at_any_depth_and_names_stay() -> None:
    body = order(password="s3cret", pin=1)
    assert take_out(body) == {"1/2": {"password": "s3cret", "pin": 1}}
    assert inner(body)["operation"]["input"] == [{"name": "password"}, {"name": "pin"}]
    assert take_out(body) == {}


def test_what_was_taken_out_can_be_put_back_unless_it_is_said_anew() -> None:
    body = order(password="s3cret", pin=1)
    taken = take_out(body)
    inner(body)["operation"]["input"][1]["value"] = 2
    put_back(body, taken)
    assert take_out(body) == {"1/2": {"password": "s3cret", "pin": 2}}


def test_a_key_stands_for_an_order_without_the_values_and_leaves_it_as_it_was() -> None:
    one, other = order(password="a"), order(password="b")
    before = deepcopy(one)
    assert without_transients(one) == without_transients(other)
    assert one == before
    plain = {"serviceOrderItem": [{"id": "1", "action": "add"}]}
    assert without_transients(plain) is plain


def test_marks_stand_for_values_and_values_are_put_in_their_places() -> None:
    body = order(password="s3cret")
    written = {"login": "ana", "deep": [{"password": marks(inner(body))["password"]}]}
    assert written == {"login": "ana", "deep": [{"password": {"@transient": "password"}}]}
    assert has_marks(written)
    assert not has_marks({"login": "ana", "deep": [{}]})
    assert put_in(written, {"password": "s3cret"}) == {"login": "ana", "deep": [{"password": "s3cret"}]}


def test_what_is_said_back_is_wiped_wherever_it_stands() -> None:
    known = {"password": "s3cret", "pin": 1, "short": "ab"}
    done = wiped(Done(output={"a": ["s3cret", "is s3cret!", "ab", "abc", 1, True, 1.0]}, milestones=("s3cret",)), known)
    assert done.output == {"a": ["(password)", "is (password)!", "(short)", "abc", None, True, 1.0]}
    assert done.milestones == ("(password)",)
    assert wiped(Refused("no s3cret here"), known).reason == "no (password) here"
