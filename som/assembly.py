"""The scheduler and the notifier, put together from their parts."""

from adapters.kinds import versions_of_plug_ins
from adapters.webhook import Webhook, WebhookSettings
from models import fallout_flows, inbox, recipe_messages, service_releases, task_flows
from models.budgets import Budgets
from models.callback_token import CallbackTokens
from models.catalogue import Catalogue
from models.change_closings import ChangeClosings
from models.deciding import Deciding
from models.domain.delivery import Inventories
from models.domain.program import Program
from models.durations import Durations
from models.fallout_rules import RuleBook
from models.leases import Leases
from models.order_placing import OrderPlacing
from models.patterns import Re2Patterns
from models.pools.figures import figures
from models.pools.pools import ResourcePoolStore
from models.presence import Presence
from models.recipe_book import RecipeBook
from models.recipe_messages import RecipeMessages
from models.reservations_elsewhere import ReservationsElsewhere
from models.sealing import Sealer
from models.slots import Slots
from scheduler import change_closing, changes, pool_lines, propagations, reconciliation, reservation_upkeep
from scheduler.cancellation import CancellationParts
from scheduler.capacity import Capacity, EngineSettings
from scheduler.changes import ChangeParts, ChangeRequestOrders, OpenServer
from scheduler.claims import Claims
from scheduler.delivery.notifier import Notifier
from scheduler.delivery.settings import DeliverySettings
from scheduler.directory import Directory
from scheduler.engagement import Parts
from scheduler.engine import Engine
from scheduler.health import Health
from scheduler.intake import Intake
from scheduler.places import Places
from scheduler.planner import Planner
from scheduler.pool_lines import PoolLines
from scheduler.read_adoption import Adoption
from scheduler.reconciliation import Reconciliation, ReconciliationParts
from scheduler.registry_watch import RegistryWatch
from scheduler.reservation_upkeep import ReservationUpkeep
from scheduler.resolutions import LEASE_SECONDS, Resolutions
from scheduler.resolutions import SECONDS as RESOLUTION_SECONDS
from scheduler.watcher import Watcher
from som.ground import Ground
from som.listening import ip_is_loopback
from som.metrics import PoolGauges, delivery_counter, watch_in_hand
from som.stopping import close_at_end
from som.version import program_version

CLOCK_SECONDS = 30.0


def make_engine(  # noqa: PLR0913, PLR0917 - what the parts are put together from
    ground: Ground,
    directory: Directory,
    tokens: CallbackTokens,
    planner: Planner,
    watcher: Watcher,
    presence: Presence,
    catalogue: Catalogue,
    placing: OrderPlacing,
    pools: ResourcePoolStore,
    sealer: Sealer,
    recipes: RecipeBook,
    servers: OpenServer,
    deciding: Deciding,
) -> Engine:
    """The scheduler, woken by this watcher."""
    settings, store, clock, stack = ground.settings, ground.store, ground.clock, ground.stack
    slots = Slots(store, clock, ground.worker)
    close_at_end(stack, "places at fulfillers", slots.aclose)
    durations = Durations(store, clock)
    close_at_end(stack, "learnt durations", durations.aclose)
    capacity = Capacity(EngineSettings(settings.plan_concurrency, settings.plans_in_hand))
    places = Places(slots, Budgets(store, clock), capacity.free)
    health = Health(store, clock, places)
    registry = RegistryWatch(store, clock, directory, health, ground.worker, deciding.book)
    watcher.on_reference.append(registry.changed)
    watcher.on_open.append(registry.anything_changed)
    rules = RuleBook(store, Re2Patterns())
    watcher.on_reference.append(lambda _: rules.invalidate())
    watcher.on_open.append(rules.invalidate)
    callbacks = ground.administration
    parts = Parts(
        store,
        clock,
        directory,
        tokens,
        places,
        callbacks,
        durations,
        health,
        capacity,
        presence,
        rules,
        pools,
        sealer,
        recipes,
        Program(program_version(), versions_of_plug_ins()),
        deciding,
    )
    claims = Claims(store, clock, ground.worker, settings.lease_seconds)
    intake = Intake(store, clock, claims, planner.plan, deciding.admit)
    cancelling = CancellationParts(store, clock, planner.deletion)
    engine = Engine(parts, claims, intake, cancelling)
    watch_in_hand(ground.registry, lambda: engine.in_hand)
    resolutions = Resolutions(store, clock, Leases(store, clock, ground.worker, LEASE_SECONDS))
    leases = Leases(store, clock, ground.worker, reconciliation.LEASE_SECONDS)
    reconciling = ReconciliationParts(store, clock, directory, catalogue, places, health, placing, leases)
    following = ChangeParts(
        store, clock, Leases(store, clock, ground.worker, changes.LEASE_SECONDS), placing, servers,
        settings.callback_base(),
    )  # fmt: skip
    upkeep = ReservationUpkeep(ReservationsElsewhere(store, clock), clock, directory, places, leases)
    engine.periodic += [
        (ChangeRequestOrders(following).look, changes.SECONDS),
        (upkeep.look, reservation_upkeep.SECONDS),
        (
            change_closing.ChangeClosing(ChangeClosings(store, clock), directory, places, leases).look,
            change_closing.SECONDS,
        ),
        (PoolGauges(ground.registry, lambda: figures(store)).look, PoolGauges.SECONDS),
        (service_releases.ServiceReleases(store, clock, pools).look, service_releases.SECONDS),
        (Reconciliation(reconciling).look, reconciliation.SECONDS),
        (Adoption(reconciling).look, Adoption.SECONDS),
        (propagations.Propagations(store, clock, leases, catalogue, placing).look, propagations.SECONDS),
        (resolutions.look, RESOLUTION_SECONDS),
        (slots.extend, 15.0),
        (durations.flush, 10.0),
        (RecipeMessages(store, clock).sweep, recipe_messages.SECONDS),
        (lambda: inbox.pass_on_what_is_left(store, clock), inbox.LEFT_AFTER_SECONDS),
        (lambda: clock.synchronise(store.database), CLOCK_SECONDS),
        *registry.jobs,
        (PoolLines(store, clock, pools).look, pool_lines.SECONDS),
        *task_flows.jobs(store, clock),
        *fallout_flows.jobs(store, clock),
    ]
    watcher.on_poke.append(engine.poke)
    watcher.on_open.append(engine.sweep)
    return engine


async def make_notifier(ground: Ground, watcher: Watcher, sealer: Sealer, inventories: Inventories) -> Notifier:
    """The notifier, woken by this watcher; the sealer opens the secrets that sign."""
    settings = ground.settings
    allowed = tuple(str(network) for network in settings.webhook_allow_networks)
    loopback = ip_is_loopback(settings.host)
    webhook = await ground.stack.enter_async_context(
        Webhook(WebhookSettings(allowed_networks=allowed, loopback_allowed=loopback, version=program_version()))
    )
    delivery = DeliverySettings(concurrency=settings.delivery_concurrency, retry_schedule=settings.delivery_schedule)
    counted = delivery_counter(ground.registry)
    base = settings.callback_base()
    notifier = Notifier(
        ground.store, ground.clock, webhook, delivery, base, settings.node, counted, sealer, inventories
    )
    watcher.on_owed.append(notifier.owed)
    watcher.on_reference.append(lambda name: notifier.subscriptions_changed() if name == "subscription" else None)
    return notifier
