"""Debian's OpenSSH server, started by the test as an ordinary process on a loopback port, with keys of its own."""

import asyncio
import getpass
import os
import shutil
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
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
async def openssh(folder: Path, *options: str, port: int | None = None) -> AsyncIterator[OpenSsh]:
    """The server with these lines in its configuration besides."""
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)  # where it separates its privileges; Debian's unit makes it
    host, user = (asyncssh.generate_private_key("ssh-ed25519") for _ in range(2))
    (folder / "host_key").write_bytes(host.export_private_key())
    (folder / "host_key").chmod(0o600)
    (folder / "authorized_keys").write_bytes(user.export_public_key())
    port = port or free_port()
    lines = [
        f"Port {port}", "ListenAddress 127.0.0.1", f"HostKey {folder}/host_key", "PidFile none", "StrictModes no",
        f"AuthorizedKeysFile {folder}/authorized_keys", "UsePAM no", "PasswordAuthentication no", "MaxStartups 100",
        "KbdInteractiveAuthentication no", *options,
    ]  # fmt: skip
    (folder / "sshd_config").write_text("\n".join([*lines, ""]))
    server = await asyncio.create_subprocess_exec(
        str(SSHD), "-D", "-e", "-f", str(folder / "sshd_config"), stderr=asyncio.subprocess.PIPE
    )
    assert server.stderr is not None
    try:
        said = b""
        while b"Server listening" not in said:
            line = await server.stderr.readline()
            assert line, said.decode()
            said += line
        draining = asyncio.create_task(server.stderr.read())
        secret = {
            "type": "privateKey",
            "username": getpass.getuser(),
            "privateKey": user.export_private_key().decode(),
        }
        host_key = " ".join(host.export_public_key().decode().split()[:2])
        yield OpenSsh({"host": "127.0.0.1", "port": port, "hostKey": host_key}, secret)
        draining.cancel()
    finally:
        if server.returncode is None:
            server.terminate()
        await server.wait()
