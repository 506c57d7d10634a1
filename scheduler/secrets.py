"""The secrets that steps of recipes name: put in where a fulfiller is called, and nowhere else."""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from typing import Any, TypeVar

from adapters.ports import FulfillerCall
from models.domain.plan import PlannedTask
from models.domain.secrets import SecretMissing, put_in, referred
from models.domain.transients import wiped
from models.sealing import SecretUnreadable
from models.secrets import Secrets

T = TypeVar("T")

_KEEPING_KINDS = frozenset({"manual"})
"""People's tasks are documents that show what is to be done: they get the references."""


class StepSecrets:
    """Those of one plan."""

    def __init__(self, secrets: Secrets, tenant: str) -> None:
        """Open those of this tenant when they are needed first."""
        self._secrets = secrets
        self._tenant = tenant
        self._opened: dict[str, dict[str, str]] = {}

    async def check(self, task: PlannedTask, value: Any) -> None:
        """Open what the input of a call refers to, as it is now.

        Raises:
            SecretMissing, SecretUnreadable: it cannot be had.
            Unavailable: the database cannot be reached.
        """
        names = referred(value, task.secrets) if task.secrets else ()
        if names:
            known = self._opened.setdefault(task.target or task.key, {})
            known.update(await self._secrets.opened(self._tenant, names))

    async def take_up(self, tasks: Iterable[PlannedTask]) -> None:
        """Know the secrets of calls that a former holder of the plan has made: fulfillers may repeat them.

        Raises:
            Unavailable: the database cannot be reached.
        """
        for task in tasks:
            if task.secrets:
                with suppress(SecretMissing, SecretUnreadable):
                    await self.check(task, task.input)

    def sent(self, task: PlannedTask, call: FulfillerCall, kind: str) -> FulfillerCall:
        """A call with the secrets in the places of references to them."""
        known = self._opened.get(task.target or task.key)
        return call if not known or kind in _KEEPING_KINDS else replace(call, input=put_in(call.input, known))

    def heard(self, task: PlannedTask, told: T) -> T:
        """What a fulfiller has said, without any secret that it repeats."""
        known = self._opened.get(task.target or task.key)
        return wiped(told, known) if known else told
