"""A partner's order that waits for information: our customer is asked, and the answer is passed on."""

from collections.abc import AsyncIterator
from typing import Any, Self

import aiohttp
import pytest
from aiohttp import web

from adapters.credentials import Credentials
from adapters.http_session import Tools
from adapters.ports import Accepted, FulfillerCall, InformationRequired, Outcome, Progress
from adapters.tmforum.order_kinds import Tmf641Fulfiller
from handlers.validation import schema_check
from models.domain.fulfiller import FulfillerDefinition
from tests.integration.fulfiller_suite import a_call

ASKS = {"code": "informationRequired", "reason": "Information is required", "message": "The site is locked."}
CONTACT = {"characteristic": "contactPerson", "description": "who opens the door"}
ITEM = {"id": "1", "action": "add", "state": "pending", "service": {"serviceCharacteristic": []}}


class Partner:
    """STAND-IN for a partner of whom only standard TMF641 can be expected: one order, as the test wants it.

    Attributes:
        order: what is read.
        changes: what came by PATCH.
        placed: what came by POST.
        complaint: what is said against changes.
    """

    def __init__(self) -> None:
        self.order: dict[str, Any] = {"id": "7", "state": "pending", "serviceOrderItem": [ITEM]}
        self.changes: list[Any] = []
        self.placed: list[Any] = []
        self.complaint: str | None = None

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_get("/serviceOrder", self._list)
        app.router.add_get("/serviceOrder/7", self._retrieve)
        app.router.add_patch("/serviceOrder/7", self._change)
        app.router.add_post("/serviceOrder", self._place)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    async def _list(self, _: web.Request) -> web.Response:
        return await self._said([])

    async def _retrieve(self, _: web.Request) -> web.Response:
        return await self._said(self.order)

    async def _said(self, body: Any, status: int = 200) -> web.Response:
        return web.json_response(body, status=status)

    async def _change(self, request: web.Request) -> web.Response:
        self.changes.append(await request.json())
        if self.complaint:
            return await self._said({"code": "invalidValue", "reason": self.complaint, "status": "400"}, 400)
        return await self._said({**self.order, "state": "inProgress"})

    async def _place(self, request: web.Request) -> web.Response:
        self.placed.append(await request.json())
        return await self._said({**self.placed[-1], "id": "8", "state": "acknowledged"}, 201)


@pytest.fixture
async def partner() -> AsyncIterator[Partner]:
    async with Partner() as running:
        yield running


def at(partner: Partner, session: aiohttp.ClientSession, **settings: Any) -> Tmf641Fulfiller:
    definition = FulfillerDefinition(
        "partner", "Partner", "tmf641", partner.url, settings={"hub": False, **settings}, poll_interval=9.0
    )
    assert Tmf641Fulfiller.check(definition) == []
    return Tmf641Fulfiller.create(definition, Credentials(None), Tools(lambda: session, None, schema_check))


def going_on(**values: Any) -> FulfillerCall:
    """The call with which the work goes on when our customer has spoken."""
    named = [{"name": name, "value": value} for name, value in {"vlan": 7, **values}.items()]
    service = {"id": "service-1", "serviceCharacteristic": named}
    call = a_call(engaged=Accepted("7"), input=None)
    return FulfillerCall(**{**{name: getattr(call, name) for name in call.__slots__}, "service": service})


async def looked(fulfiller: Tmf641Fulfiller) -> Outcome:
    return await fulfiller.poll(Accepted("7"), a_call())


async def test_what_is_missing_is_told_by_our_names(partner: Partner, session: aiohttp.ClientSession) -> None:
    partner.order["serviceOrderItem"] = [{**ITEM, "errorMessage": [{**ASKS, "missing": [CONTACT]}]}]
    said = "The partner's order 7 waits for information: The site is locked."
    renamed = at(partner, session, characteristic={"siteContact": "contactPerson"})
    missing = ({"characteristic": "siteContact", "description": "who opens the door"},)
    assert await looked(renamed) == InformationRequired(said, missing, retry_after=9.0)
    made = at(partner, session, send={"contactPerson": "= string(service.characteristic.siteContact)"})
    outcome = await looked(made)
    assert isinstance(outcome, InformationRequired)
    assert outcome.missing == ()
    assert "It asks for contactPerson (who opens the door), which has no name here." in outcome.reason


async def test_a_pending_order_that_does_not_say_so_asks_where_the_registration_says_so(
    partner: Partner, session: aiohttp.ClientSession
) -> None:
    partner.order["note"] = [{"text": "Who opens the door?"}]
    assert isinstance(await looked(at(partner, session)), Progress)
    outcome = await looked(at(partner, session, pendingAsks=True))
    assert isinstance(outcome, InformationRequired)
    assert "Who opens the door?" in outcome.reason


async def test_what_was_given_is_added_to_the_order_that_waits(
    partner: Partner, session: aiohttp.ClientSession
) -> None:
    kept = {"name": "circuit", "value": "C-7"}
    item = {**ITEM, "errorMessage": [{**ASKS, "missing": [CONTACT]}], "service": {"serviceCharacteristic": [kept]}}
    partner.order["serviceOrderItem"] = [item]
    fulfiller = at(partner, session, characteristic={"siteContact": "contactPerson", "vlan": None})
    outcome = await fulfiller.engage(going_on(siteContact="Ada"))
    assert outcome == Accepted("7", f"{partner.url}/serviceOrder/7")
    (change,) = partner.changes
    values = [kept, {"name": "contactPerson", "value": "Ada"}]
    assert change == {"serviceOrderItem": [{**item, "service": {"serviceCharacteristic": values}}]}
    assert partner.placed == []


async def test_where_nothing_was_given_the_order_is_set_going_as_it_is(
    partner: Partner, session: aiohttp.ClientSession
) -> None:
    partner.order["serviceOrderItem"][0] = {
        **ITEM,
        "service": {"serviceCharacteristic": [{"name": "vlan", "value": 7}]},
    }
    assert isinstance(await at(partner, session).engage(going_on()), Accepted)
    assert partner.changes == [{"state": "inProgress"}]


async def test_what_they_do_not_take_is_asked_for_again_with_their_words(
    partner: Partner, session: aiohttp.ClientSession
) -> None:
    partner.order["serviceOrderItem"] = [{**ITEM, "errorMessage": [{**ASKS, "missing": [CONTACT]}]}]
    partner.complaint = "There is no such person."
    outcome = await at(partner, session).engage(going_on(contactPerson="Eve"))
    assert isinstance(outcome, InformationRequired)
    assert "There is no such person." in outcome.reason
    assert outcome.missing == (CONTACT,)


@pytest.mark.parametrize(("state", "changed", "placed"), [("inProgress", 0, 0), ("failed", 0, 1), ("cancelled", 0, 1)])
async def test_an_order_that_does_not_wait_any_more_is_not_changed_and_one_that_failed_is_placed_anew(
    partner: Partner, session: aiohttp.ClientSession, state: str, changed: int, placed: int
) -> None:
    partner.order["state"] = state
    outcome = await at(partner, session).engage(going_on(siteContact="Ada"))
    assert isinstance(outcome, Accepted)
    assert (len(partner.changes), len(partner.placed)) == (changed, placed)
    assert outcome.reference == ("8" if placed else "7")
