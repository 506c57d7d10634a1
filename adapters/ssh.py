"""The kind `ssh`: a program on another host, with the protocol of `command`, over SSH."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, ClassVar

import asyncssh

from adapters import command_protocol as protocol
from adapters.credentials import Credentials
from adapters.http_session import Tools
from adapters.ports import Outcome, Refused, Unreachable
from adapters.program_fulfiller import ProgramFulfiller, out_of_time
from adapters.settings_rules import unknown_settings, wrong_values
from adapters.ssh_settings import KNOWN, host_keys, wrong_settings
from models.domain.fulfiller import FulfillerDefinition
from models.domain.outcomes import Cause
from models.domain.violations import Violation

_SESSIONS = 8  # OpenSSH's server lets one connection have ten
_PAUSES = (0.05, 0.1, 0.2, 0.4, 0.8)
_PART = 65_536
_ALIVE = 15  # seconds between signs of life


class SshFulfiller(ProgramFulfiller):
    """One registered program of another host; calls share one connection."""

    kind: ClassVar[str] = "ssh"

    def __init__(self, definition: FulfillerDefinition, credentials: Credentials, tools: Tools) -> None:
        """Connect later, when there is something to do."""
        super().__init__(definition, credentials, tools)
        self._connection: asyncssh.SSHClientConnection | None = None
        self._connecting = asyncio.Lock()
        self._sessions = asyncio.Semaphore(definition.settings.get("maxSessions", _SESSIONS))
        self._under_way = 0
        self._closed = False

    @classmethod
    def check(cls, definition: FulfillerDefinition) -> list[Violation]:
        """What is wrong with the settings."""
        settings = definition.settings
        return [
            *unknown_settings(settings, (*KNOWN, "command", "parameters", "maxSessions")),
            *wrong_settings(settings),
            *wrong_values(settings, _RULES, needed=("command",)),
        ]

    async def aclose(self) -> None:
        """Close the connection, when the last call has ended."""
        self._closed = True
        self._close_if_idle()

    async def run(self, words: bytes, seconds: float) -> protocol.Run | Outcome:
        """Run it in a session of the one connection."""
        self._under_way += 1
        began = False
        stdout = bytearray()
        try:
            async with asyncio.timeout(seconds), self._sessions:
                connection = await self._connected()
                process = await _session(connection, self.definition.settings["command"])
                began = True
                return await _finish(process, words, stdout)
        except TimeoutError:
            if not began:
                return Unreachable(
                    f"No session came about within {seconds:g} seconds.", maybe_done=False, cause="timeout"
                )
            return out_of_time("The program did not end", seconds, bytes(stdout))
        except (asyncssh.Error, OSError, ValueError) as error:
            return _what_broke(error, began)
        finally:
            self._under_way -= 1
            self._close_if_idle()

    async def _connected(self) -> asyncssh.SSHClientConnection:
        async with self._connecting:
            if self._connection is None or self._connection.is_closed():
                self._connection = await self._connect()
            return self._connection

    async def _connect(self) -> asyncssh.SSHClientConnection:
        settings, secret = self.definition.settings, self.credentials.secret()
        return await asyncssh.connect(
            settings["host"],
            settings.get("port", 22),
            known_hosts=([asyncssh.import_public_key(key) for key in host_keys(settings)], [], []),
            username=secret.get("username", ""),
            keepalive_interval=_ALIVE,
            config=[],  # nobody's ~/.ssh is asked
            agent_path=None,
            gss_host=None,
            **_proof(secret),
        )

    def _close_if_idle(self) -> None:
        if self._closed and self._under_way == 0 and self._connection is not None:
            self._connection.close()
            self._connection = None


def _proof(secret: Mapping[str, Any]) -> dict[str, Any]:
    """How we prove who we are: by key or by password, and by nothing else that might lie about."""
    if secret.get("type") == "privateKey":
        key = asyncssh.import_private_key(secret["privateKey"], secret.get("passphrase"))
        return {"client_keys": [key], "preferred_auth": "publickey"}
    return {"password": secret.get("password"), "client_keys": None, "preferred_auth": "password,keyboard-interactive"}


async def _session(connection: asyncssh.SSHClientConnection, command: str) -> "asyncssh.SSHClientProcess[bytes]":
    """Start the command. A host counts a session that we have seen end for a moment longer, and turns the next away."""
    for pause in _PAUSES:
        try:
            return await connection.create_process(command, encoding=None)
        except asyncssh.ChannelOpenError:
            await asyncio.sleep(pause)
    return await connection.create_process(command, encoding=None)


async def _finish(process: "asyncssh.SSHClientProcess[bytes]", words: bytes, stdout: bytearray) -> protocol.Run:
    """Feed it and read what it says; whatever happens, it is asked to end if it has not."""
    stderr = bytearray()
    feeding = asyncio.create_task(_feed(process.stdin, words))
    complaining = asyncio.create_task(_keep_the_end(process.stderr, stderr))
    try:
        while part := await process.stdout.read(_PART):
            stdout += part
            if len(stdout) > protocol.MAX_OUTPUT:
                return protocol.Run(None, bytes(stdout[: protocol.MAX_OUTPUT]), bytes(stderr), whole=False)
        await complaining
        await process.wait_closed()
        code = process.exit_status
        if code is None:
            raise asyncssh.ConnectionLost("the connection was lost before the program ended")
        return protocol.Run(code if code >= 0 else None, bytes(stdout), bytes(stderr))
    finally:
        for task in (feeding, complaining):
            task.cancel()
        if process.exit_status is None:
            with suppress(OSError, asyncssh.Error):
                process.terminate()
        process.close()


async def _feed(stdin: "asyncssh.SSHWriter[bytes]", words: bytes) -> None:
    with suppress(OSError, asyncssh.Error):  # a program need not read what it is told
        stdin.write(words)
        await stdin.drain()
        stdin.write_eof()


async def _keep_the_end(stream: "asyncssh.SSHReader[bytes]", kept: bytearray) -> None:
    while part := await stream.read(_PART):
        kept += part
        del kept[: -protocol.MAX_ERRORS]


def _what_broke(error: Exception, began: bool) -> Outcome:
    refusal = next((words for kind, words in _REFUSALS if isinstance(error, kind)), None)
    if refusal is not None:
        return Refused(refusal)
    match error:
        case asyncssh.ChannelOpenError():
            return Unreachable(f"The host opens no session: {error.reason}.", maybe_done=False, cause="connection")
        case asyncssh.Error():
            return Unreachable(f"The connection broke: {error.reason}.", maybe_done=began, cause="broken")
        case OSError():
            cause: Cause = "broken" if began else "connection"
            return Unreachable(f"The host cannot be reached: {error.strerror or error}.", maybe_done=began, cause=cause)
    return Refused(f"The registration cannot be used: {error}.")


_REFUSALS: tuple[tuple[type[Exception], str], ...] = (
    (
        asyncssh.HostKeyNotVerifiable,
        "The host shows another key than that of the registration; nothing was said to it.",
    ),
    (asyncssh.PermissionDenied, "The host does not accept the credentials of the registration."),
    (asyncssh.KeyImportError, "The private key in the credentials cannot be read."),
    (asyncssh.KeyEncryptionError, "The private key in the credentials cannot be read."),
)


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip()) and value.isprintable()


_RULES = (
    ("command", "the command as the host's shell is to run it", _is_text),
    ("maxSessions", "a number from 1 to 100", lambda value: isinstance(value, int) and 1 <= value <= 100),
)
