"""The surface check: what can be said of an order before it is accepted."""

from typing import Any, Protocol


class SurfaceCheck(Protocol):
    """Checks an order against the catalogue and the inventory."""

    async def check(self, tenant: str, body: dict[str, Any]) -> None:
        """Check an order body that follows the schema.

        Raises:
            InvalidRequest: naming everything that is wrong, by JSON pointer.
            Unavailable: the database cannot be reached.
        """
