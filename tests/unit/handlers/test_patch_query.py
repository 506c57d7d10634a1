"""JSON Patch query: places chosen by what they hold."""

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handlers.patch import JSON_PATCH, JSON_PATCH_QUERY
from models.domain.errors import Conflict, InvalidRequest
from tests.unit.handlers.patched_orders import ORDER, PATCHER, change, patched

# Each in the forms that a JSON Patch query can be written in.
STATE_OF_2 = [
    "/serviceOrderItem[?(@.id=='2')]/state",
    "$.serviceOrderItem[?(@.id=='2')].state",
    "serviceOrderItem[?(@.id=='2')].state",
    ".serviceOrderItem[?(@.id=='2')].state",
    "/serviceOrderItem/state?serviceOrderItem.id=2",
    "serviceOrderItem/state?serviceOrderItem.id=2",
    "/serviceOrderItem/1/state",
    "$['serviceOrderItem'][1]['state']",
    '$.serviceOrderItem[?(@.id=="2" && @.state=="held")].state',
    "$.serviceOrderItem[?(@.service.serviceCharacteristic[0].name=='speed')].state",
    "$.serviceOrderItem[?(@.service.serviceCharacteristic[?(@.name=='speed' && @.value > 5)])].state",
    "$.serviceOrderItem[?(@.id =~ /^2$/)].state",
]


@pytest.mark.parametrize("path", STATE_OF_2)
def test_a_query_changes_the_chosen_element_only(path: str) -> None:
    result = patched(JSON_PATCH_QUERY, change("replace", path, "inProgress"))
    assert [item["state"] for item in result.body["serviceOrderItem"]] == ["held", "inProgress"]
    assert set(result.changed) == {"serviceOrderItem"}


def test_a_query_acts_on_every_element_that_it_chooses() -> None:
    result = patched(JSON_PATCH_QUERY, change("replace", "$.serviceOrderItem[?(@.state=='held')].state", "pending"))
    assert [item["state"] for item in result.body["serviceOrderItem"]] == ["pending", "pending"]
    assert patched(JSON_PATCH_QUERY, change("remove", "$.note[?(@.id)]")).body["note"] == []
    assert patched(JSON_PATCH_QUERY, change("remove", "$.note[*]")).body["note"] == []


def test_an_attribute_can_be_added_to_a_chosen_element() -> None:
    for path in ("$.note[?(@.author=='Jo')].date", "/note[?(@.author=='Jo')]/date", "/note/date?note.author=Jo"):
        result = patched(JSON_PATCH_QUERY, change("add", path, "2026-11-22T10:00:00Z"))
        assert result.body["note"][0]["date"] == "2026-11-22T10:00:00.000Z"
    result = patched(JSON_PATCH_QUERY, change("add", "$.note[?(@.author=='Jo')]", {"text": "more"}))
    assert result.body["note"][0] == {"id": "a", "author": "Jo", "text": "more"}


def test_a_whole_element_is_replaced_or_removed_by_a_query() -> None:
    for path in ("$.note[?(@.id=='b')]", "/note[?(@.id=='b')]", "/note?note.id=b"):
        assert patched(JSON_PATCH_QUERY, change("replace", path, {"id": "c"})).body["note"][1] == {"id": "c"}
        assert len(patched(JSON_PATCH_QUERY, change("remove", path)).body["note"]) == 1


def test_values_inside_characteristics_are_reached() -> None:
    base = "$.serviceOrderItem[?(@.id=='2')].service.serviceCharacteristic"
    added = patched(JSON_PATCH_QUERY, change("add", f"{base}[?(@.name=='tags')].value", "b"))
    assert added.body["serviceOrderItem"][1]["service"]["serviceCharacteristic"][1]["value"] == ["a", "b"]
    removed = patched(JSON_PATCH_QUERY, change("remove", f"{base}[?(@.name=='tags')].value[?(@ == 'a')]"))
    assert removed.body["serviceOrderItem"][1]["service"]["serviceCharacteristic"][1]["value"] == []
    appended = patched(JSON_PATCH_QUERY, change("add", f"{base}", {"name": "new", "value": 1}))
    assert len(appended.body["serviceOrderItem"][1]["service"]["serviceCharacteristic"]) == 3


def test_an_element_is_moved_and_copied_by_a_query() -> None:
    move = [{"op": "move", "from": "$.note[?(@.id=='a')]", "path": "/serviceOrderItem/0/note/-"}]
    result = patched(JSON_PATCH_QUERY, move)
    assert [note["id"] for note in result.body["note"]] == ["b"]
    assert [note["id"] for note in result.body["serviceOrderItem"][0]["note"]] == ["x", "a"]
    twice = [{"op": "copy", "from": "$.note[?(@.id)]", "path": "/description"}]
    with pytest.raises(InvalidRequest, match="leads to 2"):
        patched(JSON_PATCH_QUERY, twice)


def test_an_attribute_beyond_the_schema_is_reached_too() -> None:
    document = {**ORDER, "extension": [{"key": "a", "x": 1}, {"key": "b", "x": 1}]}
    for path in ("$.extension[?(@.key=='b')].x", "/extension/x?extension.key=b"):
        assert patched(JSON_PATCH_QUERY, change("replace", path, 2), document).body["extension"][1]["x"] == 2


def test_a_patch_that_looks_everywhere_is_refused() -> None:
    many = {"note": [{"id": str(i)} for i in range(2000)]}
    with pytest.raises(InvalidRequest, match="split it up"):
        patched(JSON_PATCH_QUERY, change("test", "$.note[?(@.id=='7')]", {"id": "7"}) * 1000, many)


HOSTILE_PATHS = [
    "$..*", "$.note[0:2]", "$.note[-1]", "$[", "$.note[?(@.id=~/(a+)+/)]", "$.note[?(@.id=~/(?=a)/)]", "/note[?(", "?",
    "/?", "/note?x", "/note?note.id", "/note/text?description=x", "/note?=1", "[?(@.id)]", "$.note[?(@.id > null)]",
    "$.note[?(@.a == @.b)]", "$.note[?(length(@.id) > 1)]", "$.note,$.id", "$.note|$.id", "$.a&$.b", "$['a.b']",
    "$['$where']", "$.note[?(@.id == '\ud800')]", "$.x[?(@.y==1e999)]", "." * 1000, "[" * 1000, "$" + "[?(@.a" * 200,
    "$.note[?(" + "(" * 500 + "@.id" + ")" * 500 + ")]", "$.note[?(" + "!" * 900 + "@.id)]", "/a[?(@.b)]x", "/[0]",
]  # fmt: skip


@pytest.mark.parametrize("path", HOSTILE_PATHS)
@pytest.mark.parametrize("media_type", [JSON_PATCH, JSON_PATCH_QUERY])
def test_a_hostile_path_is_refused_and_nothing_worse(media_type: str, path: str) -> None:
    with pytest.raises(InvalidRequest):
        PATCHER.apply(media_type, ORDER, change("remove", path))


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet="$.@[]?()'\"=~!&|<>/*-0note.id%\\ ,:", max_size=40), st.sampled_from(["add", "remove", "test"]))
def test_any_path_either_works_or_is_refused(path: str, op: str) -> None:
    with contextlib.suppress(InvalidRequest, Conflict):
        patched(JSON_PATCH_QUERY, change(op, path, "x"))
