"""Debian's OpenSSH server, started by the test as an ordinary process on a loopback port, with keys of its own."""

import asyncio
import getpass
import os
import shutil
import signal
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncssh
import pytest

SSHD = shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
needs_openssh = pytest.mark.skipif(
    SSHD is None, reason="left out: OpenSSH's server is not installed (apt-get install openssh-server)"
)


@dataclass(frozen=True)
class OpenSsh:
    """A running server.

    Attributes:
        settings: host, port and host key, as a registration has them.
        credentials: those of the user who runs the tests.
    """

    settings: dict[str, Any]
    credentials: dict[str, Any]

    @property
    def port(self) -> int:
        return int(self.settings["port"])


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@asynccontextmanager
async def openssh(folder: Path, *options: str, port: int | None = None, keep: bool = False) -> AsyncIterator[OpenSsh]:
    """The server with these lines in its configuration besides; with the keys of a former one, if they are kept."""
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)  # where it separates its privileges; Debian's unit makes it
    if not keep:
        for name in ("host_key", "user_key"):
            (folder / name).write_bytes(asyncssh.generate_private_key("ssh-ed25519").export_private_key())
            (folder / name).chmod(0o600)
    host, user = (asyncssh.read_private_key(folder / name) for name in ("host_key", "user_key"))
    (folder / "authorized_keys").write_bytes(user.export_public_key())
    port = port or free_port()
    lines = [
        f"Port {port}", "ListenAddress 127.0.0.1", f"HostKey {folder}/host_key", "PidFile none", "StrictModes no",
        f"AuthorizedKeysFile {folder}/authorized_keys", "UsePAM no", "PasswordAuthentication no", "MaxStartups 100",
        "KbdInteractiveAuthentication no", "SetEnv SHLVL=2",  # so that Debian's bash leaves the user's .bashrc alone
        *options,
    ]  # fmt: skip
    (folder / "sshd_config").write_text("\n".join([*lines, ""]))
    with (folder / "sshd.log").open("w") as log:  # a pipe would be held by its children as well
        server = await asyncio.create_subprocess_exec(str(SSHD), "-D", "-e", "-f", f"{folder}/sshd_config", stderr=log)
    try:
        async with asyncio.timeout(20):
            while "Server listening" not in (folder / "sshd.log").read_text():
                assert server.returncode is None, (folder / "sshd.log").read_text()
                await asyncio.sleep(0.02)
        secret = {
            "type": "privateKey",
            "username": getpass.getuser(),
            "privateKey": user.export_private_key().decode(),
        }
        host_key = " ".join(host.export_public_key().decode().split()[:2])
        yield OpenSsh({"host": "127.0.0.1", "port": port, "hostKey": host_key}, secret)
    finally:
        for process in reversed(family(server.pid)):  # sessions would go on without it
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        await server.wait()


def family(process: int) -> list[int]:
    """A process and all that descend from it."""
    try:
        children = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    except FileNotFoundError:
        return []
    return [process, *(descendant for child in children for descendant in family(int(child)))]
