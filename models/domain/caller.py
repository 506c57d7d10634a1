"""Who asks."""

from dataclasses import dataclass

DEFAULT_TENANT = "default"


@dataclass(frozen=True, slots=True)
class Caller:
    """The party behind a request: every handler and every query is given one.

    Attributes:
        subject: who it is; `anonymous` while requests are not authenticated.
        roles: what it may do.
        tenant: whose data it sees; part of every key, index and cache key.
    """

    subject: str
    roles: frozenset[str]
    tenant: str


ANONYMOUS = Caller("anonymous", frozenset(), DEFAULT_TENANT)
ENGINE = Caller("som", frozenset(), DEFAULT_TENANT)
