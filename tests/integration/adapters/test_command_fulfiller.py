"""The kind `command` keeps to the port, with real programs, some of which misbehave."""

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any, ClassVar

import pytest

from adapters.allowances import Allowances
from adapters.command import CommandFulfiller
from adapters.command_protocol import MAX_OUTPUT
from adapters.credentials import Credentials
from adapters.http_session import Tools
from adapters.ports import Done, Fulfiller, Outcome, Refused, Unreachable
from models.domain.fulfiller import FulfillerDefinition
from tests.integration.fulfiller_suite import Behaviour, FulfillerSuite, a_call
from tests.integration.program_fulfiller import EXAMPLE, parameters, standing_in


def no_session() -> Any:
    raise AssertionError("no session is needed here")


def command(folder: Path | None, name: str, secret: Any = None, **settings: Any) -> CommandFulfiller:
    definition = FulfillerDefinition("c", "C", "command", settings={"command": name, **settings})
    return CommandFulfiller.create(definition, Credentials(secret), Tools(no_session, allowed=Allowances(folder)))


class TestCommandWithTheExampleProgram(FulfillerSuite):
    counterpart = "the example program of this project (examples/fulfillers/command_fulfiller.py), run for each call"
    cannot: ClassVar = {
        "unreachable": "A program of this host is there or is not, and then the registration is at fault: a refusal."
    }

    @pytest.fixture(autouse=True)
    def set_up(self, tmp_path: Path) -> None:
        self.folder = tmp_path / "allowed"
        self.folder.mkdir()
        self.ledger = tmp_path / "ledger.db"
        program(self.folder, "example", f"exec {sys.executable} {EXAMPLE}")

    async def fulfiller(self, behaviour: Behaviour) -> Fulfiller:
        return command(self.folder, "example", parameters=parameters(behaviour, self.ledger))

    async def standing(self) -> int:
        return standing_in(self.ledger)


def program(folder: Path, name: str, *lines: str) -> Path:
    """A program of these lines of shell."""
    path = folder / name
    path.write_text("\n".join(["#!/bin/sh", *lines, ""]))
    path.chmod(0o755)
    return path


async def outcome_of(folder: Path, *lines: str, timeout: float = 5.0, secret: Any = None) -> Outcome:
    program(folder, "tried", *lines)
    return await command(folder, "tried", secret).engage(a_call(timeout=timeout))


async def test_steps_that_were_named_on_the_way_are_milestones(tmp_path: Path) -> None:
    steps = [f'echo \'{{"status": "progress", "milestone": "{name}"}}\'' for name in ("cabled", "configured", "cabled")]
    outcome = await outcome_of(tmp_path, *steps, 'echo \'{"output": {"port": 7}}\'')
    assert outcome == Done({"port": 7}, milestones=("cabled", "configured"))


async def test_silence_and_success_is_done(tmp_path: Path) -> None:
    assert await outcome_of(tmp_path, "exit 0") == Done()


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (75, Unreachable("The program ended with status 75: no licence.", None, False, "status", 75)),
        (69, Unreachable("The program ended with status 69: no licence.", None, False, "status", 69)),
        (65, Refused("The program ended with status 65: no licence.")),
        (127, Refused("The program ended with status 127: no licence.")),
        (1, Refused("The program ended with status 1: no licence.", maybe_done=True)),
    ],
)
async def test_an_exit_status_says_whether_to_come_again(tmp_path: Path, status: int, expected: Outcome) -> None:
    assert await outcome_of(tmp_path, "echo busy >&2", "echo no licence >&2", f"exit {status}") == expected


async def test_a_program_that_is_killed_may_have_done_it(tmp_path: Path) -> None:
    outcome = await outcome_of(tmp_path, "kill -9 $$")
    reason = "The program was ended by signal 9 before it said what came of the task."
    assert outcome == Unreachable(reason, cause="broken")


async def test_output_without_end_is_cut_off(tmp_path: Path) -> None:
    outcome = await outcome_of(tmp_path, "while :; do cat /bin/sh; done", timeout=30.0)
    assert isinstance(outcome, Refused)
    assert str(MAX_OUTPUT) in outcome.reason
    assert outcome.maybe_done


async def test_a_flood_of_complaints_does_not_block_the_program(tmp_path: Path) -> None:
    outcome = await outcome_of(tmp_path, f"{sys.executable} -c 'import sys; sys.stderr.write(\"x\" * 3000000)'")
    assert outcome == Done()


async def test_a_program_that_reads_nothing_is_no_trouble(tmp_path: Path) -> None:
    program(tmp_path, "deaf", "exec <&-", 'echo "{}"')
    assert await command(tmp_path, "deaf").engage(a_call(input={"big": "x" * 3_000_000})) == Done()


async def test_what_is_out_of_time_is_ended_with_all_that_it_started(tmp_path: Path) -> None:
    grandchild = tmp_path / "grandchild"
    said = 'echo \'{"status": "progress", "reason": "waiting for the rack"}\''
    outcome = await outcome_of(tmp_path, f"sleep 600 & echo $! > {grandchild}", said, "wait", timeout=1.5)
    assert isinstance(outcome, Unreachable)
    assert outcome.maybe_done
    assert "waiting for the rack" in outcome.reason
    await gone(int(grandchild.read_text()))


async def test_a_call_that_is_let_go_ends_the_program(tmp_path: Path) -> None:
    leader = tmp_path / "leader"
    call = asyncio.create_task(outcome_of(tmp_path, f"echo $$ > {leader}", "exec sleep 600", timeout=60.0))
    async with asyncio.timeout(20):
        while not (leader.exists() and leader.read_text().strip()):
            await asyncio.sleep(0.02)
    call.cancel()
    await asyncio.wait([call])
    await gone(int(leader.read_text()))


async def gone(process: int) -> None:
    """Wait until there is no such process, or only its name in the table."""
    async with asyncio.timeout(20):
        while Path(f"/proc/{process}").exists():
            if "\nState:\tZ" in Path(f"/proc/{process}/status").read_text():
                return
            await asyncio.sleep(0.02)


async def test_secrets_are_in_the_environment_and_nothing_else_is(tmp_path: Path) -> None:
    shown = f"env | grep -v -e '^PWD=' -e '^SHLVL=' -e '^_=' > {tmp_path / 'env'}"
    program(tmp_path, "tried", shown, f"echo $# > {tmp_path / 'arguments'}")
    secret = {"type": "basic", "username": "som", "password": "s3cret"}
    os.environ["SOM_TEST_MARK"] = "not for programs"
    try:
        assert await command(tmp_path, "tried", secret).engage(a_call()) == Done()
    finally:
        del os.environ["SOM_TEST_MARK"]
    names = dict(line.split("=", 1) for line in (tmp_path / "env").read_text().splitlines())
    assert names.pop("SOM_CREDENTIAL_PASSWORD") == "s3cret"
    assert names.keys() == {"PATH", "LANG", "SOM_CREDENTIAL_TYPE", "SOM_CREDENTIAL_USERNAME"}
    assert (tmp_path / "arguments").read_text() == "0\n"


async def test_the_task_comes_as_the_documents_write_and_a_retry_is_equal_to_the_byte(tmp_path: Path) -> None:
    program(tmp_path, "tried", f"cat >> {tmp_path / 'tasks'}")
    fulfiller = command(tmp_path, "tried", parameters={"site": "A"})
    await fulfiller.engage(a_call(input={"a": 1, "b": 2}))
    await fulfiller.engage(a_call(input={"b": 2, "a": 1}, attempt=2, repeated=True))
    first, second = (tmp_path / "tasks").read_text().splitlines()
    assert first == second
    assert json.loads(first) == {
        "taskId": "plan-1:00aa",
        "idempotencyKey": "key:fulfil",
        "orderId": "order-1",
        "orderItemId": "1",
        "action": "add",
        "operation": "fulfil",
        "service": {"id": "service-1", "serviceCharacteristic": [{"name": "vlan", "value": 7}]},
        "input": {"a": 1, "b": 2},
        "callbackUrl": "http://127.0.0.1:9/callback/token",
        "parameters": {"site": "A"},
    }


@pytest.mark.parametrize("name", ["../tried", "/bin/sh", "", ".hidden", "folder", "missing", "data"])
async def test_only_executables_of_the_folder_can_be_named(tmp_path: Path, name: str) -> None:
    program(tmp_path, "tried", "touch /tmp/never")
    folder = tmp_path / "allowed"
    folder.mkdir()
    (folder / "folder").mkdir()
    (folder / "data").write_text("no program")
    program(folder, ".hidden", "exit 0")
    fulfiller = command(folder, name)
    assert [violation.code for violation in fulfiller.check_here(fulfiller.definition, fulfiller.tools)] == [
        "notAllowed"
    ]
    assert isinstance(await fulfiller.engage(a_call()), Refused)


async def test_without_a_folder_nothing_is_allowed() -> None:
    fulfiller = command(None, "true")
    found = fulfiller.check_here(fulfiller.definition, fulfiller.tools)
    assert "SOM_COMMAND_DIR" in found[0].message
    assert isinstance(await fulfiller.engage(a_call()), Refused)


async def test_a_file_that_is_no_program_is_a_refusal_that_says_so(tmp_path: Path) -> None:
    (tmp_path / "tried").write_bytes(b"\x7fELF, but not really")
    (tmp_path / "tried").chmod(0o755)
    outcome = await command(tmp_path, "tried").engage(a_call())
    assert isinstance(outcome, Refused)
    assert "cannot be started" in outcome.reason


def test_settings_are_checked() -> None:
    wrong = FulfillerDefinition("c", "C", "command", settings={"comand": "x"})
    assert [(each.pointer, each.code) for each in CommandFulfiller.check(wrong)] == [
        ("/settings/comand", "unknownSetting"),
        ("/settings/command", "missing"),
    ]
