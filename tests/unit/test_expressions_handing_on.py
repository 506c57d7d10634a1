"""Whether an expression hands something on as it is."""

import pytest

from models.domain.expressions.handing_on import reshaped


@pytest.mark.parametrize("text", [
    "secrets.A",
    '"Bearer " + secrets.A',
    "{a: secrets.A, b: [secrets.B]}",
    'string join(["u", secrets.A], ":")',
    'if secret then secrets.A else secrets.B',
    "[secrets.A, secrets.B][2]",
    "for name in names return name + secrets.A",
    "upper case(name)",
])  # fmt: skip
def test_what_is_sent_as_it_is(text: str) -> None:
    assert reshaped(text, "secrets") == set()


@pytest.mark.parametrize("text", [
    "upper case(secrets.A)",
    '"Bearer " + upper case(secrets.A) + secrets.B',
    '{a: secrets.A = "x", b: secrets.B}',
    "secrets.A * 2",
    'if secrets.A = "x" then secrets.B else null',
    "[1, 2][item = secrets.A]",
    'string length("x" + secrets.A)',
])  # fmt: skip
def test_of_what_something_else_is_made(text: str) -> None:
    assert reshaped(text, "secrets") == {"A"}
