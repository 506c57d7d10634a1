"""Propagations: a change of a service that others rely on, on its way to all of them.

The relay notes a propagation before it strikes the service's event off, under an id that follows from the cause: so a
change is propagated however the server dies, and several writes of one order are one propagation. The scheduler works
it off in bounded pieces; each dependent keeps the number of the last change that it was told of, so that a piece which
is done twice tells nobody twice.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from models.clock import Clock
from models.domain.ids import derived_id
from models.domain.propagation import Difference, difference
from models.domain.snapshot import RELIES_ON
from models.reading import reading
from models.store import Store

Document = dict[str, Any]

COLLECTION = "propagation"
PROBLEMS_KEPT = 100
COUNTS = ("told", "revised", "proposed", "placed", "failed")


def relying_on(tenant: str, service: str) -> Document:
    """The filter for the living services that rely on one."""
    related = {"$elemMatch": {"relationshipType": RELIES_ON, "service.id": service}}
    return {
        "tenant": tenant,
        "body.serviceRelationship.service.id": service,
        "body.serviceRelationship": related,
        "body.state": {"$ne": "terminated"},
    }


async def note(store: Store, clock: Clock, events: Sequence[Mapping[str, Any]]) -> None:
    """Note what these events of services mean for those who rely on them; safe to repeat.

    Raises:
        Unavailable: the database cannot be reached.
    """
    for event in events:
        if event["resource"]["type"] != "service":
            continue
        changed = difference(event)
        if changed is None:
            continue
        with reading():
            wanted = relying_on(event["tenant"], event["resource"]["id"])
            found = await store.collection("service").find_one(wanted, {"_id": 1})
        if found is not None:
            await _note(store, clock, event, changed)


async def _note(store: Store, clock: Clock, event: Mapping[str, Any], changed: Difference) -> None:
    """Make the propagation, or have that of the same order go on to a later change."""
    tenant, service, order = event["tenant"], event["resource"]["id"], event.get("order")
    key, now = derived_id("propagation", tenant, service, order or event["_id"]), clock.now()
    made: Document = {
        "_id": key, "tenant": tenant, "created": now, "updated": now, "rev": 1, "state": "acknowledged",
        "service": service, "seq": event["seq"], "who": event.get("who"), "why": event.get("why"), "at": event["at"],
        "order": order, "changed": _stored(changed), "cursor": "", "total": 0, **dict.fromkeys(COUNTS, 0),
        "problems": [], "due": now,
    }  # fmt: skip
    await store.insert_missing(COLLECTION, [{name: value for name, value in made.items() if value is not None}])
    known = await store.get(COLLECTION, key)
    if known is None or known["seq"] >= event["seq"]:
        return
    both = _merged(read_difference(known["changed"]), changed)
    again = {"seq": event["seq"], "at": event["at"], "changed": _stored(both), "state": "acknowledged", "cursor": "",
             "updated": now, "due": now, **dict.fromkeys(COUNTS, 0)}  # fmt: skip
    await store.update(COLLECTION, {"_id": key, "seq": {"$lt": event["seq"]}}, {"$set": again, "$inc": {"rev": 1}})


def _merged(one: Difference, other: Difference) -> Difference:
    known = None
    if one.characteristics is not None and other.characteristics is not None:
        known = one.characteristics | other.characteristics
    return Difference(one.attributes | other.attributes, known)


def _stored(changed: Difference) -> Document:
    named = None if changed.characteristics is None else sorted(changed.characteristics)
    return {"attributes": sorted(changed.attributes), "characteristics": named}


def read_difference(stored: Mapping[str, Any]) -> Difference:
    """Read what was stored of a change."""
    named = stored.get("characteristics")
    return Difference(frozenset(stored["attributes"]), None if named is None else frozenset(named))


async def due(store: Store, now: datetime, limit: int) -> list[Document]:
    """The propagations that have to go on, the oldest first.

    Raises:
        Unavailable: the database cannot be reached.
    """
    with reading():
        return await store.collection(COLLECTION).find({"due": {"$lte": now}}).sort("due", 1).limit(limit).to_list()


async def advance(store: Store, job: Mapping[str, Any], change: Mapping[str, Any], counts: Mapping[str, int]) -> bool:
    """Write down how far a propagation has come.

    Returns:
        False where somebody else has done it, or a later change has come, meanwhile.
    """
    settled = {name: value for name, value in change.items() if name not in ("due", "problems")}
    update: Document = {"$set": settled, "$inc": {"rev": 1, **counts}}
    if change.get("due") is None:
        update["$unset"] = {"due": ""}
    else:
        settled["due"] = change["due"]
    if change.get("problems"):
        update["$push"] = {"problems": {"$each": list(change["problems"]), "$slice": PROBLEMS_KEPT}}
    return await store.update(COLLECTION, {"_id": job["_id"], "rev": job["rev"]}, update)


async def place_proposed(store: Store, clock: Clock, tenant: str, key: str) -> Document | None:
    """Have the modifications placed that a propagation has proposed; it goes through its dependents once more.

    Returns:
        The propagation as it is now; None where there is none.

    Raises:
        Unavailable: the database cannot be reached.
    """
    while (job := await store.get(COLLECTION, key, tenant=tenant)) is not None and not job.get("placing"):
        now = clock.now()
        again = {"placing": True, "state": "acknowledged", "cursor": "", "due": now, "updated": now}
        change = {"$set": {**again, **dict.fromkeys(COUNTS, 0), "problems": []}, "$inc": {"rev": 1}}
        await store.update(COLLECTION, {"_id": key, "rev": job["rev"]}, change)
    return job


async def of_order(store: Store, tenant: str, order: str) -> list[Document]:
    """The propagations that an order has caused.

    Raises:
        Unavailable: the database cannot be reached.
    """
    with reading():
        return (
            await store.collection(COLLECTION).find({"tenant": tenant, "order": order}).sort("created", 1).to_list(100)
        )
