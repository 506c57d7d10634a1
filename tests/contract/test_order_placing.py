"""Orders that the server places itself: ordinary ones, one for each key, which say what caused them."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from handlers.dependencies import Dependencies
from handlers.placing import order_placing
from models.domain.caller import ENGINE, Caller
from models.domain.errors import InvalidRequest
from models.order_placing import Cause, OrderPlacing
from models.store import Store
from tests.contract.client import ContractClient
from tests.contract.samples import ORDERS, item, order, place, publish

APPROVED = Cause("change", "CR-17", "The change request CR-17 was approved.")


@pytest.fixture(autouse=True)
async def _catalogue(client: ContractClient) -> None:
    await publish(client)


@pytest.fixture
def placing(dependencies: Dependencies) -> OrderPlacing:
    return order_placing(dependencies)


def told(body: dict[str, Any]) -> Any:
    return body["category"], body["externalId"], body["externalReference"], [note["text"] for note in body["note"]]


async def test_it_is_an_order_like_any_other_that_says_its_cause(client: ContractClient, placing: OrderPlacing) -> None:
    by_client = await place(client, order(item("1")))
    made = await placing.place(ENGINE, order(item("1")), "CR-17", APPROVED)
    read = (await client.get(f"{ORDERS}/{made.id}")).json()
    assert made.new
    assert told(read) == (
        "change",
        "CR-17",
        [{"externalReferenceType": "change", "name": "CR-17"}],
        ["The change request CR-17 was approved."],
    )
    own = {"id", "href", "orderDate", "category", "externalId", "externalReference", "note"}
    assert {k: v for k, v in read.items() if k not in own} == {k: v for k, v in by_client.items() if k not in own}


async def test_it_owes_the_same_event_and_waits_for_the_engine_as_any_order(
    client: ContractClient, placing: OrderPlacing, store: Store
) -> None:
    by_client = await store.get("serviceOrder", (await place(client))["id"])
    made = (await placing.place(ENGINE, order(), "CR-17", APPROVED)).document
    assert by_client is not None
    assert set(by_client) - {"wt"} == set(made) - {"cause", "idem", "wt"}
    [created] = made["outbox"]
    assert (created["type"], created["who"]) == ("ServiceOrderCreateEvent", "som")
    assert created["why"] == "change: The change request CR-17 was approved."


async def test_what_the_order_says_already_stays(placing: OrderPlacing) -> None:
    given = order(category="broadband", externalId="BSS747", note=[{"text": "Handle with care."}])
    body = (await placing.place(ENGINE, given, "CR-17", APPROVED)).document["body"]
    assert (body["category"], body["externalId"], len(body["note"])) == ("broadband", "BSS747", 2)
    assert "state" not in given  # the caller's own body is not changed


async def test_twenty_at_once_with_one_key_place_one_order(placing: OrderPlacing, store: Store) -> None:
    made = await asyncio.gather(*(placing.place(ENGINE, order(), "CR-17", APPROVED) for _ in range(20)))
    assert [one.new for one in made].count(True) == 1
    assert {one.id for one in made} == {made[0].id}
    assert await store.collection("serviceOrder").count_documents({}) == 1


async def test_a_repeat_finds_the_order_even_where_it_would_be_refused_by_now(
    client: ContractClient, placing: OrderPlacing
) -> None:
    first = await placing.place(ENGINE, order(item("1")), "CR-17", APPROVED)
    again = await placing.place(ENGINE, order(item("1", action="modify")), "CR-17", APPROVED)
    assert (again.id, again.new, again.same) == (first.id, False, False)
    assert (await placing.place(ENGINE, order(item("1")), "CR-17", APPROVED)).same
    found = await placing.find("default", "change", "CR-17")
    assert found is not None
    assert found["_id"] == first.id


async def test_another_kind_of_cause_or_another_tenant_has_keys_of_its_own(
    placing: OrderPlacing, dependencies: Dependencies
) -> None:
    lenient = order_placing(replace(dependencies, catalogue_check=False))
    elsewhere = Caller("som", frozenset(), "elsewhere")
    made = [
        await placing.place(ENGINE, order(), "1", APPROVED),
        await placing.place(ENGINE, order(), "1", Cause("release", "1", "Release 1.")),
        await lenient.place(elsewhere, order(), "1", APPROVED),
    ]
    assert len({one.id for one in made}) == 3
    assert await placing.find("default", "pipeline", "1") is None


@pytest.mark.parametrize(
    ("given", "place"),
    [
        (order(state="completed"), "/state"),
        (order(item("1", state="held")), "/serviceOrderItem/0/state"),
        ({"description": "no items"}, "/serviceOrderItem"),
        (order(requestedStartDate="tomorrow"), "/requestedStartDate"),
        (order(item("1", action="delete", service={"id": "nothing"})), "/serviceOrderItem/0/service/id"),
    ],
)
async def test_what_a_client_would_be_refused_is_refused_here_too(
    client: ContractClient, placing: OrderPlacing, given: dict[str, Any], place: str, store: Store
) -> None:
    assert (await client.post(ORDERS, json=given)).status_code == 400
    with pytest.raises(InvalidRequest) as refused:
        await placing.place(ENGINE, given, "CR-17", APPROVED)
    assert place in [violation.pointer for violation in refused.value.violations]
    assert await store.collection("serviceOrder").count_documents({}) == 0
