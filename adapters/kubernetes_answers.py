"""What an answer of a Kubernetes API server, and the conditions of an object, mean. No input or output here."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import orjson

from adapters.ports import Done, Outcome, Progress, Refused, Unreachable
from adapters.rest_answers import Answer, seconds
from models.domain.outcomes import text

_READY: Mapping[str, str] = {"type": "Ready"}
# Turned away before anything was done; a conflict is somebody else's write at the same moment.
_NOT_BEGUN = frozenset({408, 409, 429, 503})


def missing(answer: Answer | Unreachable | Refused) -> bool:
    """Whether the server says that there is no such object."""
    return isinstance(answer, Answer) and answer.status == 404


def read_object(answer: Answer | Unreachable | Refused) -> Mapping[str, Any] | Outcome:
    """The object in an answer, or what came of the call instead."""
    if not isinstance(answer, Answer):
        return answer
    body = _loaded(answer.body) if answer.whole else None
    said = text(body.get("message")) if isinstance(body, Mapping) else None
    if answer.status >= 500 or answer.status in _NOT_BEGUN:
        reason = f"The API server answered with HTTP {answer.status}{f': {said}' if said else ''}."
        wish = seconds(answer.retry_after, datetime.now(UTC))
        begun = answer.status not in _NOT_BEGUN
        return Unreachable(reason, wish, maybe_done=begun, cause="status", status=answer.status)
    if answer.status >= 300:
        return Refused(said or f"The API server answered with HTTP {answer.status} and gave no reason.")
    if not isinstance(body, Mapping) or not isinstance(body.get("metadata"), Mapping):
        return Refused("The answer of the API server is no object.", maybe_done=True)
    return body


def standing_of(found: Mapping[str, Any], generation: int, settings: Mapping[str, Any]) -> Done | Refused | Progress:
    """Whether the controller is done with this generation of the object: by the conditions that the settings name."""
    status = found.get("status")
    if not isinstance(status, Mapping):
        return Progress()
    seen = status.get("observedGeneration")
    if isinstance(seen, int) and seen < generation:
        return Progress()
    conditions = [each for each in _conditions(status) if (each.get("observedGeneration") or generation) >= generation]
    reached = tuple(str(each["type"]) for each in conditions if each.get("status") == "True")
    failed = settings.get("failed")
    for condition in conditions:
        if failed and _is(condition, failed):
            said = text(condition.get("message")) or text(condition.get("reason")) or "no reason given"
            return Refused(f"{condition['type']}: {said}", maybe_done=True)
    if any(_is(condition, settings.get("ready") or _READY) for condition in conditions):
        return Done(milestones=reached)
    return Progress(milestones=reached)


def _conditions(status: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    listed = status.get("conditions")
    for each in listed if isinstance(listed, list) else ():
        if isinstance(each, Mapping) and isinstance(each.get("type"), str):
            yield each


def _is(condition: Mapping[str, Any], wanted: Mapping[str, str]) -> bool:
    return (condition["type"], condition.get("status")) == (wanted["type"], wanted.get("status", "True"))


def _loaded(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
