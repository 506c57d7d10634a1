"""Registrations of fulfillers as stored documents: what a change of one owes the history, and how one leaves."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from models import outbox
from models.clock import Clock
from models.domain.caller import DEFAULT_TENANT, ENGINE
from models.domain.errors import AlreadyExists
from models.domain.fulfiller import OWN_PEOPLE, OWN_POOLS
from models.references import first_match
from models.store import Store

Document = dict[str, Any]

COLLECTION = "fulfiller"
OPEN_TASKS = ("running", "accepted", "retrying")
BUILT_IN = frozenset({OWN_POOLS, OWN_PEOPLE})
"""Ids of those that the server registers itself, and that stay."""
_LONG = 2_000
_UNTOLD = frozenset({"id"})


def place_of(fulfiller: str) -> str:
    """What the credentials of a fulfiller are bound to where they are encrypted."""
    return f"{COLLECTION}/{fulfiller}"


def guard(stored: Mapping[str, Any]) -> Document:
    """As it was read."""
    return {"_id": stored["_id"], "tenant": stored["tenant"], "rev": stored["rev"]}


def created(who: str) -> list[outbox.Stub]:
    """What a registration owes the history."""
    return [outbox.stub("FulfillerCreateEvent", who=who)]


def changed(stored: Mapping[str, Any], body: Mapping[str, Any], who: str, *, credentials: bool) -> list[outbox.Stub]:
    """What a change owes the history: what was, and what is.

    Args:
        stored: the registration before.
        body: the one after.
        who: changed it.
        credentials: whether they changed, too; that is all that is told of them.
    """
    old = stored["body"]
    names = [name for name in {**old, **body} if name not in _UNTOLD and old.get(name) != body.get(name)]
    before, after = ({name: _short(one.get(name)) for name in names} for one in (old, body))
    if credentials:
        before["credentials"], after["credentials"] = "replaced", "new"
    kind = "StateChange" if "administrativeState" in names else "AttributeValueChange"
    return [outbox.stub(f"Fulfiller{kind}Event", who=who, before=before, after=after)]


def _short(value: Any) -> Any:
    """A value as the history keeps it; of very long ones only that they are."""
    text = str(value)
    return value if len(text) <= _LONG else f"{text[:_LONG]}…"


async def ensure(store: Store, clock: Clock, body: Mapping[str, Any]) -> None:
    """Register a fulfiller that belongs to the server, unless it is registered.

    Raises:
        Unavailable: the database cannot be reached.
    """
    document = {"_id": body["id"], "tenant": DEFAULT_TENANT, "body": dict(body)}
    with suppress(AlreadyExists):
        await store.insert(COLLECTION, outbox.first(document, created(ENGINE.subject), clock.now()))


async def open_task(store: Store, tenant: str, fulfiller: str) -> str | None:
    """The id of a task that the fulfiller has not finished, or None.

    Raises:
        Unavailable: the database cannot be reached.
    """
    return await first_match(store, "task", tenant, {"fulfiller": fulfiller, "state": {"$in": list(OPEN_TASKS)}})


async def remove(store: Store, clock: Clock, stored: Mapping[str, Any], who: str, why: str | None = None) -> bool:
    """Take a registration out. What is left is its last event, without credentials, until that has been told.

    Returns:
        False where somebody else has changed it meanwhile.

    Raises:
        Unavailable: the database cannot be reached.
    """
    gone = [outbox.stub("FulfillerDeleteEvent", who=who, why=why)]
    change = outbox.change(stored, {"tenant": f"~{stored['tenant']}"}, gone, clock.now(), unset=["secret"])
    return await store.update(COLLECTION, guard(stored), change)
