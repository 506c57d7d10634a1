"""A stand-in for a device that speaks NETCONF: a server of asyncssh with the subsystem, and a rack of ports.

It keeps to RFC 6241 and RFC 6242 (chunked framing) as far as the kind goes: hello, lock, unlock, get-config with
content match, edit-config on `running` with rollback on error, close-session. It has no candidate, which netconfd has.
"""

import asyncio
import copy
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import asyncssh
from lxml import etree

BASE = "urn:ietf:params:xml:ns:netconf:base:1.0"
RACK = "urn:som:example:rack"
_HELLO = f"""<?xml version="1.0"?><hello xmlns="{BASE}"><capabilities>
<capability>urn:ietf:params:netconf:base:1.0</capability><capability>urn:ietf:params:netconf:base:1.1</capability>
<capability>urn:ietf:params:netconf:capability:writable-running:1.0</capability>
<capability>urn:ietf:params:netconf:capability:rollback-on-error:1.0</capability>
</capabilities><session-id>%d</session-id></hello>]]>]]>"""


class DeviceError(Exception):
    """An rpc-error: its tag, and what the device says."""

    def __init__(self, tag: str, message: str) -> None:
        self.tag = tag
        super().__init__(message)


@dataclass
class Device:
    """The device.

    Attributes:
        settings: host, port and host key, as a registration has them.
        credentials: those that it takes.
        behaviour: what it does when asked to edit: `slow`, it does nothing and says nothing; `late`, it does it, and
            says so a second after `impatience`, the first time; `garbling`, it does it and answers `garbage`.
            `throttling`, it has no resources to lock anything; `evasive`, it tells nothing of what is in force.
        garbage: what is no answer; `{message}` in it is the id of the request.
        impatience: seconds that a client waits for a late answer.
        ports: what is in force, by name.
        edits: how often the configuration was edited.
        owner: the session that has the lock.
        denied: how often the lock was denied.
    """

    settings: dict[str, Any] = field(default_factory=dict)
    credentials: dict[str, Any] = field(default_factory=dict)
    behaviour: str = "done"
    garbage: str = "\x00\x01"
    impatience: float = 0.5
    ports: dict[str, dict[str, str]] = field(default_factory=dict)
    edits: int = 0
    owner: int | None = None
    denied: int = 0
    _sessions: int = 0

    async def serve(self, process: "asyncssh.SSHServerProcess[bytes]") -> None:
        """One session, until its client goes or says goodbye."""
        self._sessions += 1
        number = self._sessions
        talking = asyncio.ensure_future(self._talk(process, number))
        leaving = asyncio.ensure_future(process.channel.wait_closed())
        try:
            await asyncio.wait({talking, leaving}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            talking.cancel()
            leaving.cancel()
            if self.owner == number:
                self.owner = None
            process.close()

    async def _talk(self, process: "asyncssh.SSHServerProcess[bytes]", number: int) -> None:
        with suppress(asyncio.IncompleteReadError, asyncssh.Error, OSError):
            process.stdout.write((_HELLO % number).encode())
            await process.stdin.readuntil(b"]]>]]>")
            while True:
                asked = etree.fromstring(await _message(process.stdin))
                answer = await self._answered(asked, number)
                process.stdout.write(b"\n#%d\n%b\n##\n" % (len(answer), answer))
                if asked.find(f"{{{BASE}}}close-session") is not None:
                    return

    async def _answered(self, asked: etree._Element, number: int) -> bytes:
        request = asked[0]
        reply = etree.Element(f"{{{BASE}}}rpc-reply", {"message-id": asked.get("message-id")}, nsmap={None: BASE})
        name = etree.QName(request).localname
        try:
            reply.append(self._done(name, request, number))
        except DeviceError as error:
            reply.append(_rpc_error(error))
        if name == "edit-config":
            match self.behaviour:
                case "slow":
                    await asyncio.sleep(30)
                case "late" if self.edits == 1:
                    await asyncio.sleep(self.impatience + 1)
                case "garbling":
                    return self.garbage.format(message=asked.get("message-id")).encode()
        return bytes(etree.tostring(reply))

    def _done(self, name: str, request: etree._Element, number: int) -> etree._Element:
        match name:
            case "lock":
                self._lock(number)
            case "unlock":
                self.owner = None
            case "get-config" if self.behaviour != "evasive":
                return self._data(request)
            case "edit-config" if self.behaviour != "slow":
                if self.owner != number:
                    raise DeviceError("in-use", "the datastore is not locked by this session")
                self.ports = _edited(self.ports, request)
                self.edits += 1
        return etree.Element(f"{{{BASE}}}ok")

    def _lock(self, number: int) -> None:
        if self.behaviour == "throttling":
            raise DeviceError("resource-denied", "no memory is left for another lock")
        if self.owner not in (None, number):
            self.denied += 1
            raise DeviceError("lock-denied", f"session {self.owner} has the lock")
        self.owner = number

    def _data(self, request: etree._Element) -> etree._Element:
        """All ports, or, where the filter names some, those (content match, RFC 6241, section 6.2.5)."""
        named = {name.text for name in request.iter(f"{{{RACK}}}name")}
        data = etree.Element(f"{{{BASE}}}data")
        found = [port for name, port in self.ports.items() if not named or name in named]
        if found:
            rack = etree.SubElement(data, f"{{{RACK}}}rack")
            for port in found:
                made = etree.SubElement(rack, f"{{{RACK}}}port")
                for leaf, value in port.items():
                    etree.SubElement(made, f"{{{RACK}}}{leaf}").text = value
        return data


async def _message(stdin: "asyncssh.SSHReader[bytes]") -> bytes:
    """A message of RFC 6242, section 4.2: chunks, and the end of chunks."""
    message = b""
    while True:
        await stdin.readexactly(2)  # line feed, #
        head = await stdin.readuntil(b"\n")
        if head == b"#\n":
            return message
        message += await stdin.readexactly(int(head))


def _edited(ports: dict[str, dict[str, str]], request: etree._Element) -> dict[str, dict[str, str]]:
    """The ports after the edit; with an error nothing of it is done."""
    after = copy.deepcopy(ports)
    for port in request.iter(f"{{{RACK}}}port"):
        leaves = {etree.QName(leaf).localname: leaf.text or "" for leaf in port}
        if port.get(f"{{{BASE}}}operation") == "remove":
            after.pop(leaves["name"], None)
            continue
        if not 1 <= int(leaves.get("vlan", 1)) <= 4094:
            raise DeviceError("invalid-value", "value not in range")
        after.setdefault(leaves["name"], {}).update(leaves)
    return after


def _rpc_error(error: DeviceError) -> etree._Element:
    made = etree.Element(f"{{{BASE}}}rpc-error")
    leaves = {"type": "application", "tag": error.tag, "severity": "error", "message": str(error)}
    for name, value in leaves.items():
        etree.SubElement(made, f"{{{BASE}}}error-{name}").text = value
    return made


@asynccontextmanager
async def netconf_device(impatience: float = 0.5) -> AsyncIterator[Device]:
    """The device at a port of this host, with keys of its own, while the context is open."""
    host, user = (asyncssh.generate_private_key("ssh-ed25519") for _ in range(2))
    device = Device(impatience=impatience)
    connections: list[asyncssh.SSHServerConnection] = []
    async with asyncssh.listen(
        "127.0.0.1",
        0,
        server_host_keys=[host],
        authorized_client_keys=asyncssh.import_authorized_keys(user.export_public_key().decode()),
        acceptor=connections.append,
        process_factory=device.serve,
        encoding=None,
    ) as server:
        host_key = " ".join(host.export_public_key().decode().split()[:2])
        device.settings = {"host": "127.0.0.1", "port": server.get_port(), "hostKey": host_key}
        device.credentials = {
            "type": "privateKey",
            "username": "som",
            "privateKey": user.export_private_key().decode(),
        }
        yield device
        for connection in connections:  # they would go on without the server
            connection.abort()
            await connection.wait_closed()
