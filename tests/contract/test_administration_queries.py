"""Query strings of the administration API that make no sense are the client's fault, never ours."""

import pytest

from models.store import Store
from tests.contract.client import ContractClient
from tests.contract.plans import store_events
from tests.contract.samples import FULFILLERS, SOM, fulfiller

CROWD = "&".join(f"fields=n{number}" for number in range(101))


@pytest.mark.parametrize("path", ["/fulfiller", "/fulfiller/north", "/plan", "/event", "/hubListener", "/history"])
async def test_too_many_parameters_are_refused(client: ContractClient, path: str) -> None:
    assert (await client.post(FULFILLERS, json=fulfiller("north"))).status_code == 201
    answer = await client.get(f"{SOM}{path}?{CROWD}")
    assert (answer.status_code, answer.json()["code"]) == (400, "tooManyParameters")


async def test_a_refused_query_stores_nothing(client: ContractClient) -> None:
    answer = await client.post(f"{FULFILLERS}?{CROWD}", json=fulfiller("north"))
    assert (answer.status_code, answer.json()["code"]) == (400, "tooManyParameters")
    assert (await client.get(f"{FULFILLERS}/north")).status_code == 404


@pytest.mark.parametrize("path", ["/event", "/history", "/fallout"])
@pytest.mark.parametrize(
    "moment", ["0001-01-01T00:00:00Z", "0001-01-01T00:00:00%2B10:00", "9999-12-31T23:59:59Z", "soon"]
)
async def test_a_moment_at_the_end_of_time_is_answered(client: ContractClient, path: str, moment: str) -> None:
    assert (await client.get(f"{SOM}{path}?since={moment}")).status_code in (200, 400)


async def test_events_since_a_moment_are_those_at_or_after_it(client: ContractClient, store: Store) -> None:
    await store_events(store, "o-1", 2)  # both at ten o'clock
    for moment, found in (("2026-11-22T09:59:59Z", 2), ("2026-11-22T10:00:00Z", 2), ("2026-11-22T10:00:00.001Z", 0)):
        assert len((await client.get(f"{SOM}/event?since={moment}")).json()) == found, moment
