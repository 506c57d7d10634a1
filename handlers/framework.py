"""What we take of connexion, and nothing of what it would do for every request.

connexion reads the documents, routes by operationId, secures, and catches errors; validation and parameter handling are
compiled once per operation instead (`handlers.operation`), which takes a twentieth of the time.
"""

import warnings
from collections.abc import Callable, Mapping
from typing import Any

from handlers.exchange import Receive, Scope, Send

with warnings.catch_warnings():
    # What connexion imports is deprecated here and there; that is for its authors, not for our operators.
    warnings.simplefilter("ignore")
    from connexion.apps.asynchronous import AsyncApi, AsyncASGIApp
    from connexion.lifecycle import ConnexionRequest, ConnexionResponse
    from connexion.middleware import ConnexionMiddleware
    from connexion.middleware.exceptions import ExceptionMiddleware
    from connexion.middleware.lifespan import LifespanMiddleware
    from connexion.middleware.routing import RoutingMiddleware
    from connexion.middleware.security import SecurityMiddleware
    from connexion.middleware.server_error import ServerErrorMiddleware
    from connexion.resolver import Resolver
    from starlette.exceptions import HTTPException

Application = Callable[[Scope, Receive, Send], Any]
ErrorHandler = Callable[[ConnexionRequest, Exception], Any]

# Without request and response validation, whose work our operations do, and without the context that nobody reads.
_MIDDLEWARES = [
    ServerErrorMiddleware,
    ExceptionMiddleware,
    RoutingMiddleware,
    SecurityMiddleware,
    LifespanMiddleware,
]

__all__ = ["Application", "ConnexionRequest", "ConnexionResponse", "HTTPException", "build"]


class _CompiledApi(AsyncApi):  # type: ignore[misc]
    """An API whose resolver answers operations that are ASGI applications already."""

    def make_operation(self, operation: Any) -> Any:
        """Take what the resolver found as it is."""
        return operation.function


class _CompiledApp(AsyncASGIApp):  # type: ignore[misc]
    api_cls = _CompiledApi


def build(
    documents: Mapping[str, Mapping[str, Any]],
    operations: Mapping[str, Mapping[str, Application]],
    on_error: ErrorHandler,
) -> Application:
    """An ASGI application for these documents.

    Args:
        documents: by base path.
        operations: by base path and operationId; each operation of the documents must have one.
        on_error: answers every error that an operation did not, first of all unknown paths and methods.
    """
    app = ConnexionMiddleware(_CompiledApp(), import_name=__name__, middlewares=list(_MIDDLEWARES))
    for base_path, document in documents.items():
        table = operations[base_path]
        app.add_api(dict(document), base_path=base_path, name=base_path, resolver=Resolver(table.__getitem__))
    for kind in (HTTPException, Exception):
        app.add_error_handler(kind, on_error)
    application: Application = app
    return application
