"""A TCP port on the loopback address for a server that others will be told of."""

import random
import socket
from pathlib import Path

_RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")
_LOWEST = 20_000
_ATTEMPTS = 100


def any_free_port() -> int:
    """Returns a port that nothing listens on, outside the range that the system lends to outgoing connections.

    Inside that range any connection may take the port while its server restarts; a client that knocks again and again
    at a port that nobody listens on can even be connected to itself, and then it holds the port.
    """
    for _ in range(_ATTEMPTS):
        port = random.randrange(_LOWEST, _lent_from())  # noqa: S311 - any will do
        if is_free(port):
            return port
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as a server does: old connections do not count
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def _lent_from() -> int:
    try:
        lowest = int(_RANGE.read_text().split()[0])
    except (OSError, ValueError):
        lowest = 32_768
    return max(lowest, _LOWEST + 1)
