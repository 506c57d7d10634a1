"""One HTTP request to a fulfiller, and what came of it: an answer read to its end, or an outcome."""

import ssl
from collections.abc import Mapping

import aiohttp

from adapters.ports import Refused, Unreachable
from adapters.rest_answers import Answer

MAX_ANSWER = 1_000_000
_CONNECT_SHARE = 0.8  # of a call's time; so a connection that never came is told from an answer that never came


async def exchange(  # noqa: PLR0913, PLR0917 - what a request is made of
    session: aiohttp.ClientSession,
    method: str,
    address: str,
    headers: Mapping[str, str],
    seconds: float,
    body: bytes | None = None,
    trust: ssl.SSLContext | None = None,
    who: str = "fulfiller",
) -> Answer | Unreachable | Refused:
    """One request and its answer, read up to `MAX_ANSWER` bytes; redirects are not followed.

    `trust` says who may vouch for the server, where it is not those whom everybody trusts; `who` is what people call
    the server.
    """
    patience = aiohttp.ClientTimeout(total=seconds, connect=seconds * _CONNECT_SHARE)
    try:
        async with session.request(
            method, address, data=body, headers=headers, timeout=patience, allow_redirects=False, ssl=trust or True
        ) as response:
            return await _read(response)
    except aiohttp.InvalidURL:
        return Refused(f"The address of the {who} cannot be used.")
    except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
        return Unreachable(f"The {who} cannot be reached: {_plainly(error)}.", maybe_done=False, cause="connection")
    except TimeoutError:
        return Unreachable(f"The {who} did not answer within {seconds:g} seconds.", cause="timeout")
    except (aiohttp.ClientError, OSError) as error:
        return Unreachable(f"The connection to the {who} broke: {_plainly(error)}.", cause="broken")


async def _read(response: aiohttp.ClientResponse) -> Answer:
    body = bytearray()
    while len(body) <= MAX_ANSWER:
        part = await response.content.read(MAX_ANSWER + 1 - len(body))
        if not part:
            break
        body += part
    if len(body) > MAX_ANSWER:
        response.close()
    return Answer(
        status=response.status,
        content_type=response.headers.get("Content-Type", "").partition(";")[0].strip().lower(),
        body=bytes(body[:MAX_ANSWER]),
        retry_after=response.headers.get("Retry-After"),
        location=response.headers.get("Location"),
        whole=len(body) <= MAX_ANSWER,
    )


def _plainly(error: Exception) -> str:
    """What happened, for people, without addresses that may hold secrets."""
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return f"the name {error.host} is not known"
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return f"the certificate of {error.host} is not trusted ({error.certificate_error})"
    if isinstance(error, aiohttp.ClientConnectorSSLError):
        return f"no secure connection to {error.host} came about"
    if isinstance(error, aiohttp.ClientConnectorError):
        return f"{error.host}:{error.port} takes no connection ({error.os_error.strerror or error.os_error})"
    return next((words for kind, words in _BREAKS if isinstance(error, kind)), type(error).__name__)


_BREAKS: tuple[tuple[type[Exception], str], ...] = (
    (aiohttp.ConnectionTimeoutError, "no connection came about in time"),
    (aiohttp.ServerDisconnectedError, "it was closed before an answer came"),
    (aiohttp.ClientPayloadError, "the answer ended too early"),
    (aiohttp.ClientResponseError, "the answer is not HTTP"),
)
