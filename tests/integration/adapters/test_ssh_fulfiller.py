"""The kind `ssh` keeps to the port, with Debian's OpenSSH server and the example program behind it."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import asyncssh
import pytest

from adapters.credentials import Credentials
from adapters.guard import Guarded
from adapters.http_session import Tools
from adapters.ports import Done, Fulfiller, Outcome, Refused, Unreachable
from adapters.ssh import SshFulfiller
from models.domain.fulfiller import FulfillerDefinition
from tests.integration.fulfiller_suite import Behaviour, FulfillerSuite, a_call
from tests.integration.openssh import OpenSsh, free_port, needs_openssh, openssh
from tests.integration.program_fulfiller import EXAMPLE, parameters, standing_in


def no_session() -> Any:
    raise AssertionError("no session is needed here")


def ssh(settings: dict[str, Any], secret: Any, **more: Any) -> SshFulfiller:
    definition = FulfillerDefinition("s", "S", "ssh", settings={**settings, **more})
    assert SshFulfiller.check(definition) == []
    return SshFulfiller.create(definition, Credentials(secret), Tools(no_session))


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[OpenSsh]:
    async with openssh(tmp_path) as running:
        yield running


@needs_openssh
class TestSshWithOpenSsh(FulfillerSuite):
    counterpart = (
        "Debian's OpenSSH server, and behind it the example program (examples/fulfillers/command_fulfiller.py)"
    )
    patience = 20.0

    @pytest.fixture(autouse=True)
    async def set_up(self, server: OpenSsh, tmp_path: Path) -> AsyncIterator[None]:
        self.server, self.ledger = server, tmp_path / "ledger.db"
        self.made: list[SshFulfiller] = []
        yield
        for fulfiller in self.made:
            await fulfiller.aclose()

    async def fulfiller(self, behaviour: Behaviour) -> Fulfiller:
        settings = self.server.settings | ({"port": free_port()} if behaviour == "absent" else {})
        told = parameters(behaviour, self.ledger) if behaviour != "absent" else {}
        command = f"exec {sys.executable} {EXAMPLE}"
        self.made.append(ssh(settings, self.server.credentials, command=command, parameters=told))
        return self.made[-1]

    async def standing(self) -> int:
        return standing_in(self.ledger)


async def outcome_of(server: OpenSsh, command: str, timeout: float = 20.0, **settings: Any) -> Outcome:
    fulfiller = ssh(server.settings, server.credentials, command=command, **settings)
    try:
        return await fulfiller.engage(a_call(timeout=timeout))
    finally:
        await fulfiller.aclose()


@needs_openssh
async def test_a_host_with_another_key_is_told_nothing(server: OpenSsh, tmp_path: Path) -> None:
    other = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode().strip()
    outcome = await outcome_of(server, f"cat > {tmp_path}/told", hostKey=other)
    assert isinstance(outcome, Refused)
    assert "another key" in outcome.reason
    assert not outcome.maybe_done
    assert not (tmp_path / "told").exists()


@needs_openssh
async def test_wrong_credentials_are_a_refusal_that_does_not_show_them(server: OpenSsh) -> None:
    stranger = asyncssh.generate_private_key("ssh-ed25519").export_private_key().decode()
    for key, why in ((stranger, "The host does not accept the credentials"), ("hunter2", "The private key in the")):
        outcome = await ssh(server.settings, {**server.credentials, "privateKey": key}, command="true").engage(a_call())
        assert isinstance(outcome, Refused)
        assert outcome.reason.startswith(why)
        assert not outcome.maybe_done
    nobody = await ssh(server.settings, None, command="true").engage(a_call())
    assert isinstance(nobody, Refused)


@needs_openssh
async def test_what_is_is_asked_of_the_program_and_answered_at_once(server: OpenSsh, tmp_path: Path) -> None:
    told, values = tmp_path / "told.json", [{"name": "speed", "value": 10}]
    answers: list[tuple[Any, Outcome | type[Outcome]]] = [
        ({"status": "done", "state": "inactive", "serviceCharacteristic": values},
         Done(service_characteristic=tuple(values), state="inactive")),
        ({"status": "done", "state": "terminated"}, Done(state="terminated")),
        ({"status": "accepted", "reference": "later"}, Refused),
        ({"status": "refused", "reason": "no such customer"}, Refused("no such customer")),
    ]  # fmt: skip
    for said, expected in answers:
        command = f"cat > {told}; echo '{json.dumps(said)}'"
        fulfiller = ssh(server.settings, server.credentials, command=command)
        question = replace(a_call("read", callback_url=None, timeout=20.0), action="noChange")
        outcome = await Guarded(fulfiller, "the host").read(question)
        await fulfiller.aclose()
        assert outcome == expected or (isinstance(expected, type) and isinstance(outcome, expected)), outcome
    asked = json.loads(told.read_text())
    assert (asked["operation"], asked["action"], "callbackUrl" in asked) == ("read", "noChange", False)


@needs_openssh
@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("true", Done()),
        (
            "echo no licence >&2; exit 75",
            Unreachable("The program ended with status 75: no licence.", None, False, "status", 75),
        ),
        ("/no/such/program", Refused("The program ended with status 127: bash: line 1: /no/such/program: missing")),
        ("kill -9 $$", Unreachable("The program was ended before it said what came of the task.", cause="broken")),
    ],
)
async def test_an_exit_means_what_it_means_here(server: OpenSsh, command: str, expected: Outcome) -> None:
    outcome = await outcome_of(server, command)
    if isinstance(expected, Refused):  # the words are the shell's
        assert isinstance(outcome, Refused)
        assert (outcome.maybe_done, "/no/such/program" in outcome.reason) == (False, True)
    else:
        assert outcome == expected


@needs_openssh
async def test_output_without_end_is_cut_off(server: OpenSsh) -> None:
    outcome = await outcome_of(server, "while cat /bin/sh; do :; done", timeout=30.0)
    assert isinstance(outcome, Refused)
    assert outcome.maybe_done


@needs_openssh
async def test_a_connection_that_the_server_lost_is_made_anew(tmp_path: Path) -> None:
    async with openssh(tmp_path) as first:
        fulfiller = ssh(first.settings, first.credentials, command="true")
        assert await fulfiller.engage(a_call(timeout=20.0)) == Done()
    gone = await fulfiller.engage(a_call(timeout=5.0))
    assert isinstance(gone, Unreachable)
    assert not gone.maybe_done
    async with openssh(tmp_path, port=first.port, keep=True):
        assert await fulfiller.engage(a_call(timeout=20.0)) == Done()
        await fulfiller.aclose()


class PasswordServer(asyncssh.SSHServer):
    """Knows one user."""

    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        return (username, password) == ("som", "s3cret")


async def test_a_password_is_a_proof_too() -> None:
    """OpenSSH takes passwords from the system's accounts only, so the server is a stand-in made of asyncssh."""
    host = asyncssh.generate_private_key("ssh-ed25519")

    async def answer(process: "asyncssh.SSHServerProcess[str]") -> None:
        await process.stdin.read()
        process.stdout.write('{"output": {"port": 7}}')
        process.exit(0)

    async with asyncssh.listen(
        "127.0.0.1", 0, server_factory=PasswordServer, server_host_keys=[host], process_factory=answer
    ) as server:
        settings = {
            "host": "127.0.0.1",
            "port": server.get_port(),
            "hostKey": host.export_public_key().decode().strip(),
        }
        fulfiller = ssh(settings, {"type": "basic", "username": "som", "password": "s3cret"}, command="x")
        assert await fulfiller.engage(a_call()) == Done({"port": 7})
        wrong = ssh(settings, {"type": "basic", "username": "som", "password": "hunter2"}, command="x")
        assert isinstance(await wrong.engage(a_call()), Refused)
        await fulfiller.aclose()
        await asyncio.sleep(0)


@pytest.mark.parametrize(
    ("settings", "pointer"),
    [
        ({"host": "h", "command": "x"}, "/settings/hostKey"),
        ({"host": "h", "command": "x", "hostKey": "ssh-ed25519 AAAA"}, "/settings/hostKey"),
        ({"host": "u@h", "command": "x", "hostKey": []}, "/settings/host"),
        ({"host": "h", "port": 0, "command": "x", "hostKey": []}, "/settings/port"),
        ({"host": "h", "hostKey": [], "password": "p"}, "/settings/password"),
    ],
)
def test_settings_are_checked(settings: Any, pointer: str) -> None:
    found = SshFulfiller.check(FulfillerDefinition("s", "S", "ssh", settings=settings))
    assert pointer in [violation.pointer for violation in found]
