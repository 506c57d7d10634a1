"""Who does the work: a fulfiller as it was registered."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from models.domain.breaker import BreakerRules
from models.domain.maintenance import Window, windows_of, wrong_windows
from models.domain.offers import Offer, wrong_offers
from models.domain.rate_limit import RateLimit
from models.domain.retry import DEFAULT_DELAYS, RetrySchedule
from models.domain.violations import Violation

ENABLED, DRAINING, WITHDRAWN = "enabled", "draining", "withdrawn"
ADMINISTRATIVE_STATES = (ENABLED, DRAINING, WITHDRAWN)
OWN_POOLS = "pools"
"""Id of the fulfiller that stands for the server's own resource pools."""
OWN_PEOPLE = "people"
"""Id of the fulfiller that stands for whoever does what recipes ask of people, where nobody else is registered."""
DEFAULTS: Mapping[str, Any] = {
    "administrativeState": ENABLED,
    "capability": (),
    "agreement": (),
    "maintenanceWindow": (),
    "cost": 0,
    "capacity": None,
    "timeout": 10.0,
    "retry": {"delays": DEFAULT_DELAYS},
    "deadline": 86_400.0,
    "maxConcurrent": None,
    "rateLimit": None,
    "circuitBreaker": {"failures": 5, "openSeconds": 30, "longestSeconds": 600},
    "probeInterval": 30.0,
    "honoursIdempotencyKey": True,
    "pollInterval": 30.0,
    "reads": False,
    "readInterval": 86_400.0,
    "priority": 100,
    "settings": {},
}
_NEEDED: Mapping[str, tuple[str, ...]] = {
    "bearer": ("token",),
    "basic": ("username", "password"),
    "header": ("name", "value"),
    "privateKey": ("username", "privateKey"),
}
_POSSIBLE: Mapping[str, tuple[str, ...]] = {"privateKey": ("passphrase",)}
_OF_LINES = frozenset({"privateKey"})  # what is a file elsewhere, and in no header
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
        administrative_state: enabled; draining: gets no new work; withdrawn: that, and leaves when it has none.
        capabilities: what it can do, where, and on what condition.
        parties: ids or names of those it works for; empty: for everybody.
        windows: when it is in maintenance.
        cost: of one task, in whatever unit all fulfillers share; the cheaper is preferred.
        capacity: tasks that it may have at one time, accepted ones included; None is unlimited.
        timeout: seconds for one call.
        deadline: seconds that an accepted task may stay open, where the task itself says nothing.
        max_concurrent: calls under way at one time over all processes; None is unlimited.
        rate: calls in any stretch of time, over all processes; None is unlimited.
        breaker: when it is left alone for a while.
        probe_interval: seconds between two probes, where its kind has any; 0: it is not probed.
        honours_idempotency_key: whether a repeated call takes effect once.
        poll_interval: seconds between looks at accepted work.
        reads: whether it can be asked what has become of a service.
        read_interval: seconds between two such questions about one service, where its specification says nothing.
        priority: the lower, the rather.
        settings: of its kind.
        revision: rises with every change of the registration.
    """

    id: str
    name: str
    kind: str
    endpoint: str | None = None
    administrative_state: str = ENABLED
    capabilities: tuple[Offer, ...] = ()
    parties: frozenset[str] = frozenset()
    windows: tuple[Window, ...] = ()
    cost: float = 0.0
    capacity: int | None = None
    timeout: float = 10.0
    retry: RetrySchedule = field(default_factory=RetrySchedule)
    deadline: float = 86_400.0
    max_concurrent: int | None = None
    rate: RateLimit | None = None
    breaker: BreakerRules = field(default_factory=BreakerRules)
    probe_interval: float = 30.0
    honours_idempotency_key: bool = True
    poll_interval: float = 30.0
    reads: bool = False
    read_interval: float = 86_400.0
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
            administrative_state=body["administrativeState"],
            capabilities=tuple(Offer.of(entry) for entry in body["capability"]),
            parties=frozenset(entry["party"] for entry in body["agreement"]),
            windows=windows_of(body["maintenanceWindow"]),
            cost=float(body["cost"]),
            capacity=body["capacity"],
            timeout=float(body["timeout"]),
            retry=RetrySchedule(tuple(float(delay) for delay in body["retry"].get("delays", DEFAULT_DELAYS))),
            deadline=float(body["deadline"]),
            max_concurrent=body["maxConcurrent"],
            rate=RateLimit.of(body["rateLimit"]),
            breaker=BreakerRules.of(body["circuitBreaker"]),
            probe_interval=float(body["probeInterval"]),
            honours_idempotency_key=body["honoursIdempotencyKey"],
            poll_interval=float(body["pollInterval"]),
            reads=body["reads"],
            read_interval=float(body["readInterval"]),
            priority=body["priority"],
            settings=body["settings"],
            revision=stored.get("rev", 0),
        )


def violations(body: Mapping[str, Any], credentials: Mapping[str, Any] | None) -> list[Violation]:
    """What is wrong with a registration whose types fit the schema; kinds add their own rules."""
    found = list(wrong_endpoint(body.get("endpoint")))
    found.extend(wrong_offers(body.get("capability") or ()))
    found.extend(wrong_windows(body.get("maintenanceWindow") or ()))
    breaker = BreakerRules.of(body.get("circuitBreaker") or {})
    if breaker.longest_seconds < breaker.open_seconds:
        message = "longestSeconds must not be less than openSeconds."
        found.append(Violation("/circuitBreaker/longestSeconds", "invalidValue", message))
    if credentials is not None:
        found.extend(wrong_credentials(credentials))
    return found


def wrong_endpoint(endpoint: str | None) -> Iterator[Violation]:
    """Yield what is wrong with the address of a fulfiller."""
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


def wrong_credentials(credentials: Mapping[str, Any]) -> Iterator[Violation]:
    """Yield what is wrong with credentials."""
    needed = _NEEDED.get(credentials.get("type", ""))
    if needed is None:
        yield Violation("/credentials/type", "unknownType", f"The type must be one of {', '.join(_NEEDED)}.")
        return
    for name in needed:
        if not isinstance(credentials.get(name), str):
            message = f"Credentials of the type {credentials['type']} need a {name}."
            yield Violation(f"/credentials/{name}", "missing", message)
        elif name not in _OF_LINES and any(not char.isprintable() for char in credentials[name]):
            yield Violation(f"/credentials/{name}", "invalidText", "Control characters cannot be sent in a header.")
    for name in credentials.keys() - {"type", *needed, *_POSSIBLE.get(credentials["type"], ())}:
        message = f"Credentials of the type {credentials['type']} have no {name}."
        yield Violation(f"/credentials/{name}", "unexpected", message)
    if str(credentials.get("name", "")).lower() in RESERVED_HEADERS:
        yield Violation("/credentials/name", "reservedHeader", "This header is set by the call itself.")
