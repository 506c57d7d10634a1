import copy
import json
from typing import Any

import jsonpatch
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handlers.patch import IMMUTABLE, JSON_PATCH, JSON_PATCH_QUERY, MERGE, PATCH_TYPES, Patcher
from handlers.patch_operations import PatchLimits
from models.domain.errors import Conflict, InvalidRequest, TooLarge
from models.domain.shapes import ANYTHING
from models.patterns import Re2Patterns
from tests.unit.handlers.patched_orders import ORDER, PATCHER, SHAPE, change, patched


@pytest.mark.parametrize("media_type", MERGE)
def test_a_merge_patch_sets_what_it_names_and_null_removes(media_type: str) -> None:
    result = patched(media_type, {"description": None, "note": [{"text": "new"}], "state": "held"})
    assert "description" not in result.body
    assert result.body["note"] == [{"text": "new"}]
    assert result.changed == {
        "description": ("as ordered", None),
        "note": (ORDER["note"], [{"text": "new"}]),
        "state": (None, "held"),
    }


# The test cases of RFC 7396, appendix A, wrapped into an attribute each.
@pytest.mark.parametrize(
    ("before", "patch", "after"),
    [
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b"}, {"a": None}, {}),
        ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
        (["a", "b"], ["c", "d"], ["c", "d"]),
        ({"a": "b"}, ["c"], ["c"]),
        ({"a": "foo"}, "bar", "bar"),
        ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
        ([1, 2], {"a": "b", "c": None}, {"a": "b"}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
    ],
)
def test_a_merge_patch_does_what_the_standard_shows(before: Any, patch: Any, after: Any) -> None:
    result = Patcher(ANYTHING, Re2Patterns()).apply(MERGE[1], {"x": before}, {"x": patch})
    assert result.body == {"x": after}


@pytest.mark.parametrize("media_type", PATCH_TYPES)
def test_an_empty_patch_changes_nothing(media_type: str) -> None:
    empty: Any = {} if media_type in MERGE else []
    document = copy.deepcopy(ORDER)
    result = PATCHER.apply(media_type, document, empty)
    assert result.body is document
    assert result.changed == {}


def test_a_patch_to_the_same_values_changes_nothing_whatever_their_form() -> None:
    same = {"id": "17", "description": "as ordered", "requestedStartDate": "2026-11-22T11:00:00+01:00"}
    assert patched(MERGE[0], same).changed == {}
    assert patched(JSON_PATCH, change("replace", "/requestedStartDate", "2026-11-22T10:00:00Z")).changed == {}


def test_one_and_true_are_different_values_one_and_one_point_zero_are_not() -> None:
    assert set(patched(MERGE[0], {"x": True}, {"x": 1}).changed) == {"x"}
    assert patched(MERGE[0], {"x": 1.0}, {"x": 1}).changed == {}
    assert set(patched(MERGE[0], {"x": [{"y": False}]}, {"x": [{"y": 0}]}).changed) == {"x"}


@pytest.mark.parametrize("name", IMMUTABLE)
@pytest.mark.parametrize("media_type", PATCH_TYPES)
def test_an_immutable_attribute_cannot_be_changed_by_any_kind_of_patch(media_type: str, name: str) -> None:
    patch = {name: "other"} if media_type in MERGE else change("add", f"/{name}", "other")
    with pytest.raises(InvalidRequest) as refusal:
        patched(media_type, patch)
    assert [(v.pointer, v.code) for v in refusal.value.violations] == [(f"/{name}", "immutableAttribute")]


def test_an_immutable_attribute_cannot_be_removed() -> None:
    for media_type, patch in ((MERGE[0], {"id": None}), (JSON_PATCH, change("remove", "/@type"))):
        with pytest.raises(InvalidRequest):
            patched(media_type, patch)


def test_the_resources_own_address_may_be_repeated_and_is_not_stored() -> None:
    result = patched(MERGE[0], {"href": "http://x/17", "description": "new"}, href="http://x/17")
    assert "href" not in result.body
    assert set(result.changed) == {"description"}
    with pytest.raises(InvalidRequest):
        patched(MERGE[0], {"href": "http://x/18"}, href="http://x/17")


def test_dates_of_a_patch_become_canonical_and_invalid_ones_are_named() -> None:
    result = patched(MERGE[0], {"requestedStartDate": "2027-01-01T00:00:00+01:00"})
    assert result.body["requestedStartDate"] == "2026-12-31T23:00:00.000Z"
    with pytest.raises(InvalidRequest) as refusal:
        patched(JSON_PATCH, change("add", "/note/0/date", "soon"))
    assert refusal.value.violations[0].pointer == "/note/0/date"


@pytest.mark.parametrize("media_type", PATCH_TYPES)
def test_what_may_not_be_stored_is_refused(media_type: str) -> None:
    value = {"$where": "1"}
    patch = {"note": [value]} if media_type in MERGE else change("add", "/note/0", value)
    with pytest.raises(InvalidRequest) as refusal:
        patched(media_type, patch)
    assert refusal.value.violations[0].code == "illegalName"


@pytest.mark.parametrize("media_type", MERGE)
@pytest.mark.parametrize("patch", [[], "text", None, 5, [{"op": "add"}]])
def test_a_merge_patch_is_an_object(media_type: str, patch: Any) -> None:
    with pytest.raises(InvalidRequest, match="merge patch"):
        patched(media_type, patch)


@pytest.mark.parametrize("media_type", [JSON_PATCH, JSON_PATCH_QUERY])
@pytest.mark.parametrize(
    ("patch", "pointer"),
    [
        ({}, ""),
        ("x", ""),
        ([1], "/0"),
        ([{"op": "nothing", "path": "/a"}], "/0"),
        ([{"op": ["add"], "path": "/a"}], "/0"),
        ([{"op": "add", "path": "/description", "value": ""}, {"op": "remove"}], "/1/path"),
        ([{"op": "add", "path": "/a"}], "/0/value"),
        ([{"op": "move", "path": "/a"}], "/0/from"),
        ([{"op": "replace", "path": 7, "value": 1}], "/0/path"),
        ([{"op": "remove", "path": "/nothing"}], "/0/path"),
        ([{"op": "replace", "path": "/note/2", "value": {}}], "/0/path"),
        ([{"op": "add", "path": "/note/3", "value": {}}], "/0/path"),
        ([{"op": "add", "path": "/note/01", "value": {}}], "/0/path"),
        ([{"op": "add", "path": "/description/x", "value": 1}], "/0/path"),
        ([{"op": "add", "path": "/no/where", "value": 1}], "/0/path"),
        ([{"op": "add", "path": "/a~2b", "value": 1}], "/0/path"),
        ([{"op": "move", "from": "/note", "path": "/note/0"}], "/0/path"),
        ([{"op": "move", "from": "", "path": "/a"}], "/0/path"),
        ([{"op": "remove", "path": ""}], ""),
        ([{"op": "replace", "path": "", "value": 5}], ""),
        ([{"op": "add", "path": "/" + "x" * 3000, "value": 5}], "/0/path"),
    ],
)
def test_a_malformed_or_impossible_json_patch_is_refused_by_its_place(
    media_type: str, patch: Any, pointer: str
) -> None:
    with pytest.raises(InvalidRequest) as refusal:
        patched(media_type, patch)
    assert refusal.value.violations[0].pointer == pointer


def test_nothing_is_done_where_one_operation_fails() -> None:
    document = copy.deepcopy(ORDER)
    with pytest.raises(InvalidRequest):
        PATCHER.apply(JSON_PATCH, document, [*change("replace", "/description", "x"), *change("remove", "/nothing")])
    assert document == ORDER


@pytest.mark.parametrize(
    "patch",
    [
        change("test", "/description", "other"),
        change("test", "/nothing", None),
        change("test", "/note/7", {}),
        [*change("replace", "/description", "x"), *change("test", "/description", "as ordered")],
    ],
)
@pytest.mark.parametrize("media_type", [JSON_PATCH, JSON_PATCH_QUERY])
def test_a_test_that_does_not_hold_is_a_conflict(media_type: str, patch: Any) -> None:
    with pytest.raises(Conflict):
        patched(media_type, patch)


def test_a_test_that_holds_lets_the_patch_through() -> None:
    patch = [*change("test", "/note/0", {"text": "one", "author": "Jo", "id": "a"}), *change("remove", "/note/0")]
    assert [note["id"] for note in patched(JSON_PATCH, patch).body["note"]] == ["b"]


@pytest.mark.parametrize("path", ["description", "/description"])
def test_the_leading_slash_may_be_missing_as_in_tm_forums_examples(path: str) -> None:
    assert patched(JSON_PATCH, change("replace", path, "new")).body["description"] == "new"


def test_one_element_added_to_an_array_attribute_is_appended() -> None:
    assert len(patched(JSON_PATCH, change("add", "/note", {"text": "three"})).body["note"]) == 3
    assert patched(JSON_PATCH, change("add", "/note", [])).body["note"] == []


def test_a_patch_tells_which_attributes_it_speaks_of_changed_or_not() -> None:
    assert patched(MERGE[0], {"description": "as ordered", "x": None}).named == {"description", "x"}
    for path in ("/note/0", "$.note[?(@.id=='a')]", "note?note.id=a"):
        assert patched(JSON_PATCH_QUERY, change("test", path, ORDER["note"][0])).named == {"note"}
    move = [{"op": "move", "from": "/description", "path": "/state"}]
    assert patched(JSON_PATCH, move).named == {"description", "state"}


@pytest.mark.parametrize("media_type", [JSON_PATCH, JSON_PATCH_QUERY])
def test_a_patch_of_the_whole_document_tells_all_that_changed(media_type: str) -> None:
    whole = {"id": "17", "@type": "ServiceOrder", "description": "other", "requestedStartDate": "2026-11-22T10:00:00Z"}
    result = patched(media_type, change("replace", "", whole))
    assert set(result.changed) == {"description", "note", "serviceOrderItem"}
    assert result.body == {**whole, "requestedStartDate": "2026-11-22T10:00:00.000Z"}
    with pytest.raises(InvalidRequest):
        patched(media_type, change("replace", "", {**whole, "id": "18"}))


def test_a_patch_beyond_all_measure_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="1000 operations"):
        patched(JSON_PATCH, change("add", "/description", "x") * 1001)
    assert patched(JSON_PATCH, change("add", "/description", "x") * 1000).changed


def test_copies_of_copies_do_not_fill_the_memory() -> None:
    limited = Patcher(SHAPE, Re2Patterns(), PatchLimits(result_bytes=100_000))
    doubling = [{"op": "copy", "from": "", "path": f"/x{i}"} for i in range(40)]
    with pytest.raises(TooLarge):
        limited.apply(JSON_PATCH, ORDER, doubling)
    nesting = [{"op": "add", "path": "/a", "value": {}}, *[{"op": "copy", "from": "", "path": "/a"}] * 1000]
    with pytest.raises((TooLarge, InvalidRequest)):
        limited.apply(JSON_PATCH, {"id": "1"}, nesting)
    with pytest.raises(TooLarge):
        limited.apply(MERGE[0], ORDER, {"description": "x" * 100_000})


def test_nesting_by_many_operations_is_bounded() -> None:
    deep: Any = {}
    for _ in range(50):
        deep = {"x": deep}
    path = "/x" * 50
    patch = [{"op": "add", "path": "/x" + path * i, "value": deep} for i in range(12)]
    with pytest.raises(InvalidRequest) as refusal:
        Patcher(ANYTHING, Re2Patterns()).apply(JSON_PATCH, {}, patch)
    assert refusal.value.violations[0].code == "tooDeep"


SCALARS = st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from(["", "a", "b"])
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3)
)
PATHS = st.lists(st.sampled_from(["a", "b", "c", "0", "1", "-"]), min_size=1, max_size=3).map(
    lambda parts: "/" + "/".join(parts)
)
OPERATIONS = st.lists(
    st.fixed_dictionaries({"op": st.sampled_from(["add", "replace", "test"]), "path": PATHS, "value": VALUES})
    | st.fixed_dictionaries({"op": st.just("remove"), "path": PATHS})
    | st.fixed_dictionaries({"op": st.sampled_from(["move", "copy"]), "path": PATHS, "from": PATHS}),
    min_size=1,
    max_size=5,
)


@settings(max_examples=500, deadline=None)
@given(st.dictionaries(st.sampled_from("abc"), VALUES, max_size=3), OPERATIONS)
def test_json_patch_agrees_with_another_implementation(document: Any, patch: Any) -> None:
    """Except where a move goes into what it moves from: the standard forbids it, the other one may allow a no-op."""
    try:
        expected = jsonpatch.apply_patch(document, patch)
    except (jsonpatch.JsonPatchException, jsonpatch.JsonPointerException):
        expected = None
    try:
        actual: Any = Patcher(ANYTHING, Re2Patterns()).apply(JSON_PATCH, document, patch).body
    except (InvalidRequest, Conflict):
        actual = None
    if not any(op["op"] == "move" and op["path"].startswith(op["from"]) for op in patch):
        assert json.dumps(actual, sort_keys=True) == json.dumps(expected, sort_keys=True)
