"""What the roles of a server process share: one of each, whoever of them runs here."""

from collections.abc import Callable
from dataclasses import dataclass

from adapters import manual, pool
from adapters.allowances import Allowances
from adapters.http_session import Tools, open_session
from adapters.kinds import Kinds
from adapters.opa import OpenPolicyAgent
from handlers.som.plan_bodies import ORDERS
from handlers.validation import schema_check
from models.callback_token import CallbackTokens, load_tokens
from models.catalogue import Catalogue
from models.domain.expressions import register_patterns
from models.fulfillers import ensure
from models.hints import hint
from models.inventory import Inventory
from models.patterns import Re2Patterns
from models.policies import PolicyBook
from models.pools.pools import ResourcePoolStore
from models.presence import Presence
from models.recipe_book import RecipeBook
from models.resealing import reseal
from models.resource_catalogue import ResourceCatalogue
from models.sealing import Sealer
from models.task_flows import TaskFlowStore
from scheduler.directory import Directory
from scheduler.watcher import Watcher
from som.ground import Ground
from som.metrics import decision_counter
from som.opening import opening
from som.secret_keys import secret_keys
from som.settings import Settings
from som.stopping import close_at_end


@dataclass(frozen=True, slots=True)
class Shared:
    """What more than one role uses.

    Attributes:
        ground: what it stands on.
        sealer: encrypts and opens credentials.
        tokens: makes and reads the tokens of callbacks.
        pools: the resource pools of this server.
        tools: what kinds of fulfillers are made with, the HTTP client of this process among it.
        kinds: the kinds of fulfillers.
        directory: the registered fulfillers.
        catalogue: service specifications.
        resource_catalogue: resource specifications.
        inventory: services.
        recipes: the published recipes.
        policies: the published policies.
        policy_service: asks the services that policies name.
        count_decision: is told decision point and result of each decision of a policy.
        presence: signs of life of whoever takes reports of fulfillers.
        watcher: hears of what others write.
    """

    ground: Ground
    sealer: Sealer
    tokens: CallbackTokens
    pools: ResourcePoolStore
    tools: Tools
    kinds: Kinds
    directory: Directory
    catalogue: Catalogue
    resource_catalogue: ResourceCatalogue
    inventory: Inventory
    recipes: RecipeBook
    policies: PolicyBook
    policy_service: OpenPolicyAgent
    count_decision: Callable[[str, str], None]
    presence: Presence
    watcher: Watcher


async def share(ground: Ground) -> Shared:
    """Put together what roles share.

    Raises:
        SecretKeyUnusable: a key of the settings cannot be used.
        CallbackKeyUnreadable: the stored key of callbacks cannot be read with those keys.
    """
    settings, store, clock = ground.settings, ground.store, ground.clock
    register_patterns(Re2Patterns())
    sealer = Sealer(secret_keys(settings))
    await reseal(store, sealer)
    callback_key = settings.callback_key.get_secret_value() if settings.callback_key else None
    tokens = await load_tokens(store, sealer, callback_key)
    pools = ResourcePoolStore(store, clock)
    close_at_end(ground.stack, "turns of resource pools", pools.turns.aclose)
    tools = _tools(ground, tokens, pools)
    kinds = Kinds(tools)
    for own in (pool.REGISTRATION, manual.REGISTRATION):
        await ensure(store, clock, own)
    directory = Directory(store, opening(kinds, sealer))
    close_at_end(ground.stack, "fulfillers", directory.aclose)
    recipes = RecipeBook(store)
    shared = Shared(
        ground=ground,
        sealer=sealer,
        tokens=tokens,
        pools=pools,
        tools=tools,
        kinds=kinds,
        directory=directory,
        catalogue=Catalogue(store, Re2Patterns(), recipes),
        resource_catalogue=ResourceCatalogue(store, Re2Patterns()),
        inventory=Inventory(store),
        recipes=recipes,
        policies=PolicyBook(store),
        policy_service=OpenPolicyAgent(tools.session()),
        count_decision=decision_counter(ground.registry),
        presence=Presence(store, clock),
        watcher=Watcher(store),
    )
    _keep_current(shared)
    return shared


def _tools(ground: Ground, tokens: CallbackTokens, pools: ResourcePoolStore) -> Tools:
    store, clock, session = ground.store, ground.clock, open_session()
    close_at_end(ground.stack, "session", session.close)
    return Tools(
        session=lambda: session,
        notification_url=lambda name: f"{ground.administration}/notification/{tokens.issue_for_hub(name)}",
        schema_check=schema_check,
        order_url=lambda order: f"{ground.settings.callback_base()}{ORDERS}/{order}",
        allowed=_allowances(ground.settings),
        task_flows=TaskFlowStore(store, clock),
        hint=lambda fulfiller, reference: hint(store, clock, fulfiller, [reference]),
        resource_pools=pools,
    )


def _allowances(settings: Settings) -> Allowances:
    """What fulfillers may use of this host."""
    return Allowances(
        commands=settings.command_dir,
        ansible_projects=settings.ansible_dir,
        ansible_runs=settings.ansible_runs_dir or settings.data_dir / "ansible",
        monitors=settings.monitor_dir,
    )


def _keep_current(shared: Shared) -> None:
    """Have what is kept in memory read anew when others change it, or may have changed it unheard."""
    kept = {
        "fulfiller": shared.directory.invalidate,
        "serviceSpecification": shared.catalogue.invalidate,
        "resourceSpecification": shared.resource_catalogue.invalidate,
        "recipe": shared.recipes.invalidate,
        "policy": shared.policies.invalidate,
    }
    shared.watcher.on_reference.append(lambda name: kept[name]() if name in kept else None)
    shared.watcher.on_open += kept.values()
