"""How we call subscribers: a signed POST, a short patience, and no trust in where the callback leads."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Self

import aiohttp
import structlog
from yarl import URL

from adapters.address_guard import AddressForbidden, AddressGuard
from models.domain.delivery import Answer, Answered, Forbidden, Silent, parse_retry_after
from models.domain.signatures import sign

MAX_ANSWER_BYTES = 65_536

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class WebhookSettings:
    """How patient and how careful the caller is.

    Attributes:
        timeout: seconds for the whole call, from connecting to the last byte of the answer.
        allowed_networks: networks that may be called although they are not public.
        loopback_allowed: whether this machine itself may be called: only while the server is bound to loopback.
        version: of this server, for User-Agent.
    """

    timeout: float = 10.0
    allowed_networks: tuple[str, ...] = ()
    loopback_allowed: bool = False
    version: str = "0"


class Webhook:
    """Makes calls to subscribers; shared by all of them. Use as an asynchronous context manager."""

    def __init__(self, settings: WebhookSettings) -> None:
        """Prepare; connections are made when the context is entered."""
        self._settings = settings
        self._guard = AddressGuard(settings.allowed_networks, loopback=settings.loopback_allowed)
        self._session: aiohttp.ClientSession | None = None

    @property
    def timeout(self) -> float:
        """Seconds that a call takes at most."""
        return self._settings.timeout

    async def __aenter__(self) -> Self:
        """Open the pool of connections. Its size is bounded by each subscriber's own concurrency, not here."""
        connector = aiohttp.TCPConnector(limit=0, socket_factory=self._guard.socket, ttl_dns_cache=30)
        self._session = aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=self._settings.timeout),
            headers={"User-Agent": f"som/{self._settings.version}", "Content-Type": "application/json"},
            trust_env=False,
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close all connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def post(self, url: str, event_id: str, body: bytes, secrets: Sequence[str]) -> Answer:
        """Tell a subscriber of an event, once.

        Args:
            url: where to.
            event_id: the same on every repetition, so that the subscriber can tell one.
            body: the rendered envelope.
            secrets: the subscription's signing secrets in force.
        """
        if self._session is None:
            raise RuntimeError("The webhook is used outside of its context.")
        try:
            target = URL(url)
        except ValueError:
            return Forbidden("The callback is no valid address.")
        if target.scheme not in {"http", "https"} or not target.host:
            return Forbidden("The callback is no http or https address.")
        now = datetime.now(UTC)  # the signature's time is the wall clock's: the subscriber compares it with its own
        headers = signature_headers(secrets, event_id, int(now.timestamp()), body)
        try:
            async with self._session.post(target, data=body, headers=headers, allow_redirects=False) as response:
                await _drain(response)
                return Answered(response.status, parse_retry_after(response.headers.get("Retry-After"), now))
        except (aiohttp.ClientError, OSError) as error:
            return self._unanswered(error)

    def _unanswered(self, error: Exception) -> Answer:
        match error:
            case aiohttp.ClientConnectorError(os_error=AddressForbidden()):
                return Forbidden(AddressForbidden.reason)
            case aiohttp.InvalidURL():
                return Forbidden("The callback is no valid address.")
            case TimeoutError():
                return Silent(f"No answer within {self._settings.timeout:g} s.")
            case aiohttp.ClientConnectorError():
                return Silent(f"No connection ({type(error.os_error).__name__}).")
            case _:
                return Silent(f"The connection broke ({type(error).__name__}).")


def signature_headers(secrets: Sequence[str], event_id: str, timestamp: int, body: bytes) -> Mapping[str, str]:
    """The headers of the Standard Webhooks specification."""
    headers = {"webhook-id": event_id, "webhook-timestamp": str(timestamp)}
    if secrets:
        headers["webhook-signature"] = sign(secrets, event_id, timestamp, body)
    return headers


async def _drain(response: aiohttp.ClientResponse) -> None:
    """Read a short answer, so that the connection can serve again; give up a connection that talks for long.

    Nothing of the answer is kept: it would show whoever chose the callback what stands behind it.
    """
    seen = 0
    try:
        async for chunk in response.content.iter_any():
            seen += len(chunk)
            if seen > MAX_ANSWER_BYTES:
                break
        else:
            return
    except (aiohttp.ClientError, OSError):
        _log.debug("subscriber.answer_broken", status=response.status)  # the status, which is all we asked, has come
    response.close()
