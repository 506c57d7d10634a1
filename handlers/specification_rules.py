"""What holds for specifications of every kind: published, and kept as they are once they are used."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

from handlers.changes import Draft, EventNames, Revision
from handlers.resource import ResourceKind
from models.clock import to_text
from models.domain.caller import Caller
from models.domain.errors import Conflict
from models.references import first_match
from models.store import Store

Body = dict[str, Any]

# DESIGN, section 4: all that may change in a version that is in use.
CHANGEABLE_IN_USE = frozenset(["lifecycleStatus", "validFor", "description"])
_SERVER_KEPT = frozenset(["lastUpdate"])


def specification_kind(name: str) -> ResourceKind:
    """The kind of resource that specifications of this name are, such as `serviceSpecification`."""
    made = f"{name[0].upper()}{name[1:]}"
    return ResourceKind(
        name=name,
        type=made,
        events=EventNames(f"{made}CreateEvent", f"{made}ChangeEvent", None, f"{made}DeleteEvent"),
        server_set=frozenset(["href"]),
        own_id=True,
    )


class SpecificationRules(ABC):
    """The rules of specifications of one kind.

    Attributes:
        kind: which.
        ending: how a specification is brought out of use without being deleted, in words.
    """

    kind: ClassVar[ResourceKind]
    ending: ClassVar[str]

    def __init__(self, store: Store) -> None:
        """Look in this store for who uses a specification."""
        self._store = store

    @abstractmethod
    async def check(self, caller: Caller, body: Body, size: int) -> None:
        """Check whether a specification, of so many bytes, can work.

        Raises:
            InvalidRequest: it cannot.
        """

    @abstractmethod
    async def user(self, caller: Caller, stored: Mapping[str, Any]) -> str | None:
        """Who refers to a specification, in words, so that it stays as it is; None for nobody."""

    @abstractmethod
    async def keeper(self, caller: Caller, stored: Mapping[str, Any]) -> str | None:
        """Who needs a specification to be there, in words, besides those who use it; None for nobody."""

    async def before_create(self, caller: Caller, draft: Draft) -> None:
        """Publish what can work, under a name and version that are free."""
        body = draft.body
        body.setdefault("lifecycleStatus", "Active")
        body["lastUpdate"] = to_text(draft.now)
        await self.check(caller, body, draft.size)
        await self._refuse_taken_version(caller, body)

    async def before_change(self, caller: Caller, revision: Revision) -> None:
        """Let a version in use change in what does not touch those who use it."""
        changed = set(revision.changed()) - _SERVER_KEPT
        if not changed:
            revision.body = revision.before
            return
        beyond = changed - CHANGEABLE_IN_USE
        if beyond:
            await self._refuse_used(caller, revision.stored, beyond)
            await self.check(caller, revision.body, revision.size)
        if changed & {"name", "version"}:
            await self._refuse_taken_version(caller, revision.body)
        revision.body = {**revision.body, "lastUpdate": to_text(revision.now)}

    async def before_delete(self, caller: Caller, stored: Mapping[str, Any]) -> None:
        """Keep what is used, and what others are made of."""
        user = await self.user(caller, stored) or await self.keeper(caller, stored)
        if user is not None:
            raise Conflict(f"This specification is in use by {user}. {self.ending}")

    async def after_delete(self, caller: Caller, stored: Mapping[str, Any]) -> None:  # noqa: B027 - nothing to say
        """Nothing belongs to a specification alone."""

    async def _refuse_taken_version(self, caller: Caller, body: Body) -> None:
        where = {"body.name": body["name"], "body.version": body.get("version"), "_id": {"$ne": body["id"]}}
        other = await first_match(self._store, self.kind.name, caller.tenant, where)
        if other is not None:
            version = f"in version {body['version']!r}" if body.get("version") else "without a version"
            raise Conflict(f"There is {body['name']!r} {version} already: {other}.")

    async def _refuse_used(self, caller: Caller, stored: Mapping[str, Any], names: set[str]) -> None:
        user = await self.user(caller, stored)
        if user is not None:
            raise Conflict(
                f"/{min(names)}: this version is in use by {user}; only "
                f"{', '.join(sorted(CHANGEABLE_IN_USE))} can change. Publish a new version instead."
            )
