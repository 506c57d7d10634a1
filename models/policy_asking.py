"""Asking one policy: its table, or the service that it names, with what stands in where there is no answer."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from models.domain.decision_points import NoAnswer, Verdict, outcome, verdict_of
from models.domain.policies import Policy
from models.domain.secrets import SecretMissing
from models.domain.verdict_values import NotAVerdict
from models.sealing import SecretUnreadable
from models.secrets import Secrets


class Service(Protocol):
    """A service that decides by policies of its own (`adapters.ports.PolicyService`)."""

    async def ask(self, policy: Policy, question: Mapping[str, Any], token: str | None = None) -> Any:
        """The result of a policy's rule, as it came. Raises NoAnswer."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What came of asking a policy.

    Attributes:
        verdict: what is decided.
        problem: why that is its configured answer; None where it has answered.
        milliseconds: how long it took.
    """

    verdict: Verdict
    problem: str | None
    milliseconds: int

    @property
    def outcome(self) -> str:
        """A word of `decision_points.RESULTS`."""
        return outcome(self.verdict, answered=self.problem is None)


async def ask(service: Service, policy: Policy, context: Mapping[str, Any], secrets: Secrets, tenant: str) -> Asked:
    """Have a policy decide: by its table, or by the service that it names, which gets a secret of the tenant.

    Raises:
        Unavailable: the database cannot be reached.
    """
    began, problem = time.monotonic(), None
    try:
        if policy.table is not None:
            answer = policy.table.decide(context)
        else:
            answer = await service.ask(policy, context, await _token(secrets, tenant, policy.secret))
        verdict = verdict_of(answer, policy.point)
    except (NoAnswer, NotAVerdict) as failure:
        verdict, problem = policy.when_down, str(failure)
    return Asked(verdict, problem, round((time.monotonic() - began) * 1000))


async def _token(secrets: Secrets, tenant: str, name: str | None) -> str | None:
    """The value of a secret.

    Raises:
        NoAnswer: it is missing, or cannot be sent.
    """
    if name is None:
        return None
    try:
        token = (await secrets.opened(tenant, [name]))[name].strip()
    except (SecretMissing, SecretUnreadable) as error:
        raise NoAnswer(f"The policy service was not asked: {error}") from None
    if not (token and token.isascii() and token.isprintable()):
        raise NoAnswer(f"The policy service was not asked: the secret {name!r} cannot be sent as a bearer token.")
    return token
