"""Where a scheduler finds work: each source is looked at when there may be something, and none starves the others."""

from collections.abc import Callable
from typing import Any

from scheduler.capacity import Capacity
from scheduler.claims import CLAIMED, Claims, queued_calls
from scheduler.gates import Gates

Document = dict[str, Any]
Take = Callable[[str, Document, str | None], None]
"""Told of what was claimed: its collection, the document, and the gate that it was called in for."""

CLAIM_LIMIT = 50
_QUEUES = "queues"
_IN_TURN = ("plan", _QUEUES, "serviceOrder", "processFlow")


class Sources:
    """Claims what is due, as much as there is room for.

    A source is left alone from the moment on that a look at it finds less than asked for, until somebody says that
    there may be more: nothing is left then, or another scheduler was quicker.
    """

    def __init__(self, claims: Claims, capacity: Capacity, gates: Gates) -> None:
        """Claim with these, in the bounds of the capacity; plans that wait for a gate when it has room."""
        self._claims = claims
        self._capacity = capacity
        self._gates = gates
        self._promising: set[str] = set()
        self._turns = 0

    def look_at(self, source: str) -> None:
        """There may be something in a collection."""
        self._promising.add(source)

    def look_everywhere(self) -> None:
        """There may be something anywhere."""
        self._promising.update(CLAIMED, (_QUEUES,))

    def look_at_queues(self) -> None:
        """A gate has room, for which plans wait in the database."""
        self._promising.add(_QUEUES)

    async def find_queues(self) -> None:
        """Find out which gates plans wait for, whichever process has let them go.

        Raises:
            Unavailable: the database cannot be reached.
        """
        for gate in await self._claims.crowded():
            self._gates.waits_outside(gate)

    async def claim(self, take: Take) -> bool:
        """One round through all sources.

        Returns:
            Whether another round may find more.

        Raises:
            Unavailable: the database cannot be reached.
        """
        # Cancellations are passed on in a moment, and must not wait until the work they call off makes room.
        more = await self._claim_due("cancelServiceOrder", CLAIM_LIMIT, take)
        self._turns += 1
        for place in range(len(_IN_TURN)):
            source = _IN_TURN[(place + self._turns) % len(_IN_TURN)]
            room = min(self._capacity.room(), CLAIM_LIMIT) if source in self._promising else 0
            if room > 0:
                claim = self._claim_queued if source == _QUEUES else self._claim_due
                more = await claim(source, room, take) or more
        return more

    async def _claim_due(self, source: str, limit: int, take: Take) -> bool:
        if source not in self._promising:
            return False
        self._promising.discard(source)  # before the look: who comes meanwhile is not forgotten
        try:
            documents = await self._claims.due(source, limit)
        except BaseException:
            self._promising.add(source)
            raise
        for document in documents:
            take(source, document, None)
        if len(documents) == limit:
            self._promising.add(source)
        return source in self._promising

    async def _claim_queued(self, source: str, limit: int, take: Take) -> bool:
        """Call in plans that wait for a gate, as many as it has room for."""
        self._promising.discard(source)
        for gate, room in self._gates.with_room():
            if limit <= 0:
                self._promising.add(source)
                break
            self._gates.nobody_outside(gate)
            try:
                documents = await self._claims.waiting_for(gate, min(room, limit), room)
            except BaseException:
                self._gates.waits_outside(gate)
                raise
            calls = sum(queued_calls(document) for document in documents)
            self._gates.expect(gate, calls)
            for document in documents:
                take("plan", document, gate)
            limit -= len(documents)
            if calls >= room or limit <= 0:
                self._gates.waits_outside(gate)  # which has us look again if it has still room
        return source in self._promising
