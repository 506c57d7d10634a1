"""Change requests of other systems, as they are kept: noted once, moved by the table, told of in the same write.

A change request's document has an id that follows from its source and its own id there, so that it is noted once
however often, and by whomever, it is told of; its order has a key that follows from the same two.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from models import outbox
from models.clock import Clock, to_text
from models.domain.caller import ENGINE
from models.domain.errors import NotFound
from models.domain.ids import derived_id
from models.domain.lifecycles import CHANGE
from models.reading import reading
from models.store import Store

Document = dict[str, Any]

SOURCES, CHANGES = "changeSource", "change"
CAUSE = "change"
LOOKED_AT_AGAIN = ("noted", "waiting", "refused", "gone")
"""States in which news of a change request can change what becomes of it."""
UNDER_WAY = ("placed", "started")
_HUB = "change source\0"  # no id has a NUL, so that a fulfiller's hub and a source's are never taken for each other


def place_of(source: str) -> str:
    """What the credentials of a source are bound to where they are encrypted."""
    return f"{SOURCES}/{source}"


def hub_name(source: str) -> str:
    """What the token of a source's hub is issued for."""
    return f"{_HUB}{source}"


def source_of_hub(name: str) -> str | None:
    """The source that a hub's token was issued for; None where it is a fulfiller's."""
    return name.removeprefix(_HUB) if name.startswith(_HUB) else None


def change_id(tenant: str, source: str, theirs: str) -> str:
    """The id of what is kept of a change request."""
    return derived_id("change request", tenant, source, theirs)


def order_key(source: str, theirs: str) -> str:
    """The key of the one order that a change request makes."""
    return derived_id("order of a change request", source, theirs)


async def source(store: Store, tenant: str, key: str) -> Document:
    """A source as stored.

    Raises:
        NotFound: there is none.
        Unavailable: the database cannot be reached.
    """
    found = await store.get(SOURCES, key, tenant=tenant)
    if found is None:
        raise NotFound(f"There is no change source with the id {key[:100]!r}.")
    return found


async def note(store: Store, clock: Clock, tenant: str, source: str, theirs: Iterable[str]) -> None:
    """Have change requests of a source looked at that something was told of; safe to repeat.

    Raises:
        Unavailable: the database cannot be reached.
    """
    now, keys = clock.now(), {change_id(tenant, source, one): one for one in theirs}
    if not keys:
        return
    with reading():
        listed = store.collection(CHANGES).find({"_id": {"$in": list(keys)}}, {"body.state": 1})
        known = {found["_id"]: found["body"]["state"] async for found in listed}
    missing = [_new(tenant, source, theirs, key, now) for key, theirs in keys.items() if key not in known]
    await store.insert_missing(CHANGES, missing)
    for key, state in known.items():
        # The revision rises, so that whoever looks at it just now on older news looks again.
        if state in LOOKED_AT_AGAIN:
            again = {"_id": key, "body.state": {"$in": LOOKED_AT_AGAIN}}
            await store.update(CHANGES, again, {"$set": {"due": now}, "$inc": {"rev": 1}})
        elif state in UNDER_WAY:
            await store.update(CHANGES, {"_id": key, "body.state": {"$in": UNDER_WAY}}, _heard(now))


def _heard(now: datetime) -> Document:
    """Have one be read whose order is under way; what it is owed, and is not due yet, does not wait for that."""
    return {"$set": {"heard": True, "due": now}, "$inc": {"rev": 1}}


async def hear_of_all(store: Store, clock: Clock, source: Mapping[str, Any]) -> None:
    """Have those change requests of a source be read whose orders are under way: one may have been withdrawn.

    Raises:
        Unavailable: the database cannot be reached; safe to repeat.
    """
    query = {"tenant": source["tenant"], "source": source["_id"], "body.state": {"$in": UNDER_WAY}}
    with reading():
        await store.collection(CHANGES).update_many(query, _heard(clock.now()))


def _new(tenant: str, source: str, theirs: str, key: str, now: datetime) -> Document:
    body = {"id": key, "state": "noted", "changeSource": source, "changeRequest": theirs}
    document: Document = {"_id": key, "tenant": tenant, "source": source, "theirs": theirs, "body": body, "due": now}
    document["owes"] = []
    return outbox.first(document, [outbox.stub("ChangeCreateEvent", state="noted", who=ENGINE.subject)], now)


async def due(store: Store, collection: str, now: datetime, limit: int) -> list[Document]:
    """Sources or change requests that have to be looked at, the oldest first.

    Raises:
        Unavailable: the database cannot be reached.
    """
    with reading():
        return await store.collection(collection).find({"due": {"$lte": now}}).sort("due", 1).limit(limit).to_list()


async def move(  # noqa: PLR0913 - what a move consists of
    store: Store,
    clock: Clock,
    stored: Mapping[str, Any],
    to: str,
    facts: Mapping[str, Any],
    *,
    owes: Sequence[Document] = (),
    due: datetime | None = None,
    why: str | None = None,
    heard: bool | None = None,
) -> bool:
    """Have a change request enter a state, or stay in it with other facts, owing it what it is to be told.

    Args:
        store: where.
        clock: tells when.
        stored: as it was read.
        to: the state; it may be the one that it is in.
        facts: what is known of it from now on; None takes something away.
        owes: what it is to be told.
        due: when to look at it again where nothing is owed; None where nothing is to be looked for any more.
        why: for the history.
        heard: False where it has been read since it was heard of, True where it has to be; None leaves that as it is.

    Returns:
        False where somebody else has changed it meanwhile.

    Raises:
        Unavailable: the database cannot be reached.
    """
    state, now = stored["body"]["state"], clock.now()
    body = {name: value for name, value in {**stored["body"], **facts}.items() if value is not None}
    body["state"] = state if state == to else CHANGE.move(state, to)
    stubs = []
    if state != to:
        before, after = {"state": state}, {"state": to}
        stubs.append(outbox.stub("ChangeStateChangeEvent", state=to, who=ENGINE.subject, why=why, before=before,
                                 after=after, order=body.get("order")))  # fmt: skip
    fields: Document = {"body": body, "owes": [*stored.get("owes", ()), *owes]}
    at = now if fields["owes"] else due
    if at is not None:
        fields["due"] = at
    unset = [] if at is not None else ["due"]
    if heard:
        fields["heard"] = True
    elif heard is False:
        unset.append("heard")
    change = outbox.change(stored, fields, stubs, now, unset=unset)
    return await store.update(CHANGES, _guard(stored), change)


async def told(store: Store, clock: Clock, stored: Mapping[str, Any], due: datetime | None, why: str) -> bool:
    """Strike off the first of what a change request is owed; the history says why.

    Raises:
        Unavailable: the database cannot be reached.
    """
    now, (owed, *rest) = clock.now(), stored["owes"]
    body = {name: value for name, value in stored["body"].items() if name != "problemOfWriting"}
    body["told"] = [*body.get("told", ()), {"what": owed["what"], "at": to_text(now)}]
    stub = outbox.stub("ChangeToldEvent", state=body["state"], who=ENGINE.subject, why=why, order=body.get("order"))
    fields: Document = {"body": body, "owes": rest}
    at, unset = now if rest else due, ["tries"]
    if at is not None:
        fields["due"] = at
    else:
        unset.append("due")
    return await store.update(CHANGES, _guard(stored), outbox.change(stored, fields, [stub], now, unset=unset))


async def postpone(store: Store, stored: Mapping[str, Any], due: datetime, problem: str | None = None) -> None:
    """Look at a change request later; with a problem, because what it is owed cannot be told, or it cannot be read.

    Raises:
        Unavailable: the database cannot be reached.
    """
    fields: Document = {"due": due}
    change: Document = {"$set": fields}
    if problem is not None:
        fields["body.problemOfWriting"] = problem
        change["$inc"] = {"tries": 1, "rev": 1}
    await store.update(CHANGES, _guard(stored), change)


def _guard(stored: Mapping[str, Any]) -> Document:
    return {"_id": stored["_id"], "tenant": stored["tenant"], "rev": stored["rev"]}
