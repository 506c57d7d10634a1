"""The port to servers of change requests: what following them asks of whoever speaks to one."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from models.domain.outcomes import Refused, Unreachable

Document = dict[str, Any]


class ChangeRequests(Protocol):
    """One server of change requests (TMF655). Nothing raises: what goes wrong is an outcome."""

    @property
    def tells(self) -> bool:
        """Whether it tells its news by itself, as far as is known."""

    async def subscribe(self) -> None:
        """Ask it to tell its news; whether it does, `tells` says."""

    async def approved(self, statuses: Sequence[str]) -> list[str] | Refused | Unreachable:
        """Return the ids of its change requests with one of these statuses."""

    async def read(self, key: str) -> Document | Refused | Unreachable | None:
        """Return one as it is; None where there is none of this id."""

    async def write(self, key: str, patch: Mapping[str, Any], once: str) -> Refused | Unreachable | None:
        """Apply a merge patch; None where that is done.

        Args:
            key: of the change request.
            patch: the same bytes whenever it is the same.
            once: an Idempotency-Key.
        """
