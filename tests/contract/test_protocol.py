"""What holds for every request: media types, sizes, JSON, methods, paths, addresses, and faults of our own."""

import json
import threading
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from handlers.dependencies import Dependencies
from handlers.settings import HttpSettings
from models.catalogue import Catalogue
from models.domain.patterns import Pattern, PatternMatch
from models.patterns import compile_pattern
from models.store import Store
from tests.contract.client import ContractClient, check_error, documents
from tests.contract.samples import CATALOG, INVENTORY, ORDERING, ORDERS, SERVICES, SOM, item, order, place, publish
from tests.contract.server import serve

JSON = {"content-type": "application/json"}
MB = 1_000_000


def sent(body: object) -> dict[str, Any]:
    return {"content": json.dumps(body).encode(), "headers": JSON}


async def test_an_unknown_path_is_not_found_in_tm_forums_shape(client: ContractClient) -> None:
    for path in ("/", "/nothing", ORDERING, f"{ORDERING}/nothing", f"{ORDERS}/a/b", f"{ORDERING}/listener/x", "/%00"):
        answer = await client.get(path)
        assert answer.status_code == 404, path
        check_error(answer)


async def test_a_method_that_a_path_does_not_know_is_answered_with_those_it_does(client: ContractClient) -> None:
    for method, path, allow in (
        ("PUT", ORDERS, "GET, POST, HEAD, OPTIONS"),
        ("POST", f"{ORDERS}/1", "GET, PATCH, DELETE, HEAD, OPTIONS"),
        ("DELETE", ORDERS, "GET, POST, HEAD, OPTIONS"),
        ("GET", f"{ORDERING}/hub", "POST, OPTIONS"),
        ("GET", f"{SOM}/callback/x", "POST, OPTIONS"),
        ("POST", "/healthz", "GET, HEAD, OPTIONS"),
    ):
        answer = await client.request(method, path)
        assert (answer.status_code, answer.headers["allow"]) == (405, allow), path
        check_error(answer)


async def test_options_names_the_methods(client: ContractClient) -> None:
    answer = await client.request("OPTIONS", ORDERS)
    assert (answer.status_code, answer.headers["allow"]) == (204, "GET, POST, HEAD, OPTIONS")


async def test_head_is_get_without_the_body(client: ContractClient) -> None:
    await publish(client)
    placed = await place(client)
    answer = await client.request("HEAD", placed["href"])
    full = await client.get(placed["href"])
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["content-length"] == str(len(full.content))
    assert answer.headers["etag"] == full.headers["etag"]


async def test_a_slash_at_the_end_makes_no_difference(client: ContractClient) -> None:
    assert (await client.get(f"{ORDERS}/")).status_code == 200


@pytest.mark.parametrize("accept", ["text/html", "application/xml", "application/json;q=0", "*/*;q=0", "text/*"])
async def test_what_cannot_be_produced_is_not_acceptable(client: ContractClient, accept: str) -> None:
    assert (await client.get(ORDERS, headers={"accept": accept})).status_code == 406


@pytest.mark.parametrize(
    "accept", ["*/*", "application/*", "application/json;charset=utf-8", "text/html, application/json;q=0.1", ""]
)
async def test_what_can_be_produced_is_accepted(client: ContractClient, accept: str) -> None:
    assert (await client.get(ORDERS, headers={"accept": accept})).status_code == 200


@pytest.mark.parametrize("content_type", ["text/plain", "application/xml", "application/x-www-form-urlencoded", "x"])
async def test_another_media_type_is_unsupported(client: ContractClient, content_type: str) -> None:
    answer = await client.post(ORDERS, content=b"{}", headers={"content-type": content_type})
    assert answer.status_code == 415
    assert "application/json" in answer.json()["message"]


async def test_a_json_patch_is_no_body_for_post(client: ContractClient) -> None:
    answer = await client.post(ORDERS, content=b"[]", headers={"content-type": "application/json-patch+json"})
    assert answer.status_code == 415


async def test_the_charset_of_the_media_type_is_ignored(client: ContractClient) -> None:
    await publish(client)
    body = json.dumps(order()).encode()
    for content_type in ("application/json;charset=utf-8", "Application/JSON ; charset=UTF-8"):
        assert (await client.post(ORDERS, content=body, headers={"content-type": content_type})).status_code == 201


async def test_a_compressed_body_is_unsupported(client: ContractClient) -> None:
    answer = await client.post(ORDERS, content=b"\x1f\x8b", headers={**JSON, "content-encoding": "gzip"})
    assert answer.status_code == 415


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (b"", "bodyMissing"),
        (b"{", "malformedJson"),
        (b"{'a': 1}", "malformedJson"),
        (b'{"a": NaN}', "malformedJson"),
        (b'{"a": Infinity}', "malformedJson"),
        (b'{"a": 1e999}', "malformedJson"),
        (b'{"a": "\xff"}', "malformedJson"),
        (b'{"a": "\\ud800"}', "malformedJson"),
        (b'{"a": "\x00"}', "malformedJson"),
        (b"[" * 500 + b"]" * 500, "tooDeep"),
        (b"[" * 100_000, "malformedJson"),
        (b'{"a":' * 500 + b"1" + b"}" * 500, "tooDeep"),
        (b'{"a": 9223372036854775808}', "integerTooLarge"),
        (b'{"a": -9223372036854775809}', "integerTooLarge"),
        (b'{"a": 1' + b"0" * 5000 + b"}", "malformedJson"),
        (b'{"$where": "1"}', "illegalName"),
        (b'{"note": [{"$set": 1}]}', "illegalName"),
        (b'{"a\\u0000b": 1}', "illegalName"),
        (b'{"\\u0024x": 1}', "illegalName"),
        (b"[]", "wrongType"),
        (b"null", "wrongType"),
        (b'"text"', "wrongType"),
        (b"{}", "required"),
        (b'{"serviceOrderItem": {}}', "wrongType"),
        (b'{"serviceOrderItem": []}', "wrongLength"),
        (b'{"serviceOrderItem": [{"id": 1, "action": "add", "service": {}}]}', "wrongType"),
        (b'{"serviceOrderItem": [{"id": "1", "action": "make", "service": {}}]}', "unknownValue"),
        (b'{"serviceOrderItem": [null]}', "wrongType"),
    ],
)
async def test_a_hostile_body_is_a_bad_request(client: ContractClient, text: bytes, code: str) -> None:
    answer = await client.post(ORDERS, content=text, headers=JSON)
    assert (answer.status_code, answer.json()["code"]) == (400, code), answer.text
    assert len(answer.content) < 5_000


async def test_a_violation_names_the_place_and_what_would_be_right(client: ContractClient) -> None:
    answer = await client.post(ORDERS, **sent({**order(), "requestedStartDate": "tomorrow", "category": 7}))
    assert answer.json()["code"] == "invalidDate"
    assert "/requestedStartDate" in answer.json()["message"]
    assert "RFC 3339" in answer.json()["message"]
    answer = await client.post(ORDERS, **sent({**order(), "category": 7}))
    assert answer.json()["message"] == "/category: Must be a string, not the number 7."


async def test_a_body_beyond_the_limit_is_too_large_however_it_comes(client: ContractClient) -> None:
    body = b'{"description": "' + b"x" * 10 * MB + b'"}'
    declared = await client.post(ORDERS, content=body, headers=JSON)
    assert declared.status_code == 413

    async def chunks() -> Any:
        for start in range(0, len(body), MB):
            yield body[start : start + MB]

    assert (await client.post(ORDERS, content=chunks(), headers=JSON)).status_code == 413


async def test_a_body_of_very_many_tiny_values_is_too_large_and_says_so(client: ContractClient) -> None:
    for body in (b"[" + b"1," * 2 * MB + b"1]", b'{"serviceOrderItem": [' + b"{}," * MB + b"{}]}"):
        for method, path in (("POST", ORDERS), ("POST", SERVICES), ("PATCH", f"{ORDERS}/1")):
            answer = await client.request(method, path, content=body, headers=JSON)
            assert (answer.status_code, answer.json()["code"]) == (413, "tooManyValues"), path
    assert "100000 values" in answer.json()["message"]


async def test_a_thousand_items_of_twenty_characteristics_are_placed_previewed_and_patched_beside_the_loop(
    dependencies: Dependencies,
) -> None:
    patterns = WatchedPatterns()
    application = serve(dependencies, catalogue=Catalogue(dependencies.store, patterns))
    names = [f"c{number}" for number in range(20)]
    async with ContractClient(application) as client:
        await publish(client, specCharacteristic=[{"name": name, "regex": "[a-z]+"} for name in names])
        body = order(*(item(str(number)) for number in range(1_000)))
        for each in body["serviceOrderItem"]:
            each["service"]["serviceCharacteristic"] = [{"name": name, "value": "abc"} for name in names]
        answer = await client.post(f"{ORDERS}?fields=id", json=body)
        assert answer.status_code == 201, answer.text
        body["serviceOrderItem"][700]["service"]["serviceCharacteristic"][19]["value"] = "7"
        placed = f"{ORDERS}/{answer.json()['id']}"
        for method, path in (("POST", ORDERS), ("POST", f"{SOM}/planPreview"), ("PATCH", placed)):
            refused = await client.request(method, path, json=body)
            assert refused.status_code == 400, path
            assert "/serviceOrderItem/700/service/serviceCharacteristic/19/value" in refused.json()["message"]
    assert patterns.threads
    assert threading.get_ident() not in patterns.threads, "the event loop had to wait for the check"


class WatchedPatterns:
    """The pattern engine, and the threads that have matched."""

    def __init__(self) -> None:
        self.threads: set[int] = set()

    def compile_pattern(self, text: str, /) -> Pattern:
        return WatchedPattern(compile_pattern(text), self.threads)


class WatchedPattern:
    """A pattern that notes who asks."""

    def __init__(self, pattern: Pattern, threads: set[int]) -> None:
        self._pattern = pattern
        self._threads = threads
        self.source, self.size = pattern.source, pattern.size

    def fullmatch(self, text: str) -> bool:
        self._threads.add(threading.get_ident())
        return self._pattern.fullmatch(text)

    def search(self, text: str) -> bool:
        return self._pattern.search(text)

    def find(self, text: str) -> Iterator[PatternMatch]:
        return self._pattern.find(text)


async def test_long_numbers_inside_of_texts_are_fine(client: ContractClient) -> None:
    await publish(client)
    placed = await place(client, order(description="9" * 40, meter=9223372036854775807))
    assert placed["meter"] == 9223372036854775807


@pytest.mark.parametrize(
    "path", ["%00", "a%00b", "a%0Ab", "%FF", "%2E%2E", "x" * 300, "$where", "{id}", "%F0%9F%92%A9"]
)
async def test_a_weird_identifier_is_only_not_found(client: ContractClient, path: str) -> None:
    for base in (ORDERS, SERVICES, f"{SOM}/fulfiller", f"{SOM}/plan", f"{SOM}/event"):
        assert (await client.get(f"{base}/{path}")).status_code == 404, base


@pytest.mark.parametrize(
    "query",
    [
        "state=%FF",
        "nothing=1",
        "$where=1",
        "state.$ne=1",
        "limit=-1",
        "limit=x",
        "offset=1e3",
        "offset=99999999999999999999999",
        "description.regex=(",
        "description.regex=" + "(a%2B)" * 2000,
        "filter=$[?(@.a",
        "filter=" + "(" * 3000,
        "fields=" + "x" * 4097,
        "sort=nothing",
        "=1",
        "&".join(f"state={number}" for number in range(500)),
    ],
)
async def test_a_hostile_query_is_a_bad_request(client: ContractClient, query: str) -> None:
    answer = await client.get(f"{ORDERS}?{query}")
    assert answer.status_code == 400, answer.text


@pytest.mark.parametrize(
    "query", ["description.regex=(a%2B)%2B$", "description.regex=(.*a){20}", "limit=0", "offset=7"]
)
async def test_a_strange_query_is_answered_in_good_time(client: ContractClient, query: str) -> None:
    await publish(client)
    await place(client, order(description="a" * 5_000 + "!"))
    assert (await client.get(f"{ORDERS}?{query}")).status_code in (200, 400)


@pytest.mark.parametrize(
    ("settings", "headers", "root"),
    [
        (HttpSettings(), {"host": "orders.example:8443"}, "http://orders.example:8443"),
        (HttpSettings(), {"host": "[::1]:80"}, "http://[::1]:80"),
        (HttpSettings(), {"host": "evil/<script>"}, "http://testserver"),
        (HttpSettings(), {"x-forwarded-host": "other", "x-forwarded-proto": "https"}, "http://testserver"),
        (HttpSettings(public_url="https://som.example/base/"), {"host": "inner"}, "https://som.example/base"),
        (
            HttpSettings(trust_forwarded=True),
            {"x-forwarded-host": "outer, inner", "x-forwarded-proto": "https", "x-forwarded-prefix": "/som"},
            "https://outer/som",
        ),
        (
            HttpSettings(trust_forwarded=True),
            {"x-forwarded-proto": "javascript", "x-forwarded-prefix": '/"'},
            "http://testserver",
        ),
        (HttpSettings(path_prefix="/som"), {}, "http://testserver/som"),
    ],
)
async def test_addresses_begin_with_what_the_client_called_or_the_public_address(
    dependencies: Dependencies, settings: HttpSettings, headers: Mapping[str, str], root: str
) -> None:
    async with ContractClient(serve(dependencies, settings)) as client:
        await publish(client)
        answer = await client.post(f"{settings.path_prefix}{ORDERS}", json=order(), headers=headers)
        assert answer.json()["href"].removesuffix(answer.json()["id"]) == f"{root}{ORDERS}/"
        assert answer.headers["location"] == answer.json()["href"]


@pytest.mark.parametrize("base_path", [ORDERING, INVENTORY, CATALOG, SOM])
async def test_each_api_shows_its_document_without_what_subscribers_serve(
    client: ContractClient, base_path: str
) -> None:
    shown = (await client.get(f"{base_path}/openapi.json")).json()
    assert shown["servers"][0]["url"] == base_path
    assert [path for path in shown["paths"] if path.startswith("/listener")] == []
    assert shown["components"]["schemas"] == documents()[base_path].node["components"]["schemas"]


async def test_probes_tell_that_the_server_lives_and_is_ready(client: ContractClient) -> None:
    assert (await client.get("/healthz")).json()["status"] == "up"
    assert (await client.get("/readyz")).json()["status"] == "ready"
    await client.get(ORDERS)
    metrics = (await client.get("/metrics")).text
    assert 'som_http_requests_total{api="tmf641",operation="listServiceOrder",status="200"} 1.0' in metrics
    assert 'som_http_request_seconds_count{api="tmf641",operation="listServiceOrder"} 1.0' in metrics


async def test_without_its_database_the_server_lives_but_is_not_ready(
    dependencies: Dependencies, unreachable: Store
) -> None:
    application = serve(dependencies, store=unreachable)
    async with ContractClient(application) as client:
        assert (await client.get("/healthz")).status_code == 200
        ready = await client.request("GET", "/readyz")
        assert (ready.status_code, ready.json()["status"]) == (503, "notReady")
