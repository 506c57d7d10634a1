"""A turn of a pool: one transaction in which members are taken, put to use, given back, and the pool is changed."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pymongo import DeleteOne, InsertOne, UpdateMany, UpdateOne
from pymongo.asynchronous.client_session import AsyncClientSession

from models import outbox, resources
from models.clock import parse, to_text
from models.domain.pools.definition import Policy, policy_of
from models.domain.pools.parts import Part, part_of
from models.domain.pools.piece import Piece
from models.domain.pools.usage import Usage, crossings, sampled
from models.pools.pieces import Pieces
from models.pools.rooms import StoredRooms
from models.store import Store

Document = dict[str, Any]
Write = InsertOne[Any] | UpdateOne | UpdateMany | DeleteOne

POOL = "resourcePool"
PART = "poolPart"
DEMAND = "poolDemand"
THRESHOLD = "ResourcePoolThresholdCrossedEvent"


class Parts:
    """The parts of pools that this process has seen; those of a pool are forgotten when its definition changes."""

    def __init__(self) -> None:
        """Know none."""
        self._known: dict[str, tuple[int, dict[str, Part]]] = {}

    def of(self, pool: Mapping[str, Any]) -> dict[str, Part]:
        """Those known of this revision of a pool, to be added to."""
        revision, known = self._known.get(pool["_id"], (-1, {}))
        if revision != pool["rev"]:
            known = {}
            self._known[pool["_id"]] = (pool["rev"], known)
        return known


class Turn:
    """One transaction on one pool. What it finds out about asks is in their `result`; nothing is answered here.

    `made` are the members that are reserved in it, `left` the ids of those that lose their holder.
    """

    def __init__(self, store: Store, session: AsyncClientSession, pool: Document, parts: Parts, now: datetime) -> None:
        """Work on this pool, as read by raising its turn in this transaction."""
        self.store = store
        self.session = session
        self.pool = pool
        self.now = now
        self.usage = Usage.of(pool["usage"])
        self.pieces = Pieces(store, session, pool)
        self.rooms = StoredRooms(store, session, pool, spread=self.policy.placement == "spread")
        self.grown = False
        self.stubs: list[outbox.Stub] = []
        self.fields: Document = {}
        self.made: list[Document] = []
        self.left: set[str] = set()
        self.writes: dict[str, list[Write]] = {name: [] for name in (resources.COLLECTION, DEMAND, PART)}
        self._parts = parts.of(pool)
        self._returned: list[Piece] = []

    @property
    def policy(self) -> Policy:
        """How the pool is run."""
        return policy_of(self.pool["body"])

    def give_back(self, piece: Piece) -> None:
        """A piece is free again, from the moment that all that comes back in this turn is known."""
        self._returned.append(piece)
        self.grown = True

    async def put_back(self) -> None:
        """Join what was given back with what is free beside it."""
        if self._returned:
            await self.pieces.neighbours(self._returned)
            for piece in self._returned:
                self.pieces.space.give(piece)

    async def part(self, key: str) -> Part:
        """A part of the pool."""
        known = self._parts.get(key)
        if known is None:
            stored = await self.store.collection(PART).find_one(
                {"_id": f"{self.pool['_id']}:{key}"}, session=self.session
            )
            known = Part(key, ()) if stored is None else part_of(self.pool["body"]["kind"], stored["body"])
            self._parts[key] = known
        return known

    async def save(self) -> None:
        """Write what has become of the pool, its members and its line."""
        await self.pieces.save()
        await self.rooms.save()
        self.writes[resources.COLLECTION] += [InsertOne(document) for document in self.made]
        for name, writes in self.writes.items():
            if writes:  # in their order: a position is given up before it is given to somebody else
                await self.store.collection(name).bulk_write(writes, session=self.session)
        usage = self.usage.stored()
        if usage != self.pool["usage"]:
            self.fields["usage"] = usage
            self._watch()
        if self.fields or self.stubs:
            visible = "body" in self.fields or "tenant" in self.fields
            change = outbox.change(self.pool, self.fields, self.stubs, self.now, visible=visible)
            if self.fields.get("tenant", "").startswith("~"):
                change["$unset"] = {"named": ""}
            await self.store.collection(POOL).update_one({"_id": self.pool["_id"]}, change, session=self.session)

    def _watch(self) -> None:
        """Thresholds, and how full it is over time."""
        share = self.usage.share
        above = set(self.pool.get("above", ()))
        for crossed in crossings(self.policy.thresholds, above, share):
            (above.add if crossed.reached else above.discard)(crossed.name)
            fact = {"threshold": crossed.name, "level": crossed.level, "reached": crossed.reached}
            fact["utilisation"] = round(share, 4)
            told = "reached" if crossed.reached else "left"
            why = f"threshold {crossed.name} {told}: {share:.1%} of the pool are taken"
            self.stubs.append(outbox.stub(THRESHOLD, who="som", why=why, after=fact, fields=fact))
        self.fields["above"] = sorted(above)
        samples = sampled(samples_of(self.pool), self.now, share)
        if samples is not None:
            self.fields["trend"] = [{"at": to_text(at), "share": taken} for at, taken in samples]


def samples_of(pool: Mapping[str, Any]) -> list[tuple[datetime, float]]:
    """How full a pool was, as it was sampled."""
    return [(parse(one["at"]), one["share"]) for one in pool.get("trend", ())]
