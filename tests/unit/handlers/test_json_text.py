import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.json_text import has_more_values, oversized_integer

TEXTS = st.text(alphabet='ab,[]{}"\\:\n0é9', max_size=12)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(TEXTS, inner, max_size=5),
    max_leaves=30,
)


def values(body: Any) -> int:
    """Attributes and elements; an empty array or object counts once more."""
    if not isinstance(body, dict | list):
        return 0
    inner = list(body.values()) if isinstance(body, dict) else body
    return max(len(inner), 1) + sum(map(values, inner))


def integers(body: Any) -> list[int]:
    if isinstance(body, dict | list):
        return [number for each in (body.values() if isinstance(body, dict) else body) for number in integers(each)]
    return [body] if isinstance(body, int) and not isinstance(body, bool) else []


@given(JSON, st.sampled_from([None, 1]), st.booleans())
def test_values_are_counted_as_they_will_be_parsed(body: Any, indent: int | None, ascii_only: bool) -> None:
    raw = json.dumps(body, indent=indent, ensure_ascii=ascii_only).encode()
    count = values(body)
    assert not has_more_values(raw, count)
    assert count == 0 or has_more_values(raw, count - 1)


@pytest.mark.parametrize(
    ("raw", "more"),
    [
        (b'["' + b"," * 1_000_000 + b'"]', False),
        (b'["' + b'\\",' * 300_000 + b'"]', False),
        (b"[" + b'"\\"' * 300_000, False),  # no JSON: one text that never ends
        (b"[" + b"1," * 300_000 + b"1]", True),
        (b'{"a":{}' + b',"a":{}' * 100 + b"}", True),
        (b'["' + b'","' * 99 + b'"]', False),
        (b'["' + b'","' * 100 + b'"]', True),
    ],
)
def test_what_stands_in_texts_is_no_value(raw: bytes, more: bool) -> None:
    assert has_more_values(raw, 100) is more


@given(JSON, st.sampled_from([None, 1]))
def test_the_first_integer_beyond_64_bits_is_found_and_nothing_else(body: Any, indent: int | None) -> None:
    beyond = [number for number in integers(body) if not -(2**63) <= number < 2**63]
    expected = str(beyond[0]) if beyond else None
    assert oversized_integer(json.dumps(body, indent=indent).encode()) == expected


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("9223372036854775807", None),
        ("9223372036854775808", "9223372036854775808"),
        ("-9223372036854775808", None),
        ("-9223372036854775809", "-9223372036854775809"),
        ('{"a" : 92233720368547758080 }', "92233720368547758080"),
        ("[1.5, [ 12345678901234567890123 ]]", "12345678901234567890123"),
        ("[0.12345678901234567890123, 1e12345678901234567890, 12345678901234567890.0, 12345678901234567890e2]", None),
        ('["12345678901234567890", "\\" 12345678901234567890"]', None),
    ],
)
def test_what_looks_like_a_large_integer_may_be_a_fraction_an_exponent_or_a_text(text: str, found: str | None) -> None:
    assert oversized_integer(text.encode()) == found
