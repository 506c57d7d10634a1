"""Resources as the engine writes them: each change with the event that it owes, in one guarded write.

What stands beside the body is given as `fields` and `unset` (`pool`, `position`, `holder`, `claim`, `until`); `status`
follows the body. The functions make documents and updates and write nothing, so that a pool can put them into writes
and transactions of its own; `change` writes.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from models import outbox
from models.clock import Clock
from models.domain.caller import ENGINE
from models.domain.errors import Conflict
from models.domain.json_values import differences
from models.domain.resource_states import STATES, related_ids, states_of
from models.store import Store

Document = dict[str, Any]

COLLECTION = "resource"
CREATED = "ResourceCreateEvent"
CHANGED = "ResourceAttributeValueChangeEvent"
STATE_CHANGED = "ResourceStateChangeEvent"
DELETED = "ResourceDeleteEvent"

_TRIES = 8
_NOT_OF_A_TOMBSTONE = ("pool", "position", "claim", "until", "status", "related")


@dataclass(frozen=True, slots=True)
class Cause:
    """Why a resource is changed, for its event.

    Attributes:
        who: the subject that does it.
        order: the order that it is done for.
        why: in words, where it is known.
    """

    who: str = ENGINE.subject
    order: str | None = None
    why: str | None = None


@dataclass(frozen=True, slots=True)
class ResourceChange:
    """What is to become of a resource.

    Attributes:
        body: attributes of the body as they shall be; None removes one.
        fields: what to set beside the body.
        unset: what to remove beside the body.
        cause: why.
    """

    body: Mapping[str, Any] = field(default_factory=dict)
    fields: Mapping[str, Any] = field(default_factory=dict)
    unset: Sequence[str] = ()
    cause: Cause = field(default_factory=Cause)


def new(key: str, tenant: str, body: Mapping[str, Any], now: datetime, **beside: Any) -> Document:
    """The document of a new resource, to be inserted, with the event that it owes.

    Args:
        key: its id.
        tenant: whose it is.
        body: TMF639 v4; its id, and its @type where that is missing, are put in.
        now: the present moment.
        **beside: what stands beside the body; `cause`, a `Cause`, is for the event.
    """
    cause: Cause = beside.pop("cause", Cause())
    made = {"@type": "Resource", **body, "id": key}
    document = {"_id": key, "tenant": tenant, "body": made, **beside}
    document |= {name: value for name, value in beside_body(made).items() if value is not None}
    return outbox.first(document, [_stub(CREATED, made, cause)], now)


def beside_body(body: Mapping[str, Any]) -> Document:
    """What stands beside a body and follows from it: its status, and the resources that it refers to; None for none."""
    return {"status": body.get("resourceStatus"), "related": related_ids(body) or None}


def guard(stored: Mapping[str, Any]) -> Document:
    """What must still be so when a change of this document is written."""
    return {"_id": stored["_id"], "tenant": stored["tenant"], "rev": stored["rev"]}


def changed(stored: Mapping[str, Any], wanted: ResourceChange, now: datetime) -> Document:
    """The update of a resource with the event that it owes: of its states where one of them changes, else of the rest.

    What changes nothing of the body owes nothing, and leaves revision and ETag alone.

    Args:
        stored: the document as read.
        wanted: what is to become of it.
        now: the present moment.
    """
    body = stored["body"]
    before, after = differences(body, wanted.body)
    as_is = {name: value for name, value in {**body, **after}.items() if value is not None}
    stubs = []
    if after:
        name = STATE_CHANGED if any(state in after for state in STATES) else CHANGED
        stubs = [_stub(name, as_is, wanted.cause, before, after)]
    fields = {f"body.{name}": value for name, value in after.items() if value is not None}
    unset = [f"body.{name}" for name, value in after.items() if value is None]
    if after:
        beside = beside_body(as_is)
        fields |= {name: value for name, value in beside.items() if value is not None}
        unset += [name for name, value in beside.items() if value is None and name in stored]
    return outbox.change(
        stored, {**fields, **wanted.fields}, stubs, now, unset=[*unset, *wanted.unset], visible=bool(after)
    )


def removed(stored: Mapping[str, Any], now: datetime, cause: Cause) -> Document:
    """The update that leaves of a resource the event of its deletion, until that has been told."""
    gone = {"tenant": f"~{stored['tenant']}"}
    return outbox.change(stored, gone, [_stub(DELETED, stored["body"], cause)], now, unset=_NOT_OF_A_TOMBSTONE)


async def change(
    store: Store, clock: Clock, key: str, tenant: str, decide: Callable[[Document], ResourceChange | None]
) -> Document | None:
    """Change a resource, deciding again whenever somebody else was quicker.

    Args:
        store: the store.
        clock: the time.
        key: its id.
        tenant: whose it is.
        decide: what is to become of the document as it stands; None leaves it alone. It may be asked several times.

    Returns:
        The document that was decided on, as it was; None where there is none.

    Raises:
        Conflict: others change it all the time.
        Unavailable: the database cannot be reached; safe to repeat.
    """
    for _ in range(_TRIES):
        stored = await store.get(COLLECTION, key, tenant=tenant)
        wanted = None if stored is None else decide(stored)
        if stored is None or wanted is None:
            return stored
        if await store.update(COLLECTION, guard(stored), changed(stored, wanted, clock.now())):
            return stored
    raise Conflict("Others change this resource all the time.")


def _stub(
    name: str,
    body: Mapping[str, Any],
    cause: Cause,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> outbox.Stub:
    return outbox.stub(
        name,
        state=body.get("resourceStatus"),
        who=cause.who,
        why=cause.why,
        before=before,
        after=after,
        order=cause.order,
        states=states_of(body),
    )
