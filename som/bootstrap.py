"""Puts a server together and runs it until it is told to stop."""

import asyncio
import gc
import ipaddress
import logging
import secrets
import signal
import socket
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import structlog
from prometheus_client import CollectorRegistry
from pymongo.errors import PyMongoError

from adapters.allowances import Allowances
from adapters.database_errors import DatabaseProblem
from adapters.forms import JsonSchemaForms
from adapters.http_session import Tools, open_session
from adapters.kinds import Kinds
from adapters.webhook import Webhook, WebhookSettings
from handlers.app import create_app
from handlers.dependencies import Dependencies
from handlers.settings import HttpSettings
from handlers.validation import schema_check
from models import inbox, migrations, retention, task_flows
from models.budgets import Budgets
from models.callback_token import CallbackTokens, load_tokens
from models.catalogue import Catalogue
from models.clock import Clock
from models.domain.errors import SomError
from models.domain.expressions import register_patterns
from models.durations import Durations
from models.fallout_rules import RuleBook
from models.inventory import Inventory
from models.leases import Leases
from models.patterns import Re2Patterns
from models.presence import BEAT_SECONDS, Presence
from models.resealing import reseal
from models.sealing import Sealer
from models.slots import Slots
from models.store import Store, connect
from scheduler.cancellation import CancellationParts
from scheduler.capacity import Capacity, EngineSettings
from scheduler.claims import Claims
from scheduler.delivery.notifier import Notifier
from scheduler.delivery.settings import DeliverySettings
from scheduler.directory import Directory
from scheduler.ending import end
from scheduler.engagement import Parts
from scheduler.engine import Engine
from scheduler.health import Health
from scheduler.intake import Intake
from scheduler.places import Places
from scheduler.planner import Planner
from scheduler.registry_watch import RegistryWatch
from scheduler.resolutions import LEASE_SECONDS, Resolutions
from scheduler.resolutions import SECONDS as RESOLUTION_SECONDS
from scheduler.watcher import Watcher
from som.embedded import database
from som.http_server import HttpServer
from som.logging import set_up_logging
from som.metrics import delivery_counter, watch_in_hand
from som.opening import opening
from som.secret_keys import SecretKeyUnusable, secret_keys
from som.settings import Settings
from som.stopping import PARTS_SECONDS, StopClock, close_at_end, unless_told

log = structlog.get_logger(__name__)

CLOCK_SECONDS = 30.0
RETENTION_SECONDS = 3600.0


class AddressTaken(SomError):
    """The address cannot be listened on."""


def _allowances(settings: Settings) -> Allowances:
    """What fulfillers may use of this host."""
    return Allowances(
        commands=settings.command_dir,
        ansible_projects=settings.ansible_dir,
        ansible_runs=settings.ansible_runs_dir or settings.data_dir / "ansible",
    )


def program_version() -> str:
    """The version of the program, as installed."""
    try:
        return version("som-order-manager")
    except PackageNotFoundError:
        return "0+checkout"


def serve(settings: Settings) -> int:
    """Run a server until SIGTERM or SIGINT.

    Returns:
        The exit code: 0 after an orderly stop, 1 when it could not start (the log says why).
    """
    set_up_logging(settings.log_format, settings.log_level)
    logging.getLogger("uvicorn.error").setLevel(logging.WARNING)
    try:
        asyncio.run(Server(settings).run())
    except (DatabaseProblem, AddressTaken, SecretKeyUnusable) as problem:
        log.error("cannot start", reason=str(problem))  # noqa: TRY400 - the reason is for people, the trace for nobody
        return 1
    return 0


class Server:
    """One process: the roles it was given, over one database."""

    def __init__(self, settings: Settings) -> None:
        """Prepare to run with these settings."""
        self._settings = settings
        self._life = secrets.token_hex(4)
        self._stop = asyncio.Event()
        self._stop_clock = StopClock()
        self._serving = False
        self._registry = CollectorRegistry()

    @property
    def _worker(self) -> str:
        return f"{self._settings.node}/{self._life}"

    async def run(self) -> None:
        """Start everything, serve, and stop everything in reverse."""
        listening = _listen(self._settings.host, self._settings.port)
        self._settings = self._settings.listening_on(listening.getsockname()[1])
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._told_to_stop)
        work = asyncio.create_task(self._live(listening), name="server")
        await unless_told(work, self._stop, lambda: self._serving)
        log.info("stopped")

    def _told_to_stop(self) -> None:
        self._stop_clock.begin()
        self._stop.set()

    async def _live(self, listening: socket.socket) -> None:
        async with AsyncExitStack() as stack:
            url = await stack.enter_async_context(database(self._settings, self._stop_clock.left))
            client = connect(url)
            close_at_end(stack, "connections of the database", client.close)
            store, clock = Store(client, self._settings.mongodb_database), Clock()
            await clock.synchronise(store.database)
            await migrations.run(store.database, clock, self._worker)
            await self._serve(stack, store, clock, listening)

    async def _serve(self, stack: AsyncExitStack, store: Store, clock: Clock, listening: socket.socket) -> None:
        settings = self._settings
        register_patterns(Re2Patterns())
        session = open_session()
        close_at_end(stack, "session", session.close)
        tokens = await load_tokens(store, settings.callback_key.get_secret_value() if settings.callback_key else None)
        base = f"{settings.callback_base()}/som/v1"
        tools = Tools(
            session=lambda: session,
            notification_url=lambda fulfiller: f"{base}/notification/{tokens.issue_for_hub(fulfiller)}",
            schema_check=schema_check,
            allowed=_allowances(settings),
            task_flows=task_flows.TaskFlowStore(store, clock),
        )
        kinds = Kinds(tools)
        sealer = Sealer(secret_keys(settings))
        await reseal(store, sealer)
        directory = Directory(store, opening(kinds, sealer))
        close_at_end(stack, "fulfillers", directory.aclose)
        catalogue, inventory = Catalogue(store, Re2Patterns()), Inventory(store)
        planner = Planner(catalogue, inventory, clock)
        watcher = Watcher(store)
        watcher.on_reference.append(lambda name: directory.invalidate() if name == "fulfiller" else None)
        watcher.on_reference.append(lambda name: catalogue.invalidate() if name == "serviceSpecification" else None)
        watcher.on_open += [directory.invalidate, catalogue.invalidate]
        jobs = [_Role("watcher", watcher.run(), watcher.stop)]
        presence = Presence(store, clock)
        if "api" in settings.roles:
            await presence.beat()  # before any deadline is looked at, so that an outage until now is known
            jobs.append(_Role("presence", _beat(presence)))
        if "scheduler" in settings.roles:
            engine = self._engine(stack, store, clock, directory, tokens, planner, watcher, presence)
            watcher.on_poke.append(engine.poke)
            watcher.on_open.append(engine.sweep)
            jobs.append(_Role("engine", engine.run(), engine.stop))
        if "notifier" in settings.roles:
            notifier = await self._notifier(stack, store, clock)
            watcher.on_owed.append(notifier.owed)
            watcher.on_reference.append(
                lambda collection: notifier.subscriptions_changed() if collection == "subscription" else None
            )
            jobs += [_Role("notifier", notifier.run()), _Role("retention", self._clean(store, clock))]
        dependencies = Dependencies(
            store=store,
            clock=clock,
            catalogue=catalogue,
            inventory=inventory,
            fulfiller_rules=kinds,
            forms=JsonSchemaForms(),
            tokens=tokens,
            sealer=sealer,
            patterns=Re2Patterns(),
            catalogue_check=settings.catalog_check,
            registry=self._registry,
            roles=tuple(sorted(settings.roles)),
            version=program_version(),
            stopping=self._stop,
        )
        app = create_app(dependencies, self._http_settings())
        gc.collect()
        gc.freeze()  # what stands now stands for good: not looking at it again saves a seventh of a POST
        http = HttpServer(app, listening)
        log.info("serving", url=f"http://{settings.host}:{settings.port}", roles=",".join(sorted(settings.roles)))
        await self._until_stopped(http, jobs)

    def _engine(  # noqa: PLR0913, PLR0917 - what the parts are put together from
        self,
        stack: AsyncExitStack,
        store: Store,
        clock: Clock,
        directory: Directory,
        tokens: CallbackTokens,
        planner: Planner,
        watcher: Watcher,
        presence: Presence,
    ) -> Engine:
        settings = self._settings
        slots = Slots(store, clock, self._worker)
        close_at_end(stack, "places at fulfillers", slots.aclose)
        durations = Durations(store, clock)
        close_at_end(stack, "learnt durations", durations.aclose)
        capacity = Capacity(EngineSettings(settings.plan_concurrency, settings.plans_in_hand))
        places = Places(slots, Budgets(store, clock), capacity.free)
        health = Health(store, clock, places)
        registry = RegistryWatch(store, clock, directory, health, self._worker)
        watcher.on_reference.append(registry.changed)
        watcher.on_open.append(registry.anything_changed)
        callbacks = f"{settings.callback_base()}/som/v1"
        rules = RuleBook(store, Re2Patterns())
        watcher.on_reference.append(lambda _: rules.invalidate())
        watcher.on_open.append(rules.invalidate)
        parts = Parts(store, clock, directory, tokens, places, callbacks, durations, health, capacity, presence, rules)
        claims = Claims(store, clock, self._worker, settings.lease_seconds)
        intake = Intake(store, clock, claims, planner.plan)
        cancelling = CancellationParts(store, clock, planner.deletion)
        engine = Engine(parts, claims, intake, cancelling)
        watch_in_hand(self._registry, lambda: engine.in_hand)
        resolutions = Resolutions(store, clock, Leases(store, clock, self._worker, LEASE_SECONDS))
        engine.periodic += [
            (resolutions.look, RESOLUTION_SECONDS),
            (slots.extend, 15.0),
            (durations.flush, 10.0),
            (lambda: inbox.pass_on_what_is_left(store, clock), inbox.LEFT_AFTER_SECONDS),
            (lambda: clock.synchronise(store.database), CLOCK_SECONDS),
            *registry.jobs,
            *task_flows.jobs(store, clock),
        ]
        return engine

    async def _notifier(self, stack: AsyncExitStack, store: Store, clock: Clock) -> Notifier:
        settings = self._settings
        allowed = tuple(str(network) for network in settings.webhook_allow_networks)
        loopback = ip_is_loopback(settings.host)
        webhook = await stack.enter_async_context(
            Webhook(WebhookSettings(allowed_networks=allowed, loopback_allowed=loopback, version=program_version()))
        )
        delivery = DeliverySettings(
            concurrency=settings.delivery_concurrency, retry_schedule=settings.delivery_schedule
        )
        counted = delivery_counter(self._registry)
        return Notifier(store, clock, webhook, delivery, settings.callback_base(), settings.node, counted)

    def _http_settings(self) -> HttpSettings:
        settings = self._settings
        return HttpSettings(
            public_url=settings.public_url,
            path_prefix=settings.path_prefix,
            trust_forwarded=settings.trust_forwarded,
            max_body_bytes=settings.max_body_bytes,
            max_body_values=settings.max_body_values,
            page_size=settings.page_default,
            max_page_size=settings.page_max,
            query_seconds=settings.query_timeout,
        )

    async def _clean(self, store: Store, clock: Clock) -> None:
        """Once an hour, by whoever is first: remove what has been kept long enough."""
        settings = self._settings
        leases = Leases(store, clock, self._worker, RETENTION_SECONDS)
        kept = retention.Retention(delivered=settings.retention_days_deliveries, events=settings.retention_days_events)
        while True:
            try:
                if await leases.take("retention") is not None:
                    log.info("removed what was old", **await retention.remove_old(store, clock, kept))
            except (SomError, PyMongoError) as error:
                log.warning("could not remove what was old, trying again in an hour", error=str(error)[:200])
            await asyncio.sleep(RETENTION_SECONDS)

    async def _until_stopped(self, http: HttpServer, roles: "list[_Role]") -> None:
        """Serve until told to stop; then take no more requests, finish or hand back work, and end."""
        self._serving = True
        tasks = [(role, asyncio.create_task(role.work, name=role.name)) for role in roles]
        web = asyncio.create_task(http.serve_until_stopped(), name="web")
        stopping = asyncio.create_task(self._stop.wait())
        await asyncio.wait([stopping, web, *(task for _, task in tasks)], return_when=asyncio.FIRST_COMPLETED)
        if not self._stop.is_set():
            log.error("a part of the server ended by itself")
        self._told_to_stop()
        http.should_exit = True
        asked = [web, *(_asked_to_stop(role, task) for role, task in tasks)]
        _, pending = await asyncio.wait(asked, timeout=PARTS_SECONDS)
        for task in pending:
            log.warning("did not stop in time", part=task.get_name())
        await end([web, stopping, *(task for _, task in tasks)])
        for _, task in tasks:
            if not task.cancelled() and (failure := task.exception()) is not None:
                log.error("a part of the server failed", exc_info=failure)


async def _beat(presence: Presence) -> None:
    """Say again and again that reports of fulfillers are taken here."""
    while True:
        await asyncio.sleep(BEAT_SECONDS)
        try:
            await presence.beat()
        except SomError as error:
            log.warning("could not give a sign of life", error=str(error)[:200])


@dataclass(frozen=True, slots=True)
class _Role:
    """Something that runs as long as the server does; without `stop` it is ended by cancelling it."""

    name: str
    work: Coroutine[Any, Any, None]
    stop: Callable[[], None] | None = None


def _asked_to_stop(role: _Role, task: asyncio.Task[None]) -> asyncio.Task[None]:
    if role.stop is None:
        task.cancel()
    else:
        role.stop()
    return task


def _listen(host: str, port: int) -> socket.socket:
    """Listen on the address; done first, so that a node lives once at a time.

    Raises:
        AddressTaken: somebody else listens there, or the address is not this machine's.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, kind, protocol, _, address = found[0]
        listening = socket.socket(family, kind, protocol)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        listening.listen(2048)
        listening.setblocking(False)
    except OSError as error:
        raise AddressTaken(
            f"Cannot listen on {host}:{port}: {error.strerror}. Choose another address with --host and --port, "
            "or stop what listens there."
        ) from error
    return listening


def ip_is_loopback(host: str) -> bool:
    """Whether a server on this address can be reached from this machine only."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
