#!/usr/bin/env python3
"""An example of a program that is a fulfiller: for the kinds `command` (run by the server) and `ssh` (run elsewhere).

Reads one task as JSON from standard input and writes what came of it to standard output; docs/reference/fulfillers.md
tells the protocol. It remembers keys and effects in an SQLite file, so that a repeated call takes effect once, and can
be told by `parameters` of the registration's settings to misbehave:

    {"ledger": "/var/lib/example/ledger.db", "mode": "sync | poll | callback", "latency": 0.5, "facts": {…},
     "refuse": "a reason", "busy": 17, "hangFirst": true, "hang": true, "garbage": true}
"""

import hashlib
import json
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any, NoReturn

sys.path.insert(0, str(Path(__file__).resolve().parent))
from ledger import Ledger  # stands beside this script

EX_TEMPFAIL = 75


def main() -> None:
    """Take one task."""
    raw = sys.stdin.buffer.read()
    task = json.loads(raw)
    options = task.get("parameters") or {}
    ledger = Ledger(options.get("ledger", ":memory:"), None)
    misbehave(options)
    if task["operation"] == "poll":
        say(**looked(ledger, task, options))
    elif task["operation"] == "fulfil":
        fulfil(ledger, task, options, hashlib.sha256(raw).hexdigest())
    else:
        undo(ledger, task)


def fulfil(ledger: Ledger, task: dict[str, Any], options: dict[str, Any], digest: str) -> None:
    """Do the work, or begin it; for a known key, say again what came of it."""
    key, latency = task["idempotencyKey"], float(options.get("latency", 0))
    known = ledger.known(key)
    if known is None and options.get("refuse"):
        say(status="refused", reason=options["refuse"])
        return
    ledger.begin(key, digest, task, time.time() + latency)
    if options.get("mode", "sync") != "sync":
        if known is None and options["mode"] == "callback":
            report_later(latency, task, options)
        say(status="accepted", reference=key, retryAfter=latency, poll=options["mode"] == "poll")
        return
    say(status="progress", milestone="underWay")
    time.sleep(latency)
    ledger.finish(key, task, options.get("facts") or {})
    if known is None and options.get("hangFirst"):
        time.sleep(60)
    say(status="done", **(options.get("facts") or {}))


def looked(ledger: Ledger, task: dict[str, Any], options: dict[str, Any]) -> dict[str, Any]:
    """How accepted work is; it is done when its time has come."""
    work = ledger.known(task["idempotencyKey"])
    if work is None or work[1] == "cancelled":
        return {"status": "refused", "reason": "Nothing is known of it." if work is None else "It was called off."}
    due = {key: due for key, _, due in ledger.open_work()}.get(task["idempotencyKey"], 0.0)
    if work[1] == "begun" and due > time.time():
        return {"status": "progress", "milestone": "underWay"}
    ledger.finish(task["idempotencyKey"], task | {"operation": "fulfil"}, options.get("facts") or {})
    return {"status": "done", **(options.get("facts") or {})}


def undo(ledger: Ledger, task: dict[str, Any]) -> None:
    """Call off what is not done, or undo what is; once."""
    if task["operation"] == "cancel":
        ledger.call_off(task["taskId"])
    ledger.begin(task["idempotencyKey"], "", task, time.time())
    ledger.finish(task["idempotencyKey"], task, {})
    say(status="done")


def report_later(latency: float, task: dict[str, Any], options: dict[str, Any]) -> None:
    """Leave a process behind that reports: in a session of its own, without our standard output."""
    words = json.dumps([latency, task, options])
    child = [sys.executable, __file__, "--report"]
    with subprocess.Popen(  # noqa: S603 - ourselves
        child, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    ) as process:
        if process.stdin:
            process.stdin.write(words.encode())
            process.stdin.close()
        process.returncode = 0  # so that nobody waits for it


def report() -> None:
    """What is left behind: wait, finish the work, tell it."""
    latency, task, options = json.loads(sys.stdin.buffer.read())
    time.sleep(latency)
    facts = options.get("facts") or {}
    if Ledger(options.get("ledger", ":memory:"), None).finish(task["idempotencyKey"], task, facts):
        body = json.dumps({"status": "done", **facts}).encode()
        request = urllib.request.Request(task["callbackUrl"], body, {"Content-Type": "application/json"})  # noqa: S310
        urllib.request.urlopen(request, timeout=10).close()  # noqa: S310


def misbehave(options: dict[str, Any]) -> None:
    """Faults before anything is done."""
    if "busy" in options:
        say(reason="Too many at once.", retryAfter=options["busy"])
        stop(EX_TEMPFAIL)
    if options.get("garbage"):
        print("Segmentation fault (core dumped)")
        stop(0)
    if options.get("hang"):
        time.sleep(60)


def say(**report: Any) -> None:
    """One line of the protocol."""
    print(json.dumps(report), flush=True)


def stop(status: int) -> NoReturn:
    """End with this exit status."""
    raise SystemExit(status)


if __name__ == "__main__":
    if sys.argv[1:] == ["--report"]:
        report()
    else:
        main()
