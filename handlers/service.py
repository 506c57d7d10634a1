"""TMF638 services: recorded, changed and removed directly, beside what orders do with them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from handlers.changes import Draft, EventNames, Revision
from handlers.dependencies import Dependencies
from handlers.errors import invalid
from handlers.resource import ResourceKind
from models.clock import to_text
from models.domain.actual import Source
from models.domain.caller import Caller
from models.domain.desired import SIDES
from models.domain.errors import Conflict
from models.domain.lifecycles import SERVICE, SERVICE_ORDER
from models.domain.sides import recorded, shown
from models.pools.pools import ResourcePoolStore
from models.references import first_match
from models.service_events import side_stubs
from models.service_releases import ServiceReleases
from models.surface import Surface

KIND = ResourceKind(
    name="service",
    type="Service",
    events=EventNames.of("Service"),
    server_set=frozenset(["id", "href"]),
    beside=frozenset(SIDES),
    shown=shown,
)


class ServiceRules:
    """The rules of services."""

    def __init__(self, dependencies: Dependencies, surface: Surface) -> None:
        """Check services against the catalogue."""
        self._store = dependencies.store
        self._surface = surface
        pools = ResourcePoolStore(dependencies.store, dependencies.clock, turns=dependencies.pools)
        self._releases = ServiceReleases(dependencies.store, dependencies.clock, pools)

    async def before_create(self, caller: Caller, draft: Draft) -> None:
        """A service begins in any state but its end, and follows its specification."""
        state = draft.body.get("state")
        if state not in SERVICE.initial:
            states = ", ".join(sorted(SERVICE.initial))
            raise invalid("/state", "illegalState", f"A service cannot begin as {state}; it can as {states}.")
        await self._surface.check_service(caller, draft.body, draft.size)
        if state == "active":
            draft.body.setdefault("startDate", to_text(draft.now))
        draft.fields.update(recorded({"body": draft.body}, draft.body, _said_by(caller, draft.now), {}).fields)

    async def before_change(self, caller: Caller, revision: Revision) -> None:
        """Move along the life cycle, and only while no order works on it."""
        changed = set(revision.changed())
        if not changed:
            return
        _refuse_owned(revision.stored, "changed")
        if "state" in changed:
            self._move(revision)
        if changed & {"serviceSpecification", "serviceCharacteristic"}:
            await self._surface.check_service(caller, revision.body, revision.size)
        sides = recorded(revision.stored, revision.body, _said_by(caller, revision.now), {})
        revision.fields.update(sides.fields)
        revision.unset += sides.unset
        revision.extra += side_stubs(sides, revision.body.get("state"), caller.subject, alone=False)
        if "state" in changed and revision.body.get("state") == "terminated":
            await self._releases.promise(caller.tenant, revision.stored["_id"], "the service is terminated")

    async def before_delete(self, caller: Caller, stored: Mapping[str, Any]) -> None:
        """Keep a service that an order works on, or that another service or an open order refers to."""
        _refuse_owned(stored, "deleted")
        key = stored["_id"]
        living = {"body.state": {"$ne": "terminated"}}
        for name in ("serviceRelationship.service.id", "supportingService.id"):
            other = await first_match(self._store, KIND.name, caller.tenant, {f"body.{name}": key, **living})
            if other is not None:
                raise Conflict(f"The service {other} refers to this one in its {name.partition('.')[0]}.")
        order = await first_match(
            self._store,
            "serviceOrder",
            caller.tenant,
            {"body.serviceOrderItem.service.id": key, "body.state": {"$nin": sorted(SERVICE_ORDER.final)}},
        )
        if order is not None:
            raise Conflict(f"The service order {order}, which is under way, refers to this service.")
        await self._releases.promise(caller.tenant, key, "the service is deleted")

    async def after_delete(self, caller: Caller, stored: Mapping[str, Any]) -> None:  # noqa: ARG002 - the rules' shape
        """Give back what was allocated for it; where this process dies over it, a scheduler does so."""
        await self._releases.fulfil(stored["_id"])

    @staticmethod
    def _move(revision: Revision) -> None:
        body, now = dict(revision.body), to_text(revision.now)
        SERVICE.move(revision.before.get("state", "active"), str(body.get("state")))
        if body["state"] == "active":
            body.setdefault("startDate", now)
            if revision.before.get("state") == "terminated":
                body.pop("endDate", None)
        elif body["state"] == "terminated":
            body.setdefault("endDate", now)
        revision.body = body


def _said_by(caller: Caller, now: datetime) -> Source:
    """What a client writes here is what it says that is; what was ordered stays."""
    return Source("recorded", caller.subject, to_text(now))


def _refuse_owned(stored: Mapping[str, Any], done: str) -> None:
    owner = stored.get("owner")
    if owner:
        raise Conflict(
            f"The service cannot be {done} now: item {owner.get('item')} of the service order {owner.get('order')} "
            "works on it."
        )
