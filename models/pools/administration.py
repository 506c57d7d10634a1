"""What an operator does with a pool: each is one turn of it, with its line in the history."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from pymongo.errors import DuplicateKeyError

from models import outbox
from models.clock import Clock
from models.domain.errors import AlreadyExists, InvalidRequest, NotFound, Unavailable
from models.domain.pools.definition import policy_faults
from models.ids import new_id
from models.pools.asks import Define
from models.pools.defining import Defining, Entry, new_pool
from models.pools.turn import POOL, Turn
from models.pools.turns import Turns
from models.resource_catalogue import ResourceCatalogue
from models.store import Store

Document = dict[str, Any]


Decide = Callable[[Document, list[Entry]], tuple[Document, list[Entry] | None]]
"""Of a pool's body and parts, what they shall be; None for the parts leaves them alone."""

Check = Callable[[Mapping[str, Any]], None]
"""Looks at the pool's document as it is when its turn comes, and raises where it is not as expected."""


def nothing(_stored: Mapping[str, Any]) -> None:
    """Expect nothing of a pool."""


class PoolAdministration:
    """Makes, changes and removes pools."""

    def __init__(
        self, store: Store, clock: Clock, turns: Turns, specifications: ResourceCatalogue | None = None
    ) -> None:
        """Use this store; changes go among the turns of this process.

        Members of pools are as these specifications say; without them nothing is asked of members.
        """
        self._specifications = specifications
        self._store = store
        self._clock = clock
        self._turns = turns

    async def create(self, tenant: str, body: Document, capacity: Sequence[Entry], who: str) -> Document:
        """Make a pool with these parts; returns its document.

        Raises:
            InvalidRequest: the body or a part cannot be meant.
            AlreadyExists: a pool has this id or name already.
        """
        key = str(body.setdefault("id", new_id()))
        document = new_pool(key, tenant, body)
        outbox.first(document, [outbox.stub("ResourcePoolCreateEvent", who=who)], self._clock.now())

        async def work(turn: Turn) -> None:
            await (await self._defining(turn, who, body)).make(_identified(capacity))

        try:
            await self._turns.ask(key, Define(work, made=document))
        except Unavailable as error:
            if isinstance(error.__cause__, DuplicateKeyError):
                raise AlreadyExists(f"There is a resource pool {body['name']!r} (or with its id) already.") from None
            raise
        return await self.stored(tenant, key)

    async def change(self, tenant: str, key: str, decide: Decide, who: str, check: Check = nothing) -> Document:
        """Let a pool be what `decide` makes of its body and its parts; None for the parts leaves them alone.

        Raises:
            NotFound: there is no such pool.
            PreconditionFailed: it is not as `check` expects.
            InvalidRequest, Conflict: it cannot be so.
        """

        async def work(turn: Turn) -> None:
            _check(turn, tenant, check)
            body, entries = decide(turn.pool["body"], await Defining(turn, who).entries())
            faults = policy_faults(body)
            if faults:
                raise InvalidRequest(faults)
            defining = await self._defining(turn, who, body)
            await defining.change(body, None if entries is None else _identified(entries))

        return await self._done(tenant, key, work)

    async def push(self, tenant: str, key: str, capacity: Sequence[Entry], who: str) -> Document:
        """Add parts to a pool, or names to its lists.

        Raises:
            NotFound, InvalidRequest, Conflict: it cannot be done.
        """

        async def work(turn: Turn) -> None:
            _check(turn, tenant, nothing)
            defining = await self._defining(turn, who, turn.pool["body"])
            await defining.push(_identified(capacity))

        return await self._done(tenant, key, work)

    async def extract(self, tenant: str, key: str, capacity: Sequence[Entry], who: str) -> Document:
        """Take parts out of a pool, or names out of its lists; what is taken stays.

        Raises:
            NotFound, InvalidRequest, Conflict: it cannot be done.
        """

        async def work(turn: Turn) -> None:
            _check(turn, tenant, nothing)
            await Defining(turn, who).extract(capacity)

        return await self._done(tenant, key, work)

    async def remove(self, tenant: str, key: str, who: str, check: Check = nothing) -> None:
        """Remove a pool of which nothing is taken.

        Raises:
            NotFound, PreconditionFailed, Conflict: it cannot be done.
        """

        async def work(turn: Turn) -> None:
            _check(turn, tenant, check)
            await Defining(turn, who).remove()

        await self._turns.ask(key, Define(work))

    async def stored(self, tenant: str, key: str) -> Document:
        """The document of a pool.

        Raises:
            NotFound: there is none.
        """
        stored = await self._store.get(POOL, key, tenant=tenant)
        if stored is None:
            raise NotFound(f"There is no resource pool with the id {key[:100]!r}.")
        return stored

    async def _defining(self, turn: Turn, who: str, body: Document) -> Defining:
        """What changes a pool to be as this body says."""
        if self._specifications is None:
            return Defining(turn, who)
        reference = body.get("resourceSpecification")
        return Defining(turn, who, await self._specifications.referred(turn.pool["tenant"], reference))

    async def _done(self, tenant: str, key: str, work: Callable[[Turn], Awaitable[None]]) -> Document:
        await self._turns.ask(key, Define(work))
        return await self.stored(tenant, key)


def _check(turn: Turn, tenant: str, check: Check) -> None:
    if turn.pool["tenant"] != tenant:
        raise NotFound(f"There is no resource pool with the id {turn.pool['_id'][:100]!r}.")
    check(turn.pool)


def _identified(capacity: Sequence[Mapping[str, Any]]) -> list[Entry]:
    """Every part with an id; where none was given, by what it is."""
    made: list[Entry] = []
    for place, entry in enumerate(capacity):
        amount = entry.get("capacityAmount") or {}
        told = entry.get("prefix") or amount.get("capacityAmountFrom") or f"part-{place + 1}"
        made.append({**entry, "id": entry.get("id") or str(told)})
    return made
