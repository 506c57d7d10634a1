"""Which addresses a callback may lead to."""

import socket

import pytest

from adapters.address_guard import AddressForbidden, AddressGuard

PUBLIC = ["93.184.216.34", "8.8.8.8", "2606:2800:220:1:248:1893:25c8:1946", "::ffff:8.8.8.8", "64:ff9b::808:808"]
LOOPBACK = ["127.0.0.1", "127.8.9.1", "::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::1"]
CLOSED = [
    "0.0.0.0", "10.0.0.1", "172.16.0.1", "192.168.1.1", "100.64.0.1", "169.254.169.254", "192.0.2.1", "224.0.0.1",
    "240.0.0.1", "255.255.255.255", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "ff02::1", "ff0e::1", "::ffff:10.0.0.1",
    "::ffff:169.254.169.254", "64:ff9b::a00:1", "2002:a00:1::1", "2001:db8::1",
]  # fmt: skip


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_may_be_called(address: str) -> None:
    assert AddressGuard().allows(address)


@pytest.mark.parametrize("address", LOOPBACK + CLOSED)
def test_nothing_that_only_this_machine_can_reach_may_be_called(address: str) -> None:
    assert not AddressGuard().allows(address)


@pytest.mark.parametrize("address", LOOPBACK)
def test_a_server_on_loopback_may_call_itself(address: str) -> None:
    assert AddressGuard(loopback=True).allows(address)


@pytest.mark.parametrize("address", CLOSED)
def test_loopback_opens_nothing_else(address: str) -> None:
    assert not AddressGuard(loopback=True).allows(address)


def test_what_the_operator_allows_may_be_called_in_any_clothing() -> None:
    guard = AddressGuard(["10.1.0.0/16", "fc00::/64"])
    for address in ("10.1.2.3", "::ffff:10.1.2.3", "fc00::5"):
        assert guard.allows(address)
    for address in ("10.2.0.1", "127.0.0.1", "fc00:0:0:1::5"):
        assert not guard.allows(address)


def test_a_network_that_is_none_is_refused_at_the_start() -> None:
    with pytest.raises(ValueError, match="does not appear"):
        AddressGuard(["everything"])


def test_a_forbidden_address_gets_no_socket() -> None:
    with pytest.raises(AddressForbidden):
        AddressGuard().socket((socket.AF_INET, socket.SOCK_STREAM, 0, "", ("127.0.0.1", 80)))
    AddressGuard(loopback=True).socket((socket.AF_INET, socket.SOCK_STREAM, 0, "", ("127.0.0.1", 80))).close()
