"""What the kinds that speak TM Forum APIs are run against."""

import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import requests
from pymongo import MongoClient

from adapters.http_session import open_session
from tests.acceptance.server_process import ServerProcess

CATALOG = "/tmf-api/serviceCatalogManagement/v4/serviceSpecification"
FULFILLERS = "/som/v1/fulfiller"


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with open_session() as opened:
        yield opened


@pytest.fixture(scope="module")
def partner(mongodb_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """Another instance of this product, a process of its own, which builds racks: quickly, or in two seconds."""
    name = f"som_test_{uuid.uuid4().hex[:16]}"
    settings = {"SOM_MONGODB_URL": mongodb_url, "SOM_MONGODB_DATABASE": name}
    server = ServerProcess(Path(tmp_path_factory.mktemp("partner")), settings)
    server.start()
    try:
        offer(server, "rack-quick", latency=0)
        offer(server, "rack-told", latency=0.3, accept=True)
        offer(server, "rack-slow", latency=2, accept=True)
        yield server
    finally:
        server.stop()
        with MongoClient[dict[str, Any]](mongodb_url) as client:
            client.drop_database(name)


def offer(server: ServerProcess, specification: str, **settings: Any) -> None:
    """A specification, and a simulator that builds it."""
    values = [{"name": "vlan", "value": "= service.characteristic.vlan"}, {"name": "port", "value": 7}]
    body = {"id": specification, "name": specification, "version": "1", "lifecycleStatus": "Active"}
    fulfiller = {
        "name": specification,
        "kind": "simulator",
        "capability": [{"specification": specification, "action": "*"}],
        "settings": {"serviceCharacteristic": values, **settings},
    }
    for path, made in ((CATALOG, body), (FULFILLERS, fulfiller)):
        answer = requests.post(f"{server.url}{path}", json=made, timeout=30)
        assert answer.status_code == 201, answer.text
