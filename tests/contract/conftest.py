"""The HTTP side on a real database."""

from collections.abc import AsyncIterator, Mapping
from typing import Any, NoReturn

import pytest
from pymongo import AsyncMongoClient

from adapters.forms import JsonSchemaForms
from handlers.dependencies import Dependencies
from handlers.settings import HttpSettings
from models.callback_token import CallbackTokens
from models.catalogue import Catalogue
from models.clock import Clock
from models.domain.decision_points import NoAnswer
from models.domain.fulfiller import violations
from models.domain.policies import Policy
from models.domain.violations import Violation
from models.inventory import Inventory
from models.patterns import Re2Patterns
from models.policies import PolicyBook
from models.pools.turns import Turns
from models.recipe_book import RecipeBook
from models.resource_catalogue import ResourceCatalogue
from models.sealing import Sealer
from models.store import Store, connect
from tests.contract.client import ContractClient
from tests.contract.server import serve


class AnyKind:
    """The rules of fulfillers, less those of the kinds."""

    def violations(self, body: Mapping[str, Any], credentials: Mapping[str, Any] | None) -> list[Violation]:
        return violations(body, credentials)


class NobodyDecides:
    """The policy services, all of which are down."""

    async def ask(self, policy: Policy, question: Mapping[str, Any], token: str | None = None) -> NoReturn:
        raise NoAnswer("The policy service cannot be reached.")


@pytest.fixture
async def store(mongodb_url: str, database_name: str) -> AsyncIterator[Store]:
    async with connect(mongodb_url) as client:
        yield Store(client, database_name)


@pytest.fixture
async def unreachable() -> AsyncIterator[Store]:
    """A store whose database does not answer."""
    client: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient("127.0.0.1", 9, serverSelectionTimeoutMS=50)
    async with client:
        yield Store(client, "nowhere")


@pytest.fixture
def settings() -> HttpSettings:
    return HttpSettings()


@pytest.fixture
def dependencies(store: Store) -> Dependencies:
    patterns, recipes = Re2Patterns(), RecipeBook(store)
    return Dependencies(
        store=store,
        clock=Clock(),
        tokens=CallbackTokens(b"key of the tests"),
        patterns=patterns,
        pools=Turns(store, Clock()),
        catalogue=Catalogue(store, patterns, recipes),
        resource_catalogue=ResourceCatalogue(store, patterns),
        inventory=Inventory(store),
        fulfiller_rules=AnyKind(),
        forms=JsonSchemaForms(),
        recipes=recipes,
        policies=PolicyBook(store),
        policy_service=NobodyDecides(),
        sealer=Sealer(["the key of the tests, which is long enough"]),
    )


@pytest.fixture
async def client(dependencies: Dependencies, settings: HttpSettings) -> AsyncIterator[ContractClient]:
    async with ContractClient(serve(dependencies, settings)) as made:
        yield made
