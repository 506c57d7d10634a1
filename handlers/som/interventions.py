"""Interventions: a person does something about a held task."""

from collections.abc import Mapping
from typing import Any

import orjson

from handlers.body import require_body
from handlers.dependencies import Dependencies
from handlers.errors import invalid
from handlers.exchange import Reply, Request
from handlers.som.fallout_bodies import fallout_body
from models.domain.caller import Caller
from models.domain.errors import Conflict, NotFound
from models.domain.fulfiller import FulfillerDefinition
from models.domain.interventions import Wish
from models.domain.outcomes import Refused, parse_done
from models.domain.plan import Capability, PlannedTask
from models.domain.selection import Selection
from models.ids import new_id
from models.interventions import COLLECTION, intervene
from models.reading import reading
from models.store import Store
from models.surface import Surface

Document = dict[str, Any]

_REPORT = ("output", "serviceCharacteristic", "supportingResource")
_MAX_BYTES = 1_000_000
_OF = {
    "edit": ("input", "characteristic"),
    "reassign": ("fulfiller",),
    "complete": _REPORT,
    "fail": ("undo",),
}
"""Attributes that belong to one sort of intervention."""


class FalloutInterventions:
    """Takes wishes of people and passes them on to plans."""

    def __init__(self, dependencies: Dependencies, surface: Surface) -> None:
        """Pass them on in this store."""
        self._store = dependencies.store
        self._clock = dependencies.clock
        self._surface = surface

    async def create(self, request: Request) -> Reply:
        """Take one, after everything about it has been checked that can be.

        Raises:
            NotFound: there is no such fallout.
            InvalidRequest: it says too little, or what does not fit.
            Conflict: the task is not held, is dealt with already, or this makes no sense for it.
        """
        body = require_body(request)
        task = await self._store.get(COLLECTION, request.id, tenant=request.caller.tenant)
        if task is None or "fallout" not in task:
            raise NotFound(f"There is no fallout with the id {request.id[:200]!r}.")
        wish = wish_of(body, body.get("who") or request.caller.subject)
        await check_wish(self._store, self._surface, request.caller, task, wish)
        await intervene(self._store, self._clock, task, wish)
        fresh = await self._store.get(COLLECTION, request.id, tenant=request.caller.tenant) or task
        made = {"id": wish.id, **intervention_body(wish), "fallout": fallout_body(request, fresh)}
        return Reply(202, orjson.dumps(made))


async def check_wish(store: Store, surface: Surface, caller: Caller, task: Mapping[str, Any], wish: Wish) -> None:
    """See that the values of a wish fit the service, and that its fulfiller can do the task.

    Raises:
        InvalidRequest: a value does not fit, or there is no such fulfiller.
        Conflict: it cannot do this.
    """
    given = [dict(one) for one in wish.characteristics]
    if given:
        specification = (task.get("fallout") or {}).get("specification") or ""
        await surface.check_characteristics(caller, specification, given, "/characteristic")
    if wish.fulfiller is not None:
        await check_fulfiller(store, task, wish)


def wish_of(body: Mapping[str, Any], who: str, *, key: str | None = None) -> Wish:
    """Read an intervention, as the schema of its operation lets it through; `key` is its id, a new one where left out.

    Raises:
        InvalidRequest: an attribute is missing, or belongs to another sort of intervention.
    """
    do = body["do"]
    for other, names in _OF.items():
        for name in names:
            if name in body and other != do:
                raise invalid(f"/{name}", "unexpected", f"{name} belongs to {other}, not to {do}.")
    if do == "edit" and not ("input" in body or body.get("characteristic")):
        raise invalid("", "required", "To edit, give the new input or characteristic.")
    if (body.get("force") or do in ("skip", "fail", "complete")) and not body.get("why"):
        raise invalid("/why", "required", f"Say why: {do} and whatever is forced needs a reason.")
    if len(orjson.dumps(body)) > _MAX_BYTES:
        raise invalid("", "tooLarge", f"An intervention can have at most {_MAX_BYTES} bytes.")
    return Wish(
        do=do,
        who=who,
        why=body.get("why"),
        id=key or new_id(),
        has_input="input" in body,
        input=body.get("input"),
        characteristics=tuple(body.get("characteristic") or ()),
        fulfiller=body.get("fulfiller"),
        report=_report(body) if do == "complete" else None,
        undo=bool(body.get("undo")),
        force=bool(body.get("force")),
    )


def _report(body: Mapping[str, Any]) -> Document:
    report = {name: body[name] for name in _REPORT if name in body}
    outcome = parse_done(report)
    if isinstance(outcome, Refused):
        raise invalid("", "unusableReport", outcome.reason)
    return report


async def check_fulfiller(store: Store, task: Mapping[str, Any], wish: Wish) -> None:
    """See that the one who shall do it is there, and can do it unless somebody insists.

    Raises:
        InvalidRequest: there is no such fulfiller.
        Conflict: it cannot do this.
    """
    with reading():
        one = await store.collection("fulfiller").find_one({"_id": wish.fulfiller, "tenant": task["tenant"]})
    if one is None:
        raise invalid("/fulfiller", "unknownFulfiller", f"There is no fulfiller {str(wish.fulfiller)[:100]!r}.")
    definition = FulfillerDefinition.from_document(one)
    capability = await _capability(store, task)
    if capability is None or wish.force or Selection([definition]).fits(capability):
        return
    what = f"{capability.action} of {capability.name or capability.specification}"
    raise Conflict(
        f"The fulfiller {definition.name} cannot do {what}. With force and a reason it is asked all the same."
    )


async def _capability(store: Store, task: Mapping[str, Any]) -> Capability | None:
    definition = await store.get("planDefinition", task["plan"]) or {}
    plan = await store.get("plan", task["plan"]) or {}
    for stored in (*definition.get("tasks", ()), *plan.get("added", ())):
        if stored["key"] == task["key"]:
            return PlannedTask.from_document(stored).capability
    return None


def intervention_body(wish: Wish) -> Document:
    """A wish as it is answered."""
    return {"do": wish.do, "who": wish.who, "why": wish.why, "state": "acknowledged"}
