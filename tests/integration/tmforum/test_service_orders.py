"""The kind `tmf641` keeps to the port, at another instance of this product."""

from collections.abc import AsyncIterator
from typing import Any, ClassVar

import aiohttp
import pytest

from adapters.credentials import Credentials
from adapters.http_session import Tools
from adapters.ports import Fulfiller
from adapters.tmforum.service_orders import Tmf641Fulfiller
from handlers.validation import schema_check
from models.domain.fulfiller import FulfillerDefinition
from tests.acceptance.server_process import ServerProcess, free_port
from tests.integration.fulfiller_suite import Behaviour, FulfillerSuite
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
