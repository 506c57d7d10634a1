"""Puts a server together and runs it until it is told to stop."""

import asyncio
import gc
import logging
import secrets
import signal
import socket
from contextlib import AsyncExitStack

import structlog
import uvloop

from adapters.database_errors import DatabaseOfANewerRelease, DatabaseProblem
from adapters.forms import JsonSchemaForms
from handlers.app import create_app
from handlers.dependencies import Dependencies, deciding
from handlers.placing import order_placing
from handlers.settings import HttpSettings
from models import migrations
from models.callback_token import CallbackKeyUnreadable
from models.clock import Clock
from models.patterns import Re2Patterns
from models.store import Store, connect
from scheduler.ending import end
from som.assembly import make_engine, make_notifier
from som.embedded import database
from som.ground import Ground
from som.http_server import HttpServer
from som.listening import AddressTaken, listen
from som.logging import set_up_logging
from som.roles import Role, asked_to_stop, beat, clean
from som.secret_keys import SecretKeyUnusable
from som.settings import Settings
from som.shared import Shared, share
from som.stopping import PARTS_SECONDS, StopClock, close_at_end, unless_told
from som.version import program_version

log = structlog.get_logger(__name__)

GC_THRESHOLDS = (10_000, 20, 20)
"""Requests and plans make many objects that are needed until the database has answered, and gone then."""


def serve(settings: Settings) -> int:
    """Run a server until SIGTERM or SIGINT.

    Returns:
        The exit code: 0 after an orderly stop, 1 when it could not start (the log says why).
    """
    gc.disable()  # until what stands for good stands: there is no garbage before, and looking for it takes its time
    set_up_logging(settings.log_format, settings.log_level)
    logging.getLogger("uvicorn.error").setLevel(logging.WARNING)
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(Server(settings).run())
    except (DatabaseProblem, AddressTaken, SecretKeyUnusable, CallbackKeyUnreadable) as problem:
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
            await self._refuse_newer(store)
            await migrations.run(store.database, clock, self._worker)
            await self._serve(Ground(self._settings, self._worker, store, clock, stack), listening)

    async def _refuse_newer(self, store: Store) -> None:
        """An older program would not see what a newer one has written in another way."""
        if unknown := await migrations.of_a_newer_release(store.database):
            name, version = self._settings.mongodb_database, program_version()
            raise DatabaseOfANewerRelease(database=name, version=version, migrations=", ".join(unknown))

    async def _serve(self, ground: Ground, listening: socket.socket) -> None:
        shared = await share(ground)
        dependencies = self._dependencies(shared)
        jobs = await self._roles(shared, dependencies)
        app = create_app(dependencies, self._http_settings())
        gc.collect()
        gc.freeze()  # what stands now stands for good: not looking at it again saves a seventh of a POST
        gc.set_threshold(*GC_THRESHOLDS)
        gc.enable()
        http = HttpServer(app, listening)
        url = f"http://{self._settings.host}:{self._settings.port}"
        log.info("serving", url=url, roles=",".join(dependencies.roles))
        await self._until_stopped(http, jobs)

    async def _roles(self, shared: Shared, dependencies: Dependencies) -> list[Role]:
        """What this process does besides answering requests."""
        ground, watcher = shared.ground, shared.watcher
        jobs = [Role("watcher", watcher.run(), watcher.stop)]
        if "api" in ground.settings.roles:
            await shared.presence.beat()  # before any deadline is looked at, so that an outage until now is known
            jobs.append(Role("presence", beat(shared.presence)))
        if "scheduler" in ground.settings.roles:
            engine = make_engine(shared, order_placing(dependencies), deciding(dependencies))
            jobs.append(Role("engine", engine.run(), engine.stop))
        if "notifier" in ground.settings.roles:
            notifier = await make_notifier(shared)
            jobs += [Role("notifier", notifier.run()), Role("retention", clean(ground))]
        return jobs

    def _dependencies(self, shared: Shared) -> Dependencies:
        ground = shared.ground
        return Dependencies(
            store=ground.store,
            clock=ground.clock,
            catalogue=shared.catalogue,
            resource_catalogue=shared.resource_catalogue,
            inventory=shared.inventory,
            fulfiller_rules=shared.kinds,
            forms=JsonSchemaForms(),
            recipes=shared.recipes,
            policies=shared.policies,
            policy_service=shared.policy_service,
            count_decision=shared.count_decision,
            tokens=shared.tokens,
            sealer=shared.sealer,
            patterns=Re2Patterns(),
            pools=shared.pools.turns,
            catalogue_check=ground.settings.catalog_check,
            registry=ground.registry,
            roles=tuple(sorted(ground.settings.roles)),
            version=program_version(),
            stopping=self._stop,
        )

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
