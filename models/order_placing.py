"""Orders that the server places itself: an ordinary TMF641 order for each cause, and no second one for the same cause.

What reconciliation, releases, change requests and pipelines have in common. Such an order is checked as a client's is,
and owes the same events; from then on nothing tells it from another but what it says of its cause.
"""

import hashlib
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import orjson

from models import outbox
from models.aside import aside_if_big
from models.clock import Clock, to_text
from models.domain.caller import Caller
from models.domain.errors import AlreadyExists, InvalidRequest
from models.domain.ids import derived_id
from models.domain.server_set import refuse_server_set
from models.domain.transients import without_transients
from models.new_orders import COLLECTION, SERVER_SET, acknowledge
from models.store import Store
from models.surface import Surface

Body = dict[str, Any]
Document = dict[str, Any]

_LONGEST_ID, _LONGEST_NAME = 256, 512  # externalId, and the name of an externalReference (TMF641)


@dataclass(frozen=True, slots=True)
class Cause:
    """Why an order is placed.

    Attributes:
        kind: what kind of cause, a word such as `reconciliation`, `release`, `change`, `pipeline`; becomes the order's
            category and the type of its external reference.
        reference: which one: the service that drifted, the release and its version, the change request, the commit.
        why: what for, in words for people; becomes a note of the order.
    """

    kind: str
    reference: str
    why: str


@dataclass(frozen=True, slots=True)
class Placed:
    """The order of a key.

    Attributes:
        id: of the order.
        document: as it is stored now; its `body` is the order.
        new: whether this very call has placed it.
        same: whether it was placed with the same body; a trigger that gives its key again with another one can tell so.
    """

    id: str
    document: Document
    new: bool
    same: bool


class OrderPlacing:
    """Places orders on behalf of the server's own causes."""

    def __init__(self, store: Store, clock: Clock, surface: Surface, schema: Callable[[Body], None]) -> None:
        """Place orders in this store.

        Args:
            store: the database.
            clock: the time.
            surface: the checks against catalogue and inventory.
            schema: raises InvalidRequest for a body that does not follow the schema of a new order, and puts its dates
                into their one form.
        """
        self._store = store
        self._clock = clock
        self._surface = surface
        self._schema = schema

    async def place(self, caller: Caller, order: Mapping[str, Any], key: str, cause: Cause) -> Placed:
        """Place an order, or find the one that this key has placed; safe to repeat after a crash.

        Args:
            caller: on whose behalf, and with which tenant.
            order: a body as a client would POST it; it is not changed.
            key: names the one order that the cause makes, such as `<change request>`; unique within the tenant and the
                kind of cause.
            cause: why; the order says so in `category` and `externalId`, where it does not say otherwise, in
                `externalReference` and in a `note`.

        Raises:
            InvalidRequest: a client's POST would be refused with 400 as well.
            Unavailable: the database cannot be reached; safe to repeat.
        """
        raw = orjson.dumps(without_transients(order), option=orjson.OPT_SORT_KEYS)
        digest = hashlib.sha256(raw).hexdigest()
        identity = order_id(caller.tenant, cause.kind, key)
        try:
            document = await self._insert(caller, identity, deepcopy(dict(order)), len(raw), cause, (key, digest))
        except (AlreadyExists, InvalidRequest):
            found = await self.find(caller.tenant, cause.kind, key)
            if found is None:
                raise
            return Placed(identity, found, new=False, same=found["idem"]["hash"] == digest)
        return Placed(identity, document, new=True, same=True)

    async def find(self, tenant: str, kind: str, key: str) -> Document | None:
        """The order that a key of this kind of cause has placed; None where there is none, or it has been deleted.

        Raises:
            Unavailable: the database cannot be reached.
        """
        return await self._store.get(COLLECTION, order_id(tenant, kind, key), tenant=tenant)

    async def _insert(  # noqa: PLR0913, PLR0917 - what a new order is made of
        self, caller: Caller, identity: str, body: Body, size: int, cause: Cause, idem: tuple[str, str]
    ) -> Document:
        refuse_server_set(body, SERVER_SET)
        now = self._clock.now()
        _tell(body, cause, to_text(now))
        await aside_if_big(size, self._schema, body)
        body = {"id": identity, **body}
        body.setdefault("@type", "ServiceOrder")
        fields = await acknowledge(self._surface, caller, body, now, size)
        key, digest = idem
        document: Document = {"_id": identity, "tenant": caller.tenant, "body": body, **fields}
        document.update(idem={"key": key, "hash": digest}, cause={"kind": cause.kind, "reference": cause.reference})
        created = outbox.stub(
            "ServiceOrderCreateEvent", state=body["state"], who=caller.subject, why=f"{cause.kind}: {cause.why}"
        )
        outbox.first(document, [created], now)
        await self._store.insert(COLLECTION, document)
        return document


def order_id(tenant: str, kind: str, key: str) -> str:
    """The id of the order that a key makes; whoever comes second finds it there (the primary key keeps the promise)."""
    return derived_id("placed order", tenant, kind, key)


def _tell(body: Body, cause: Cause, at: str) -> None:
    """Have the order say what caused it."""
    body.setdefault("category", cause.kind)
    body.setdefault("externalId", cause.reference[:_LONGEST_ID])
    reference = {"externalReferenceType": cause.kind, "name": cause.reference[:_LONGEST_NAME]}
    body["externalReference"] = [*(body.get("externalReference") or ()), reference]
    note = {"author": "som", "date": at, "text": cause.why}
    body["note"] = [*(body.get("note") or ()), note]
