"""The HTTP side on a real database."""

from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest

from handlers.app import create_app
from handlers.dependencies import Dependencies
from handlers.settings import HttpSettings
from models.callback_token import CallbackTokens
from models.catalogue import Catalogue
from models.clock import Clock
from models.domain.violations import Violation
from models.inventory import Inventory
from models.patterns import Re2Patterns
from models.store import Store, connect
from tests.contract.client import ContractClient


class AnyKind:
    """The rules of fulfillers, less those of the kinds."""

    def violations(self, body: Mapping[str, Any], credentials: Mapping[str, Any] | None) -> list[Violation]:
        from models.domain.fulfiller import violations  # noqa: PLC0415

        return violations(body, credentials)


@pytest.fixture
async def store(mongodb_url: str, database_name: str) -> AsyncIterator[Store]:
    async with connect(mongodb_url) as client:
        yield Store(client, database_name)


@pytest.fixture
def settings() -> HttpSettings:
    return HttpSettings()


@pytest.fixture
def dependencies(store: Store) -> Dependencies:
    patterns = Re2Patterns()
    return Dependencies(
        store=store,
        clock=Clock(),
        tokens=CallbackTokens(b"key of the tests"),
        patterns=patterns,
        catalogue=Catalogue(store, patterns),
        inventory=Inventory(store),
        fulfiller_rules=AnyKind(),
    )


@pytest.fixture
async def client(dependencies: Dependencies, settings: HttpSettings) -> AsyncIterator[ContractClient]:
    async with ContractClient(create_app(dependencies, settings)) as made:
        yield made
