"""TMF633 service specifications: published, and kept as they are once they are used."""

from collections.abc import Mapping
from typing import Any

from handlers.changes import Draft, EventNames, Revision
from handlers.dependencies import Dependencies
from handlers.resource import ResourceKind
from models.clock import to_text
from models.domain.caller import Caller
from models.domain.errors import Conflict
from models.references import first_match
from models.surface import Surface

Body = dict[str, Any]

KIND = ResourceKind(
    name="serviceSpecification",
    type="ServiceSpecification",
    events=EventNames(
        "ServiceSpecificationCreateEvent",
        "ServiceSpecificationChangeEvent",
        None,
        "ServiceSpecificationDeleteEvent",
    ),
    server_set=frozenset(["href"]),
    own_id=True,
)

# DESIGN, section 4: all that may change in a version that is in use.
CHANGEABLE_IN_USE = frozenset(["lifecycleStatus", "validFor", "description"])
_SERVER_KEPT = frozenset(["lastUpdate"])


class ServiceSpecificationRules:
    """The rules of service specifications."""

    def __init__(self, dependencies: Dependencies, surface: Surface) -> None:
        """Check specifications before they are published."""
        self._store = dependencies.store
        self._surface = surface

    async def before_create(self, caller: Caller, draft: Draft) -> None:
        """Publish what can work, under a name and version that are free."""
        body = draft.body
        body.setdefault("lifecycleStatus", "Active")
        body["lastUpdate"] = to_text(draft.now)
        await self._surface.check_specification(caller, body, draft.size)
        await self._refuse_taken_version(caller, body)

    async def before_change(self, caller: Caller, revision: Revision) -> None:
        """Let a version in use change in what does not touch those who use it."""
        changed = set(revision.changed()) - _SERVER_KEPT
        if not changed:
            revision.body = revision.before
            return
        beyond = changed - CHANGEABLE_IN_USE
        if beyond:
            await self._refuse_used(caller, revision.stored["_id"], beyond)
            await self._surface.check_specification(caller, revision.body, revision.size)
        if changed & {"name", "version"}:
            await self._refuse_taken_version(caller, revision.body)
        revision.body = {**revision.body, "lastUpdate": to_text(revision.now)}

    async def before_delete(self, caller: Caller, stored: Mapping[str, Any]) -> None:
        """Keep what is used, and what other specifications are made of."""
        key = stored["_id"]
        user = await self._user(caller, key)
        if user is None:
            other = await first_match(self._store, KIND.name, caller.tenant, {"body.serviceSpecRelationship.id": key})
            user = f"the service specification {other}" if other is not None else None
        if user is not None:
            raise Conflict(
                f"This specification is in use, first of all by {user}. To end its being ordered, set its "
                "lifecycleStatus to Retired."
            )

    async def after_delete(self, caller: Caller, stored: Mapping[str, Any]) -> None:
        """Nothing belongs to a specification alone."""

    async def _refuse_taken_version(self, caller: Caller, body: Body) -> None:
        where = {"body.name": body["name"], "body.version": body.get("version"), "_id": {"$ne": body["id"]}}
        other = await first_match(self._store, KIND.name, caller.tenant, where)
        if other is not None:
            version = f"in version {body['version']!r}" if body.get("version") else "without a version"
            raise Conflict(f"There is {body['name']!r} {version} already: {other}.")

    async def _refuse_used(self, caller: Caller, key: str, names: set[str]) -> None:
        user = await self._user(caller, key)
        if user is not None:
            raise Conflict(
                f"/{min(names)}: this version is in use, first of all by {user}; only "
                f"{', '.join(sorted(CHANGEABLE_IN_USE))} can change. Publish a new version instead."
            )

    async def _user(self, caller: Caller, key: str) -> str | None:
        """Who refers to a specification, in words."""
        for collection, path, words in (
            ("service", "body.serviceSpecification.id", "the service"),
            ("serviceOrder", "body.serviceOrderItem.service.serviceSpecification.id", "the service order"),
        ):
            found = await first_match(self._store, collection, caller.tenant, {path: key})
            if found is not None:
                return f"{words} {found}"
        return None
