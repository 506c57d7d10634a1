"""Expressions that mean harm do nothing but raise an ExpressionError, and soon."""

import contextlib
import json
import time
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models.domain.expressions import (
    ExpressionError,
    ExpressionSyntaxError,
    ExpressionTooExpensive,
    ExpressionTypeError,
    ExpressionValueError,
    compile_expression,
    register_patterns,
)
from models.domain.expressions.functions import FUNCTIONS
from models.domain.expressions.logic import compile_check, compile_logic
from models.domain.expressions.parser import Scope, parse, parse_unary_tests
from models.domain.expressions.plain import plain_decision
from models.domain.expressions.runtime import Run, checked_result
from models.patterns import Re2Patterns

SECONDS = 2.0  # of a processor; the slowest takes a tenth
LONG = "a" * 100_000
BOMB = "{a: [1, 1, 1, 1, 1, 1, 1, 1], " + "".join(
    f"{name}: [{', '.join([before] * 8)}], " for before, name in ("ab", "bc", "cd", "de")
)
CONTEXT: dict[str, Any] = {
    "t": LONG,
    "l": list(range(10_000)),
    "o": {"a": {"b": [1, {"c": None}]}},
    "n": 3,
    "huge": 10**5_000,
    "nan": float("nan"),
    "object": object(),
    "tuple": (1, 2),
}


@pytest.fixture(autouse=True, scope="module")
def engine() -> None:
    register_patterns(Re2Patterns())


@pytest.mark.parametrize(
    "source",
    [
        "for a in l, b in l return 1",
        "for a in 1..999999999 return a",
        "some a in l satisfies (some b in l satisfies a + b < 0)",
        "l[count(l[item > 0]) > 0]",
        "count(for a in l return l.b)",
        "for a in 1..100 return concatenate(l, [])",
        "concatenate(l, l)",
        "append(l, 1)",
        "flatten([l, l, l])",
        "distinct values(for a in 1..3 return l)",
        "t + t",
        'for a in 1..15000 return t + ""',
        "string join(for a in 1..3 return t)",
        'replace(t, "", "aa")',
        'replace(t, "a", "b")',
        'split(t, "")',
        'for a in 1..9999 return matches(t, "a*b")',
        'for a in 1..9999 return matches("a", string(a))',
        'matches(t, "(a|b)*a(a|b){900}c")',
        "[l, l, l, l, l, l]",
        "[t, t, t, t, t, t, t, t, t, t, t]",
        r'for a in 1..9999 return matches("a", "\\p{L}{" + string(modulo(a, 8)) + "}" + string(a))',
        BOMB + "f: [e, e, e, e, e, e, e, e]}",
        BOMB + "f: string([e, e, e, e, e, e, e, e])}.f",
        BOMB + "f: e = [d, d, d, d, d, d, d, d]}.f",
    ],
)
def test_what_would_take_for_ever_is_too_expensive(source: str) -> None:
    expression = compile_expression(source)
    started = time.thread_time()
    with pytest.raises(ExpressionTooExpensive):
        expression.evaluate(CONTEXT)
    assert time.thread_time() - started < SECONDS


@pytest.mark.parametrize(
    "source",
    [
        "(" * 2_000 + "1" + ")" * 1_999,
        "- " * 1_900 + "n",
        "[" * 1_000 + "]" * 1_000,
        "not(" * 800 + "1" + ")" * 800,
        "if 1 then " * 200 + "1" + " else 1" * 200,
        "l" + "[n" * 900 + "]" * 900,
        "{a:" * 900 + "1" + "}" * 900,
        "o" + ".a" * 1_900 + "..",
        "1" + "0" * 3_900,
        "1" * 5_000,
        "/*" * 2_000,
        '"' + "\\" * 3_998,
        "__import__('os').system('true')",
        "lambda: 1",
        "().__class__",
        "x := 1",
        "{[1]: 2}",
        "\0",
        "\ud800",
        "a\u202eb +",
    ],
)
def test_what_is_no_expression_is_a_syntax_error_and_soon(source: str) -> None:
    started = time.thread_time()
    with pytest.raises(ExpressionSyntaxError):
        compile_expression(source)
    assert time.thread_time() - started < SECONDS


@pytest.mark.parametrize(
    "source",
    [
        "object.__class__",
        "o.__class__.__mro__",
        "o.keys",
        "l.append",
        "t.format",
        "__builtins__",
        "import os",
        'get value(o, "__class__")',
        "tuple.count",
        "tuple[1].x",
    ],
)
def test_nothing_of_python_is_reachable(source: str) -> None:
    outcome = compile_expression(source).evaluate(CONTEXT)
    assert outcome is None or outcome == [None] * 10_000


@pytest.mark.parametrize(
    "source",
    ["huge + 1", "huge ** 60", "huge * huge", "huge / 2", "nan + 1", "round(nan)", "floor(nan)", "string(huge)",
     "string(object)", "string([object])", "string(nan)", "sum(huge, 1)", "round(huge)", "number(huge)", "mean(huge)",
     "upper case(huge)", "for i in 1..huge return i", "modulo(huge, 3)", "abs(huge)", "modulo(huge, 0.1)", "-huge",
     "substring(t, nan)", "l[nan]", "substring(t, 1e300, huge)", "round(1, nan)", "round(huge, 20)"],
)  # fmt: skip
def test_values_that_are_no_json_break_nothing(source: str) -> None:
    try:
        compile_expression(source).evaluate(CONTEXT)
    except ExpressionError as error:
        assert str(error)  # noqa: PT017  # some of them have a value, and that is right too


def test_a_context_too_deep_for_the_stack_is_too_expensive() -> None:
    deep: Any = []
    for _ in range(5_000):
        deep = [deep]
    twin: Any = []
    for _ in range(5_000):
        twin = [twin]
    with pytest.raises(ExpressionTooExpensive):
        compile_expression("a = b").evaluate({"a": deep, "b": twin})


def test_a_long_chain_is_no_deep_nesting() -> None:
    assert compile_expression("+".join(["1"] * 1_900)).evaluate({}) == 1_900
    assert compile_expression(" or ".join(["false"] * 400)).evaluate({}) is False
    assert compile_expression("(" * 60 + "1" + ")" * 60).evaluate({}) == 1


def test_the_deepest_nesting_runs_in_a_small_stack() -> None:
    source = "n"
    for _ in range(20):
        source = f"count(for i in [1] return {source})"
    assert compile_expression(source).evaluate(CONTEXT) == 1


def test_is_defined_in_itself_compiles_in_linear_time() -> None:
    source = "n"
    for _ in range(20):
        source = f"is defined(o[{source}].a)"
    started = time.thread_time()
    compile_expression(source)
    assert time.thread_time() - started < SECONDS


WORDS = st.sampled_from(
    [
        "n",
        "t",
        "l",
        "o",
        "o.a.b",
        "item",
        "1",
        "2.5",
        "0",
        "-1",
        '"a"',
        '"(',
        "true",
        "null",
        "[]",
        "{}",
        "[1,2]",
        "{a:1}",
        "+",
        "-",
        "*",
        "/",
        "**",
        "=",
        "!=",
        "<",
        ">=",
        "(",
        ")",
        "[",
        "]",
        "..",
        ",",
        ":",
        ".",
        "if",
        "then",
        "else",
        "for",
        "in",
        "return",
        "some",
        "satisfies",
        "and",
        "or",
        "between",
        "x",
        "`ab`",
        "{",
        "}",
    ]
    + [f"{name}(" for name in FUNCTIONS]
)


def expressions() -> st.SearchStrategy[str]:
    """Well-formed expressions, most of which make little sense."""
    leaves = st.sampled_from(["n", "o", "o.a.b", "item", "x", "1", "2.5", "0", "-3", '"a"', '"("', "true", "null", "[]",
                              '"2024-01-01"', "zz", "{a: 1, b: a}"])  # fmt: skip
    calls = [
        (name, max(1, sum(not parameter.optional for parameter in function.parameters)))
        for name, function in FUNCTIONS.items()
    ]

    def bigger(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
        operators = st.sampled_from(["+", "-", "*", "/", "**", "=", "!=", "<", ">=", "and", "or", "in"])
        return st.one_of(
            st.tuples(inner, operators, inner).map(lambda p: f"({p[0]} {p[1]} {p[2]})"),
            st.sampled_from(calls).flatmap(
                lambda call: st.lists(inner, min_size=call[1], max_size=call[1]).map(
                    lambda a: f"{call[0]}({', '.join(a)})"
                )
            ),
            st.tuples(inner, inner).map(lambda p: f"({p[0]})[{p[1]}]"),
            st.tuples(inner, inner).map(lambda p: f"(for x in {p[0]} return {p[1]})"),
            st.tuples(inner, inner).map(lambda p: f"(some x in {p[0]}, y in 1..4 satisfies {p[1]})"),
            st.tuples(inner, inner, inner).map(lambda p: f"(if {p[0]} then {p[1]} else {p[2]})"),
            st.tuples(inner, inner).map(lambda p: f"[{p[0]}, {p[1]}]"),
            st.tuples(inner, inner).map(lambda p: f"{{a: {p[0]}, b: {p[1]}}}"),
        )

    return st.recursive(leaves, bigger, max_leaves=12)


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.one_of(st.text(max_size=200), st.lists(WORDS, max_size=20).map(" ".join)))
def test_no_text_makes_the_compiler_raise_anything_else(source: str) -> None:
    try:
        compile_expression(source).evaluate(CONTEXT)
    except ExpressionError as error:
        assert str(error)  # noqa: PT017


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.one_of(expressions(), st.lists(WORDS, max_size=12).map(" ".join)), st.sampled_from(["", "< ", "not(", "[1.."])
)
def test_decisions_meet_null_or_too_much_work_and_nothing_else(source: str, before: str) -> None:
    """Read leniently, an expression or a cell of a table has a value whenever it can be read."""
    started = time.perf_counter()
    scope = Scope(lenient=True)
    run = Run({}, 0, 200_000, lenient=True)
    with contextlib.suppress(ExpressionSyntaxError, ExpressionTooExpensive):
        tests = parse_unary_tests(before + source + (")" if before.endswith(("(", "..")) else ""), scope)
        compile_check(tests)(run, 3)  # type: ignore[arg-type]  # unary tests are what it parses
    with contextlib.suppress(ExpressionSyntaxError, ExpressionTooExpensive):
        json.dumps(_plain(compile_logic(parse(source, scope)).evaluate(run, {"n": 3, "o": CONTEXT["o"]})))
    assert time.perf_counter() - started < SECONDS


def _plain(value: Any) -> Any:
    """A result as JSON, a number beyond what JSON's have, a function or a range left out."""
    try:
        return plain_decision(checked_result(value))
    except (ExpressionTypeError, ExpressionValueError):
        return None


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(expressions())
def test_every_expression_ends_with_a_json_value_or_an_expression_error(source: str) -> None:
    started = time.thread_time()
    try:
        outcome = compile_expression(source).evaluate({"n": 3, "o": CONTEXT["o"]})
    except ExpressionError as error:
        assert str(error)  # noqa: PT017
    else:
        json.dumps(outcome, allow_nan=False)
    assert time.thread_time() - started < SECONDS
