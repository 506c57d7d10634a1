"""The kinds `tmf652`, `tmf622` and `tmf640` keep to the port, at stand-ins that are named as such."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any, ClassVar

import aiohttp
import pytest

from adapters.credentials import Credentials
from adapters.http_session import Tools
from adapters.ports import Accepted, Done, Fulfiller, Refused
from adapters.tmforum.activation import Tmf640Fulfiller
from adapters.tmforum.order_kinds import Tmf622Fulfiller, Tmf652Fulfiller
from handlers.validation import schema_check
from models.domain.fulfiller import FulfillerDefinition
from tests.acceptance.server_process import free_port
from tests.integration.fulfiller_suite import Behaviour, FulfillerSuite
from tests.integration.mailbox import Mailbox
from tests.integration.tmforum.stand_in import Activation, ProductOrders, ResourceOrders, StandIn

ODD: dict[Behaviour, str] = {"slow": "hang", "late": "silence", "throttling": "throttle", "garbling": "garbage"}
SETTINGS: dict[str, Any] = {
    "send": {"vlan": "= service.characteristic.vlan", "speed": "= input.speed"},
    "receive": {"output": {"port": "= characteristic.port"}, "characteristic": {"vlan": "= characteristic.vlan"}},
}


def behave(stand_in: StandIn, behaviour: Behaviour) -> str:
    """Has the stand-in behave; returns the endpoint to use."""
    stand_in.seconds = 0.5 if behaviour in ("accepting", "reporting") else 0.0
    stand_in.refuse = "The rack is full." if behaviour == "refusing" else None
    stand_in.answers = [ODD[behaviour]] if behaviour in ODD else []
    return f"http://127.0.0.1:{free_port()}" if behaviour == "absent" else stand_in.url


class TestResourceOrders(FulfillerSuite):
    counterpart = "a stand-in for a resource order manager (tests/integration/tmforum/stand_in.py)"

    @pytest.fixture(autouse=True)
    async def set_up(self, session: aiohttp.ClientSession) -> AsyncIterator[None]:
        self.session = session
        async with ResourceOrders() as self.stand_in:
            yield
        assert self.stand_in.broken == [], "what was sent breaks TM Forum's document"

    async def fulfiller(self, behaviour: Behaviour) -> Fulfiller:
        endpoint = behave(self.stand_in, behaviour)
        subject = {"resourceSpecification": {"id": "rack", "href": "http://catalogue.example/rack"}}
        settings = {**SETTINGS, "subject": subject, "hub": behaviour == "reporting"}
        definition = FulfillerDefinition("resources", "Resources", "tmf652", endpoint, settings=settings)
        assert Tmf652Fulfiller.check(definition) == []
        tools = Tools(lambda: self.session, self.notification_url)
        return Tmf652Fulfiller.create(definition, Credentials(None), tools)

    async def standing(self) -> int:
        return len(self.stand_in.built)

    async def test_the_resource_stands_in_the_service(self) -> None:
        fulfiller, call = await self._guarded("done"), self.call()
        done = self._is_done(await self._ended(fulfiller, await fulfiller.engage(call), call))
        (resource,) = done.supporting_resource
        assert (resource["id"], resource["fulfiller"]) == (next(iter(self.stand_in.built)), "resources")
        service = {"id": "service-1", "supportingResource": [resource]}
        delete = self.call(action="delete", service=service)
        delete = replace(delete, idempotency_key=f"{self.key}:delete:1")
        outcome = await self._ended(fulfiller, await fulfiller.engage(delete), delete)
        assert isinstance(outcome, Done), outcome
        await self._stand(0)

    async def test_an_order_names_the_one_that_it_is_for_after_what_the_settings_say(self) -> None:
        behave(self.stand_in, "done")
        given = {"id": "PO-7", "entityType": "PurchaseOrder", "owner": "purchasing"}
        settings = {"hub": False, "order": {"externalReference": [given]}}
        definition = FulfillerDefinition("resources", "Resources", "tmf652", self.stand_in.url, settings=settings)
        made = Tmf652Fulfiller.create(definition, Credentials(None), Tools(lambda: self.session))
        await made.engage(self.call(kind="order"))
        ours = {"id": "order-1", "entityType": "ServiceOrder", "owner": "som"}
        (order,) = self.stand_in.orders.values()
        assert order["externalReference"] == [given, ours]


class TestProductOrders(FulfillerSuite):
    counterpart = "a stand-in for a seller of products (tests/integration/tmforum/stand_in.py)"

    @pytest.fixture(autouse=True)
    async def set_up(self, session: aiohttp.ClientSession) -> AsyncIterator[None]:
        self.session = session
        async with ProductOrders() as self.stand_in:
            yield
        assert self.stand_in.broken == [], "what was sent is no product order"

    async def fulfiller(self, behaviour: Behaviour) -> Fulfiller:
        endpoint = behave(self.stand_in, behaviour)
        item = {"productOffering": {"id": "rack-offer"}, "quantity": 1}
        settings = {**SETTINGS, "item": item, "hub": behaviour == "reporting"}
        definition = FulfillerDefinition("seller", "Seller", "tmf622", endpoint, settings=settings)
        assert Tmf622Fulfiller.check(definition) == []
        tools = Tools(
            lambda: self.session,
            self.notification_url,
            schema_check,
            order_url=lambda order: f"http://us.example/serviceOrder/{order}",
        )
        return Tmf622Fulfiller.create(definition, Credentials(None), tools)

    async def standing(self) -> int:
        return len(self.stand_in.built)

    async def test_an_order_names_the_one_that_it_is_for_and_is_named_by_it(self) -> None:
        fulfiller, call = await self._guarded("accepting"), self.call(kind="order")
        accepted = await fulfiller.engage(call)
        assert isinstance(accepted, Accepted), accepted
        ((key, order),) = self.stand_in.orders.items()
        assert accepted.order == {
            "id": key, "href": f"{self.stand_in.url}/productOrder/{key}", "@referredType": "ProductOrder"
        }  # fmt: skip
        said = "Placed for the service order order-1 (http://us.example/serviceOrder/order-1)."
        assert order["note"] == [{"author": "som", "text": said}]
        assert order["productOrderItem"][0]["productOffering"] == {"id": "rack-offer"}
        again = await fulfiller.engage(replace(call, repeated=True))
        assert again == accepted

    async def test_of_several_products_each_is_ended_by_the_task_of_its_name(self) -> None:
        fulfiller, products = await self._guarded("done"), []
        for name in ("router", "phone"):
            call = replace(self.call(kind="order", name=name), idempotency_key=f"{self.key}:{name}")
            done = self._is_done(await self._ended(fulfiller, await fulfiller.engage(call), call))
            (product,) = done.supporting_service
            assert (product["@referredType"], product["fulfiller"], product["task"]) == ("Product", "seller", name)
            products.append(product)
        service = {"id": "service-1", "supportingService": products}
        call = self.call(kind="order", name="router", action="delete", service=service)
        delete = replace(call, idempotency_key=f"{self.key}:delete")
        outcome = await self._ended(fulfiller, await fulfiller.engage(delete), delete)
        assert isinstance(outcome, Done), outcome
        assert list(self.stand_in.built) == [products[1]["id"]]

    @pytest.mark.parametrize(
        ("answer", "place"),
        [({"id": "1", "state": "frozen"}, "/state"), ({"id": "1", "state": "held", "productOrderItem": []}, "/product"),
         ({"id": 1, "state": "acknowledged"}, "/id"), ({"state": "acknowledged"}, "id")],
    )  # fmt: skip
    async def test_an_answer_that_is_no_product_order_is_for_a_person_and_the_place_is_named(
        self, answer: Any, place: str
    ) -> None:
        async with Mailbox(status=201, answer=answer) as seller:
            definition = FulfillerDefinition("seller", "Seller", "tmf622", seller.address("v4"))
            tools = Tools(lambda: self.session, None, schema_check)
            outcome = await Tmf622Fulfiller.create(definition, Credentials(None), tools).engage(self.call())
        assert isinstance(outcome, Refused), outcome
        assert place in outcome.reason
        assert outcome.maybe_done


class TestActivation(FulfillerSuite):
    counterpart = "a stand-in for an activation system (tests/integration/tmforum/stand_in.py)"
    cannot: ClassVar = {
        "accepted and reported": "TMF640 has no events of monitors; a request that was taken on is asked for.",
        "cancel": "TMF640 knows no cancellation: what was taken on is finished, and undone afterwards.",
    }

    @pytest.fixture(autouse=True)
    async def set_up(self, session: aiohttp.ClientSession) -> AsyncIterator[None]:
        self.session = session
        async with Activation() as self.stand_in:
            yield
        assert self.stand_in.broken == [], "what was sent breaks TM Forum's document"

    async def fulfiller(self, behaviour: Behaviour, **more: Any) -> Fulfiller:
        endpoint = behave(self.stand_in, behaviour)
        subject = {"serviceSpecification": {"id": "rack"}, "state": "active"}
        settings = {**SETTINGS, "subject": subject, **more}
        definition = FulfillerDefinition("activation", "Activation", "tmf640", endpoint, settings=settings)
        assert Tmf640Fulfiller.check(definition) == []
        return Tmf640Fulfiller.create(definition, Credentials(None), Tools(lambda: self.session))

    async def standing(self) -> int:
        return len(self.stand_in.services)

    @pytest.mark.parametrize("behaviour", ["done", "accepting"])
    async def test_a_modification_sends_all_values_and_is_undone_with_those_before(self, behaviour: Behaviour) -> None:
        fulfiller = await self.fulfiller("done", send=None, receive=None)
        call = self.call(input=None)
        done = await fulfiller.engage(call)
        assert isinstance(done, Done), done
        await self.fulfiller(behaviour)
        values = [{"name": "vlan", "value": 7}, {"name": "mtu", "value": 1500}]
        former = {
            "id": "service-1",
            "serviceCharacteristic": values,
            "supportingService": list(done.supporting_service),
        }
        service = {**former, "serviceCharacteristic": [{"name": "vlan", "value": 8}, values[1]]}
        change = self.call(action="modify", service=service, former=former, input=None)
        changed = await fulfiller.engage(change)
        if behaviour == "accepting":
            assert isinstance(changed, Accepted), changed
        (stands,) = self.stand_in.services.values()
        assert stands["serviceCharacteristic"] == service["serviceCharacteristic"]
        undo = self.call("compensate", action="modify", service=service, former=former, input=None,
                         engaged=changed if isinstance(changed, Accepted) else None)  # fmt: skip
        await fulfiller.engage(undo)
        assert stands["serviceCharacteristic"] == former["serviceCharacteristic"]

    async def test_what_fails_while_it_is_monitored_is_refused_with_the_answer(self) -> None:
        fulfiller, call = await self._guarded("accepting"), self.call()
        accepted = await fulfiller.engage(call)
        assert isinstance(accepted, Accepted), accepted
        _, made = self.stand_in.monitors[str(accepted.reference)]
        made["state"] = "failed"
        made["response"] = {"statusCode": "507", "body": "The rack is full.", "header": []}
        outcome = await fulfiller.poll(accepted, call)
        assert outcome == Refused("The request failed there (failed): 507, The rack is full.")
