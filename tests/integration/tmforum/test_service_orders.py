"""The kind `tmf641` keeps to the port, at another instance of this product."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any, ClassVar

import aiohttp
import pytest

from adapters.credentials import Credentials
from adapters.http_session import Tools
from adapters.ports import Fulfiller, Probe, Refused
from adapters.tmforum.order_kinds import Tmf641Fulfiller
from handlers.validation import schema_check
from models.domain.fulfiller import FulfillerDefinition
from tests.acceptance.server_process import ServerProcess, free_port
from tests.integration.fulfiller_suite import Behaviour, FulfillerSuite, a_call
from tests.integration.mailbox import Mailbox
from tests.integration.tmforum.proxy import Proxy

ORDERING = "/tmf-api/serviceOrdering/v4"
INVENTORY = "/tmf-api/serviceInventory/v4"
RACKS = {"accepting": "rack-slow", "reporting": "rack-told", "refusing": "rack-unknown"}


def settings(specification: str, **more: Any) -> dict[str, Any]:
    return {
        "subject": {"serviceSpecification": {"id": specification}},
        "send": {"vlan": "= service.characteristic.vlan", "speed": "= input.speed"},
        "receive": {"output": {"port": "= characteristic.port"}, "characteristic": {"vlan": "= characteristic.vlan"}},
        **more,
    }


class TestServiceOrders(FulfillerSuite):
    counterpart = "another instance of this product, a process with a database of its own"
    refusal: ClassVar[str] = "rack-unknown"
    patience: ClassVar[float] = 20.0

    @pytest.fixture(autouse=True)
    async def set_up(self, session: aiohttp.ClientSession, partner: ServerProcess) -> AsyncIterator[None]:
        self.session, self.partner = session, partner
        async with Proxy(partner.url, f"{ORDERING}/serviceOrder") as self.proxy:
            yield

    async def fulfiller(self, behaviour: Behaviour) -> Fulfiller:
        url = f"http://127.0.0.1:{free_port()}" if behaviour == "absent" else self.proxy.url
        if behaviour in ("slow", "late", "throttling", "garbling"):
            self.proxy.trouble = behaviour
        made = settings(RACKS.get(behaviour, "rack-quick"), hub=behaviour == "reporting")
        definition = FulfillerDefinition(
            "partner", "Partner", "tmf641", f"{url}{ORDERING}", settings={**made, "inventory": f"{url}{INVENTORY}"}
        )
        tools = Tools(lambda: self.session, self.notification_url, schema_check)
        assert Tmf641Fulfiller.check(definition) == []
        return Tmf641Fulfiller.create(definition, Credentials(None), tools)

    async def standing(self) -> int:
        """Active services of all orders that bear this test's key."""
        query = {"externalId": f"{self.key}:fulfil:0", "fields": "id"}
        async with self.session.get(f"{self.partner.url}{ORDERING}/serviceOrder", params=query) as answer:
            orders = [order["id"] for order in await answer.json()]
        count = 0
        for order in orders:
            query = {"serviceOrderItem.serviceOrderId": order, "state": "active", "fields": "id"}
            async with self.session.get(f"{self.partner.url}{INVENTORY}/service", params=query) as answer:
                count += len(await answer.json())
        return count


def at(session: aiohttp.ClientSession, url: str, **settings: Any) -> Tmf641Fulfiller:
    definition = FulfillerDefinition("partner", "Partner", "tmf641", f"{url}{ORDERING}", settings=settings)
    return Tmf641Fulfiller.create(definition, Credentials(None), Tools(lambda: session, None, schema_check))


async def test_an_order_that_the_settings_spoil_is_not_sent_and_the_place_is_named(
    session: aiohttp.ClientSession,
) -> None:
    spoilt = at(session, "http://127.0.0.1:9", order={"requestedStartDate": "tomorrow"})
    outcome = await spoilt.engage(a_call())
    assert isinstance(outcome, Refused), outcome
    assert "/requestedStartDate" in outcome.reason
    assert not outcome.maybe_done


@pytest.mark.parametrize(
    ("answer", "place"),
    [({"id": "1"}, "no state"), ({"id": "1", "state": "frozen"}, "/state"), ({"state": "acknowledged"}, "no id"),
     (["1"], "no state"), ({"id": "1", "state": "acknowledged", "serviceOrderItem": 7}, "/serviceOrderItem")],
)  # fmt: skip
async def test_an_answer_that_is_no_order_is_for_a_person_and_the_place_is_named(
    session: aiohttp.ClientSession, answer: Any, place: str
) -> None:
    async with Mailbox(status=201, answer=answer) as partner:
        outcome = await at(session, partner.address("")).engage(a_call())
    assert isinstance(outcome, Refused), outcome
    assert place in outcome.reason
    assert outcome.maybe_done


@pytest.mark.parametrize("action", ["modify", "delete"])
async def test_what_this_fulfiller_has_not_built_it_cannot_change(session: aiohttp.ClientSession, action: str) -> None:
    outcome = await at(session, "http://127.0.0.1:9").engage(replace(a_call(), action=action))
    assert isinstance(outcome, Refused), outcome
    assert "is not known" in outcome.reason


async def test_whether_it_is_up_is_seen_by_its_list_of_orders(
    session: aiohttp.ClientSession, partner: ServerProcess
) -> None:
    assert await at(session, partner.url).probe(10) == Probe()
    down = await at(session, "http://127.0.0.1:9").probe(10)
    assert down.down is not None
