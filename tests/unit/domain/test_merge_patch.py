"""Merge patches, by the examples of RFC 7396 (appendix A), and those of registrations, which have defaults."""

from typing import Any

import pytest

from models.domain.merge_patch import merged, with_defaults


@pytest.mark.parametrize(
    ("target", "patch", "result"),
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
        ({"a": "foo"}, None, None),
        ({"a": "foo"}, "bar", "bar"),
        ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
        ([1, 2], {"a": "b", "c": None}, {"a": "b"}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
    ],
)
def test_the_examples_of_the_rfc(target: Any, patch: Any, result: Any) -> None:
    assert merged(target, patch) == result


def test_null_brings_a_default_back_and_the_rest_stays() -> None:
    body = {"name": "n", "position": 5, "settings": {"a": 1, "b": 2}, "match": {"code": "x"}}
    patch = {"position": None, "description": None, "settings": {"a": None}, "match": {"fulfiller": "f"}}
    made = with_defaults(body, patch, {"position": 100}, whole=("match",))
    assert made == {"name": "n", "position": 100, "settings": {"b": 2}, "match": {"fulfiller": "f"}}
    assert body["settings"] == {"a": 1, "b": 2}
