"""What we take of connexion, and nothing of what it would do for every request.

connexion loads the documents, routes by operationId, secures, and catches errors; validation and parameter handling are
compiled once per operation instead (`handlers.operation`), which takes a twentieth of the time.
"""

import warnings

with warnings.catch_warnings():
    # connexion imports Starlette's test client, which advises its users on another HTTP client.
    warnings.filterwarnings("ignore", message="Using `httpx` with `starlette.testclient`")
    from connexion import AsyncApp
    from connexion.apps.asynchronous import AsyncApi, AsyncASGIApp
    from connexion.lifecycle import ConnexionRequest, ConnexionResponse
    from connexion.middleware.exceptions import ExceptionMiddleware
    from connexion.middleware.lifespan import LifespanMiddleware
    from connexion.middleware.routing import RoutingMiddleware
    from connexion.middleware.security import SecurityMiddleware
    from connexion.middleware.server_error import ServerErrorMiddleware
    from connexion.operations import AbstractOperation
    from connexion.resolver import Resolver
    from starlette.exceptions import HTTPException

MIDDLEWARES = [
    ServerErrorMiddleware,
    ExceptionMiddleware,
    RoutingMiddleware,
    SecurityMiddleware,
    LifespanMiddleware,
]

__all__ = [
    "MIDDLEWARES",
    "AbstractOperation",
    "AsyncASGIApp",
    "AsyncApi",
    "AsyncApp",
    "ConnexionRequest",
    "ConnexionResponse",
    "HTTPException",
    "Resolver",
]
