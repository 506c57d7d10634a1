"""TMF641 service orders: what a client may place, change and delete."""

from collections.abc import Mapping
from typing import Any

from handlers.changes import Draft, EventNames, Revision
from handlers.dependencies import Dependencies, deciding
from handlers.errors import invalid
from handlers.order_items import RESUMABLE, check_resumption, resumed, walk
from handlers.resource import ResourceKind
from models import inbox, order_callbacks
from models.aside import aside_if_big
from models.domain.caller import Caller
from models.domain.decision_points import AMEND
from models.domain.errors import Conflict
from models.domain.lifecycles import SERVICE_ORDER
from models.domain.order_items import items_of
from models.domain.transients import put_back, without_transients
from models.ids import new_id
from models.new_orders import LOWEST_PRIORITY, SERVER_SET, acknowledge, put_aside, scheduling
from models.plan_removal import clear_plan
from models.references import first_match
from models.surface import Surface
from models.transients import opened

KIND = ResourceKind(
    name="serviceOrder",
    type="ServiceOrder",
    events=EventNames.of("ServiceOrder"),
    server_set=SERVER_SET,
    keyed=without_transients,
    immutable=frozenset(
        ["orderDate", "startDate", "completionDate", "cancellationDate", "errorMessage", "jeopardyAlert", "milestone"]
    ),
)

# RULES, life cycles: what may be changed at any time before the end.
ALWAYS_PATCHABLE = frozenset(
    [
        "description",
        "note",
        "notificationContact",
        "externalId",
        "externalReference",
        "expectedCompletionDate",
        "orderRelationship",
        "relatedParty",
    ]
)


class ServiceOrderRules:
    """The rules of service orders."""

    def __init__(self, dependencies: Dependencies, surface: Surface) -> None:
        """Check orders with this surface check."""
        self._store = dependencies.store
        self._clock = dependencies.clock
        self._surface = surface
        self._patterns = dependencies.patterns
        self._sealer = dependencies.sealer
        self._deciding = deciding(dependencies)

    async def before_create(self, caller: Caller, draft: Draft) -> None:
        """Check the surface; acknowledge order and items; ask for the scheduler's attention."""
        callback = order_callbacks.take(draft.body, draft.id, self._patterns, self._sealer)
        if callback is not None:
            draft.fields[order_callbacks.FIELD] = callback
        draft.fields.update(await acknowledge(self._surface, caller, draft.body, draft.now, draft.size))

    async def before_change(self, caller: Caller, revision: Revision) -> None:
        """Let through what may change now; turn a resumption into an intent for the engine."""
        state = revision.before["state"]
        changed = set(revision.changed())
        if order_callbacks.ATTRIBUTE in changed:
            message = "The callback of an order is given when it is placed, and cannot be changed afterwards."
            raise invalid(f"/{order_callbacks.ATTRIBUTE}", "immutable", message)
        if state in SERVICE_ORDER.final:
            if changed:
                raise Conflict(f"The order is {state}, which is its end; nothing of it can be changed any more.")
            return
        if "state" in changed and not self._resumes_undoing(revision):
            check_resumption("order", state, revision.body.get("state"), "/state")
        if state == "acknowledged" and "plan" not in revision.stored:
            await self._before_planning(caller, revision, changed)
        else:
            await self._after_planning(caller, revision, changed)

    async def before_delete(self, caller: Caller, stored: Mapping[str, Any]) -> None:
        """Keep an order that is under way, or that another resource refers to."""
        state = stored["body"]["state"]
        if state not in SERVICE_ORDER.final:
            raise Conflict(
                f"The order is {state}; only one that has reached its end can be deleted. "
                "To cancel it, create a cancelServiceOrder."
            )
        key = stored["_id"]
        other = await first_match(self._store, KIND.name, caller.tenant, {"body.orderRelationship.id": key})
        if other is not None:
            raise Conflict(f"The service order {other} refers to this one in its orderRelationship.")
        open_cancel = await first_match(
            self._store,
            "cancelServiceOrder",
            caller.tenant,
            {"order": key, "body.state": {"$in": ["acknowledged", "inProgress"]}},
        )
        if open_cancel is not None:
            raise Conflict(f"The cancelServiceOrder {open_cancel}, which refers to this order, is still open.")

    async def after_delete(self, caller: Caller, stored: Mapping[str, Any]) -> None:
        """Remove the order's plan and tasks: they say nothing without it, and its id may be used again."""
        await clear_plan(self._store, self._clock, stored["_id"], caller.subject)

    async def _before_planning(self, caller: Caller, revision: Revision, changed: set[str]) -> None:
        """Nothing has been planned: the order may become any order that could be placed."""
        if not changed:
            return
        if changed - ALWAYS_PATCHABLE:
            await self._keep_intake_out(revision)
            await self._may_amend(caller, revision, changed)
        if "serviceOrderItem" in changed:
            _acknowledge_patched_items(revision)
        put_back(revision.body, opened(self._surface.sealer, revision.stored))
        items = await aside_if_big(revision.size, items_of, revision.body)
        try:
            await self._surface.check_order(caller, items, revision.size)
        finally:
            aside = put_aside(self._surface.sealer, revision.body)
        revision.body.setdefault("priority", str(LOWEST_PRIORITY))
        revision.fields.update(scheduling(revision.body, revision.now), **aside, poke=revision.now)

    async def _may_amend(self, caller: Caller, revision: Revision, changed: set[str]) -> None:
        """Have policies decide about the change; what they have decided about the order as it was counts no more."""
        told = {
            "state": revision.before["state"],
            "changed": sorted(changed),
            "amended": without_transients(revision.body),
        }
        await self._deciding.check(AMEND, revision.stored, new_id(), {**told, "who": caller.subject})
        revision.fields["amended"] = revision.stored.get("amended", 0) + 1
        revision.unset.append("delay")

    async def _keep_intake_out(self, revision: Revision) -> None:
        """See that nobody plans the order as it was, now or until the change is written.

        Intake claims an order without a change of its revision; a plan may exist before the order says so.
        """
        stored = revision.stored
        lease, key = stored.get("lease"), stored["_id"]
        if lease is not None:
            planned = await self._store.get("plan", key) is not None
            if planned or lease["until"] > revision.now:
                raise Conflict("The order is being planned at this moment; look at it again before changing it.")
            await self._store.delete("planDefinition", {"_id": key})  # of a crashed intake, which will not come back
        revision.guard["lease"] = lease if lease is not None else {"$exists": False}

    async def _after_planning(self, caller: Caller, revision: Revision, changed: set[str]) -> None:
        unpatchable = changed - ALWAYS_PATCHABLE - {"state", "serviceOrderItem"}
        if unpatchable:
            name = min(unpatchable)
            raise Conflict(
                f"/{name}: this cannot be changed any more, because the order is {revision.before['state']}; what can "
                f"be changed is {', '.join(sorted(ALWAYS_PATCHABLE))}."
            )
        items = []
        if "serviceOrderItem" in changed:
            items = await aside_if_big(revision.size, resumed, revision.before, revision.body)
        if items:
            for resumption in items:
                if resumption.given:
                    await self._surface.check_values(caller, resumption.item, resumption.pointer, revision.size)
                    resumption.item["state"] = "inProgress"
                self._intend(revision, caller, resumption.path, resumption.given)
            self._resume_order(revision)
        elif self._resumes_undoing(revision):
            revision.body = {**revision.body, "state": revision.before["state"]}
            self._intend(revision, caller, None)
        elif self._means_the_order(revision):
            self._resume_all(revision, caller)

    @staticmethod
    def _resumes_undoing(revision: Revision) -> bool:
        """Whether the patch asks to go on with a cancellation that is stuck.

        Its tasks are held, but an item that was completed stays so until it is cancelled: only the order's errorMessage
        tells of it, and only the order can be resumed. Its state stays, for it is being cancelled.
        """
        before = revision.before
        stuck = before["state"] == "pendingCancellation" and bool(before.get("errorMessage"))
        return stuck and "state" in revision.touched and revision.body.get("state") == "inProgress"

    @staticmethod
    def _means_the_order(revision: Revision) -> bool:
        """Whether the patch sets the order's own state to inProgress.

        Also where it is that already, because another branch runs. A patch that names the items too speaks for them,
        item by item.
        """
        return (
            "state" in revision.touched
            and revision.body.get("state") == "inProgress"
            and "serviceOrderItem" not in revision.touched
        )

    def _resume_all(self, revision: Revision, caller: Caller) -> None:
        body = _with_items_resumed(revision.body)
        if body is None:
            if revision.body["state"] != revision.before["state"]:
                self._intend(revision, caller, None)
            return
        revision.body = body
        self._intend(revision, caller, None)

    def _say(self, revision: Revision, entry: dict[str, Any]) -> None:
        """Tell the plan, with the write that changes the order: neither comes without the other."""
        said = revision.fields.setdefault("said", list(revision.stored.get("said", ())))
        said.append(inbox.saying(self._clock, entry))
        key = revision.stored["_id"]
        revision.afterwards = [lambda: inbox.pass_on(self._store, self._clock, key)]

    @staticmethod
    def _resume_order(revision: Revision) -> None:
        """The roll-up: one item in progress makes a held or pending order inProgress."""
        if revision.body["state"] in RESUMABLE:
            revision.body = {**revision.body, "state": "inProgress"}

    def _intend(
        self, revision: Revision, caller: Caller, path: str | None, given: Mapping[str, Any] | None = None
    ) -> None:
        revision.why = f"{'information given' if given else 'resumed'} by {caller.subject}"
        plan = revision.stored.get("plan")
        if plan is None:
            revision.fields.update(poke=revision.now, due=revision.now)
            return
        entry = {"kind": "resume", "item": path, "who": caller.subject}
        if given:
            self._say(revision, {**entry, "kind": "information", "service": dict(given)})
            return
        revision.intents.append(lambda: inbox.append(self._store, self._clock, plan, entry))


def _acknowledge_patched_items(revision: Revision) -> None:
    """Items may be new or other ones, but their states are not the client's to set."""
    for _, pointer, item in walk(revision.body):
        if item.setdefault("state", "acknowledged") != "acknowledged":
            check_resumption("item", "acknowledged", item["state"], f"{pointer}/state")


def _with_items_resumed(body: dict[str, Any]) -> dict[str, Any] | None:
    """The body with every held or pending item in progress; None where there is none."""
    found = False

    def resumed_item(item: dict[str, Any]) -> dict[str, Any]:
        nonlocal found
        made = dict(item)
        if made.get("state") in RESUMABLE:
            made["state"], found = "inProgress", True
        if "serviceOrderItem" in made:
            made["serviceOrderItem"] = [resumed_item(inner) for inner in made["serviceOrderItem"]]
        return made

    items = [resumed_item(item) for item in body["serviceOrderItem"]]
    return {**body, "serviceOrderItem": items} if found else None
