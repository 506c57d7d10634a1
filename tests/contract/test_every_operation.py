"""Each operation of each document, and each status it declares that no single operation has to itself."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest

from handlers.dependencies import Dependencies
from handlers.settings import HttpSettings
from models.callback_token import CallbackTokens
from models.catalogue import Catalogue
from models.inventory import Inventory
from models.store import Store
from tests.contract.client import ContractClient, documents
from tests.contract.plans import call
from tests.contract.samples import fulfiller, order, service, specification
from tests.contract.server import serve


@dataclass(frozen=True)
class Case:
    """An operation with a request that follows its schema."""

    name: str
    method: str
    path: str
    consumes: tuple[str, ...]
    produces: str | None
    body: Any
    declared: frozenset[str]

    @property
    def options(self) -> dict[str, Any]:
        if not self.consumes:
            return {}
        media_type = "application/json" if "application/json" in self.consumes else self.consumes[0]
        return {"content": json.dumps(self.body).encode(), "headers": {"content-type": media_type}}


_TOKEN = CallbackTokens(b"key of the tests").issue(call("o-1"))
_HUB_TOKEN = CallbackTokens(b"key of the tests").issue_for_hub("north")
_HUB = {"callback": "http://subscriber.example/"}
_BODIES: dict[str, Any] = {
    "createServiceOrder": order(),
    "createCancelServiceOrder": {"serviceOrder": {"id": "o-1"}},
    "createService": service(),
    "createServiceSpecification": specification(),
    "createFulfiller": fulfiller(),
    "createPlanPreview": order(),
    "createFalloutIntervention": {"do": "retry"},
    "patchFallout": {"comment": "looked at it"},
    "reportTaskOutcome": {"status": "done"},
    "registerListener": _HUB,
}


def _token(operation: str) -> str:
    return _HUB_TOKEN if operation == "takeNotification" else _TOKEN


def cases() -> list[Case]:
    found = []
    for base_path, document in documents().items():
        for operation in document.operations():
            body = document.resolve(operation.node.get("requestBody", {}))
            answers = operation.node["responses"]
            success = document.resolve(answers.get("200", answers.get("201", {})))
            found.append(
                Case(
                    name=f"{document.api} {operation.id}",
                    method=operation.method.upper(),
                    path=base_path + operation.path.replace("{id}", "o-1").replace("{token}", _token(operation.id)),
                    consumes=tuple(body.get("content", {})),
                    produces=next(iter(success.get("content", {})), None),
                    body=_BODIES.get(operation.id, {}),
                    declared=frozenset(answers),
                )
            )
    return found


CASES = cases()
ALL = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
WITH_BODY = pytest.mark.parametrize("case", [case for case in CASES if case.consumes], ids=lambda case: case.name)


@pytest.fixture
async def faulty(dependencies: Dependencies) -> AsyncIterator[ContractClient]:
    """A server with a fault of its own."""

    def broken(_: object) -> Any:
        raise RuntimeError("a secret of the inside")

    async with ContractClient(serve(dependencies, identify=broken)) as made:
        yield made


@pytest.fixture
async def cut_off(dependencies: Dependencies, unreachable: Store) -> AsyncIterator[ContractClient]:
    """A server that has lost its database."""
    catalogue = Catalogue(unreachable, dependencies.patterns)
    application = serve(dependencies, store=unreachable, catalogue=catalogue, inventory=Inventory(unreachable))
    async with ContractClient(application) as made:
        yield made


async def test_every_operation_answers_every_general_refusal(
    client: ContractClient, faulty: ContractClient, dependencies: Dependencies
) -> None:
    busy = ContractClient(serve(dependencies, HttpSettings(max_in_flight=0)))
    for case in CASES:
        if case.produces is not None:
            answer = await client.request(case.method, case.path, headers={"accept": "image/png"})
            assert answer.status_code == 406, case.name
        answer = await faulty.request(case.method, case.path, may_fail=True, **case.options)
        assert answer.status_code == 500, case.name
        assert "secret" not in answer.text, case.name
        if "429" in case.declared:
            answer = await busy.request(case.method, case.path, **case.options)
            assert (answer.status_code, answer.headers["retry-after"]) == (429, "2"), case.name


@WITH_BODY
async def test_a_body_is_refused_by_its_type_size_and_text(client: ContractClient, case: Case) -> None:
    csv = {"content-type": "text/csv"}
    assert (await client.request(case.method, case.path, content=b"x", headers=csv)).status_code == 415
    media_type = case.options["headers"]
    huge = b" " * 5_000_001
    assert (await client.request(case.method, case.path, content=huge, headers=media_type)).status_code == 413
    for text in (b"{", b'"text"', b'{"a": {"$b": 1}}', b"7"):
        answer = await client.request(case.method, case.path, content=text, headers=media_type)
        assert answer.status_code == 400, text


@ALL
async def test_without_the_database_the_answer_is_to_try_again(cut_off: ContractClient, case: Case) -> None:
    answer = await cut_off.request(case.method, case.path, **case.options)
    assert answer.status_code == 503, answer.text
    assert answer.headers["retry-after"] == "2"
    assert answer.json()["code"] == "databaseUnavailable"


@ALL
async def test_nothing_is_found_where_nothing_is(client: ContractClient, case: Case) -> None:
    """On an empty server every operation on one thing answers 404, every list is empty."""
    answer = await client.request(case.method, case.path, **case.options)
    if "o-1" in case.path:
        assert answer.status_code == 404, answer.text
    elif case.method == "GET":
        assert (answer.status_code, answer.json()) == (200, [])
        assert (answer.headers["x-total-count"], answer.headers["x-result-count"]) == ("0", "0")
    else:
        assert answer.status_code in (201, 204, 400, 410), answer.text


async def test_every_operation_has_a_handler(client: ContractClient) -> None:
    named = {(document.base_path, one.id) for document in documents().values() for one in document.operations()}
    for case in CASES:
        await client.request(case.method, case.path, **case.options)
    assert set(client.answers) == named
