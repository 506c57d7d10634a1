"""A NETCONF session (RFC 6241) of which every request together ends within the time that one call has."""

import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

from lxml import etree
from ncclient import NCClientError
from ncclient.devices.default import DefaultDeviceHandler
from ncclient.manager import Manager
from ncclient.operations import RPCError, TimeoutExpiredError
from ncclient.transport import SessionListener, SSHSession
from ncclient.transport.errors import SSHError
from ncclient.xml_ import NETCONF_NOTIFICATION_NS, qualify
from paramiko import SSHException

from adapters.ssh_settings import host_keys

_PORT = 830
_FAREWELL = 2.0  # seconds at most that a device has to say goodbye: its answer changes nothing any more
_PAUSES = (0.05, 0.1, 0.2, 0.4, 0.8)
_SAID = frozenset({qualify("hello"), qualify("rpc-reply"), f"{{{NETCONF_NOTIFICATION_NS}}}notification"})
LOCKED = frozenset({"lock-denied", "in-use"})
"""Error tags (RFC 6241, appendix A) of a datastore that somebody else has at the moment."""


class NoNetconf(NCClientError):
    """What the device sent is no answer of NETCONF."""


class _Listener(SessionListener):
    """Ends a session in which something else than NETCONF is said: the library's own listeners let it pass."""

    def callback(self, root: tuple[str, Any], raw: str) -> None:  # noqa: ARG002 - the library's signature
        if root[0] not in _SAID:
            raise NoNetconf(f"what it sent is {root[0]:.80}")

    def errback(self, ex: Exception) -> None:
        pass


class _Handler(DefaultDeviceHandler):
    """The library's, except that a message that is no XML ends the wait: the library logs it and waits on."""

    def handle_raw_dispatch(self, raw: str) -> Exception:  # noqa: ARG002 - the library's signature
        return NoNetconf("what it sent is no XML")


class Device:
    """A device with an open session."""

    def __init__(self, manager: Manager, ends: float) -> None:
        """Ask it by this manager until then, in seconds of `time.monotonic`."""
        self._manager = manager
        self._ends = ends

    def can(self, capability: str) -> bool:
        """Whether it has announced the capability, such as `:candidate`."""
        return capability in self._manager.server_capabilities

    def ask(self, request: str, *given: Any, **named: Any) -> Any:
        """Make a request of `ncclient.manager.Manager`, and wait for the answer.

        Raises:
            RPCError: the device says that it cannot do it.
            NCClientError: no answer came in time, or none that could be understood, or the session ended.
        """
        self._manager.timeout = self._left()
        try:
            return getattr(self._manager, request)(*given, **named)
        except etree.XMLSyntaxError as error:
            raise NoNetconf("what it sent is no XML") from error

    def running(self, selected: etree._Element) -> list[etree._Element]:
        """What is in force of what is selected (a subtree filter).

        Raises:
            NoNetconf: the answer holds no data.
        """
        data = self.ask("get_config", "running", filter=("subtree", selected)).data_ele
        if data is None:
            raise NoNetconf("what it sent holds no data")
        return list(data.iterchildren(etree.Element))

    @contextmanager
    def locked(self, datastore: str) -> Iterator[None]:
        """Have the datastore for ourselves; while somebody else has it, wait for it as long as there is time.

        Raises:
            RPCError: it was not to be had.
        """
        self._lock(datastore)
        yield
        with suppress(NCClientError):  # the end of the session unlocks it as well (section 7.5)
            self.ask("unlock", datastore)

    def _lock(self, datastore: str) -> None:
        tried = 0
        while True:
            try:
                self.ask("lock", datastore)
            except RPCError as error:
                pause = _PAUSES[min(tried, len(_PAUSES) - 1)]
                if error.tag not in LOCKED or time.monotonic() + 2 * pause > self._ends:
                    raise
                time.sleep(pause)
                tried += 1
            else:
                return

    def _left(self) -> float:
        left = self._ends - time.monotonic()
        if left <= 0:
            raise TimeoutExpiredError("the time is up")
        return left


@contextmanager
def connected(settings: Mapping[str, Any], secret: Mapping[str, Any], seconds: float) -> Iterator[Device]:
    """A session with the device of these settings. What goes wrong in it breaks the connection: that unlocks, too.

    Raises:
        NCClientError: no session came about.
    """
    ends = time.monotonic() + seconds
    handler = _Handler()
    session = SSHSession(handler)
    session.add_listener(_Listener())
    try:
        _connect(session, settings, secret, seconds)
        manager = Manager(session, handler)
        yield Device(manager, ends)
        manager.timeout = max(min(ends - time.monotonic(), _FAREWELL), 0.0)
        with suppress(NCClientError):
            manager.close_session()
    finally:
        if session.transport is not None:
            session.close()


def _connect(session: SSHSession, settings: Mapping[str, Any], secret: Mapping[str, Any], seconds: float) -> None:
    try:
        with _key_file(secret.get("privateKey")) as key:
            session.connect(
                host=settings["host"],
                port=settings.get("port", _PORT),
                username=secret.get("username", ""),
                password=secret.get("passphrase") if key else secret.get("password"),
                key_filename=key,
                hostkey_b64=host_keys(settings)[0].split()[1],
                allow_agent=False,
                look_for_keys=False,
                ssh_config=None,
                timeout=seconds,
            )
    except (SSHException, EOFError) as error:  # the library lets some of those below it through
        raise SSHError(str(error) or "the connection was closed") from error


@contextmanager
def _key_file(key: str | None) -> Iterator[str | None]:
    """The key as a file that is in memory only: the library takes names of files."""
    if key is None:
        yield None
        return
    descriptor = os.memfd_create("key")
    try:
        os.write(descriptor, key.encode())
        yield f"/proc/self/fd/{descriptor}"
    finally:
        os.close(descriptor)
