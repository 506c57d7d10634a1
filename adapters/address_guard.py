"""Which network addresses a subscriber's callback may lead to.

A callback is a stranger's text. Without this guard it could make the server call what only the server can reach: its
own loopback, the private network around it, a cloud's metadata address.
"""

import errno
import ipaddress
import socket
from collections.abc import Iterable
from typing import Any

IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
IpNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network

_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


class AddressForbidden(OSError):
    """The callback leads to an address that this server may not call."""

    reason = "The callback leads to an address that this server may not call."

    def __init__(self) -> None:
        """Name no address: the message reaches whoever chose the callback."""
        super().__init__(errno.EACCES, self.reason)


class AddressGuard:
    """Lets public addresses through, and those that the operator allows."""

    def __init__(self, allowed: Iterable[str] = (), *, loopback: bool = False) -> None:
        """Set up the guard.

        Args:
            allowed: networks (`10.1.0.0/16`, `192.0.2.7`) that may be called although they are not public.
            loopback: whether this machine itself may be called; meant for a server that is bound to loopback.

        Raises:
            ValueError: one of the texts is no network.
        """
        self._allowed: tuple[IpNetwork, ...] = tuple(ipaddress.ip_network(text) for text in allowed)
        self._loopback = loopback

    def allows(self, text: str) -> bool:
        """Whether this IP address, as the system would connect to it, may be called."""
        address: IpAddress = ipaddress.ip_address(text.partition("%")[0])
        meant = _meant(address)
        if any(candidate in network for candidate in {address, meant} for network in self._allowed):
            return True
        if meant.is_loopback:
            return self._loopback
        return meant.is_global and not (meant.is_multicast or meant.is_reserved or meant.is_unspecified)

    def socket(self, address: tuple[Any, ...]) -> socket.socket:
        """A socket for an address that was looked up; the last step before connecting, so nothing comes in between.

        Raises:
            AddressForbidden: it may not be called.
        """
        family, kind, protocol, _name, place = address
        if not self.allows(str(place[0])):
            raise AddressForbidden
        return socket.socket(family, kind, protocol)


def _meant(address: IpAddress) -> IpAddress:
    """The IPv4 address that an IPv6 address only wraps, if it does."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    teredo = address.teredo[1] if address.teredo else None
    return address.ipv4_mapped or address.sixtofour or teredo or address
