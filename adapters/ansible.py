"""The kind `ansible`: playbooks and roles of projects that the server's operator provides, each run a process."""

import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from shutil import which
from typing import Any, ClassVar

import structlog

from adapters.allowances import entry
from adapters.ansible_runs import EX_CANCELLED, RunFolder
from adapters.ansible_variables import unsafe_yaml, variables_of
from adapters.base import BlockingFulfiller
from adapters.http_session import Tools
from adapters.ports import Accepted, Done, FulfillerCall, Outcome, Progress, Refused, Unreachable, parse_report
from adapters.private_key import NoPrivateKey, without_passphrase
from adapters.settings_rules import unknown_settings
from models.domain.fulfiller import FulfillerDefinition
from models.domain.outcomes import text
from models.domain.violations import Violation

_KNOWN = ("project", "playbook", "role", "hosts", "inventory", "variables", "milestones")
_WORKS = ("add", "modify", "delete", "compensate")
_STEPS = ("tasks", "plays", "none")
_SCHEME = "ansible:"
_FIRST_LOOK = 2.0
_HERE = "localhost ansible_connection=local ansible_python_interpreter='{{ ansible_playbook_python }}'"
_NO_RUNS = "This server has no folder for runs of Ansible."
_log = structlog.get_logger(__name__)


class AnsibleFulfiller(BlockingFulfiller):
    """One registered playbook, role, or set of them."""

    kind: ClassVar[str] = "ansible"

    @classmethod
    def check(cls, definition: FulfillerDefinition) -> list[Violation]:
        """What is wrong with the settings."""
        settings = definition.settings
        found = unknown_settings(settings, _KNOWN)
        if ("playbook" in settings) == ("role" in settings):
            found.append(Violation("/settings", "missing", "An ansible fulfiller needs either playbook or role."))
        found.extend(
            Violation(f"/settings/{name}", "invalidValue", f"{name} must be {wanted}.")
            for name, wanted, fits in _RULES
            if (name in settings or name == "project") and not fits(settings.get(name))
        )
        return found

    @classmethod
    def check_here(cls, definition: FulfillerDefinition, tools: Tools) -> list[Violation]:
        """Whether this server has the project, and the project what is named."""
        return list(_not_here(definition.settings, tools.allowed.ansible_projects))

    def engage_blocking(self, call: FulfillerCall) -> Outcome:
        """Start the run, or find it; or stop one."""
        runs = self.tools.allowed.ansible_runs
        wrong = self.check_here(self.definition, self.tools)
        if wrong or runs is None:
            return Refused(wrong[0].message if wrong else _NO_RUNS)
        if call.operation != "cancel":
            return self._begin(runs, call, "compensate" if call.operation == "compensate" else call.action)
        folder = RunFolder.of(runs, call.fulfil_key or "")
        folder.call_off()
        ends = time.monotonic() + call.timeout * 0.8
        while folder.state() == "running" and time.monotonic() < ends:
            time.sleep(0.05)
        outcome = self._stopped(runs, folder, call)
        return _accepted(folder) if isinstance(outcome, Progress) else outcome

    def poll_blocking(self, reference: Accepted, call: FulfillerCall) -> Outcome:
        """Read in the run's folder how it is."""
        runs = self.tools.allowed.ansible_runs
        if runs is None:
            return Unreachable(_NO_RUNS)
        if call.operation == "cancel":
            return self._stopped(runs, RunFolder.of(runs, call.fulfil_key or ""), call)
        folder = RunFolder(runs.absolute() / Path(reference.reference or "none").name)
        outcome = _looked(folder, (reference.poll_url or "").removeprefix(_SCHEME))
        if isinstance(outcome, Refused):
            folder.mark_told()
        return outcome

    def _begin(self, runs: Path, call: FulfillerCall, work: str) -> Outcome:
        named = _named(self.definition.settings, work)
        if named is None:
            return Refused(f"The registration names no playbook or role for {work}.")
        folder = RunFolder.of(runs, call.idempotency_key)
        state = folder.state()
        if state in ("ended", "died") and folder.is_told():  # somebody wants it tried again, knowing how it ended
            folder.put_aside()
            state = folder.state()
        if state == "called off":
            return Refused("The run was called off before it began.")
        if state == "new":
            trouble = self._start(folder, named, call)
            if trouble is not None:
                return trouble
        return _accepted(folder)

    def _start(self, folder: RunFolder, named: Mapping[str, str], call: FulfillerCall) -> Outcome | None:
        try:
            secret = _proof(self.credentials.secret())
        except NoPrivateKey:
            return Refused("The private key in the credentials cannot be read.")
        if "privateKey" in secret and which("ssh-agent", path=_path()) is None:
            return Refused("This server has no ssh-agent, which logging in by a private key needs.")
        variables = variables_of(call, self.definition.settings.get("variables", {}))
        folder.prepare(self._spec(named), unsafe_yaml(variables))
        return self._launch(folder, secret, call.timeout)

    def _spec(self, named: Mapping[str, str]) -> dict[str, Any]:
        settings, projects = self.definition.settings, self.tools.allowed.ansible_projects
        project = (projects or Path()).absolute() / settings["project"]
        inventory = settings.get("inventory")
        return {
            "project": str(project),
            **named,
            "hosts": settings.get("hosts", "all"),
            "inventory": str(project / inventory) if inventory else _HERE,
            "milestones": settings.get("milestones", "tasks"),
            "deadline": self.definition.deadline,
        }

    def _launch(self, folder: RunFolder, secret: Mapping[str, Any], seconds: float) -> Outcome | None:
        """Start the process of the run; it leaves us as soon as it holds the lock. None: it did, or another one had."""
        try:
            started = subprocess.run(  # noqa: S603 - our own program
                [sys.executable, "-m", "adapters.ansible_run", str(folder.path)],
                input=json.dumps(secret).encode(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                cwd=folder.path,
                env={"PATH": _path(), "LANG": "C.UTF-8", "HOME": str(folder.path)},
                timeout=seconds,
                start_new_session=True,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return Unreachable(f"The run did not start within {seconds:g} seconds.", cause="timeout")
        except OSError as error:
            return Unreachable(f"No process can be started for the run: {error.strerror}.", maybe_done=False)
        if started.returncode == EX_CANCELLED:
            return Refused("The run was called off before it began.")
        if started.returncode and folder.state() == "new":
            _log.error("run of ansible did not start", run=folder.name, said=started.stderr.decode("utf-8", "replace"))
            return Unreachable("The process of the run did not start; the log has the details.", maybe_done=False)
        return None

    def _stopped(self, runs: Path, folder: RunFolder, call: FulfillerCall) -> Outcome:
        """What became of a run that is to stop. What it did by then is undone, where a playbook is named for that."""
        match folder.state():
            case "running":
                return Progress(retry_after=_FIRST_LOOK)
            case "ended" if (folder.outcome() or {}).get("status") == "successful":
                return Refused("The run was done before it could be stopped.")
            case "ended" | "died" if _named(self.definition.settings, "compensate"):
                undoing = self._begin(runs, replace(call, operation="compensate"), "compensate")
                return _looked(RunFolder.of(runs, call.idempotency_key)) if isinstance(undoing, Accepted) else undoing
        return Done()


def _proof(secret: Mapping[str, Any]) -> dict[str, Any]:
    """The credentials for a run, which nobody can tell a passphrase: its private key is opened before."""
    given = dict(secret)
    if "privateKey" in given:
        given["privateKey"] = without_passphrase(given["privateKey"], given.pop("passphrase", None))
    return given


def _path() -> str:
    """Where a run finds programs."""
    return f"{Path(sys.executable).parent}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def _accepted(folder: RunFolder) -> Accepted:
    return Accepted(folder.name, f"{_SCHEME}{socket.gethostname()}", _FIRST_LOOK)


def _looked(folder: RunFolder, host: str = "") -> Outcome:
    """How a run is; it was started, on this host if no other is named."""
    match folder.state():
        case "running":
            return Progress(retry_after=_FIRST_LOOK, milestones=folder.milestones())
        case "ended":
            return _ended(folder)
        case "called off":
            return Refused("The run was called off before it began.")
        case "new" if host not in ("", socket.gethostname()):
            return Unreachable(f"The run went on at the host {host}; its folder is not to be seen from here.")
    return Refused(f"The run {folder.name} was broken off: what it did by then is not known.", maybe_done=True)


def _ended(folder: RunFolder) -> Outcome:
    outcome = folder.outcome() or {}
    report = parse_report(outcome.get("report"))
    match report:
        case Done():
            return replace(report, milestones=folder.milestones())
        case Refused() if outcome.get("status") != "successful":
            # A run that was broken off may have changed what it was just about to change.
            whole = outcome.get("status") == "failed" and not outcome.get("changed")
            return replace(report, reason=text(report.reason) or "The run failed.", maybe_done=not whole)
    return report


def _named(settings: Mapping[str, Any], work: str) -> dict[str, str] | None:
    """The playbook or role for this work; one for all is not meant to undo as well."""
    sort = "playbook" if "playbook" in settings else "role"
    named = settings[sort]
    if isinstance(named, str):
        named = dict.fromkeys(_WORKS[:3], named)
    return {sort: named[work]} if work in named else None


def _not_here(settings: Mapping[str, Any], projects: Path | None) -> Iterator[Violation]:
    if projects is None:
        why = "This server runs no playbooks: its operator has not set SOM_ANSIBLE_DIR."
        yield Violation("/settings/project", "notAllowed", why)
        return
    project = entry(projects, settings["project"])
    if project is None or not project.is_dir():
        why = f"This server has no project of the name {settings['project']!r:.80} among its allowed ones."
        yield Violation("/settings/project", "notAllowed", why)
        return
    paths = {named["playbook"] for work in _WORKS if (named := _named(settings, work)) and "playbook" in named}
    roles = {f"roles/{named['role']}" for work in _WORKS if (named := _named(settings, work)) and "role" in named}
    for path in sorted(paths | roles | ({settings["inventory"]} if "inventory" in settings else set())):
        inside = (project / path).resolve()
        if not inside.is_relative_to(project.resolve()) or not inside.exists():
            yield Violation("/settings", "notAllowed", f"The project {settings['project']} has no {path}.")


def _is_name(value: Any) -> bool:
    """A path in the project, which cannot be taken for an option."""
    return isinstance(value, str) and value[:1].isalnum() and value.isprintable()


def _is_work(value: Any) -> bool:
    if not isinstance(value, Mapping):
        return _is_name(value)
    return bool(value) and value.keys() <= set(_WORKS) and all(map(_is_name, value.values()))


_BY_WORK = f"a name, or an object of names by {', '.join(_WORKS)}"
_RULES = (
    ("project", "the name of a project", _is_name),
    ("playbook", _BY_WORK, _is_work),
    ("role", _BY_WORK, _is_work),
    ("hosts", "a pattern of hosts", _is_name),
    ("inventory", "a path in the project", _is_name),
    ("variables", "an object", lambda value: isinstance(value, Mapping)),
    ("milestones", f"one of {', '.join(_STEPS)}", lambda value: value in _STEPS),
)
