"""A client of one TM Forum API of one fulfiller: addresses, headers, time, and what an answer says."""

import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlencode

import aiohttp
import orjson

from adapters.credentials import Credentials
from adapters.http_exchange import exchange
from adapters.ports import Probe, Refused, Unreachable
from adapters.rest_answers import Answer, json_of, seconds, trouble_in
from models.domain.fulfiller import FulfillerDefinition
from models.domain.outcomes import InformationRequired

Document = dict[str, Any]
Trouble = Refused | Unreachable


class Budget:
    """The time that one call may take, over all the requests that it needs."""

    def __init__(self, total: float) -> None:
        """Begin now."""
        self._end = time.monotonic() + total

    @property
    def left(self) -> float:
        """Seconds that are left; 0 when it is over."""
        return max(0.0, self._end - time.monotonic())


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer that is no trouble, or one of the statuses that the asker said to bear.

    Attributes:
        status: HTTP status.
        body: the JSON; an empty object where there was none.
        location: the header Location.
        retry_after: seconds, as Retry-After says.
    """

    status: int
    body: Any
    location: str | None = None
    retry_after: float | None = None


class TmfClient:
    """Speaks to the API whose base path the endpoint names, with the registered headers and credentials."""

    def __init__(
        self, definition: FulfillerDefinition, credentials: Credentials, session: aiohttp.ClientSession
    ) -> None:
        """Use the process's session, which its opener closes."""
        self.base = (definition.endpoint or "").rstrip("/")
        self._session = session
        self._headers = {
            **definition.settings.get("headers", {}),
            **credentials.headers(),
            "Accept": "application/json",
        }

    async def get(self, path: str, budget: Budget, bears: Collection[int] = (), **query: str) -> Answered | Trouble:
        """Read. What keeps us from it has surely had no effect."""
        target = f"{path}?{urlencode(query, quote_via=quote)}" if query else path
        answer = await self._ask("GET", target, budget, {}, None, bears)
        return replace(answer, maybe_done=False) if isinstance(answer, Unreachable) else answer

    async def probe(self, path: str, seconds: float) -> Probe:
        """Whether a list can be read, of which one element will do."""
        answer = await self.get(path, Budget(seconds), limit="1", fields="id")
        return Probe(None if isinstance(answer, Answered) else answer.reason)

    async def write(  # noqa: PLR0913 - what a request is made of
        self,
        method: str,
        path: str,
        budget: Budget,
        body: Mapping[str, Any] | None = None,
        *,
        key: str | None = None,
        bears: Collection[int] = (),
    ) -> Answered | Trouble:
        """POST, PATCH or DELETE; the same body gives the same bytes."""
        headers = {} if key is None else {"Idempotency-Key": key}
        data = None
        if body is not None:
            headers["Content-Type"] = "application/json"
            data = orjson.dumps(body, option=orjson.OPT_SORT_KEYS)
        return await self._ask(method, path, budget, headers, data, bears)

    async def _ask(  # noqa: PLR0913, PLR0917 - likewise
        self,
        method: str,
        path: str,
        budget: Budget,
        headers: Mapping[str, str],
        data: bytes | None,
        bears: Collection[int],
    ) -> Answered | Trouble:
        left = budget.left
        if left <= 0:
            return Unreachable(
                "The time of the call was over before everything was asked.", maybe_done=False, cause="timeout"
            )
        address = path if path.startswith(("http://", "https://")) else f"{self.base}{path}"
        answer = await exchange(self._session, method, address, {**self._headers, **headers}, left, data)
        return answer if isinstance(answer, Refused | Unreachable) else _read(answer, bears)


def _read(answer: Answer, bears: Collection[int]) -> Answered | Trouble:
    now = datetime.now(UTC)
    patience = seconds(answer.retry_after, now)
    if answer.status in bears:
        body = json_of(answer)
        return Answered(answer.status, {} if isinstance(body, Refused) else body, answer.location, patience)
    trouble = trouble_in(answer, now)
    if isinstance(trouble, Refused | Unreachable):
        return trouble
    if trouble is not None:
        return Refused(trouble.message if isinstance(trouble, InformationRequired) else trouble.reason)
    body = json_of(answer)
    return body if isinstance(body, Refused) else Answered(answer.status, body, answer.location, patience)


def segment(name: str) -> str:
    """A name as one segment of a path."""
    return quote(name, safe="")
