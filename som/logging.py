"""Logging as it is set up once, at the start: readable lines or JSON, and no secrets in either."""

import logging
import re
import sys
from collections.abc import Mapping
from typing import Any, Literal, TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

_HIDDEN = "***"
_SECRET_NAME = re.compile(
    r"secret|password|passwd|credential|authorization|callback_?key|api_?key|(^|_)token$", re.IGNORECASE
)
_SECRET_TEXT = (
    (re.compile(r"(\w://)[^\s/@]+@"), rf"\1{_HIDDEN}@"),  # user and password in an address
    (re.compile(r"\b(Bearer|Basic)\s+[\w.~+/=-]{8,}", re.IGNORECASE), rf"\1 {_HIDDEN}"),
    (re.compile(r"\bwhsec_[\w+/=-]+"), f"whsec_{_HIDDEN}"),
    (re.compile(r"(/callback/)[^\s\"'?#]+"), rf"\1{_HIDDEN}"),  # its last part proves that the caller was asked
)
# They tell of each request or connection at info, which is our debug.
_CHATTY = ("asyncio", "aiohttp", "connexion", "pymongo", "uvicorn", "urllib3")
# It warns of each turn that a job leaves out because its last one waits for the database: once a second, for hours.
_WORRIED = ("apscheduler",)


def without_secrets(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """A structlog processor: hides values whose name or form says that they are secret, nested ones included."""
    return {name: _shown(name, value) for name, value in event.items()}


def _shown(name: str, value: Any) -> Any:
    if _SECRET_NAME.search(name) and value is not None and not isinstance(value, bool):
        return _HIDDEN
    match value:
        case str():
            return _scrubbed(value)
        case Mapping():
            return {key: _shown(str(key), inner) for key, inner in value.items()}
        case list() | tuple():
            return [_shown("", inner) for inner in value]
        case BaseException():
            return _scrubbed(repr(value))
        case _:
            return value


def _scrubbed(text: str) -> str:
    for pattern, replacement in _SECRET_TEXT:
        text = pattern.sub(replacement, text)
    return text


def set_up_logging(
    log_format: Literal["text", "json"],
    log_level: Literal["debug", "info", "warning", "error"],
    out: TextIO | None = None,
) -> None:
    """Sends everything that is logged, by structlog or the standard library, to one place in one form.

    Args:
        log_format: for people or for collectors.
        log_level: the least that is shown.
        out: where to; standard error when nothing is said, since standard output belongs to answers.
    """
    stream = out or sys.stderr
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
        without_secrets,
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, _renderer(log_format, stream)],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(log_level.upper())
    for name in _CHATTY:
        logging.getLogger(name).setLevel(log_level.upper() if log_level == "debug" else logging.WARNING)
    # Whatever the level: the database's driver logs all that is written, orders and signing secrets included.
    logging.getLogger("pymongo.command").setLevel(logging.WARNING)
    for name in _WORRIED:
        logging.getLogger(name).setLevel(log_level.upper() if log_level == "debug" else logging.ERROR)


def _renderer(log_format: Literal["text", "json"], stream: TextIO) -> Processor:
    if log_format == "json":
        return structlog.processors.JSONRenderer(default=str)
    return structlog.dev.ConsoleRenderer(
        colors=stream.isatty(), exception_formatter=structlog.dev.plain_traceback, pad_event_to=0
    )
