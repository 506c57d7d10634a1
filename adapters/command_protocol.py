"""The protocol of programs that are fulfillers, run here (`command`) or elsewhere (`ssh`). No input or output here.

One call is one run. The program gets the task as one JSON object on standard input, and says on standard output what
came of it: one JSON object, or several lines of one each, of which the last counts. docs/reference/fulfillers.md tells
it to those who write such programs.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import orjson

from adapters.ports import Accepted, Done, FulfillerCall, Outcome, Progress, Refused, Unreachable, parse_report
from models.domain.outcomes import parse_done, text

MAX_OUTPUT = 1_000_000
MAX_ERRORS = 8_192
MAX_MILESTONES = 100
# Numbers of sysexits.h: turned away, to come again; and turned away for good. Both before anything was done.
_TRY_AGAIN = frozenset({69, 75})
_NEVER_BEGUN = frozenset(range(64, 79)) - _TRY_AGAIN | {126, 127}
_POLLED = "poll"  # stands in `Accepted.poll_url`: the program itself is asked


@dataclass(frozen=True, slots=True)
class Run:
    """How a run of the program ended.

    Attributes:
        code: its exit status; None where there was none, as after a signal.
        stdout: at most as many bytes as are read.
        stderr: the end of it.
        whole: False when stdout went on beyond what is read.
    """

    code: int | None
    stdout: bytes = b""
    stderr: bytes = b""
    whole: bool = True


def request(call: FulfillerCall, parameters: Any = None) -> bytes:
    """The task as the program gets it; the same call gives the same bytes."""
    return _dumped(_body(call, parameters))


def look(reference: Accepted, call: FulfillerCall, parameters: Any = None) -> bytes:
    """The question how accepted work is."""
    return _dumped({**_body(call, parameters), "operation": "poll", "reference": reference.reference})


def is_polled(accepted: Accepted) -> bool:
    """Whether the program said that it can be asked."""
    return accepted.poll_url is not None


def read_engagement(run: Run) -> Outcome:
    """What came of a call."""
    outcome = _read(run)
    if isinstance(outcome, Progress):
        return _unusable("The program ended without saying what came of the task.")
    return _with_milestones(outcome, run.stdout)


def read_look(run: Run) -> Outcome:
    """What came of a look at accepted work."""
    outcome = _read(run)
    if isinstance(outcome, Accepted):
        return Progress(retry_after=outcome.retry_after)
    return _with_milestones(outcome, run.stdout)


def last_words(stdout: bytes) -> str | None:
    """What the program said last of its progress, to be told when it did not come to an end."""
    for line in reversed(stdout.splitlines()):
        report = _loaded(line)
        if isinstance(report, Mapping) and report.get("status") == "progress":
            return text(report.get("reason")) or text(report.get("milestone"))
    return None


def _with_milestones(outcome: Outcome, stdout: bytes) -> Outcome:
    """The steps that the program named on its way, in lines of progress."""
    if not isinstance(outcome, Done | Progress) or b"milestone" not in stdout:
        return outcome
    reports = (_loaded(line) for line in stdout.splitlines())
    named = (text(report.get("milestone")) for report in reports if isinstance(report, Mapping))
    return replace(outcome, milestones=tuple(dict.fromkeys(name for name in named if name))[:MAX_MILESTONES])


def _body(call: FulfillerCall, parameters: Any) -> dict[str, Any]:
    optional = {
        "orderId": call.order_id,
        "processFlowId": call.process_flow_id,
        "orderItemId": call.order_item_id,
        "callbackUrl": call.callback_url,
        "former": call.former,
        "fulfilKey": call.fulfil_key,
        "engaged": {"reference": call.engaged.reference} if call.engaged else None,
        "output": call.output,
        "parameters": parameters,
        **({"kind": call.kind, "task": call.name} if call.kind != "fulfil" else {}),
    }
    return {
        "taskId": call.task_id,
        "idempotencyKey": call.idempotency_key,
        "action": call.action,
        "operation": call.operation,
        "service": call.service,
        "input": call.input,
        **{name: value for name, value in optional.items() if value is not None},
    }


def _dumped(body: Mapping[str, Any]) -> bytes:
    return orjson.dumps(body, option=orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE)


def _read(run: Run) -> Outcome:
    if not run.whole:
        return _unusable(f"The program put out more than the {MAX_OUTPUT} bytes that are read.")
    if run.code == 0:
        return _report(run.stdout)
    said = _said(run)
    if run.code is None or run.code < 0:
        by = f" by signal {-run.code}" if run.code else ""
        return Unreachable(f"The program was ended{by} before it said what came of the task{said}.", cause="broken")
    reason = f"The program ended with status {run.code}{said}."
    if run.code in _TRY_AGAIN:
        report = _last(run.stdout)
        wish = _seconds(report.get("retryAfter")) if isinstance(report, Mapping) else None
        return Unreachable(reason, wish, maybe_done=False, cause="status", status=run.code)
    return Refused(reason, maybe_done=run.code not in _NEVER_BEGUN)


def _report(stdout: bytes) -> Outcome:
    """What a program reports that ended well."""
    if not stdout.strip():
        return parse_done({})
    report = _last(stdout)
    if not isinstance(report, Mapping):
        return _unusable(f"What the program put out is not JSON: {_excerpt(stdout)}")
    match report.get("status", "done"):
        case "done":
            return parse_done(report)
        case "accepted":
            return _accepted(report)
        case "progress":
            return Progress(
                text(report.get("milestone")), text(report.get("reason")), _seconds(report.get("retryAfter"))
            )
    return parse_report(report)


def _accepted(report: Mapping[str, Any]) -> Outcome:
    reference = report.get("reference")
    named = str(reference) if isinstance(reference, int) else text(reference)
    wish = report.get("retryAfter")
    if wish is not None and _seconds(wish) is None:
        return _unusable("The program accepted the task, but its retryAfter is not a number of seconds.")
    return Accepted(named[:512] if named else None, _POLLED if report.get("poll") is True else None, _seconds(wish))


def _last(stdout: bytes) -> Any:
    """The one JSON text, or else the last line that is not empty; None where that is not JSON."""
    whole = _loaded(stdout)
    if whole is not None:
        return whole
    lines = [line for line in stdout.splitlines() if line.strip()]
    return _loaded(lines[-1]) if lines else None


def _loaded(words: bytes) -> Any:
    try:
        return orjson.loads(words)
    except orjson.JSONDecodeError:
        return None


def _said(run: Run) -> str:
    """The reason, as a clause: what stdout reports, or else the last line of stderr."""
    report = _last(run.stdout)
    lines = [line for line in run.stderr.decode("utf-8", "replace").splitlines() if line.strip()]
    reason = text(report.get("reason")) if isinstance(report, Mapping) else None
    reason = reason or (text(lines[-1]) if lines else None)
    return f": {reason.rstrip('.')}" if reason else ""


def _seconds(wish: Any) -> float | None:
    if isinstance(wish, bool) or not isinstance(wish, int | float) or not math.isfinite(wish) or wish < 0:
        return None
    return float(wish)


def _unusable(reason: str) -> Refused:
    return Refused(reason, maybe_done=True)


def _excerpt(words: bytes) -> str:
    return text(words[:200].decode("utf-8", "replace")) or "(nothing to be read)"
