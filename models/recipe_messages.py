"""Messages and signals on their way to the runs of recipes that await them.

An accepted message is a document before anybody is told of it. It is handed to one plan at a time: the document says so
first, then the plan's inbox gets it, and the plan says, in the write that takes it out of the inbox, whether a run has
taken it; that it still owes, like any effect, until the document says so as well. Whatever dies in between, the entry
of the inbox has a key of its own for each handing, so that it comes once, and whoever looks after messages (`sweep`)
takes up what was left. A run that begins to wait looks for messages after it has said what it awaits, a message looks
for runs after it is stored: at least one sees the other.

A signal is given to the plans that await it piece by piece; how far that has come stands with it.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from models import outbox
from models.clock import Clock
from models.domain.caller import ENGINE
from models.domain.errors import AlreadyExists, Conflict
from models.domain.lifecycles import RECIPE_MESSAGE
from models.domain.recipe_messages import SIGNAL, THROWN_IS_KEPT, addresses
from models.reading import reading
from models.store import Store

Document = dict[str, Any]

COLLECTION = "recipeMessage"

SECONDS = 1.0
"""Between two looks after what was left."""
LEFT_SECONDS = 5.0
"""After so long a message that is on its way is looked after: whoever had it may have died."""
PIECE = 200
"""Plans that a signal is given to at a time, and messages that are looked after at a time."""
HEARD_KEPT = 200
"""Entries of its inbox that a plan remembers, so that none of them comes twice."""
PASSED_KEPT = 50


class NotAwaited(Conflict):
    """No run of a recipe awaits this message.

    Give it a `timeToLive`, and it is kept for a run that will.
    """

    code = "notAwaited"


def new_message(  # noqa: PLR0913 - what a message is
    key: str,
    tenant: str,
    kind: str,
    name: str,
    until: datetime,
    *,
    correlation: str | None = None,
    data: Mapping[str, Any] | None = None,
    thrown_by: Mapping[str, str] | None = None,
) -> Document:
    """A message or signal, still without dates.

    Args:
        key: its id.
        tenant: whose runs are meant.
        kind: message or signal.
        name: what it is awaited by.
        until: when a message that nobody awaits expires.
        correlation: of a message, which of those that await this name are meant.
        data: what it carries, a JSON object.
        thrown_by: the run that has thrown it, {plan, task}.
    """
    body: Document = {"id": key, "kind": kind, "name": name, "data": dict(data or {})}
    if correlation is not None:
        body["correlation"] = correlation
    if thrown_by is not None:
        body["thrownBy"] = dict(thrown_by)
    state = "spreading" if kind == SIGNAL else "waiting"
    made = {"_id": key, "tenant": tenant, "state": state, "body": body, "until": until, "handing": 0}
    return {**made, "addresses": addresses(kind, name, correlation)} | ({"reached": 0} if kind == SIGNAL else {})


class RecipeMessages:
    """The messages and signals of all tenants."""

    def __init__(self, store: Store, clock: Clock, piece: int = PIECE) -> None:
        """Keep them in this store; `piece` of them, or of the plans that a signal is given to, at a time."""
        self._store = store
        self._clock = clock
        self._piece = piece

    async def send(self, message: Document, who: str, *, kept: bool = True) -> Document:
        """Accept a message or signal and set it on its way. Repeating it, by its id, does no harm.

        Args:
            message: of `new_message`.
            who: sends it.
            kept: whether it is accepted also where nobody awaits it now.

        Returns:
            It, as it stands now.

        Raises:
            NotAwaited: nobody awaits it, and it is not to be kept; nothing is stored.
            Unavailable: the database cannot be reached; safe to repeat.
        """
        if not kept and message["body"]["kind"] != SIGNAL and await self._awaiting(message) is None:
            raise NotAwaited
        created = outbox.stub("RecipeMessageCreateEvent", state=message["state"], who=who)
        message["look"] = self._clock.after(LEFT_SECONDS)
        try:
            await self._store.insert(COLLECTION, outbox.first(message, [created], self._clock.now()))
        except AlreadyExists:
            found = await self._store.get(COLLECTION, message["_id"], tenant=message["tenant"])
            return found if found is not None else message
        await self._go_on(message)
        return await self._store.get(COLLECTION, message["_id"]) or message

    async def throw(self, effect: Mapping[str, Any], tenant: str, plan: str) -> None:
        """Send what a run has thrown.

        Args:
            effect: {id, kind, name, correlation, data, task}, as a plan owes it.
            tenant: of the plan.
            plan: the plan's id.
        """
        until = self._clock.after(THROWN_IS_KEPT)
        by = {"plan": plan, "task": effect["task"]}
        message = new_message(
            effect["id"], tenant, effect["kind"], effect["name"], until,
            correlation=effect.get("correlation"), data=effect["data"], thrown_by=by,
        )  # fmt: skip
        await self.send(message, ENGINE.subject)

    async def settle(self, entry: Mapping[str, Any], plan: str) -> None:
        """A plan has looked at a message out of its inbox: {id, handing, taken}. Repeats change nothing.

        Raises:
            Unavailable: the database cannot be reached.
        """
        message = await self._store.get(COLLECTION, entry["id"])
        if message is None or message["state"] != "handed" or message["handing"] != entry["handing"]:
            return
        if entry["taken"]:
            await self._move(message, "taken", {}, unset=("look",))
            return
        passed = [*message.get("passed", ())[1 - PASSED_KEPT :], plan]
        back = {"passed": passed, "look": self._clock.after(LEFT_SECONDS)}
        if await self._move(message, "waiting", back, unset=("plan",)):
            await self.deliver(message["_id"])

    async def look_for(self, tenant: str, plan: str, wanted: Iterable[str]) -> None:
        """Hand a plan that begins to wait the oldest message for each of these addresses, where there is one.

        Raises:
            Unavailable: the database cannot be reached.
        """
        for address in dict.fromkeys(wanted):
            query = {"tenant": tenant, "addresses": address, "state": "waiting"}
            with reading():
                found = await self._store.collection(COLLECTION).find_one(query, sort=[("_id", 1)])
            if found is not None and not await self._hand(found, plan):
                await self.deliver(found["_id"])

    async def deliver(self, key: str) -> None:
        """Hand a message that waits to the plan that has awaited it longest, where there is one.

        Raises:
            Unavailable: the database cannot be reached.
        """
        while True:
            message = await self._store.get(COLLECTION, key)
            if message is None or message["state"] != "waiting":
                return
            plan = await self._awaiting(message)
            if plan is None:
                await self._keep(message)
                return
            if await self._hand(message, plan):
                return

    async def sweep(self) -> None:
        """Look after what was left on its way, and end what has waited long enough.

        Raises:
            Unavailable: the database cannot be reached.
        """
        query = {"look": {"$lt": self._clock.now()}}
        with reading():
            found = await self._store.collection(COLLECTION).find(query).sort("look", 1).limit(self._piece).to_list()
        for message in found:
            await self._go_on(message)

    async def _go_on(self, message: Document) -> None:
        match message["state"]:
            case "waiting":
                await self.deliver(message["_id"])
            case "handed":
                await self._into_inbox(message)
            case "spreading":
                await self._spread(message)

    async def _awaiting(self, message: Mapping[str, Any]) -> str | None:
        query = {
            "tenant": message["tenant"],
            "awaited": {"$in": message["addresses"]},
            "_id": {"$nin": message.get("passed", [])},
        }
        with reading():
            found = await self._store.collection("plan").find_one(query, {"_id": 1}, sort=[("_id", 1)])
        return None if found is None else str(found["_id"])

    async def _keep(self, message: Document) -> None:
        """Let it wait for a run, or end it when its time is over."""
        if message["until"] <= self._clock.now():
            await self._move(message, "expired", {}, unset=("look",))
        else:
            guard = {"_id": message["_id"], "rev": message["rev"]}
            await self._store.update(COLLECTION, guard, {"$set": {"look": message["until"]}})

    async def _hand(self, message: Document, plan: str) -> bool:
        """Give a message that waits to a plan; returns False where it has changed since it was read."""
        handing = message["handing"] + 1
        handed = {"plan": plan, "handing": handing, "look": self._clock.after(LEFT_SECONDS)}
        if not await self._move(message, "handed", handed):
            return False
        await self._into_inbox({**message, **handed})
        return True

    async def _into_inbox(self, message: Document) -> None:
        """Put it in the inbox of its plan, unless it is or was there; a plan that has ended gives it back."""
        plan, body = message["plan"], message["body"]
        key = f"{message['_id']}:{message['handing']}"
        entry = {"id": key, "message": message["_id"], "handing": message["handing"], **_said(body)}
        if await self._append(plan, entry):
            return
        found = await self._store.get("plan", plan)
        if found is None or (found["state"] == "done" and key not in found.get("heard", ())):
            await self.settle({"id": message["_id"], "handing": message["handing"], "taken": False}, plan)
            return
        later = {"$set": {"look": self._clock.after(LEFT_SECONDS)}}  # it has it, or has had it and is about to say so
        guard = {"_id": message["_id"], "state": "handed", "handing": message["handing"]}
        await self._store.update(COLLECTION, guard, later)

    async def _append(self, plan: str, entry: Document) -> bool:
        now = self._clock.now()
        new = {"inbox.id": {"$ne": entry["id"]}, "heard": {"$ne": entry["id"]}}
        change = {"$push": {"inbox": {"at": now, **entry}}, "$set": {"poke": now, "due": now}}
        return await self._store.update("plan", {"_id": plan, "state": {"$ne": "done"}, **new}, change)

    async def _spread(self, signal: Document) -> None:
        """Give a signal to the next piece of the plans that await it."""
        query: Document = {"tenant": signal["tenant"], "awaited": signal["addresses"][0]}
        if "after" in signal:
            query["_id"] = {"$gt": signal["after"]}
        with reading():
            found = self._store.collection("plan").find(query, {"_id": 1}).sort("_id", 1).limit(self._piece)
            plans = [one["_id"] for one in await found.to_list()]
        entry = {"id": signal["_id"], **_said(signal["body"])}
        for plan in plans:
            await self._append(plan, entry)
        reached = signal["reached"] + len(plans)
        if len(plans) < self._piece:
            await self._move(signal, "spread", {"reached": reached}, unset=("look", "after"))
            return
        guard = {"_id": signal["_id"], "rev": signal["rev"], "reached": signal["reached"]}
        further = {"after": plans[-1], "reached": reached, "look": self._clock.now()}
        await self._store.update(COLLECTION, guard, {"$set": further})

    async def _move(self, message: Document, to: str, fields: Document, unset: Sequence[str] = ()) -> bool:
        """Move it on as it was read; returns False where it has changed since."""
        state = message["state"]
        RECIPE_MESSAGE.move(state, to)
        told = outbox.stub(
            "RecipeMessageStateChangeEvent",
            state=to,
            who=ENGINE.subject,
            before={"state": state},
            after={"state": to, **({"plan": plan} if (plan := fields.get("plan", message.get("plan"))) else {})},
        )
        change = outbox.change(message, {"state": to, **fields}, [told], self._clock.now(), unset=unset)
        guard = {"_id": message["_id"], "rev": message["rev"], "state": state}
        return await self._store.update(COLLECTION, guard, change)


def _said(body: Mapping[str, Any]) -> Document:
    """What the inbox of a plan gets of a message or signal."""
    said = {"kind": body["kind"], "name": body["name"], "data": body["data"]}
    return said | {name: body[name] for name in ("correlation", "thrownBy") if name in body}
