"""What the handlers are given."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from prometheus_client import CollectorRegistry

from adapters.ports import Forms, FulfillerRules, PolicyService
from models.callback_token import CallbackTokens
from models.catalogue import Catalogue
from models.clock import Clock
from models.counts import Counts
from models.deciding import Deciding
from models.domain.caller import ANONYMOUS, Caller
from models.domain.patterns import PatternEngine
from models.inventory import Inventory
from models.policies import PolicyBook
from models.policy_preview import DryDeciding
from models.pools.turns import Turns
from models.recipe_book import RecipeBook
from models.resource_catalogue import ResourceCatalogue
from models.sealing import Sealer
from models.store import Store


def nobody_in_particular(_headers: list[tuple[bytes, bytes]]) -> Caller:
    """The caller while requests are not authenticated."""
    return ANONYMOUS


@dataclass(frozen=True, slots=True)
class Dependencies:
    """Everything that handlers use and do not make.

    Attributes:
        store: the database.
        clock: the time.
        tokens: reads the tokens of callbacks.
        patterns: matches the regular expressions of strangers.
        pools: the turns of resource pools, which changes of pools go among.
        catalogue: service specifications.
        resource_catalogue: resource specifications.
        inventory: services.
        fulfiller_rules: what a registration of a fulfiller must keep to.
        forms: checks what people report back.
        recipes: the published recipes.
        policies: the published policies.
        policy_service: asks the services that policies name.
        count_decision: is told decision point and result of each decision of a policy.
        sealer: encrypts credentials; without a key it refuses to.
        counts: totals of lists that were dear to count.
        catalogue_check: whether specifications named in an order or a service must exist in the catalogue.
        identify: tells from a request's headers who asks.
        registry: where metrics are registered.
        roles: what this process does, for the probes.
        version: of the program, for the probes.
        stopping: set when the server shuts down, so that streams end.
    """

    store: Store
    clock: Clock
    tokens: CallbackTokens
    patterns: PatternEngine
    pools: Turns
    catalogue: Catalogue
    resource_catalogue: ResourceCatalogue
    inventory: Inventory
    fulfiller_rules: FulfillerRules
    forms: Forms
    recipes: RecipeBook
    policies: PolicyBook
    policy_service: PolicyService
    count_decision: Callable[[str, str], None] = lambda *_: None
    sealer: Sealer = field(default_factory=Sealer)
    counts: Counts = field(default_factory=Counts)
    catalogue_check: bool = True
    identify: Callable[[list[tuple[bytes, bytes]]], Caller] = nobody_in_particular
    registry: CollectorRegistry = field(default_factory=CollectorRegistry)
    roles: tuple[str, ...] = ("api",)
    version: str = "0"
    stopping: asyncio.Event = field(default_factory=asyncio.Event)


def deciding(dependencies: Dependencies) -> Deciding:
    """What has policies decide about requests."""
    return Deciding(
        dependencies.store,
        dependencies.clock,
        dependencies.policies,
        dependencies.policy_service,
        dependencies.count_decision,
        dependencies.sealer,
    )


def dry_deciding(dependencies: Dependencies) -> DryDeciding:
    """What has policies decide without anything coming of it, for one request."""
    book, service = dependencies.policies, dependencies.policy_service
    return DryDeciding(dependencies.store, dependencies.clock, book, service, dependencies.sealer)
