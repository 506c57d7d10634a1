"""The kind `netconf` keeps to the port: with Debian's netconfd (yuma123), and with a stand-in that misbehaves."""

import asyncio
import getpass
import shutil
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import pytest
from lxml import etree

from adapters.credentials import Credentials
from adapters.http_session import Tools
from adapters.netconf import NetconfFulfiller
from adapters.netconf_session import connected
from adapters.netconf_template import TemplateError, parse, render
from adapters.ports import Done, Fulfiller, Refused, Unreachable
from models.domain.fulfiller import FulfillerDefinition
from tests.integration.fulfiller_suite import Behaviour, FulfillerSuite, a_call
from tests.integration.netconf_device import netconf_device
from tests.integration.openssh import OpenSsh, free_port, needs_openssh, openssh

NETCONFD, SUBSYSTEM = shutil.which("netconfd", path="/usr/sbin:/usr/bin"), "/usr/sbin/netconf-subsystem"
YANG = Path(__file__).with_name("rack.yang")
needs_netconfd = pytest.mark.skipif(
    NETCONFD is None, reason="left out: no NETCONF server is installed (apt-get install netconfd)"
)
RACK = "urn:som:example:rack"
BASE = "urn:ietf:params:xml:ns:netconf:base:1.0"
ADD = f"""
<rack xmlns="{RACK}"><port><name>= service.id</name><vlan>= service.characteristic.vlan</vlan>
<description>= input.description</description></port></rack>"""
DELETE = f"""
<rack xmlns="{RACK}" xmlns:nc="{BASE}"><port nc:operation="remove"><name>= service.id</name></port></rack>"""
# netconfd forgets what a commit is to write when it was asked to validate first; a commit validates in any case.
FACTS = {
    "validate": False,
    "output": {"port": 7},
    "serviceCharacteristic": [{"name": "vlan", "value": "= service.characteristic.vlan"}],
}
AT_ONCE = {
    "accepted and reported": "A device configures at once, and calls nobody back.",
    "accepted and polled": "A device configures at once, so there is nothing to ask for.",
    "cancel": "A device configures at once, so there is nothing under way to call off.",
}


def no_session() -> Any:
    raise AssertionError("no session is needed here")


def netconf(settings: dict[str, Any], secret: Any, **more: Any) -> NetconfFulfiller:
    told = {**settings, "template": {"add": ADD, "modify": ADD, "delete": DELETE}, **FACTS, **more}
    definition = FulfillerDefinition("n", "N", "netconf", settings=told)
    assert NetconfFulfiller.check(definition) == []
    return NetconfFulfiller.create(definition, Credentials(secret), Tools(no_session))


@pytest.fixture
async def device(tmp_path: Path) -> AsyncIterator[OpenSsh]:
    port, meeting = free_port(), tmp_path / "ncx.sock"
    with (tmp_path / "netconfd.log").open("w") as log:
        server = await asyncio.create_subprocess_exec(
            str(NETCONFD), f"--module={YANG}", "--no-startup", "--target=candidate", f"--port={port}",
            f"--superuser={getpass.getuser()}", f"--ncxserver-sockname={meeting}", "--log-level=info",
            stdout=log, stderr=log, cwd=tmp_path, env={"HOME": str(tmp_path), "PATH": "/usr/sbin:/usr/bin"},
            stdin=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
    try:
        async with asyncio.timeout(20):
            while not meeting.exists():
                assert server.returncode is None, (tmp_path / "netconfd.log").read_text()
                await asyncio.sleep(0.02)
        subsystem = f'Subsystem netconf "{SUBSYSTEM} --ncxserver-sockname={port}@{meeting}"'
        async with openssh(tmp_path, subsystem, port=port) as running:
            yield running
    finally:
        if server.returncode is None:
            server.kill()
        await server.wait()


@needs_openssh
@needs_netconfd
class TestNetconfWithNetconfd(FulfillerSuite):
    counterpart = "Debian's netconfd (yuma123 2.13) with a candidate datastore, behind Debian's OpenSSH server"
    patience = 20.0
    refusal = "value not in range"
    cannot: ClassVar = {
        **AT_ONCE,
        **dict.fromkeys(
            ("slow", "late", "throttled", "garbage"), "A proper server never does so; the stand-in below is made to."
        ),
    }

    @pytest.fixture(autouse=True)
    async def set_up(self, device: OpenSsh) -> None:
        self.device = device

    async def fulfiller(self, behaviour: Behaviour) -> Fulfiller:
        settings = self.device.settings | ({"port": free_port()} if behaviour == "absent" else {})
        more = {"template": {"add": ADD.replace("= service.characteristic.vlan", "4095")}}
        return netconf(settings, self.device.credentials, **(more if behaviour == "refusing" else {}))

    async def standing(self) -> int:
        return len(await ports(self.device))


class TestNetconfWithAStandIn(FulfillerSuite):
    counterpart = "a stand-in of a device without candidate (an SSH server of asyncssh), which misbehaves on demand"
    patience = 20.0
    impatience = 4.0
    pause = None  # NETCONF has an error for it (resource-denied), but no way to name a time
    refusal = "value not in range"
    cannot: ClassVar = {**AT_ONCE, "many at once": "They take turns, as netconfd above is asked in the same way."}

    @pytest.fixture(autouse=True)
    async def set_up(self) -> AsyncIterator[None]:
        async with netconf_device(self.impatience) as self.device:
            yield

    async def fulfiller(self, behaviour: Behaviour) -> Fulfiller:
        self.device.behaviour = behaviour
        settings = self.device.settings | ({"port": free_port()} if behaviour == "absent" else {})
        more = {"template": {"add": ADD.replace("= service.characteristic.vlan", "4095")}}
        return netconf(settings, self.device.credentials, **(more if behaviour == "refusing" else {}))

    async def standing(self) -> int:
        return len(self.device.ports)


async def test_a_datastore_that_somebody_else_has_locked_is_waited_for_and_else_tried_again_later() -> None:
    async with netconf_device() as device:
        fulfiller = netconf(device.settings, device.credentials)
        device.owner = 0  # another session's lock
        outcome = await fulfiller.engage(a_call(timeout=1.0))
        assert isinstance(outcome, Unreachable)
        assert not outcome.maybe_done
        waiting = asyncio.create_task(fulfiller.engage(a_call(timeout=20.0)))
        async with asyncio.timeout(20):
            while device.denied < 2:
                await asyncio.sleep(0.01)
        device.owner = None
        assert isinstance(await waiting, Done)


@pytest.mark.parametrize(
    "garbage",
    [
        "<html>404</html>",
        f"<rpc-reply xmlns='{BASE}' message-id='{{message}}'><ok>",
        f"<rpc-reply xmlns='{BASE}' message-id='another'><ok/></rpc-reply>",
        f"<rpc-reply xmlns='{BASE}'><ok/></rpc-reply>",
    ],
)
async def test_what_is_nearly_an_answer_is_none(garbage: str) -> None:
    async with netconf_device() as device:
        device.behaviour, device.garbage = "garbling", garbage
        outcome = await netconf(device.settings, device.credentials).engage(a_call(timeout=20.0))
        assert isinstance(outcome, Refused)
        assert outcome.reason.startswith("The device does not answer as NETCONF asks: ")
        assert outcome.maybe_done


async def test_an_answer_without_data_is_no_proof_that_something_is_gone() -> None:
    async with netconf_device() as device:
        device.behaviour = "evasive"
        fulfiller = netconf(device.settings, device.credentials)
        outcome = await fulfiller.engage(replace(a_call(timeout=20.0), action="delete"))
        assert outcome == Refused("The device does not answer as NETCONF asks: what it sent holds no data.")


async def ports(device: OpenSsh) -> list[dict[str, str]]:
    """What is in force, as the device tells another session."""

    def look() -> list[dict[str, str]]:
        with connected(device.settings, device.credentials, 20.0) as session:
            found = session.running(etree.Element(f"{{{RACK}}}rack"))
            return [
                {etree.QName(leaf).localname: leaf.text or "" for leaf in port}
                for rack in found
                for port in rack.iter(f"{{{RACK}}}port")
            ]

    return await asyncio.to_thread(look)


@needs_openssh
@needs_netconfd
async def test_values_are_never_markup_and_commits_are_confirmed(device: OpenSsh) -> None:
    evil = "</description></port><port><name>x</name>&<!--"
    fulfiller = netconf(device.settings, device.credentials, confirm=30)
    call = a_call(input={"description": evil}, timeout=20.0)
    assert isinstance(await fulfiller.engage(call), Done)
    assert await ports(device) == [{"name": "service-1", "vlan": "7", "description": evil}]
    changed = replace(
        call, action="modify", service={"id": "service-1", "serviceCharacteristic": [{"name": "vlan", "value": 8}]}
    )
    assert isinstance(await fulfiller.engage(changed), Done)
    assert (await ports(device))[0]["vlan"] == "8"


@needs_openssh
@needs_netconfd
async def test_a_configuration_that_is_not_in_force_after_all_is_no_success(device: OpenSsh) -> None:
    """Which this server gives a chance to see: see FACTS."""
    outcome = await netconf(device.settings, device.credentials, validate=True).engage(a_call(timeout=20.0))
    assert outcome == Refused("The device took the configuration, but it is not in force.", maybe_done=True)


@needs_openssh
@needs_netconfd
async def test_a_device_with_another_key_is_told_nothing(device: OpenSsh) -> None:
    other = device.settings["hostKey"][:-4] + "AAAA"
    outcome = await netconf({**device.settings, "hostKey": other}, device.credentials).engage(a_call(timeout=20.0))
    assert isinstance(outcome, Refused)
    assert "another key" in outcome.reason


def test_null_leaves_an_element_out_and_a_list_repeats_it() -> None:
    made = render(parse("<a><b>= one</b><c>= many</c><d e='= one'>x</d></a>"), {"one": None, "many": [1, True]})
    assert etree.tostring(made) == b'<a><c>1</c><c>true</c><d e="">x</d></a>'
    with pytest.raises(TemplateError):
        render(parse("<a><b>= one</b></a>"), {"one": "\x00"})


@pytest.mark.parametrize("template", ["<a>", "<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", "a", ""])
def test_what_is_no_template_is_said_at_registration(template: str) -> None:
    key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDoAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
    settings = {"host": "h", "hostKey": key, "template": {"add": template}}
    found = NetconfFulfiller.check(FulfillerDefinition("n", "N", "netconf", settings=settings))
    assert [violation.pointer for violation in found] == ["/settings/template/add"]
