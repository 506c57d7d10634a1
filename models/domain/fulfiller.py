"""Who does the work: a fulfiller as it was registered."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from models.domain.retry import DEFAULT_DELAYS, RetrySchedule
from models.domain.violations import Violation

ANY = "*"
DEFAULTS: Mapping[str, Any] = {
    "enabled": True,
    "capability": (),
    "timeout": 10.0,
    "retry": {"delays": DEFAULT_DELAYS},
    "deadline": 86_400.0,
    "maxConcurrent": None,
    "honoursIdempotencyKey": True,
    "pollInterval": 30.0,
    "priority": 100,
    "settings": {},
}
_NEEDED: Mapping[str, tuple[str, ...]] = {
    "bearer": ("token",),
    "basic": ("username", "password"),
    "header": ("name", "value"),
}
# Headers that the call itself sets; a credential must not stand in for them.
RESERVED_HEADERS = frozenset(
    [
        "accept",
        "connection",
        "content-length",
        "content-type",
        "host",
        "idempotency-key",
        "transfer-encoding",
        "user-agent",
    ]
)


@dataclass(frozen=True, slots=True)
class FulfillerDefinition:
    """A registered fulfiller, without its credentials.

    Attributes:
        capabilities: pairs of specification (id, family name or `*`) and action (`*` for all).
        timeout: seconds for one call.
        deadline: seconds that an accepted task may stay open, where the task itself says nothing.
        max_concurrent: calls under way at one time over all processes; None is unlimited.
        honours_idempotency_key: whether a repeated call takes effect once.
        poll_interval: seconds between looks at accepted work.
        priority: the lower, the rather.
        settings: of its kind.
        revision: rises with every change of the registration.
    """

    id: str
    name: str
    kind: str
    endpoint: str | None = None
    enabled: bool = True
    capabilities: tuple[tuple[str, str], ...] = ()
    timeout: float = 10.0
    retry: RetrySchedule = field(default_factory=RetrySchedule)
    deadline: float = 86_400.0
    max_concurrent: int | None = None
    honours_idempotency_key: bool = True
    poll_interval: float = 30.0
    priority: int = 100
    settings: Mapping[str, Any] = field(default_factory=dict)
    revision: int = 0

    @classmethod
    def from_document(cls, stored: Mapping[str, Any]) -> "FulfillerDefinition":
        """Read the stored document; what its body leaves out has the default."""
        body = {**DEFAULTS, **{name: value for name, value in stored["body"].items() if value is not None}}
        return cls(
            id=str(stored["_id"]),
            name=body["name"],
            kind=body["kind"],
            endpoint=body.get("endpoint"),
            enabled=body["enabled"],
            capabilities=tuple((entry["specification"], entry["action"]) for entry in body["capability"]),
            timeout=float(body["timeout"]),
            retry=RetrySchedule(tuple(float(delay) for delay in body["retry"].get("delays", DEFAULT_DELAYS))),
            deadline=float(body["deadline"]),
            max_concurrent=body["maxConcurrent"],
            honours_idempotency_key=body["honoursIdempotencyKey"],
            poll_interval=float(body["pollInterval"]),
            priority=body["priority"],
            settings=body["settings"],
            revision=stored.get("rev", 0),
        )


def violations(body: Mapping[str, Any], credentials: Mapping[str, Any] | None) -> list[Violation]:
    """What is wrong with a registration whose types fit the schema; kinds add their own rules."""
    found = list(_wrong_endpoint(body.get("endpoint")))
    seen: set[tuple[str, str]] = set()
    for index, entry in enumerate(body.get("capability") or ()):
        pair = (entry["specification"], entry["action"])
        if pair in seen:
            found.append(Violation(f"/capability/{index}", "duplicate", f"{pair[1]} of {pair[0]} is listed twice."))
        seen.add(pair)
    if credentials is not None:
        found.extend(_wrong_credentials(credentials))
    return found


def _wrong_endpoint(endpoint: str | None) -> Iterator[Violation]:
    if endpoint is None:
        return
    try:
        parts = urlsplit(endpoint)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        yield Violation("/endpoint", "invalidAddress", "The endpoint must be an absolute http or https address.")
    elif parts.username is not None or parts.password is not None:
        yield Violation("/endpoint", "credentialsInAddress", "User and password belong into credentials.")
    elif parts.fragment:
        yield Violation("/endpoint", "invalidAddress", "The endpoint must not have a fragment (#...).")


def _wrong_credentials(credentials: Mapping[str, Any]) -> Iterator[Violation]:
    needed = _NEEDED.get(credentials.get("type", ""))
    if needed is None:
        yield Violation("/credentials/type", "unknownType", f"The type must be one of {', '.join(_NEEDED)}.")
        return
    for name in needed:
        if not isinstance(credentials.get(name), str):
            message = f"Credentials of the type {credentials['type']} need a {name}."
            yield Violation(f"/credentials/{name}", "missing", message)
        elif any(not char.isprintable() for char in credentials[name]):
            yield Violation(f"/credentials/{name}", "invalidText", "Control characters cannot be sent in a header.")
    for name in credentials.keys() - {"type", *needed}:
        message = f"Credentials of the type {credentials['type']} have no {name}."
        yield Violation(f"/credentials/{name}", "unexpected", message)
    if str(credentials.get("name", "")).lower() in RESERVED_HEADERS:
        yield Violation("/credentials/name", "reservedHeader", "This header is set by the call itself.")
