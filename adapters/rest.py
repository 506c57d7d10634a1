"""The kind `rest`: fulfillers that are called over HTTP, as api_specs/fulfiller/v1.yaml writes."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, ClassVar, Self
from urllib.parse import urljoin, urlsplit

import aiohttp
import orjson

from adapters.credentials import Credentials
from adapters.http_exchange import exchange
from adapters.http_session import Tools
from adapters.ports import Accepted, Done, FulfillerCall, Outcome, Probe, Progress, Refused, Unreachable
from adapters.rest_answers import Answer, read_engagement, read_poll
from models.domain.fulfiller import RESERVED_HEADERS, FulfillerDefinition, wrong_endpoint
from models.domain.violations import Violation


class RestFulfiller:
    """One registered REST fulfiller."""

    kind: ClassVar[str] = "rest"

    def __init__(
        self, definition: FulfillerDefinition, credentials: Credentials, session: aiohttp.ClientSession
    ) -> None:
        """Call this fulfiller through the process's session, which its opener closes."""
        self._definition = definition
        self._endpoint = definition.endpoint or ""
        self._session = session
        self._headers = {
            **definition.settings.get("headers", {}),
            **credentials.headers(),
            "Accept": "application/json",
        }
        if not definition.honours_idempotency_key:
            # An idle connection that the other side has just closed looks like a lost answer, which must not be
            # repeated here: so each call has a connection of its own.
            self._headers["Connection"] = "close"

    @classmethod
    def check(cls, definition: FulfillerDefinition) -> list[Violation]:
        """What this kind asks of a registration beyond the rules for all."""
        found = []
        if not definition.endpoint:
            found.append(Violation("/endpoint", "missing", "A fulfiller of the kind rest needs an endpoint."))
        found.extend(_wrong_hosts(definition.settings.get("allowPollHosts", [])))
        found.extend(wrong_headers(definition.settings.get("headers", {})))
        found.extend(_wrong_health_url(definition.settings.get("healthUrl")))
        return found

    @classmethod
    def create(cls, definition: FulfillerDefinition, credentials: Credentials, tools: Tools) -> Self:
        """Make one for this registration."""
        return cls(definition, credentials, tools.session())

    async def engage(self, call: FulfillerCall) -> Outcome:
        """POST the task to the endpoint."""
        headers = {**self._headers, "Content-Type": "application/json", "Idempotency-Key": call.idempotency_key}
        answer = await exchange(self._session, "POST", self._endpoint, headers, call.timeout, request_body(call))
        if isinstance(answer, Unreachable | Refused):
            return answer
        outcome = read_engagement(answer, datetime.now(UTC))
        if not isinstance(outcome, Accepted) or outcome.poll_url is None:
            return outcome
        return self._resolved(outcome, outcome.poll_url)

    async def read(self, call: FulfillerCall) -> Outcome:
        """POST the question to the endpoint: operation `read`."""
        headers = {**self._headers, "Content-Type": "application/json", "Idempotency-Key": call.idempotency_key}
        answer = await exchange(self._session, "POST", self._endpoint, headers, call.timeout, request_body(call))
        if isinstance(answer, Unreachable | Refused):
            return answer
        if answer.status in (404, 410):
            return Done(state="terminated")
        return read_engagement(answer, datetime.now(UTC))

    async def poll(self, reference: Accepted, call: FulfillerCall) -> Outcome:
        """GET the pollUrl; without one, only a callback can tell."""
        if reference.poll_url is None:
            return Progress()
        # Looked at again, for the endpoint may have been changed since, and credentials go to its host only.
        checked = self._resolved(reference, reference.poll_url)
        if isinstance(checked, Refused):
            return checked
        answer = await exchange(self._session, "GET", str(checked.poll_url), self._headers, call.timeout)
        return answer if isinstance(answer, Unreachable | Refused) else read_poll(answer, datetime.now(UTC))

    async def probe(self, seconds: float) -> Probe | None:
        """GET the healthUrl of its settings, if there is one: 2xx is up. Credentials go to the endpoint's host only."""
        address = self._definition.settings.get("healthUrl")
        if not address:
            return None
        same_host = urlsplit(address).netloc == urlsplit(self._endpoint).netloc
        answer = await exchange(self._session, "GET", address, self._headers if same_host else {}, seconds)
        if isinstance(answer, Answer):
            return Probe(None if 200 <= answer.status < 300 else f"Its healthUrl answers {answer.status}.")
        return Probe(answer.reason)

    async def aclose(self) -> None:
        """Hold nothing: the session belongs to the process."""

    def _resolved(self, accepted: Accepted, poll_url: str) -> Accepted | Refused:
        try:
            address = urljoin(self._endpoint, poll_url)
            there, here = urlsplit(address), urlsplit(self._endpoint)
            host, port_is_readable = there.hostname, there.port != 0
        except ValueError:
            return _lost_track("its pollUrl is not an address.")
        if there.scheme not in {"http", "https"} or not host or not port_is_readable or there.username is not None:
            return _lost_track("its pollUrl is not a plain http or https address.")
        if host != here.hostname and host not in self._definition.settings.get("allowPollHosts", []):
            return _lost_track(
                f"its pollUrl points at the host {host}, which is not that of its "
                "endpoint; allowPollHosts in its settings can allow it."
            )
        if here.scheme == "https" and there.scheme != "https":
            return _lost_track("its pollUrl leaves https.")
        return replace(accepted, poll_url=address)


def _lost_track(reason: str) -> Refused:
    return Refused(f"The fulfiller accepted the task, but {reason}", maybe_done=True)


def request_body(call: FulfillerCall) -> bytes:
    """The task as sent; the same call gives the same bytes, whatever the order of its attributes."""
    body: dict[str, Any] = {
        "taskId": call.task_id,
        "orderId": call.order_id,
        "processFlowId": call.process_flow_id,
        "orderItemId": call.order_item_id,
        "callbackUrl": call.callback_url,
    }
    body = {name: value for name, value in body.items() if value is not None}
    body |= {"action": call.action, "operation": call.operation, "service": call.service, "input": call.input}
    if call.kind != "fulfil":
        body |= {"kind": call.kind, "task": call.name}
    return orjson.dumps(body, option=orjson.OPT_SORT_KEYS)


def _wrong_hosts(hosts: Any) -> list[Violation]:
    if isinstance(hosts, list) and all(isinstance(host, str) for host in hosts):
        return []
    return [Violation("/settings/allowPollHosts", "invalidType", "allowPollHosts must be a list of host names.")]


def _wrong_health_url(address: Any) -> list[Violation]:
    if address is None or (isinstance(address, str) and not list(wrong_endpoint(address))):
        return []
    return [Violation("/settings/healthUrl", "invalidAddress", "healthUrl must be an absolute http or https address.")]


def wrong_headers(headers: Any) -> list[Violation]:
    """What is wrong with the setting `headers`."""
    if not isinstance(headers, Mapping) or not all(isinstance(value, str) for value in headers.values()):
        return [Violation("/settings/headers", "invalidType", "headers must be an object whose values are texts.")]
    found = []
    for name, value in headers.items():
        pointer = f"/settings/headers/{name}"
        if name.lower() in RESERVED_HEADERS:
            found.append(Violation(pointer, "reservedHeader", "This header is set by the call itself."))
        elif not name.replace("-", "").isalnum() or not name.isascii() or not value.isprintable():
            found.append(Violation(pointer, "invalidHeader", "This is no header that can be sent."))
    return found
