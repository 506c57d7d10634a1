"""Several things at a time, and a single one without ado."""

import asyncio
from collections.abc import Coroutine, Iterable
from typing import Any, TypeVar

T = TypeVar("T")


async def together(works: Iterable[Coroutine[Any, Any, T]]) -> list[T]:
    """What the works come to, in their order; one alone is done here, for a task of its own would cost more than it.

    Raises:
        Exception: what the first work that failed has raised; the others go on.
    """
    begun = list(works)
    if len(begun) == 1:
        return [await begun[0]]
    return await asyncio.gather(*begun) if begun else []
