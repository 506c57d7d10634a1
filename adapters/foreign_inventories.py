"""Writing instances to other inventories (TMF638 v4, TMF639 v4): made once, then changed, then removed."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlencode

import aiohttp
import orjson

from adapters.credentials import Credentials
from adapters.http_exchange import exchange
from adapters.ports import Refused, Unreachable
from adapters.rest_answers import Answer as HttpAnswer
from models.domain.delivery import Answer, Answered, Forbidden, Silent, parse_retry_after
from models.domain.sinks import RESOURCES, Sink, found_in, search

_JSON = {"Content-Type": "application/json", "Accept": "application/json"}
_MERGE = {"Content-Type": "application/merge-patch+json", "Accept": "application/json"}


class ForeignInventories:
    """Speaks to inventories through the process's session, which its opener closes."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        """Use this session."""
        self._session = session

    async def put(  # noqa: PLR0913, PLR0917 - the port's signature
        self, sink: Sink, ours: str, theirs: str | None, body: Mapping[str, Any] | None, key: str, seconds: float
    ) -> tuple[Answer, str | None]:
        """Have an inventory say what an instance is: see `models.domain.delivery.Inventories`."""
        try:
            async with asyncio.timeout(seconds):
                return await self._put(sink, ours, theirs, body, key, seconds)
        except TimeoutError:
            return Silent(f"No answer within {seconds:g} s."), theirs

    async def _put(  # noqa: PLR0913, PLR0917 - the port's signature
        self, sink: Sink, ours: str, theirs: str | None, body: Mapping[str, Any] | None, key: str, seconds: float
    ) -> tuple[Answer, str | None]:
        call = _Call(self._session, sink, seconds)
        if theirs is None:
            found = await call.find(ours)
            if isinstance(found, Answered | Silent | Forbidden):
                return found, None
            theirs = found
        if body is None:
            return (await call.remove(theirs) if theirs else Answered(204)), None
        if theirs is not None:
            answer = await call.change(theirs, body)
            return (answer, theirs) if not _is_missing(answer) else await _anew(call, ours, theirs, body, key)
        if body.get("state") == "terminated":
            return Answered(204), None  # it ended before it was ever told of there
        return await call.make(body, key)


async def _anew(call: "_Call", ours: str, theirs: str, body: Mapping[str, Any], key: str) -> tuple[Answer, str | None]:
    """Make an instance again that was removed there, unless a crash made us forget that it was."""
    found = await call.find(ours)
    if isinstance(found, Answered | Silent | Forbidden):
        return found, None
    if found is not None and found != theirs:
        return await call.change(found, body), found
    return await call.make(body, key)


class _Call:
    """The requests of one delivery."""

    def __init__(self, session: aiohttp.ClientSession, sink: Sink, seconds: float) -> None:
        self._session = session
        self._kind = sink.kind
        self._path = f"{sink.address.rstrip('/')}/{RESOURCES[sink.kind]}"
        self._headers = Credentials(sink.credentials).headers()
        self._seconds = seconds

    async def find(self, ours: str) -> str | Answer | None:
        """The id that our instance has there; None where it is not there; an answer where that cannot be told."""
        answer = await self._ask("GET", f"{self._path}?{urlencode(search(self._kind, ours))}", _JSON)
        if not isinstance(answer, HttpAnswer):
            return answer
        if answer.status != 200:
            return _answered(answer)
        return found_in(self._kind, _json(answer), ours)

    async def make(self, body: Mapping[str, Any], key: str) -> tuple[Answer, str | None]:
        """Make it there; the key keeps a repetition from making it twice."""
        answer = await self._ask("POST", self._path, {**_JSON, "Idempotency-Key": key}, orjson.dumps(body))
        if not isinstance(answer, HttpAnswer):
            return answer, None
        made = _json(answer)
        theirs = made.get("id") if isinstance(made, Mapping) else None
        return _answered(answer), theirs if isinstance(theirs, str) else None

    async def change(self, theirs: str, body: Mapping[str, Any]) -> Answer:
        """Change it to what it is now."""
        answer = await self._ask("PATCH", f"{self._path}/{quote(theirs, safe='')}", _MERGE, orjson.dumps(body))
        return _answered(answer) if isinstance(answer, HttpAnswer) else answer

    async def remove(self, theirs: str) -> Answer:
        """Remove it; one that is not there is removed."""
        answer = await self._ask("DELETE", f"{self._path}/{quote(theirs, safe='')}", _JSON)
        if not isinstance(answer, HttpAnswer):
            return answer
        return Answered(204) if answer.status == 404 else _answered(answer)

    async def _ask(
        self, method: str, address: str, headers: Mapping[str, str], body: bytes | None = None
    ) -> HttpAnswer | Answer:
        answer = await exchange(self._session, method, address, {**headers, **self._headers}, self._seconds, body)
        match answer:
            case Unreachable(reason):
                return Silent(reason.replace("The fulfiller", "The inventory"))
            case Refused(reason):
                return Forbidden(reason.replace("The fulfiller", "The inventory"))
        return answer


def _answered(answer: HttpAnswer) -> Answered:
    return Answered(answer.status, parse_retry_after(answer.retry_after, datetime.now(UTC)))


def _is_missing(answer: Answer) -> bool:
    return isinstance(answer, Answered) and answer.status == 404


def _json(answer: HttpAnswer) -> Any:
    try:
        return orjson.loads(answer.body) if answer.whole else None
    except orjson.JSONDecodeError:
        return None
