"""The process of one Ansible run: `python -m adapters.ansible_run FOLDER`, with the credentials as JSON on stdin.

It takes the lock of the folder, leaves the server's process behind, runs the playbook, and writes down what came of it.
Who starts it twice for the same folder gets one run.
"""

import json
import os
import shutil
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import ansible_runner

from adapters.ansible_events import Story
from adapters.ansible_runs import EX_CANCELLED, EX_UNAVAILABLE, RunFolder
from adapters.ansible_variables import unsafe_yaml


def main(folder: RunFolder, credentials: Mapping[str, Any]) -> int:
    """Run it, unless somebody else does or it is called off; the first process ends as soon as that is sure."""
    with folder.locked() as mine:
        if not mine:
            return EX_UNAVAILABLE  # another one runs, or somebody looked at that moment: asked again, it is seen
        if folder.state_when_idle() != "new":
            return EX_CANCELLED if folder.is_called_off() else 0
        folder.mark_started()
        if os.fork():
            os._exit(0)  # the lock is the child's as well, and stays
        _leave()
        story = Story(folder.path / "milestones", folder.spec()["milestones"])
        outcome = _run(folder, credentials, story)
        folder.end(outcome)
        shutil.rmtree(folder.path / "artifacts/run/job_events", ignore_errors=True)  # may be many, and is told
    return 0


def _run(folder: RunFolder, credentials: Mapping[str, Any], story: Story) -> dict[str, Any]:
    spec = folder.spec()
    variables = [f"-e @{folder.path / 'variables.yml'}"]
    if credentials:
        variables.append(f"-e @{_pipe(folder.path / 'credentials', credentials)}")
    try:
        runner = ansible_runner.run(
            private_data_dir=str(folder.path),
            project_dir=spec["project"],
            playbook=_playbook(folder, spec),
            inventory=spec["inventory"],
            ident="run",
            cmdline=" ".join(variables),
            ssh_key=credentials.get("privateKey"),
            timeout=int(spec["deadline"]),
            event_handler=story.take,
            cancel_callback=folder.is_called_off,
            suppress_env_files=True,
            quiet=True,
        )
    except Exception as error:  # noqa: BLE001 - whatever it is, a run that fails to begin has an outcome
        return story.outcome("error", f"Ansible could not be run: {error}")
    finally:
        (folder.path / "credentials").unlink(missing_ok=True)
    return story.outcome(runner.status, _last_line(folder.path / "artifacts/run/stdout"))


def _playbook(folder: RunFolder, spec: Mapping[str, Any]) -> str:
    """The playbook's path in the project; for a role, a playbook that consists of it."""
    if "role" not in spec:
        return str(spec["playbook"])
    path = folder.path / "role.yml"
    play = {"name": spec["role"], "hosts": spec["hosts"], "gather_facts": False, "roles": [spec["role"]]}
    path.write_text(json.dumps([play]), encoding="utf-8")
    os.environ["ANSIBLE_ROLES_PATH"] = f"{spec['project']}/roles"
    return str(path)


def _pipe(path: Path, credentials: Mapping[str, Any]) -> Path:
    """A pipe with the variable `som_credentials` in it, to be read once: the secrets are in no file."""
    os.mkfifo(path, 0o600)
    words = unsafe_yaml({"som_credentials": credentials})
    threading.Thread(target=lambda: path.write_text(words, encoding="utf-8"), daemon=True).start()
    return path


def _leave() -> None:
    """Be a session of its own, that nobody waits for."""
    os.setsid()
    nothing = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nothing, descriptor)


def _last_line(path: Path) -> str:
    try:
        lines = [line for line in path.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip()]
    except OSError:
        return ""
    return lines[-1] if lines else ""


if __name__ == "__main__":
    sys.exit(main(RunFolder(Path(sys.argv[1])), json.load(sys.stdin)))
