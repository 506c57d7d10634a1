from typing import Any

from tests.contract.client import BASE_URL, ContractClient

BASE = "/tmf-api/serviceOrdering/v4"


async def test_smoke(client: ContractClient) -> None:
    r = await client.post("/tmf-api/serviceCatalogManagement/v4/serviceSpecification", json={"id": "spec-1", "name": "vpn"})
    assert r.status_code == 201, r.text
    r = await client.post(f"{BASE}/serviceOrder", json={"serviceOrderItem": [{"id": "1", "action": "add", "service": {"serviceSpecification": {"id": "spec-1"}}}]})
    assert r.status_code == 201, r.text
    print(r.headers, r.json())
    r2 = await client.get(r.headers["location"])
    assert r2.json() == r.json()
    r = await client.get(f"{BASE}/serviceOrder")
    print(r.headers, r.text)
    r = await client.get("/nope")
    assert r.status_code == 404
    r = await client.request("PUT", f"{BASE}/serviceOrder")
    print(r.status_code, r.headers, r.text)
    for p in ("/healthz","/readyz","/metrics",f"{BASE}/openapi.json"):
        r = await client.get(p)
        print(r.status_code, r.text[:200])
