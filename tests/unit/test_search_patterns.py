import contextlib
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.domain.filters import Match, matches
from models.domain.patterns import PatternError
from models.domain.search_patterns import MATCHED_TEXT, check, for_backtracking, prefix_of
from models.patterns import Re2Patterns

ENGINE = Re2Patterns()


LET_THROUGH = [
    "abc", "^abc$", "a|b", "^(?:a|b)c$", "(ab)+", "(?:ab){2,100}", "a{1,1000}", "[a-z]+-[0-9]+", "(?i)gold", "a?b?",
    "((ab)?c)?", r"\d{3}\.\w+", r"[^\]\[]+", r"\p{Lu}\pL*", "(?P<name>a)+", "a||b", "()", "()*", r"\x41\x{1F600}",
    "a{,3}", "(?s).*x", "a.*b.*c", r"\bword\b", r"\A\z", r"[\[a]",
]  # fmt: skip
REFUSED = [
    "(a+)+", "(a|a)*", "(a?){30}", "(?:a*)*", "(?:(?:ab)+c)+", "(|a)+", "((a|b)c)*", "(?:a{1,2}){5}", "(a+)+?",
    "(?i:a|b)+", "(?=a)", "(?!a)", "(?<=a)b", r"(a)\1", r"\Qa\E", r"\v", r"\C", r"\R", r"\K", r"\012", r"[\b]",
    "[[a]", "[[:alpha:]]", "[a[b]", "[]a]", "a**", "a+*", "a++", "a{2}{3}", "(", ")", "[", "\\", "*", "(*UCP)a",
    "(?#x)a", "(?R)", "(?>a)", "(?x)a", "(?|a)", "(?C1)", "(?:ab){1,101}", "(?:a{1000}){1000}", "(?U)a+", r"\e",
    r"\a", r"\Z", r"\G",
]  # fmt: skip


@pytest.mark.parametrize("pattern", ["", *LET_THROUGH])
def test_what_people_write_is_let_through(pattern: str) -> None:
    check(pattern, ENGINE)


@pytest.mark.parametrize("pattern", ["a" * 1001, "a\0b", *REFUSED])
def test_what_may_take_too_long_or_means_two_things_is_refused(pattern: str) -> None:
    with pytest.raises(PatternError):
        check(pattern, ENGINE)


@pytest.mark.parametrize(
    ("pattern", "prefix"),
    [
        ("^abc", "abc"), ("^abc.*", "abc"), (r"^a\.b", "a.b"), (r"^a b/c:d@e-f_1", "a b/c:d@e-f_1"), (r"^\^\\", "^\\"),
        ("abc", None), ("^a.c", None), ("^abc$", None), ("^a|b", None), ("^abc+", None), ("^", None), (r"^\d", None),
        ("^ab?", None), ("^a{2}", None), ("^(a)", None), ("^a.*b", None), ("(?i)^a", None),
    ],
)  # fmt: skip
def test_a_pattern_that_says_no_more_than_how_a_text_starts_is_known(pattern: str, prefix: str | None) -> None:
    assert prefix_of(pattern) == prefix


@pytest.mark.parametrize("pattern", ["b", "^ab", "c$", "^abc$", "a.c", "x|b", "(?i)B", r"a\$", "[$]"])
@pytest.mark.parametrize("text", ["abc", "b", "xabcx", "ABC", "a$", "abc\n", ""])
def test_the_form_for_the_database_finds_what_the_pattern_finds(pattern: str, text: str) -> None:
    translated = for_backtracking(pattern).replace(r"\z", r"\Z")  # as Python's engine spells it
    translated = re.sub(r"\(\?:\(\?i\)", "(?i:", translated)
    assert bool(re.search(translated, text)) == ENGINE.compile_pattern(pattern).search(text)


def test_a_long_text_is_not_looked_at() -> None:
    for length, expected in ((MATCHED_TEXT, True), (MATCHED_TEXT + 1, False)):
        text = "a" * length
        assert matches(Match(("x",), "a"), {"x": text}, ENGINE) is expected
        assert bool(re.search(for_backtracking("a").replace(r"\z", r"\Z"), text)) is expected


@pytest.mark.parametrize("pattern", [r"\p{L}", "a{1,1000}", r"\pL\pN", "(?i)" + "é" * 100])
def test_a_pattern_let_through_can_be_tried_on_any_text(pattern: str) -> None:
    check(pattern, ENGINE)
    for text in ("a" * MATCHED_TEXT, "\U0001f600" * MATCHED_TEXT):
        matches(Match(("x",), pattern), {"x": text}, ENGINE)


@settings(max_examples=500, deadline=None)
@given(st.text(alphabet="a|b()[]{}*+?^$\\.dwsQEpPux0123,:-i", max_size=20))
def test_any_pattern_is_let_through_or_refused(pattern: str) -> None:
    with contextlib.suppress(PatternError):
        check(pattern, ENGINE)
        for_backtracking(pattern)
        matches(Match(("x",), pattern), {"x": "ab1"}, ENGINE)
