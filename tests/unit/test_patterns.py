"""Regular expressions of strangers run in linear time, and say what they cannot do."""

import random
import time

import pytest

from models.domain.patterns import MAX_PATTERN_LENGTH, PatternEngine, PatternError
from models.patterns import Re2Patterns, compile_pattern

ENGINE: PatternEngine = Re2Patterns()


@pytest.mark.parametrize(
    ("pattern", "fits", "does_not"),
    [
        (r"^[A-Z]{2}-\d+$", "AB-12", "AB-"),
        (r"(?:eth|ge)-\d/\d", "ge-0/1", "xe-0/1"),
        (r"[\w.+-]+@[\w-]+\.[a-z]{2,}", "noc@example.org", "noc"),
        (r"\u0041\u{1F600}?", "A😀", "B"),
        (r"[^[\]]+", "plain", "[x]"),
        (r"[\b]", "\b", "b"),
        (r"\cI", "\t", "I"),
        (r"(?<year>\d{4})-\d\d", "2024-05", "24-05"),
        (r"\p{Lu}\p{Ll}*", "Ärger", "ärger"),
        (r"a.c", "a/c", "a\nc"),
        (r"[(?=)]+", "(?=)", "a"),
    ],
)
def test_patterns_as_specifications_write_them_work(pattern: str, fits: str, does_not: str) -> None:
    compiled = ENGINE.compile_pattern(pattern)
    assert compiled.fullmatch(fits)
    assert not compiled.fullmatch(does_not)


def test_search_finds_a_part_where_fullmatch_wants_the_whole() -> None:
    pattern = compile_pattern("b+")
    assert pattern.search("abba")
    assert not pattern.fullmatch("abba")
    assert pattern.source == "b+"


def test_a_dollar_does_not_overlook_a_line_feed_at_the_end() -> None:
    assert not compile_pattern("^a$").search("a\n")


def test_find_yields_places_in_characters_and_the_groups() -> None:
    found = [(m.start(), m.end(), m.groups()) for m in compile_pattern("(é)|(x)").find("-é-x")]
    assert found == [(1, 2, ("é", None)), (3, 4, (None, "x"))]


@pytest.mark.parametrize(
    ("pattern", "word"),
    [
        ("(?=a)b", "look-ahead"),
        ("(?!a)b", "look-ahead"),
        ("(?<=a)b", "look-behind"),
        ("(?<!a)b", "look-behind"),
        (r"(a)\1", "back reference"),
        (r"(?<n>a)\k<n>", "back reference"),
    ],
)
def test_what_needs_more_than_linear_time_is_refused_by_name(pattern: str, word: str) -> None:
    with pytest.raises(PatternError, match=word) as refused:
        ENGINE.compile_pattern(pattern)
    assert "not supported" in refused.value.reason


@pytest.mark.parametrize(
    "pattern", ["(", "a**", "[z-a]", "\\", "a{5000}", r"\p{L}{50}", "\ud800", "(" * 500, r"\u{FFFFFF}"]
)
def test_a_pattern_that_is_malformed_or_too_big_is_an_error_with_a_reason(
    pattern: str, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(PatternError, match="cannot be used") as refused:
        ENGINE.compile_pattern(pattern)
    assert refused.value.reason
    assert capfd.readouterr() == ("", "")


def test_a_pattern_beyond_the_length_is_refused() -> None:
    assert compile_pattern("a" * MAX_PATTERN_LENGTH).size
    with pytest.raises(PatternError, match="1001 characters"):
        compile_pattern("a" * (MAX_PATTERN_LENGTH + 1))


def test_a_pattern_that_would_hang_a_backtracking_engine_answers_at_once() -> None:
    started = time.perf_counter()
    assert not compile_pattern(r"(a+)+(a*)*b").fullmatch("a" * 50_000)
    assert time.perf_counter() - started < 10


def test_a_long_text_under_a_big_pattern_is_refused_rather_than_waited_for() -> None:
    noise = random.Random(7)  # in random order the states of this pattern defeat every cache
    text = "".join(noise.choice("ab") for _ in range(100_000))
    with pytest.raises(PatternError, match="too costly"):
        compile_pattern("(a|b)*a(a|b){900}c").search(text)


def test_half_a_surrogate_pair_in_a_text_breaks_nothing() -> None:
    assert not compile_pattern("a").fullmatch("\ud800")
    with pytest.raises(PatternError, match="surrogate"):
        list(compile_pattern("a").find("\ud800"))


def test_the_same_pattern_is_compiled_once() -> None:
    assert ENGINE.compile_pattern("once") is ENGINE.compile_pattern("once")
