"""The HTTP side of one server; a test may have several on one database."""

from dataclasses import replace
from typing import Any

from prometheus_client import CollectorRegistry

from handlers.app import create_app
from handlers.dependencies import Dependencies
from handlers.settings import HttpSettings


def serve(dependencies: Dependencies, settings: HttpSettings | None = None, **changes: Any) -> Any:
    """An application with these parts, some of them changed, and metrics of its own."""
    return create_app(replace(dependencies, registry=CollectorRegistry(), **changes), settings or HttpSettings())
