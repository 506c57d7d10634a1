"""The log: one form for all, and no secrets."""

import io
import json
import logging
from collections.abc import Iterator
from typing import Any, Literal

import pytest
import structlog

from som.logging import set_up_logging


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def _logged(log_format: Literal["text", "json"], *, level: Literal["info", "warning"] = "info", **values: Any) -> str:
    out = io.StringIO()
    set_up_logging(log_format, level, out)
    structlog.get_logger("som.of_ours").info("it moved", **values)
    return out.getvalue()


def test_json_is_one_object_a_line_with_time_level_and_values() -> None:
    entry = json.loads(_logged("json", order="o-1"))
    assert (entry["event"], entry["order"], entry["level"], entry["logger"]) == (
        "it moved",
        "o-1",
        "info",
        "som.of_ours",
    )
    assert entry["timestamp"].endswith("Z")


def test_text_is_one_readable_line() -> None:
    line = _logged("text", order="o-1")
    assert "it moved" in line
    assert "order=o-1" in line
    assert line.count("\n") == 1


def test_what_is_below_the_level_is_not_logged() -> None:
    assert _logged("text", level="warning") == ""


def test_the_standard_library_logs_into_the_same_form() -> None:
    out = io.StringIO()
    set_up_logging("json", "info", out)
    logging.getLogger("elsewhere").warning("port %d is taken", 1, extra={"pid": 7})
    entry = json.loads(out.getvalue())
    assert (entry["event"], entry["pid"], entry["logger"]) == ("port 1 is taken", 7, "elsewhere")


@pytest.mark.parametrize(
    "values",
    [
        {"password": "s3cr3t"},
        {"credentials": {"username": "u", "password": "s3cr3t"}},
        {"request": {"headers": {"Authorization": "s3cr3t"}}},
        {"url": "mongodb://u:s3cr3t@db/"},
        {"urls": ["https://u:s3cr3t@x/"]},
        {"answer": "Bearer s3cr3t-and-long"},
        {"secret": "whsec_s3cr3t"},
        {"note": "rotated whsec_s3cr3t"},
        {"callback": "http://h/som/v1/callback/s3cr3t"},
    ],
)
def test_secrets_are_hidden(values: dict[str, Any]) -> None:
    assert "s3cr3t" not in _logged("json", **values)
    assert "s3cr3t" not in _logged("text", **values)


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_a_secret_in_an_exception_is_hidden_and_the_traceback_is_there(log_format: Literal["text", "json"]) -> None:
    out = io.StringIO()
    set_up_logging(log_format, "info", out)
    try:
        int("mongodb://u:s3cr3t@db")
    except ValueError:
        structlog.get_logger().exception("failed")
    assert "s3cr3t" not in out.getvalue()
    assert "mongodb://***@db" in out.getvalue()
    assert "Traceback" in out.getvalue()
