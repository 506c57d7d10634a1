"""What an answer of a REST fulfiller means: from status, headers and body to an outcome. No input or output here."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import orjson

from models.domain.outcomes import (
    Accepted,
    InformationRequired,
    Outcome,
    Progress,
    Refused,
    Shortage,
    Unreachable,
    parse_done,
    parse_report,
    text,
)

# Turned away before work began, so nothing can have been done.
_NOT_BEGUN = frozenset({408, 425, 429, 503})
_EXCERPT = 200


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer, read to its end.

    Attributes:
        status: HTTP status.
        content_type: media type without parameters, in lower case.
        body: at most as many bytes as are read.
        retry_after: the header Retry-After.
        location: the header Location.
        whole: False when the body went on beyond what is read.
    """

    status: int
    content_type: str = "application/json"
    body: bytes = b""
    retry_after: str | None = None
    location: str | None = None
    whole: bool = True


def read_engagement(answer: Answer, now: datetime) -> Outcome:
    """What the answer to a call means. An Accepted carries the pollUrl as the fulfiller wrote it."""
    early = trouble_in(answer, now)
    if early is not None:
        return early
    body = json_of(answer)
    match answer.status, body:
        case _, Refused():
            return body
        case 202, _:
            return _accepted(body, seconds(answer.retry_after, now))
        case ((200 | 201 | 204), _):
            return parse_done(body)
    return _unusable(f"The fulfiller answered with HTTP {answer.status}, which means nothing here.")


def read_poll(answer: Answer, now: datetime) -> Outcome:
    """What the answer to a look at accepted work means."""
    early = trouble_in(answer, now)
    if early is not None:
        return early
    if answer.status not in (200, 202):
        return _unusable(f"The pollUrl answered with HTTP {answer.status}, which means nothing here.")
    patience = seconds(answer.retry_after, now)
    if answer.status == 202 and not answer.body.strip():
        return Progress(retry_after=patience)
    body = json_of(answer)
    if isinstance(body, Refused):
        return body
    if answer.status == 202 and isinstance(body, Mapping) and "status" not in body:
        return Progress(text(body.get("milestone")), text(body.get("reason")), patience)
    report = parse_report(body)
    return replace(report, retry_after=patience) if isinstance(report, Progress) else report


def seconds(header: str | None, now: datetime) -> float | None:
    """What Retry-After says, as seconds or as an HTTP date; None where it says nothing of sense."""
    if header is None:
        return None
    try:
        if header.strip().isdigit():
            return float(header)
        moment = parsedate_to_datetime(header)
    except (ValueError, OverflowError):
        return None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, (aware - now).total_seconds())


def trouble_in(answer: Answer, now: datetime) -> Refused | Unreachable | InformationRequired | Shortage | None:
    """Everything that is not a success."""
    status = answer.status
    if status >= 500 or status in _NOT_BEGUN:
        said = _said(answer)
        reason = f"The fulfiller answered with HTTP {status}{': ' + said if said else ''}."
        wish, begun = seconds(answer.retry_after, now), status not in _NOT_BEGUN
        return Unreachable(reason, wish, maybe_done=begun, cause="status", status=status)
    if 300 <= status < 400:
        where = text(answer.location)
        return Refused(f"The fulfiller redirects{f' to {where}' if where else ''}; redirects are not followed.")
    if status == 422 and (asked := _asked(answer)) is not None:
        return asked
    if status >= 400:
        reason = _said(answer) or f"The fulfiller answered with HTTP {status} and gave no reason."
        return Refused(reason, code=_code(answer))
    if not answer.whole:
        return _unusable(f"The fulfiller's answer is longer than the {len(answer.body)} bytes that are read.")
    return None


def _accepted(body: Any, patience: float | None) -> Outcome:
    if not isinstance(body, Mapping):
        return _unusable("The fulfiller accepted the task, but its answer is not a JSON object.")
    wish, address = body.get("retryAfter"), body.get("pollUrl")
    if wish is not None and (
        isinstance(wish, bool) or not isinstance(wish, int | float) or not math.isfinite(wish) or wish < 0
    ):
        return _unusable("The fulfiller accepted the task, but its retryAfter is not a number of seconds.")
    if address is not None and (not isinstance(address, str) or len(address) > 2048):
        return _unusable("The fulfiller accepted the task, but its pollUrl is not an address.")
    reference = body.get("reference")
    named = str(reference) if isinstance(reference, int) else text(reference)
    return Accepted(named[:512] if named else None, address or None, float(wish) if wish is not None else patience)


def json_of(answer: Answer) -> Any:
    """The body as JSON; an empty one is an empty object; what is not JSON is a refusal."""
    if not answer.body.strip():
        return {}
    shown = _excerpt(answer.body)
    if answer.content_type != "application/json" and not answer.content_type.endswith("+json"):
        return _unusable(f"The fulfiller's answer is not JSON but {answer.content_type or 'of unknown type'}: {shown}")
    try:
        return orjson.loads(answer.body)
    except orjson.JSONDecodeError:
        return _unusable(f"The fulfiller's answer is not valid JSON: {shown}")


def _unusable(reason: str) -> Refused:
    """Success was reported in a way that makes no sense: whether there is any is unknown."""
    return Refused(reason, maybe_done=True)


def _asked(answer: Answer) -> InformationRequired | Shortage | Refused | None:
    """The question, or the shortage, in an answer that refuses the task as it is; None where it says neither."""
    body = json_of(answer)
    if not isinstance(body, Mapping) or body.get("status") not in ("informationRequired", "shortage"):
        return None
    report = parse_report(body)
    return report if isinstance(report, InformationRequired | Shortage | Refused) else None


def _said(answer: Answer) -> str | None:
    """The reason in an answer that is no success: in our shape, TM Forum's, problem+json, or as plain text."""
    body = None if answer.content_type == "text/html" else json_of(answer)
    if not isinstance(body, Mapping):
        return _excerpt(answer.body) if answer.content_type.startswith("text/plain") else None
    said = [text(body.get(name)) for name in ("reason", "title", "message", "detail")]
    return text(": ".join(dict.fromkeys(part for part in said if part)))


def _code(answer: Answer) -> str | None:
    """The code in an answer that is no success: in our shape or TM Forum's."""
    body = None if answer.content_type == "text/html" else json_of(answer)
    return text(body.get("code")) if isinstance(body, Mapping) else None


def _excerpt(body: bytes) -> str:
    return text(body[:_EXCERPT].decode("utf-8", "replace")) or "(empty)"
