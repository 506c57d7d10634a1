"""Our subscription at a fulfiller's hub."""

import aiohttp
import pytest

from adapters.credentials import Credentials
from adapters.tmforum.client import Budget, TmfClient
from adapters.tmforum.hub import Hub
from models.domain.fulfiller import FulfillerDefinition
from tests.integration.mailbox import Mailbox

OURS = "http://us.example/som/v1/notification/token"


def hub_at(session: aiohttp.ClientSession, url: str, query: str | None = None, callback: str | None = OURS) -> Hub:
    definition = FulfillerDefinition("p", "P", "tmf641", url)
    return Hub(TmfClient(definition, Credentials(None), session), callback, query)


@pytest.mark.parametrize("status", [200, 201, 409])
async def test_a_hub_that_knows_our_address_is_told_it_once(session: aiohttp.ClientSession, status: int) -> None:
    async with Mailbox(status, {"id": "7"}) as theirs:
        hub = hub_at(session, theirs.address(""), "eventType=ServiceOrderStateChangeEvent")
        for _ in range(3):
            await hub.ensure(Budget(5))
        assert hub.tells
        assert theirs.received() == [("hub", {"callback": OURS, "query": "eventType=ServiceOrderStateChangeEvent"})]


async def test_after_an_outage_it_is_told_again(session: aiohttp.ClientSession) -> None:
    async with Mailbox(201, {"id": "7"}) as theirs:
        hub = hub_at(session, theirs.address(""))
        await hub.ensure(Budget(5))
        hub.doubt()
        await hub.ensure(Budget(5))
        assert len(theirs.received()) == 2


async def test_a_hub_that_takes_no_query_is_asked_without(session: aiohttp.ClientSession) -> None:
    async with Mailbox(400, {"code": "x", "reason": "No queries here"}) as theirs:
        hub = hub_at(session, theirs.address(""), "eventType=X")
        await hub.ensure(Budget(5))
        assert [body for _, body in theirs.received()] == [
            {"callback": OURS, "query": "eventType=X"},
            {"callback": OURS},
        ]
        assert not hub.tells


@pytest.mark.parametrize("status", [404, 405, 501, 503])
async def test_where_there_is_no_hub_orders_are_asked_for(session: aiohttp.ClientSession, status: int) -> None:
    async with Mailbox(status, {"reason": "no"}) as theirs:
        hub = hub_at(session, theirs.address(""))
        await hub.ensure(Budget(5))
        await hub.ensure(Budget(5))
        assert not hub.tells
        assert len(theirs.received()) == 1, "not with every call"


async def test_without_an_address_of_ours_nobody_is_asked_to_tell(session: aiohttp.ClientSession) -> None:
    async with Mailbox(201, {"id": "7"}) as theirs:
        hub = hub_at(session, theirs.address(""), callback=None)
        await hub.ensure(Budget(5))
        assert not hub.tells
        assert theirs.received() == []
