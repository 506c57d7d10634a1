"""The HTTP side, put together."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial

from handlers.console.pages import console_paths
from handlers.dependencies import Dependencies
from handlers.documents import FILES, ApiDocument, load
from handlers.errors import error_reply
from handlers.exchange import Handler, Reply
from handlers.framework import Application, build
from handlers.front import Front
from handlers.operation import Operation
from handlers.operations import tables
from handlers.probes import Probes
from handlers.routing_errors import RoutingErrors
from handlers.settings import HttpSettings
from handlers.telemetry import HttpMetrics
from models.domain.errors import NotFound

PROBES = frozenset({"/healthz", "/readyz", "/metrics"})


def create_app(dependencies: Dependencies, settings: HttpSettings) -> Application:
    """The ASGI application with all APIs; a process without the role `api` answers probes only.

    Every operation of every document is compiled here; one without a handler stops the start.
    """
    metrics = HttpMetrics(dependencies.registry)
    loaded = {api: load(api) for api in FILES} if "api" in dependencies.roles else {}
    documents = list(loaded.values())
    handlers = tables(loaded, dependencies, settings) if loaded else {}
    operations = {
        document.base_path: _compiled(document, handlers[document.api], dependencies, settings, metrics)
        for document in documents
    }
    application = build(
        {document.base_path: document.skeleton() for document in documents}, operations, RoutingErrors(documents)
    )
    fixed = _fixed_paths(documents, dependencies)
    return Front(application, fixed, PROBES, settings, metrics)


def _compiled(
    document: ApiDocument,
    handlers: Mapping[str, Handler],
    dependencies: Dependencies,
    settings: HttpSettings,
    metrics: HttpMetrics,
) -> dict[str, Application]:
    return {
        described.id: Operation(
            document,
            described,
            handlers[described.id],
            settings,
            dependencies.identify,
            metrics.of(document.api, described.id),
        )
        for described in document.operations()
    }


def _fixed_paths(documents: list[ApiDocument], dependencies: Dependencies) -> dict[str, Callable[[], Awaitable[Reply]]]:
    probes = Probes(dependencies.store, dependencies.registry, dependencies.roles, dependencies.version)
    # The router would answer a bare base path with a redirection to the same with a slash.
    bare = {document.base_path: partial(_nothing, document.base_path) for document in documents}
    pages = console_paths() if documents else {}
    served = {f"{document.base_path}/openapi.json": _ShownDocument(document).reply for document in documents}
    return {"/healthz": probes.healthz, "/readyz": probes.readyz, "/metrics": probes.metrics, **served, **bare, **pages}


async def _nothing(path: str) -> Reply:
    return error_reply(NotFound(f"There is nothing at {path!r} itself; {path}/openapi.json tells what is below it."))


@dataclass(slots=True)
class _ShownDocument:
    """A document as clients get it, encoded when the first one asks."""

    document: ApiDocument
    encoded: bytes | None = None

    async def reply(self) -> Reply:
        if self.encoded is None:
            self.encoded = self.document.encoded()
        return Reply(200, self.encoded)
