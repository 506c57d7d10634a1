"""The scheduler and the notifier, put together from their parts."""

from collections.abc import Callable, Coroutine
from typing import Any

from adapters.foreign_inventories import ForeignInventories
from adapters.kinds import versions_of_plug_ins
from adapters.webhook import Webhook, WebhookSettings
from models import fallout_flows, inbox, recipe_messages, service_releases, task_flows
from models.budgets import Budgets
from models.change_closings import ChangeClosings
from models.deciding import Deciding
from models.decomposing import Decomposing
from models.domain.program import Program
from models.durations import Durations
from models.enabling import EnablingServices
from models.fallout_rules import RuleBook
from models.leases import Leases
from models.lost_reservations import LostReservations
from models.order_placing import OrderPlacing
from models.patterns import Re2Patterns
from models.pools import jobs as pool_jobs
from models.pools.figures import figures
from models.recipe_messages import RecipeMessages
from models.reservations_elsewhere import ReservationsElsewhere
from models.slots import Slots
from scheduler import change_closing, changes, pool_lines, propagations, reconciliation, reservation_upkeep
from scheduler.cancellation import CancellationParts
from scheduler.capacity import Capacity, EngineSettings
from scheduler.changes import ChangeParts, ChangeRequestOrders
from scheduler.claims import Claims
from scheduler.delivery.notifier import Notifier
from scheduler.delivery.settings import DeliverySettings
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
from som.listening import ip_is_loopback
from som.metrics import PoolGauges, delivery_counter, watch_in_hand
from som.opening import opening_sources
from som.shared import Shared
from som.stopping import close_at_end
from som.version import program_version

CLOCK_SECONDS = 30.0

Job = tuple[Callable[[], Coroutine[Any, Any, Any]], float]
"""What is done again and again, and after how many seconds."""


def make_engine(shared: Shared, placing: OrderPlacing, deciding: Deciding) -> Engine:
    """The scheduler, woken by the watcher that roles share."""
    ground, watcher = shared.ground, shared.watcher
    settings, store, clock = ground.settings, ground.store, ground.clock
    slots = Slots(store, clock, ground.worker)
    close_at_end(ground.stack, "places at fulfillers", slots.aclose)
    durations = Durations(store, clock)
    close_at_end(ground.stack, "learnt durations", durations.aclose)
    parts = _parts(shared, slots, durations, deciding)
    planner = Planner(shared.catalogue, shared.inventory, clock, EnablingServices(store, clock))
    claims = Claims(store, clock, ground.worker, settings.lease_seconds)
    decomposing = Decomposing(store, clock, deciding, shared.catalogue, shared.inventory)
    intake = Intake(store, clock, claims, planner.plan, deciding.admit, decomposing.prepare)
    engine = Engine(parts, claims, intake, CancellationParts(store, clock, planner.deletion))
    watch_in_hand(ground.registry, lambda: engine.in_hand)
    registry = RegistryWatch(store, clock, parts.directory, parts.health, ground.worker, shared.policies)
    watcher.on_reference.append(registry.changed)
    watcher.on_open.append(registry.anything_changed)
    engine.periodic += [
        *_upkeep(shared),
        *_looked_after(shared, parts, placing),
        *registry.jobs,
        (slots.extend, 15.0),
        (durations.flush, 10.0),
    ]
    watcher.on_poke.append(engine.poke)
    watcher.on_open.append(engine.sweep)
    return engine


def _parts(shared: Shared, slots: Slots, durations: Durations, deciding: Deciding) -> Parts:
    """What engaging fulfillers takes."""
    ground, watcher = shared.ground, shared.watcher
    store, clock = ground.store, ground.clock
    capacity = Capacity(EngineSettings(ground.settings.plan_concurrency, ground.settings.plans_in_hand))
    places = Places(slots, Budgets(store, clock), capacity.free)
    rules = RuleBook(store, Re2Patterns())
    watcher.on_reference.append(lambda _: rules.invalidate())
    watcher.on_open.append(rules.invalidate)
    return Parts(
        store=store,
        clock=clock,
        directory=shared.directory,
        tokens=shared.tokens,
        slots=places,
        callback_base=ground.administration,
        durations=durations,
        health=Health(store, clock, places),
        capacity=capacity,
        presence=shared.presence,
        rules=rules,
        pools=shared.pools,
        sealer=shared.sealer,
        recipes=shared.recipes,
        program=Program(program_version(), versions_of_plug_ins()),
        deciding=deciding,
    )


def _upkeep(shared: Shared) -> list[Job]:
    """What is done again and again with what the database holds, whoever does it."""
    ground, store, clock = shared.ground, shared.ground.store, shared.ground.clock
    resolutions = Resolutions(store, clock, Leases(store, clock, ground.worker, LEASE_SECONDS))
    return [
        (PoolGauges(ground.registry, lambda: figures(store)).look, PoolGauges.SECONDS),
        (service_releases.ServiceReleases(store, clock, shared.pools).look, service_releases.SECONDS),
        (resolutions.look, RESOLUTION_SECONDS),
        (RecipeMessages(store, clock).sweep, recipe_messages.SECONDS),
        (lambda: inbox.pass_on_what_is_left(store, clock), inbox.LEFT_AFTER_SECONDS),
        (lambda: clock.synchronise(store.database), CLOCK_SECONDS),
        (PoolLines(store, clock, shared.pools).look, pool_lines.SECONDS),
        *task_flows.jobs(store, clock),
        *fallout_flows.jobs(store, clock),
        *pool_jobs.jobs(store, clock, shared.pools.turns),
    ]


def _looked_after(shared: Shared, parts: Parts, placing: OrderPlacing) -> list[Job]:
    """What is looked after at fulfillers and other systems, by one process at a time."""
    ground, store, clock, directory, places = shared.ground, parts.store, parts.clock, parts.directory, parts.slots
    leases = Leases(store, clock, ground.worker, reconciliation.LEASE_SECONDS)
    reading = ReconciliationParts(store, clock, directory, shared.catalogue, places, parts.health, placing, leases)
    servers, base = opening_sources(shared.tools, shared.sealer), ground.settings.callback_base()
    following = Leases(store, clock, ground.worker, changes.LEASE_SECONDS)
    requests = ChangeRequestOrders(ChangeParts(store, clock, following, placing, servers, base))
    reservations, losers = ReservationsElsewhere(store, clock), LostReservations(store, clock)
    upkeep = ReservationUpkeep(reservations, losers, clock, directory, places, leases)
    closing = change_closing.ChangeClosing(ChangeClosings(store, clock), directory, places, leases)
    return [
        (requests.look, changes.SECONDS),
        (upkeep.look, reservation_upkeep.SECONDS),
        (closing.look, change_closing.SECONDS),
        (Reconciliation(reading).look, reconciliation.SECONDS),
        (Adoption(reading).look, Adoption.SECONDS),
        (propagations.Propagations(store, clock, leases, shared.catalogue, placing).look, propagations.SECONDS),
    ]


async def make_notifier(shared: Shared) -> Notifier:
    """The notifier, woken by the watcher that roles share; the sealer opens the secrets that sign."""
    ground, watcher = shared.ground, shared.watcher
    settings = ground.settings
    allowed = tuple(str(network) for network in settings.webhook_allow_networks)
    loopback = ip_is_loopback(settings.host)
    webhook = await ground.stack.enter_async_context(
        Webhook(WebhookSettings(allowed_networks=allowed, loopback_allowed=loopback, version=program_version()))
    )
    delivery = DeliverySettings(concurrency=settings.delivery_concurrency, retry_schedule=settings.delivery_schedule)
    counted = delivery_counter(ground.registry)
    base = settings.callback_base()
    inventories = ForeignInventories(shared.tools.session())
    notifier = Notifier(
        ground.store, ground.clock, webhook, delivery, base, settings.node, counted, shared.sealer, inventories
    )
    watcher.on_owed.append(notifier.owed)
    watcher.on_reference.append(lambda name: notifier.subscriptions_changed() if name == "subscription" else None)
    return notifier
