"""What the events of an Ansible run tell: steps on the way, and what came of it in the end."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

MAX_MILESTONES = 50
Steps = Literal["tasks", "plays", "none"]
_STEPS = {"tasks": ("playbook_on_task_start", "task"), "plays": ("playbook_on_play_start", "play")}
# What set_stats gives under these names is told in TM Forum's terms; everything else is output.
_CHARACTERISTIC, _RESOURCE = "service_characteristic", "supporting_resource"


class Story:
    """Takes the events of one run."""

    def __init__(self, milestones: Path, steps: Steps) -> None:
        """Write steps of this sort, as they are reached, into this file."""
        self._path = milestones
        self._event, self._name = _STEPS.get(steps, ("", ""))
        self._reached: dict[str, None] = {}
        self._facts: Mapping[str, Any] = {}
        self._failure = ""
        self._changed = False

    def take(self, event: Mapping[str, Any]) -> bool:
        """Take one event, as ansible-runner gives it; True: it may be written down."""
        data: Mapping[str, Any] = event.get("event_data") or {}
        result: Mapping[str, Any] = data.get("res") or {}
        match event.get("event"):
            case kind if kind == self._event:
                self._step(str(data.get(self._name) or ""))
            case "runner_on_ok" if result.get("changed"):
                self._changed = True
            case "runner_on_failed" if not data.get("ignore_errors"):
                self._changed |= bool(result.get("changed"))
                self._failure = f"{data.get('task')}, {data.get('host')}: {_said(result)}"
            case "runner_on_unreachable":
                self._failure = f"{data.get('task')}, {data.get('host')}: {_said(result)}"
            case "playbook_on_stats":
                self._facts = data.get("artifact_data") or {}
        return True

    def outcome(self, status: str, last_line: str) -> dict[str, Any]:
        """How the run ended, to be written down.

        Returns:
            status as ansible-runner names it (successful, failed, canceled, timeout, error), a `report` as fulfillers
            report, and whether something was `changed`.
        """
        report: dict[str, Any] = {"status": "refused", "reason": self._failure or last_line or f"The run {status}."}
        if status == "successful":
            report = {"status": "done", **_facts(self._facts)}
        return {"status": status, "report": report, "changed": self._changed}

    def _step(self, name: str) -> None:
        name = " ".join(name.split())
        if not name or name in self._reached or len(self._reached) >= MAX_MILESTONES:
            return
        self._reached[name] = None
        with self._path.open("a", encoding="utf-8") as file:
            file.write(f"{name}\n")


def _facts(given: Mapping[str, Any]) -> dict[str, Any]:
    """What set_stats gave, in the attributes of a report."""
    characteristics = given.get(_CHARACTERISTIC)
    if isinstance(characteristics, Mapping):
        characteristics = [{"name": name, "value": value} for name, value in characteristics.items()]
    output = {name: value for name, value in given.items() if name not in (_CHARACTERISTIC, _RESOURCE)}
    return {
        "output": output,
        "serviceCharacteristic": characteristics,
        "supportingResource": given.get(_RESOURCE),
    }


def _said(result: Mapping[str, Any]) -> str:
    """The reason of a failure, as modules give it."""
    for name in ("msg", "stderr", "module_stderr", "exception"):
        if result.get(name):
            return str(result[name]).strip()
    return "failed without a message"
