"""Puts a server together and runs it until it is told to stop."""

import asyncio
import gc
import logging
import secrets
import signal
import socket
from contextlib import AsyncExitStack

import structlog

from adapters import manual, pool
from adapters.allowances import Allowances
from adapters.database_errors import DatabaseProblem
from adapters.foreign_inventories import ForeignInventories
from adapters.forms import JsonSchemaForms
from adapters.http_session import Tools, open_session
from adapters.kinds import Kinds
from adapters.opa import OpenPolicyAgent
from handlers.app import create_app
from handlers.dependencies import Dependencies
from handlers.placing import order_placing
from handlers.settings import HttpSettings
from handlers.som.plan_bodies import ORDERS
from handlers.validation import schema_check
from models import migrations, task_flows
from models.callback_token import CallbackKeyUnreadable, load_tokens
from models.catalogue import Catalogue
from models.clock import Clock
from models.deciding import Deciding
from models.domain.expressions import register_patterns
from models.enabling import EnablingServices
from models.fulfillers import ensure
from models.hints import hint
from models.inventory import Inventory
from models.patterns import Re2Patterns
from models.policies import PolicyBook
from models.pools import jobs as pool_jobs
from models.pools.pools import ResourcePoolStore
from models.presence import Presence
from models.recipe_book import RecipeBook
from models.resealing import reseal
from models.resource_catalogue import ResourceCatalogue
from models.sealing import Sealer
from models.store import Store, connect
from scheduler.directory import Directory
from scheduler.ending import end
from scheduler.planner import Planner
from scheduler.watcher import Watcher
from som.assembly import make_engine, make_notifier
from som.embedded import database
from som.ground import Ground
from som.http_server import HttpServer
from som.listening import AddressTaken, listen
from som.logging import set_up_logging
from som.metrics import decision_counter
from som.opening import opening, opening_sources
from som.roles import Role, asked_to_stop, beat, clean
from som.secret_keys import SecretKeyUnusable, secret_keys
from som.settings import Settings
from som.stopping import PARTS_SECONDS, StopClock, close_at_end, unless_told
from som.version import program_version

log = structlog.get_logger(__name__)


def serve(settings: Settings) -> int:
    """Run a server until SIGTERM or SIGINT.

    Returns:
        The exit code: 0 after an orderly stop, 1 when it could not start (the log says why).
    """
    set_up_logging(settings.log_format, settings.log_level)
    logging.getLogger("uvicorn.error").setLevel(logging.WARNING)
    try:
        asyncio.run(Server(settings).run())
    except (DatabaseProblem, AddressTaken, SecretKeyUnusable, CallbackKeyUnreadable) as problem:
        log.error("cannot start", reason=str(problem))  # noqa: TRY400 - the reason is for people, the trace for nobody
        return 1
    return 0


def _allowances(settings: Settings) -> Allowances:
    """What fulfillers may use of this host."""
    return Allowances(
        commands=settings.command_dir,
        ansible_projects=settings.ansible_dir,
        ansible_runs=settings.ansible_runs_dir or settings.data_dir / "ansible",
        monitors=settings.monitor_dir,
    )


class Server:
    """One process: the roles it was given, over one database."""

    def __init__(self, settings: Settings) -> None:
        """Prepare to run with these settings."""
        self._settings = settings
        self._life = secrets.token_hex(4)
        self._stop = asyncio.Event()
        self._stop_clock = StopClock()
        self._serving = False

    @property
    def _worker(self) -> str:
        return f"{self._settings.node}/{self._life}"

    async def run(self) -> None:
        """Start everything, serve, and stop everything in reverse."""
        listening = listen(self._settings.host, self._settings.port)
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
            await self._serve(Ground(self._settings, self._worker, store, clock, stack), listening)

    async def _serve(self, ground: Ground, listening: socket.socket) -> None:
        settings, store, clock, stack = ground.settings, ground.store, ground.clock, ground.stack
        register_patterns(Re2Patterns())
        session = open_session()
        close_at_end(stack, "session", session.close)
        sealer = Sealer(secret_keys(settings))
        await reseal(store, sealer)
        callback_key = settings.callback_key.get_secret_value() if settings.callback_key else None
        tokens = await load_tokens(store, sealer, callback_key)
        base = ground.administration
        pools = ResourcePoolStore(store, clock)
        close_at_end(stack, "turns of resource pools", pools.turns.aclose)
        tools = Tools(
            session=lambda: session,
            notification_url=lambda name: f"{base}/notification/{tokens.issue_for_hub(name)}",
            schema_check=schema_check,
            order_url=lambda order: f"{settings.callback_base()}{ORDERS}/{order}",
            allowed=_allowances(settings),
            task_flows=task_flows.TaskFlowStore(store, clock),
            hint=lambda fulfiller, reference: hint(store, clock, fulfiller, [reference]),
            resource_pools=pools,
        )
        kinds = Kinds(tools)
        for own in (pool.REGISTRATION, manual.REGISTRATION):
            await ensure(store, clock, own)
        directory = Directory(store, opening(kinds, sealer))
        close_at_end(stack, "fulfillers", directory.aclose)
        recipes = RecipeBook(store)
        catalogue, inventory = Catalogue(store, Re2Patterns(), recipes), Inventory(store)
        resource_catalogue = ResourceCatalogue(store, Re2Patterns())
        policies, policy_service = PolicyBook(store), OpenPolicyAgent(session)
        planner = Planner(catalogue, inventory, clock, EnablingServices(store, clock))
        count_decision = decision_counter(ground.registry)
        watcher = Watcher(store)
        refreshed = {
            "fulfiller": directory.invalidate,
            "serviceSpecification": catalogue.invalidate,
            "resourceSpecification": resource_catalogue.invalidate,
            "recipe": recipes.invalidate,
            "policy": policies.invalidate,
        }
        watcher.on_reference.append(lambda name: refreshed[name]() if name in refreshed else None)
        watcher.on_open += refreshed.values()
        jobs = [Role("watcher", watcher.run(), watcher.stop)]
        presence = Presence(store, clock)
        if "api" in settings.roles:
            await presence.beat()  # before any deadline is looked at, so that an outage until now is known
            jobs.append(Role("presence", beat(presence)))
        dependencies = Dependencies(
            store=store,
            clock=clock,
            catalogue=catalogue,
            resource_catalogue=resource_catalogue,
            inventory=inventory,
            fulfiller_rules=kinds,
            forms=JsonSchemaForms(),
            recipes=recipes,
            policies=policies,
            policy_service=policy_service,
            count_decision=count_decision,
            tokens=tokens,
            sealer=sealer,
            patterns=Re2Patterns(),
            pools=pools.turns,
            catalogue_check=settings.catalog_check,
            registry=ground.registry,
            roles=tuple(sorted(settings.roles)),
            version=program_version(),
            stopping=self._stop,
        )
        if "scheduler" in settings.roles:
            placing = order_placing(dependencies)
            deciding = Deciding(store, clock, policies, policy_service, count_decision)
            servers = opening_sources(tools, sealer)
            engine = make_engine(
                ground,
                directory,
                tokens,
                planner,
                watcher,
                presence,
                catalogue,
                placing,
                pools,
                sealer,
                recipes,
                servers,
                deciding,
            )
            engine.periodic += pool_jobs.jobs(store, clock, pools.turns)
            jobs.append(Role("engine", engine.run(), engine.stop))
        if "notifier" in settings.roles:
            notifier = await make_notifier(ground, watcher, sealer, ForeignInventories(session))
            jobs += [Role("notifier", notifier.run()), Role("retention", clean(ground))]
        app = create_app(dependencies, self._http_settings())
        gc.collect()
        gc.freeze()  # what stands now stands for good: not looking at it again saves a seventh of a POST
        http = HttpServer(app, listening)
        log.info("serving", url=f"http://{settings.host}:{settings.port}", roles=",".join(sorted(settings.roles)))
        await self._until_stopped(http, jobs)

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

    async def _until_stopped(self, http: HttpServer, roles: list[Role]) -> None:
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
        asked = [web, *(asked_to_stop(role, task) for role, task in tasks)]
        _, pending = await asyncio.wait(asked, timeout=PARTS_SECONDS)
        for task in pending:
            log.warning("did not stop in time", part=task.get_name())
        await end([web, stopping, *(task for _, task in tasks)])
        for _, task in tasks:
            if not task.cancelled() and (failure := task.exception()) is not None:
                log.error("a part of the server failed", exc_info=failure)
