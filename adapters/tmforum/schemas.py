"""Holding what is sent and what comes against our own documents of the same API.

A body of a few kilobytes takes some microseconds (jsonschema-rs); the schemas are compiled when they are needed first,
beside the event loop.
"""

import asyncio
from typing import Any

from adapters.http_session import SchemaCheck, SchemaChecks
from adapters.ports import Refused
from adapters.tmforum.order_reading import Dialect

_SHOWN = 3


class Schemas:
    """The checks of one dialect; where we have no document of it, everything passes but what is no object."""

    def __init__(self, checks: SchemaChecks | None, dialect: Dialect) -> None:
        """Compile with `checks` when needed."""
        self._checks = checks
        self._dialect = dialect
        self._compiled: dict[str, SchemaCheck] = {}

    async def wrong_to_send(self, order: Any) -> Refused | None:
        """Why an order must not be sent."""
        found = await self._violations(self._dialect.order_schema, "_Create", order)
        return Refused(f"The order that the settings make is not valid: {found}", maybe_done=False) if found else None

    async def wrong_to_change(self, change: Any) -> Refused | None:
        """Why a change of an order must not be sent."""
        found = await self._violations(self._dialect.order_schema, "_Update", change)
        return Refused(f"The change of the order is not valid: {found}", maybe_done=True) if found else None

    async def wrong_to_cancel(self, request: Any) -> Refused | None:
        """Why a cancellation must not be sent."""
        found = await self._violations(self._dialect.cancel_schema, "_Create", request)
        return Refused(f"The cancellation is not valid: {found}", maybe_done=False) if found else None

    async def wrong_order(self, order: Any) -> Refused | None:
        """Why what came cannot be taken for an order; it may have been placed and done all the same."""
        return await self._wrong(self._dialect.order_schema, self._dialect.words, order)

    async def wrong_cancellation(self, request: Any) -> Refused | None:
        """Why what came cannot be taken for a cancellation."""
        return await self._wrong(self._dialect.cancel_schema, "cancellation", request)

    async def _wrong(self, schema: str | None, words: str, body: Any) -> Refused | None:
        if not isinstance(body, dict) or not isinstance(body.get("state"), str):
            return Refused(f"What came is no {words}: it has no state.", maybe_done=True)
        found = await self._violations(schema, "", body)
        return Refused(f"The {words} that came is not valid: {found}", maybe_done=True) if found else None

    async def _violations(self, schema: str | None, suffix: str, body: Any) -> str:
        if schema is None or self._checks is None:
            return ""
        name = f"{schema}{suffix}"
        check = self._compiled.get(name)
        if check is None:
            check = self._compiled[name] = await asyncio.to_thread(self._checks, self._dialect.api, name)
        return " ".join(f"{one.pointer or '/'}: {one.message}" for one in check(body)[:_SHOWN])
