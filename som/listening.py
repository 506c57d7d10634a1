"""The address that a server listens on."""

import ipaddress
import socket

from models.domain.errors import SomError


class AddressTaken(SomError):
    """The address cannot be listened on."""


def listen(host: str, port: int) -> socket.socket:
    """Listen on the address; done first, so that a node lives once at a time.

    Raises:
        AddressTaken: somebody else listens there, or the address is not this machine's.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, kind, protocol, _, address = found[0]
        listening = socket.socket(family, kind, protocol)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        listening.listen(2048)
        listening.setblocking(False)
    except OSError as error:
        raise AddressTaken(
            f"Cannot listen on {host}:{port}: {error.strerror}. Choose another address with --host and --port, "
            "or stop what listens there."
        ) from error
    return listening


def ip_is_loopback(host: str) -> bool:
    """Whether a server on this address can be reached from this machine only."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
