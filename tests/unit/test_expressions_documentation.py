"""docs/reference/expressions.md is true: each example runs, each function and bound stands in it."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from models.domain.expressions import compile_expression, cursor, evaluate_template, parser, register_patterns, runtime
from models.domain.expressions.functions import FUNCTIONS
from models.domain.expressions.values.calendar_text import moment_of
from models.patterns import Re2Patterns

PAGE = (Path(__file__).parents[2] / "docs/reference/expressions.md").read_text(encoding="utf-8")
LINES = [line for block in re.findall(r"```feel\n(.*?)```", PAGE, re.DOTALL) for line in block.splitlines() if line]


NOW = moment_of("2024-05-01T08:00:00Z")


def block(name: str) -> Any:
    found = re.search(rf"```json {name}\n(.*?)```", PAGE, re.DOTALL)
    assert found
    return json.loads(found.group(1))


@pytest.fixture(autouse=True)
def engine() -> None:
    register_patterns(Re2Patterns())


@pytest.mark.parametrize("line", LINES)
def test_each_example_gives_what_the_page_says(line: str) -> None:
    expected = json.loads(line.rpartition("// ")[2])
    value = compile_expression(line).evaluate(block("context"), now=NOW)
    assert json.dumps(value) == json.dumps(expected)


def test_the_template_gives_what_the_page_says() -> None:
    assert evaluate_template(block("template"), block("context")) == block("result")


def test_the_table_of_functions_is_the_program_s() -> None:
    rows = dict(re.findall(r"^\| `([^`]+\))` \| ([\w ]+) \|", PAGE, re.MULTILINE))
    assert rows == {function.signature: function.returns for function in FUNCTIONS.values()}


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_each_function_has_an_example(name: str) -> None:
    assert any(re.search(rf"(?<!\w){re.escape(name)}\(", line) for line in LINES)


def test_the_bounds_are_the_program_s() -> None:
    given = [int(number.replace(",", "")) for number in re.findall(r"^\| .* \| ([\d,]+) \|$", PAGE, re.MULTILINE)]
    assert given == [
        parser.MAX_SOURCE_LENGTH,
        cursor.MAX_NESTING,
        runtime.MAX_STEPS,
        runtime.MAX_TEXT,
        runtime.MAX_LIST,
        runtime.MAX_VALUES,
        runtime.MAX_ALL_TEXT,
        64,
    ]
