import socket
from pathlib import Path

from adapters.free_port import any_free_port, is_free


def test_a_port_is_free_until_somebody_listens_on_it() -> None:
    port = any_free_port()
    assert is_free(port)
    with socket.create_server(("127.0.0.1", port)):
        assert not is_free(port)


def test_it_is_not_one_that_an_outgoing_connection_may_take() -> None:
    lent_from = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    assert all(any_free_port() < lent_from for _ in range(20))
