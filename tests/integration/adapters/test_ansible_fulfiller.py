"""The kind `ansible` keeps to the port, with real playbooks on this host."""

import asyncio
import json
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any, ClassVar

import asyncssh
import pytest

from adapters.allowances import Allowances
from adapters.ansible import AnsibleFulfiller
from adapters.ansible_runs import RunFolder
from adapters.credentials import Credentials
from adapters.http_session import Tools
from adapters.ports import Accepted, Done, Fulfiller, Outcome, Progress, Refused
from adapters.private_key import without_passphrase
from models.domain.fulfiller import FulfillerDefinition
from tests.integration.fulfiller_suite import Behaviour, FulfillerSuite, a_call
from tests.integration.openssh import OpenSsh, needs_openssh, openssh

PROJECTS = Path(__file__).parents[3] / "examples/ansible"


def no_session() -> Any:
    raise AssertionError("no session is needed here")


def ansible(runs: Path, projects: Path | None = PROJECTS, secret: Any = None, **settings: Any) -> AnsibleFulfiller:
    allowed = Allowances(ansible_projects=projects, ansible_runs=runs)
    definition = FulfillerDefinition("a", "A", "ansible", settings=settings)
    return AnsibleFulfiller.create(definition, Credentials(secret), Tools(no_session, allowed=allowed))


class TestAnsibleOnThisHost(FulfillerSuite):
    counterpart = "Ansible (ansible-core through ansible-runner) with the example's playbooks, on this host"
    patience = 60.0
    cannot: ClassVar = {
        "accepted and reported": "A run is asked for its state; nothing of it calls back.",
        "unreachable": "A run begins at the server itself; hosts that are away are told by its end, a refusal.",
        "slow": "A run is taken on at once, however long it takes then.",
        "late": "A run is taken on at once, however long it takes then.",
        "throttled": "A run has nobody who could turn it away for now; capacity in the registration limits them.",
        "garbage": "What a run says in the end is written down by ansible-runner, and nothing else is read.",
        "many at once": "Each run is some processes and 100 MB; capacity in the registration limits them.",
    }

    @pytest.fixture(autouse=True)
    def set_up(self, tmp_path: Path) -> None:
        self.runs, self.folder = tmp_path / "runs", tmp_path / "reservations"
        self.folder.mkdir()

    async def fulfiller(self, behaviour: Behaviour) -> Fulfiller:
        manners: dict[str, dict[str, Any]] = {"accepting": {"seconds": 0.5}, "refusing": {"room": False}}
        told = manners.get(behaviour, {})
        playbooks = {"add": "install.yaml", "compensate": "remove.yaml"}
        return ansible(self.runs, project="rack", playbook=playbooks, variables={"folder": str(self.folder), **told})

    async def standing(self) -> int:
        return len(list(self.folder.iterdir()))


async def ended(fulfiller: Fulfiller, outcome: Outcome, call: Any) -> Outcome:
    """What becomes of a run in the end."""
    if not isinstance(outcome, Accepted):
        return outcome
    accepted = outcome
    async with asyncio.timeout(60):
        while isinstance(outcome, Accepted | Progress):
            await asyncio.sleep(0.05)
            outcome = await fulfiller.poll(accepted, call)
    return outcome


def project(tmp_path: Path, *tasks: str, name: str = "site.yaml") -> Path:
    folder = tmp_path / "projects/mine"
    folder.mkdir(parents=True, exist_ok=True)
    listed = "".join(f"    - {task}\n" for task in tasks)
    (folder / name).write_text(f"- name: Mine\n  hosts: all\n  gather_facts: false\n  tasks:\n{listed}")
    return folder.parent


async def test_values_of_an_order_are_no_templates_and_names_of_tasks_are_milestones(tmp_path: Path) -> None:
    mark = tmp_path / "carried-out"
    evil = f"{{{{ lookup('pipe', 'touch {mark}') }}}}"
    projects = project(
        tmp_path,
        "name: Say it\n      debug: {msg: '{{ som.input.words }}'}",
        "set_stats: {data: {said: '{{ som.input.words }}'}}",
    )
    fulfiller = ansible(tmp_path / "runs", projects, project="mine", playbook="site.yaml")
    call = a_call(input={"words": evil}, timeout=60.0)
    outcome = await ended(fulfiller, await fulfiller.engage(call), call)
    assert outcome == Done({"said": evil}, milestones=("Say it", "set_stats"))
    assert not mark.exists()


async def test_credentials_reach_the_playbook_and_stand_in_no_file(tmp_path: Path) -> None:
    proof = tmp_path / "proof"
    projects = project(
        tmp_path,
        f"copy: {{dest: '{proof}', content: '{{{{ som_credentials.password | length }}}}', mode: '0600'}}",
        "command: sleep 0.3",
    )
    secret = {"type": "basic", "username": "som", "password": "hunter2-hunter2"}
    fulfiller = ansible(tmp_path / "runs", projects, secret, project="mine", playbook="site.yaml")
    call = a_call(timeout=60.0)
    accepted = await fulfiller.engage(call)
    outcome: Outcome = Progress()
    while isinstance(outcome, Progress):
        outcome = await fulfiller.poll(accepted, call) if isinstance(accepted, Accepted) else accepted
        assert not secrets_in(tmp_path / "runs", secret["password"])
        await asyncio.sleep(0.02)
    assert isinstance(outcome, Done)
    assert proof.read_text() == "15"


def secrets_in(folder: Path, secret: str) -> list[Path]:
    """Files that hold it; they come and go while one looks."""
    found = []
    for place, _, names in os.walk(folder):
        for path in (Path(place, name) for name in names):
            with suppress(FileNotFoundError):
                if path.is_file() and secret.encode() in path.read_bytes():
                    found.append(path)
    return found


@needs_openssh
async def test_a_private_key_logs_in_to_another_host_and_stands_in_no_file(tmp_path: Path) -> None:
    passphrase = "open sesame, please"
    async with openssh(tmp_path) as server:
        key = asyncssh.import_private_key(server.credentials["privateKey"])
        written = key.export_private_key(passphrase=passphrase, rounds=50).decode().strip()
        secret = {**server.credentials, "privateKey": written, "passphrase": passphrase}
        opened = without_passphrase(written, passphrase)
        fulfiller = over_ssh(tmp_path, server, secret)
        call = a_call(timeout=60.0)
        accepted = await fulfiller.engage(call)
        outcome: Outcome = Progress()
        while isinstance(outcome, Progress):
            outcome = await fulfiller.poll(accepted, call) if isinstance(accepted, Accepted) else accepted
            for hidden in (*written.splitlines()[1:-1], *opened.splitlines()[1:-1], passphrase):
                assert not secrets_in(tmp_path / "runs", hidden)
            await asyncio.sleep(0.02)
        assert outcome == Done({"over": str(server.port)}, milestones=("shell", "set_stats"))
    assert [path for path in (tmp_path / "runs").rglob("*") if path.is_fifo() or path.is_socket()] == []


@needs_openssh
async def test_a_key_that_the_host_does_not_know_is_a_refusal(tmp_path: Path) -> None:
    stranger = asyncssh.generate_private_key("ssh-ed25519").export_private_key().decode()
    async with openssh(tmp_path) as server:
        fulfiller = over_ssh(tmp_path, server, {**server.credentials, "privateKey": stranger})
        call = a_call(timeout=60.0)
        outcome = await ended(fulfiller, await fulfiller.engage(call), call)
    assert isinstance(outcome, Refused)
    assert "Permission denied" in outcome.reason
    assert not outcome.maybe_done


@pytest.mark.parametrize("form", ["openssh", "pkcs8-pem", "pkcs1-pem"])
def test_a_key_is_read_in_each_of_its_forms(form: str) -> None:
    key = asyncssh.generate_private_key("ssh-rsa", key_size=2048)
    opened = without_passphrase(key.export_private_key(form).decode().strip())
    assert asyncssh.import_private_key(opened).public_data == key.public_data


async def test_a_key_that_cannot_be_read_starts_no_run(tmp_path: Path) -> None:
    sealed = asyncssh.generate_private_key("ssh-ed25519").export_private_key(passphrase="right", rounds=50).decode()
    for secret in ({"privateKey": sealed, "passphrase": "wrong"}, {"privateKey": sealed}, {"privateKey": "hunter2"}):
        fulfiller = ansible(
            tmp_path / "runs", secret={"type": "privateKey", **secret}, project="rack", playbook="install.yaml"
        )
        outcome = await fulfiller.engage(a_call(timeout=60.0))
        assert outcome == Refused("The private key in the credentials cannot be read.")
    assert not (tmp_path / "runs").exists()


def over_ssh(tmp_path: Path, server: OpenSsh, secret: dict[str, Any]) -> AnsibleFulfiller:
    """A playbook whose only host is the server, reached by SSH and by nothing else."""
    projects = project(
        tmp_path,
        "shell: 'echo $SSH_CONNECTION'\n      register: connection",
        "set_stats: {data: {over: '{{ connection.stdout.split()[3] }}'}}",
    )
    (tmp_path / "known_hosts").write_text(f"[127.0.0.1]:{server.port} {server.settings['hostKey']}\n")
    variables = {
        "ansible_host": "127.0.0.1",
        "ansible_port": str(server.port),
        "ansible_user": "{{ som_credentials.username }}",
        "ansible_python_interpreter": sys.executable,
        "ansible_ssh_common_args": f"-F none -o ControlMaster=no -o UserKnownHostsFile={tmp_path}/known_hosts",
    }
    (projects / "mine/hosts.json").write_text(json.dumps({"all": {"hosts": {"rack-1": variables}}}))
    (projects / "mine/ansible.cfg").write_text("[ssh_connection]\nssh_args =\n")
    return ansible(tmp_path / "runs", projects, secret, project="mine", playbook="site.yaml", inventory="hosts.json")


async def test_a_failure_is_told_with_the_reason_and_whether_something_was_changed(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    projects = project(
        tmp_path,
        f"file: {{path: '{mark}', state: touch}}",
        f"name: Cable it\n      fail: {{msg: 'no cable'}}\n      when: \"'{tmp_path}/cable' is not exists\"",
        "set_stats: {data: {cabled: true}}",
    )
    fulfiller = ansible(tmp_path / "runs", projects, project="mine", playbook="site.yaml")
    call = a_call(timeout=60.0)
    accepted = await fulfiller.engage(call)
    assert await ended(fulfiller, accepted, call) == Refused("Cable it, localhost: no cable", maybe_done=True)
    assert isinstance(accepted, Accepted)
    assert isinstance(await fulfiller.poll(accepted, call), Refused), "a repeated look says the same"
    (tmp_path / "cable").touch()
    outcome = await ended(fulfiller, await fulfiller.engage(call), call)  # a person has seen to it, and resumes
    assert isinstance(outcome, Done)
    assert outcome.output == {"cabled": True}


async def test_a_run_that_died_is_told_as_unknown_and_not_begun_again_before_that(tmp_path: Path) -> None:
    count = tmp_path / "count"
    projects = project(
        tmp_path, f"shell: 'echo x >> {count}'", "command: sleep {{ 600 if som.input.speed == 100 else 0 }}"
    )
    fulfiller = ansible(tmp_path / "runs", projects, project="mine", playbook="site.yaml")
    call = a_call(timeout=60.0)
    accepted = await fulfiller.engage(call)
    assert isinstance(accepted, Accepted)
    folder = RunFolder.of(tmp_path / "runs", call.idempotency_key)
    async with asyncio.timeout(60):
        while not count.exists():
            await asyncio.sleep(0.05)
    for process in processes_of(folder):
        os.kill(process, signal.SIGKILL)
    async with asyncio.timeout(20):
        while folder.state() == "running":
            await asyncio.sleep(0.02)
    assert await fulfiller.engage(call) == accepted, "a repeated call finds it"
    outcome = await fulfiller.poll(accepted, call)
    assert isinstance(outcome, Refused)
    assert outcome.maybe_done
    assert "not known" in outcome.reason
    assert count.read_text() == "x\n"


def processes_of(folder: RunFolder) -> list[int]:
    """The processes of a run: its own and Ansible's, by what their command lines name."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            if str(folder.path).encode() in (path / "cmdline").read_bytes():
                found.append(int(path.name))
        except (FileNotFoundError, ProcessLookupError):
            continue
    return found


async def test_a_role_is_run_like_a_playbook(tmp_path: Path) -> None:
    tasks = tmp_path / "projects/mine/roles/port/tasks"
    tasks.mkdir(parents=True)
    (tasks / "main.yml").write_text("- set_stats: {data: {port: '{{ som.action }}'}}\n")
    fulfiller = ansible(tmp_path / "runs", tmp_path / "projects", project="mine", role="port", milestones="none")
    call = a_call(timeout=60.0)
    assert await ended(fulfiller, await fulfiller.engage(call), call) == Done({"port": "add"})


async def test_what_was_called_off_before_it_came_does_not_begin(tmp_path: Path) -> None:
    fulfiller = ansible(tmp_path / "runs", project="rack", playbook="install.yaml")
    call = a_call(timeout=60.0)
    assert await fulfiller.engage(a_call("cancel", timeout=60.0, fulfil_key=call.idempotency_key)) == Done()
    assert isinstance(await fulfiller.engage(call), Refused)


async def test_a_playbook_for_all_actions_does_not_undo(tmp_path: Path) -> None:
    fulfiller = ansible(tmp_path / "runs", project="rack", playbook="install.yaml")
    outcome = await fulfiller.engage(a_call("compensate"))
    assert outcome == Refused("The registration names no playbook or role for compensate.")


@pytest.mark.parametrize(
    ("settings", "code"),
    [
        ({"project": "rack", "playbook": "install.yaml"}, None),
        ({"project": "rack", "playbook": "missing.yaml"}, "notAllowed"),
        ({"project": "rack", "playbook": "x/../../../../etc/passwd"}, "notAllowed"),
        ({"project": "..", "playbook": "install.yaml"}, "invalidValue"),
        ({"project": "elsewhere", "playbook": "install.yaml"}, "notAllowed"),
        ({"project": "rack", "playbook": "--help"}, "invalidValue"),
        ({"project": "rack", "playbook": {"build": "install.yaml"}}, "invalidValue"),
        ({"project": "rack"}, "missing"),
        ({"project": "rack", "playbook": "install.yaml", "role": "port"}, "missing"),
        ({"project": "rack", "playbook": "install.yaml", "milestones": "all"}, "invalidValue"),
        ({"project": "rack", "playbook": "install.yaml", "colour": "red"}, "unknownSetting"),
    ],
)
def test_a_registration_names_what_the_operator_provides(settings: Any, code: str | None) -> None:
    definition = FulfillerDefinition("a", "A", "ansible", settings=settings)
    tools = Tools(no_session, allowed=Allowances(ansible_projects=PROJECTS))
    found = list(AnsibleFulfiller.check(definition)) or list(AnsibleFulfiller.check_here(definition, tools))
    assert [violation.code for violation in found] == ([code] if code else [])
