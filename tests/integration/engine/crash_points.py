"""A store that dies: the engine's n-th write is its last."""

import asyncio
from typing import Any

from models.group_commit import Write
from models.store import Store


class MortalStore(Store):
    """Takes `lives` writes; the last of them is acknowledged by the database, and its writer never hears of it.

    Writes that were under way at that moment may have taken effect too, as with a real crash.
    """

    def __init__(self, store: Store, lives: int) -> None:
        super().__init__(store.client, store.database.name)
        self.left = lives
        self.died = asyncio.Event()

    async def _submit(self, collection: str, write: Write) -> bool:
        if self.left <= 0:
            await self._silence()
        answer = await super()._submit(collection, write)
        self.left -= 1
        if self.left <= 0:
            await self._silence()
        return answer

    async def _silence(self) -> Any:
        self.died.set()
        await asyncio.Event().wait()
