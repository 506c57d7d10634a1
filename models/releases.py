"""Releases as stored documents: installed and taken back in one transaction with all that they hold."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from models import outbox
from models.clock import Clock
from models.domain.caller import Caller
from models.domain.lifecycles import RELEASE
from models.domain.releases.package import Package
from models.ids import new_id
from models.reading import reading
from models.recipe_versions import RecipeVersions
from models.release_parts import SPECIFICATIONS, Part
from models.store import Store
from models.transactions import Insertion, Update, write_all

Document = dict[str, Any]

COLLECTION = "release"
INSTALLED = "installed"


class Releases:
    """Reads and writes releases."""

    def __init__(self, store: Store, clock: Clock) -> None:
        """Keep them in this store."""
        self._store = store
        self._clock = clock

    async def specifications(self, tenant: str, collection: str = SPECIFICATIONS) -> dict[str, Document]:
        """All specifications of services (or those in another collection) as they are stored at this moment, by id.

        Raises:
            Unavailable: the database cannot be reached.
        """
        with reading():
            found = await self._store.collection(collection).find({"tenant": tenant}).to_list()
        return {one["_id"]: one for one in found}

    async def recipes(self, tenant: str, whole: Iterable[str] = ()) -> dict[str, Document]:
        """All versions of recipes by id; those in `whole` with what is drawn, others without what may be large.

        Raises:
            Unavailable: the database cannot be reached.
        """
        return await RecipeVersions(self._store, self._clock).all(tenant, whole)

    async def installed(self, tenant: str) -> dict[str, Document]:
        """The installed version of each release, by the release's name.

        Raises:
            Unavailable: the database cannot be reached.
        """
        with reading():
            where = {"tenant": tenant, "state": INSTALLED}
            found = await self._store.collection(COLLECTION).find(where).to_list()
        return {one["name"]: one for one in found}

    async def get(self, tenant: str, key: str) -> Document | None:
        """One version of a release, or None.

        Raises:
            Unavailable: the database cannot be reached.
        """
        return await self._store.get(COLLECTION, key, tenant=tenant)

    async def install(
        self,
        caller: Caller,
        package: Package,
        parts: Sequence[Part],
        present: Document | None,
        installed: Mapping[str, Document],
    ) -> bool:
        """Install a package that has been examined: all of it, or nothing.

        Args:
            caller: who does it.
            package: the package.
            parts: what it does to specifications and the like.
            present: this version, where it was installed before.
            installed: all installed releases.

        Returns:
            False where something has changed since the examination; nothing was written then.

        Raises:
            AlreadyExists: somebody else was quicker with this release, or with something that it holds.
            Unavailable: the database cannot be reached; whether it was installed is unknown, and it is safe to repeat.
        """
        former = installed.get(package.name)
        why = f"release {package.id} installed"
        writes: list[Insertion | Update] = []
        if former is not None:
            writes.append(self._moved(former, "superseded", caller, f"{package.id} installed"))
        writes.append(self._installed(caller, package, parts, present, former))
        # Whoever takes back what this one requires, and this installation, cannot both succeed.
        for required in {requirement.name for requirement in package.requires} & installed.keys():
            one = installed[required]
            guard = {"_id": one["_id"], "tenant": caller.tenant, "state": INSTALLED}
            writes.append(Update(COLLECTION, guard, {"$set": {"latch": new_id()}}))
        for part in parts:
            writes += part.writes(self._store, self._clock, caller, why)
        return await write_all(self._store, writes)

    async def roll_back(self, caller: Caller, stored: Document, former: Document | None, parts: Sequence[Part]) -> bool:
        """Take an installed release back, and install the version before it again: all of it, or nothing.

        Returns:
            False where something has changed meanwhile; nothing was written then.

        Raises:
            AlreadyExists: somebody else has installed another version.
            Unavailable: the database cannot be reached; whether it was taken back is unknown.
        """
        writes: list[Insertion | Update] = [self._moved(stored, "rolledBack", caller, "rolled back")]
        if former is not None:
            writes.append(self._moved(former, INSTALLED, caller, f"{stored['_id']} rolled back"))
        for part in parts:
            writes += part.writes(self._store, self._clock, caller, f"release {stored['_id']} rolled back")
        return await write_all(self._store, writes)

    def _installed(
        self,
        caller: Caller,
        package: Package,
        parts: Sequence[Part],
        present: Document | None,
        former: Document | None,
    ) -> Insertion | Update:
        fields: Document = {
            "state": INSTALLED,
            "supersedes": former["_id"] if former else None,
            "latch": new_id(),
        }
        for part in parts:
            fields |= part.fields(present)
        if present is not None:
            return self._moved(present, INSTALLED, caller, "installed again", fields)
        document: Document = {
            "_id": package.id,
            "tenant": caller.tenant,
            "name": package.name,
            "version": package.version,
            "body": package.body,
            **fields,
        }
        made = [outbox.stub("ReleaseCreateEvent", state=INSTALLED, who=caller.subject)]
        return Insertion(COLLECTION, outbox.first(document, made, self._clock.now()))

    def _moved(
        self, stored: Document, state: str, caller: Caller, why: str, fields: Mapping[str, Any] | None = None
    ) -> Update:
        before = stored["state"]
        told = outbox.stub(
            "ReleaseStateChangeEvent",
            state=RELEASE.move(before, state),
            who=caller.subject,
            why=why,
            before={"state": before},
            after={"state": state},
        )
        change = outbox.change(stored, {**(fields or {}), "state": state}, [told], self._clock.now())
        # A release that came to require this one since it was read has turned its latch.
        guard = {"_id": stored["_id"], "tenant": stored["tenant"], "rev": stored["rev"], "latch": stored["latch"]}
        return Update(COLLECTION, guard, change)
