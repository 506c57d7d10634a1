"""Query strings of the administration API that make no sense are the client's fault, never ours."""

import pytest

from tests.contract.client import ContractClient
from tests.contract.samples import FULFILLERS, SOM, fulfiller

CROWD = "&".join(f"fields=n{number}" for number in range(101))


@pytest.mark.parametrize("path", ["/fulfiller", "/fulfiller/north", "/plan", "/event", "/subscription", "/history"])
async def test_too_many_parameters_are_refused(client: ContractClient, path: str) -> None:
    assert (await client.post(FULFILLERS, json=fulfiller("north"))).status_code == 201
    answer = await client.get(f"{SOM}{path}?{CROWD}")
    assert (answer.status_code, answer.json()["code"]) == (400, "tooManyParameters")


async def test_a_refused_query_stores_nothing(client: ContractClient) -> None:
    answer = await client.post(f"{FULFILLERS}?{CROWD}", json=fulfiller("north"))
    assert (answer.status_code, answer.json()["code"]) == (400, "tooManyParameters")
    assert (await client.get(f"{FULFILLERS}/north")).status_code == 404
