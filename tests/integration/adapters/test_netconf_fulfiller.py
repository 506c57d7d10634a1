"""The kind `netconf` keeps to the port, with Debian's netconfd (yuma123) behind Debian's OpenSSH server."""

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
from adapters.netconf_template import TemplateError, parse, render
from adapters.ports import Done, Fulfiller, Refused
from models.domain.fulfiller import FulfillerDefinition
from tests.integration.fulfiller_suite import Behaviour, FulfillerSuite, a_call
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
        "accepted and reported": "A device configures at once, and calls nobody back.",
        "accepted and polled": "A device configures at once, so there is nothing to ask for.",
        "cancel": "A device configures at once, so there is nothing under way to call off.",
        "slow": "The device at hand does not dawdle; a call's time-out is the library's own for each request.",
        "late": "The device at hand does not dawdle; a call's time-out is the library's own for each request.",
        "throttled": "NETCONF knows no such answer; a locked datastore is tried again by the schedule.",
        "garbage": "What is no NETCONF breaks the session in the library, which counts as a broken connection.",
        "many at once": "A datastore is locked by one session at a time; the others are told so and tried again.",
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


async def ports(device: OpenSsh) -> list[dict[str, str]]:
    """What is in force, as the device tells another session."""

    def look() -> list[dict[str, str]]:
        fulfiller = netconf(device.settings, device.credentials)
        with fulfiller._connected(20.0) as session:
            data = session.get_config("running").data_ele
            return [
                {leaf.tag.rpartition("}")[2]: leaf.text or "" for leaf in port} for port in data.iter(f"{{{RACK}}}port")
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
