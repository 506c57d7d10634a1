"""Fulfillers that can are asked what is, each in the words of its kind, and change nothing by it."""

import json
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from adapters.allowances import Allowances
from adapters.command import CommandFulfiller
from adapters.credentials import Credentials
from adapters.guard import Guarded
from adapters.http_session import Tools, open_session
from adapters.kinds import Kinds
from adapters.ports import Accepted, Done, Fulfiller, FulfillerCall, Outcome, Refused, Unreachable
from adapters.rest import RestFulfiller
from adapters.simulator import SimulatorFulfiller
from adapters.tmforum.activation import Tmf640Fulfiller
from adapters.tmforum.order_kinds import Tmf641Fulfiller, Tmf652Fulfiller
from models.domain.fulfiller import FulfillerDefinition

SPEED = {"name": "speed", "value": 10}


def question(**service: Any) -> FulfillerCall:
    body = {"id": "s1", "serviceCharacteristic": [{"name": "speed", "value": 100}], **service}
    return FulfillerCall("read:s1", "noChange", body, "read:s1:1", "read", timeout=5.0)


@dataclass
class Counterpart:
    """Answers every request alike, and keeps what it was asked."""

    status: int = 200
    body: Any = None
    asked: list[tuple[str, str, Any]] = field(default_factory=list)
    url: str = ""

    async def answer(self, request: web.Request) -> web.Response:
        given = await request.json() if request.can_read_body else None
        self.asked.append((request.method, request.path, given))
        return web.json_response(self.body, status=self.status)


@pytest.fixture
async def there() -> AsyncIterator[Counterpart]:
    made, app = Counterpart(), web.Application()
    app.router.add_route("*", "/{path:.*}", made.answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    made.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield made
    await runner.cleanup()


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with open_session() as opened:
        yield opened


def guarded(fulfiller: Fulfiller) -> Guarded:
    return Guarded(fulfiller, "the one")


def definition(kind: str, endpoint: str | None = None, **settings: Any) -> FulfillerDefinition:
    return FulfillerDefinition("net", "Net", kind, endpoint, settings=settings, reads=True)


async def test_rest_is_asked_by_the_operation_read(there: Counterpart, session: aiohttp.ClientSession) -> None:
    rest = guarded(RestFulfiller(definition("rest", there.url), Credentials(None), session))
    there.body = {"state": "inactive", "serviceCharacteristic": [SPEED]}
    assert await rest.read(question()) == Done(service_characteristic=(SPEED,), state="inactive")
    [(method, _, body)] = there.asked
    assert (method, body["operation"], body["action"], body["service"]["id"]) == ("POST", "read", "noChange", "s1")
    assert "callbackUrl" not in body
    there.status = 404
    assert await rest.read(question()) == Done(state="terminated")
    there.status, there.body = 202, {"reference": "later"}
    assert isinstance(await rest.read(question()), Refused)
    there.status = 503
    assert isinstance(await rest.read(question()), Unreachable)


async def test_a_command_is_run_with_the_question(tmp_path: Path) -> None:
    said = tmp_path / "asked.json"
    answer = json.dumps({"status": "done", "serviceCharacteristic": [SPEED], "state": "active"})
    program = tmp_path / "ask"
    program.write_text(
        f"#!{sys.executable}\nimport sys\nopen({str(said)!r}, 'w').write(sys.stdin.read())\nprint({answer!r})\n"
    )
    program.chmod(0o755)
    tools = Tools(lambda: pytest.fail("no session is needed here"), allowed=Allowances(tmp_path))
    command = CommandFulfiller.create(definition("command", command="ask"), Credentials(None), tools)
    assert await guarded(command).read(question()) == Done(service_characteristic=(SPEED,), state="active")
    assert json.loads(said.read_text())["operation"] == "read"


async def test_a_simulator_says_what_its_settings_say_and_by_default_that_all_is_as_known() -> None:
    assert await SimulatorFulfiller(definition("simulator")).read(question()) == Done()
    slow = {"serviceCharacteristic": [{"name": "speed", "value": "= service.characteristic.speed - 90"}]}
    found = await SimulatorFulfiller(definition("simulator", read=slow)).read(question())
    assert found == Done(service_characteristic=(SPEED,))
    wrong = SimulatorFulfiller.check(definition("simulator", read={"state": "= 1 +"}))
    assert [one.pointer for one in wrong] == ["/settings/read/state"]


OURS = {"supportingService": [{"id": "old", "fulfiller": "other"}, {"id": "t 1", "fulfiller": "net"}]}


@pytest.mark.parametrize("kind", ["tmf640", "tmf641"])
async def test_the_service_that_ours_rests_on_is_read_by_our_names(
    there: Counterpart, session: aiohttp.ClientSession, kind: str
) -> None:
    tools, names = Tools(lambda: session), {"characteristic": {"speed": "bandwidth"}}
    fulfiller: Any
    if kind == "tmf640":
        fulfiller = guarded(Tmf640Fulfiller.create(definition(kind, there.url, **names), Credentials(None), tools))
    else:
        settings = {**names, "inventory": f"{there.url}/inventory"}
        made = definition(kind, "http://127.0.0.1:9", **settings)
        fulfiller = guarded(Tmf641Fulfiller.create(made, Credentials(None), tools))
    there.body = {"id": "t 1", "state": "active", "serviceCharacteristic": [{"name": "bandwidth", "value": 10}]}
    found: Outcome = await fulfiller.read(question(**OURS))
    assert found == Done(service_characteristic=(SPEED,), state="active")
    [(method, path, _)] = there.asked
    assert (method, path.rpartition("/")[2]) == ("GET", "t 1")
    there.status = 404
    assert await fulfiller.read(question(**OURS)) == Done(state="terminated")
    assert isinstance(await fulfiller.read(question()), Refused)  # which of theirs is meant is not known


THEIR_RESOURCE = [
    {"id": "pool member", "@referredType": "LogicalResource", "fulfiller": "net"},
    {"id": "old", "@referredType": "Resource", "fulfiller": "net"},
    {"id": "r 1", "@referredType": "Resource", "fulfiller": "net"},
    {"id": "alien", "@referredType": "Resource", "fulfiller": "other"},
]


async def test_the_resource_that_ours_rests_on_is_read_in_the_resource_inventory_of_the_order_manager(
    there: Counterpart, session: aiohttp.ClientSession
) -> None:
    tools, names = Tools(lambda: session), {"characteristic": {"speed": "bandwidth"}}
    made = definition("tmf652", "http://127.0.0.1:9", **names, inventory=f"{there.url}/inventory/")
    fulfiller = guarded(Tmf652Fulfiller.create(made, Credentials(None), tools))
    there.body = {"id": "r 1", "resourceStatus": "available",
                  "resourceCharacteristic": [{"name": "bandwidth", "value": 10}]}  # fmt: skip
    # A resource's states are not those of the service that rests on it, so that none is told.
    assert await fulfiller.read(question(supportingResource=THEIR_RESOURCE)) == Done(service_characteristic=(SPEED,))
    assert [(method, path) for method, path, _ in there.asked] == [("GET", "/inventory/resource/r 1")]
    there.status = 404
    assert await fulfiller.read(question(supportingResource=THEIR_RESOURCE)) == Done(state="terminated")
    there.status = 503
    assert isinstance(await fulfiller.read(question(supportingResource=THEIR_RESOURCE)), Unreachable)
    there.status, there.body = 200, [there.body]
    assert isinstance(await fulfiller.read(question(supportingResource=THEIR_RESOURCE)), Refused)
    assert isinstance(await fulfiller.read(question(**OURS)), Refused)  # they have built no resource for it


async def test_an_order_manager_whose_inventory_is_not_known_cannot_be_asked(session: aiohttp.ClientSession) -> None:
    tools = Tools(lambda: session)
    for kind, cls in (("tmf652", Tmf652Fulfiller), ("tmf641", Tmf641Fulfiller)):
        fulfiller = guarded(cls.create(definition(kind, "http://127.0.0.1:9"), Credentials(None), tools))
        refused = await fulfiller.read(question(supportingResource=THEIR_RESOURCE, **OURS))
        assert isinstance(refused, Refused)
        assert "their inventory is not known" in refused.reason


class Silent:
    """A kind that cannot be asked."""

    kind = "silent"

    async def engage(self, call: FulfillerCall) -> Outcome:
        raise AssertionError("nothing was ordered")

    async def poll(self, reference: Accepted, call: FulfillerCall) -> Outcome:
        raise AssertionError("nothing was ordered")

    async def aclose(self) -> None:
        pass


async def test_a_kind_that_cannot_be_asked_refuses_and_its_registration_cannot_say_otherwise() -> None:
    assert isinstance(await guarded(Silent()).read(question()), Refused)
    kinds = Kinds(Tools(lambda: pytest.fail("no session is needed here")))
    body = {"name": "people", "kind": "manual", "capability": [], "settings": {"queue": "field"}, "reads": True}
    assert "cannotRead" in [one.code for one in kinds.violations(body, None)]
    simulated = {"name": "s", "kind": "simulator", "capability": [], "reads": True}
    assert kinds.violations(simulated, None) == []
