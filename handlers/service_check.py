"""The check of a directly recorded service against the catalogue."""

from typing import Any, Protocol


class ServiceCheck(Protocol):
    """Checks a service against its specification."""

    async def check(self, tenant: str, body: dict[str, Any]) -> None:
        """Check a service body that follows the schema.

        Raises:
            InvalidRequest: the specification is unknown, or a value does not fit it.
            Unavailable: the database cannot be reached.
        """
