"""Each operation of each document answers each status that it declares, or there is a reason why it cannot.

The table is read off the documents: an operation or a status that is added there is tried here by itself. Where that
needs something that only its author knows, the failure says what to add: a thing for its path to be about
(`subjects.py`), a way to a status (`provocations.py`), or a reason why it cannot occur (`unanswerable.py`).
"""

from collections.abc import AsyncIterator

import pytest

from handlers.dependencies import Dependencies
from models.store import Store, connect
from tests.contract.client import ContractClient
from tests.contract.provocations import always_possible, provocation
from tests.contract.stage import Operation, RivalledStore, Stage, make_stage, operations
from tests.contract.unanswerable import UNANSWERABLE, reason

ALL = operations()
EACH = pytest.mark.parametrize("operation", ALL, ids=lambda operation: operation.name)


@pytest.fixture
async def stage(
    dependencies: Dependencies, unreachable: Store, mongodb_url: str, database_name: str
) -> AsyncIterator[Stage]:
    async with connect(mongodb_url) as client:
        made = make_stage(dependencies, RivalledStore(client, database_name), unreachable)
        async with made.client, made.cut_off:
            yield made


def answerable(operation: Operation) -> set[str]:
    return {status for status in operation.declared if reason(operation.api, operation.id, status) is None}


@EACH
async def test_an_operation_answers_every_status_that_it_declares(stage: Stage, operation: Operation) -> None:
    wanted = answerable(operation)
    for status in sorted(wanted | always_possible(operation)):
        provoke = provocation(operation, status)
        assert provoke is not None, f"Nobody has said how {operation.name} comes to answer {status}."
        answer = await provoke(stage, operation)
        assert str(answer.status_code) == status, answer.text
    assert wanted - stage.answered(operation) == set()


async def test_on_an_empty_server_lists_are_empty(client: ContractClient) -> None:
    for operation in ALL:
        if operation.method == "GET" and not operation.is_of_one:
            answer = await client.get(operation.path)
            assert (answer.status_code, answer.json()) == (200, []), operation.name
            assert (answer.headers["x-total-count"], answer.headers["x-result-count"]) == ("0", "0"), operation.name


def test_every_reason_is_about_something_that_is_declared() -> None:
    declared = [(operation.api, operation.id, status) for operation in ALL for status in operation.declared]
    idle = [one for one in UNANSWERABLE if not any(one.covers(*pair) for pair in declared)]
    assert idle == []
