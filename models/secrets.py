"""Secrets that recipes name: kept sealed, opened only for a call, and shown to nobody, not even to who has set them."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from models import outbox
from models.clock import Clock
from models.domain.caller import Caller
from models.domain.errors import AlreadyExists, Conflict, NotFound
from models.domain.ids import derived_id
from models.domain.secrets import SecretMissing
from models.reading import reading
from models.sealing import Sealer
from models.store import Store

Document = dict[str, Any]
Check = Callable[[Mapping[str, Any]], None]

COLLECTION = "namedSecret"

_TRIES = 8


def place_of(key: str) -> str:
    """What the value of the document with this id is sealed for."""
    return f"namedSecret/{key}"


async def names_of(store: Store, tenant: str) -> frozenset[str]:
    """What secrets a tenant has.

    Raises:
        Unavailable: the database cannot be reached.
    """
    with reading():
        return frozenset(await store.collection(COLLECTION).distinct("name", {"tenant": tenant}))


class Secrets:
    """The secrets of all tenants."""

    def __init__(self, store: Store, clock: Clock, sealer: Sealer) -> None:
        """Keep them in this store, sealed."""
        self._store = store
        self._clock = clock
        self._sealer = sealer

    async def get(self, tenant: str, name: str) -> Document:
        """One as stored.

        Raises:
            NotFound: there is none of this name.
            Unavailable: the database cannot be reached.
        """
        found = await self._of_name(tenant, name)
        if found is None:
            raise NotFound(f"There is no secret {name[:100]!r}.")
        return found

    async def opened(self, tenant: str, names: Iterable[str]) -> dict[str, str]:
        """The values of secrets by name.

        Raises:
            SecretMissing: there is none of a name.
            SecretUnreadable: it was sealed with a key that the server does not have any more.
            Unavailable: the database cannot be reached.
        """
        return {name: self._open(await self._of_name(tenant, name), name) for name in names}

    def _open(self, stored: Mapping[str, Any] | None, name: str) -> str:
        value = None if stored is None else self._sealer.open_text(stored["secret"], place_of(stored["_id"]))
        if value is None:
            raise SecretMissing(name)
        return value

    async def create(self, caller: Caller, body: Mapping[str, Any]) -> Document:
        """Set a new one: {name, value, description?}.

        Raises:
            AlreadyExists: there is one of this name.
            NoSecretKey: the server has no key to seal it with.
            Unavailable: the database cannot be reached.
        """
        name = body["name"]
        key = derived_id("secret", caller.tenant, name)
        shown = {label: value for label, value in body.items() if label != "value"}
        document: Document = {"_id": key, "tenant": caller.tenant, "name": name, "body": {"id": name, **shown}}
        document |= {"secret": self._sealer.seal_text(body["value"], place_of(key)), "who": caller.subject}
        made = [outbox.stub("NamedSecretCreateEvent", who=caller.subject)]
        try:
            await self._store.insert(COLLECTION, outbox.first(document, made, self._clock.now()))
        except AlreadyExists:
            raise AlreadyExists(f"There is a secret {name!r} already.") from None
        return document

    async def change(self, caller: Caller, name: str, patch: Mapping[str, Any], check: Check) -> Document:
        """Give one another value or description.

        Raises:
            NotFound, PreconditionFailed: it is not there, or not as `check` expects.
            NoSecretKey: the server has no key to seal it with.
            Conflict: others change it all the time.
        """
        for _ in range(_TRIES):
            stored = await self.get(caller.tenant, name)
            check(stored)
            fields: Document = {"who": caller.subject}
            if "value" in patch:
                fields["secret"] = self._sealer.seal_text(patch["value"], place_of(stored["_id"]))
            if "description" in patch:
                described = {"description": patch["description"]} if patch["description"] is not None else {}
                kept = {label: value for label, value in stored["body"].items() if label != "description"}
                fields["body"] = {**kept, **described}
            told = outbox.stub(
                "NamedSecretAttributeValueChangeEvent", who=caller.subject, after={"changed": sorted(patch)}
            )
            if await self._write(stored, fields, told):
                return await self.get(caller.tenant, name)
        raise Conflict("Others change this secret all the time; please repeat the request.")

    async def delete(self, caller: Caller, name: str, check: Check) -> None:
        """Remove one; a step that needs it from now on is held.

        Raises:
            NotFound, PreconditionFailed: it is not there, or not as `check` expects.
            Conflict: others change it all the time.
        """
        for _ in range(_TRIES):
            stored = await self.get(caller.tenant, name)
            check(stored)
            gone = outbox.stub("NamedSecretDeleteEvent", who=caller.subject)
            if await self._write(stored, {"tenant": f"~{stored['tenant']}"}, gone, unset=("secret",)):
                return
        raise Conflict("Others change this secret all the time; please repeat the request.")

    async def _of_name(self, tenant: str, name: str) -> Document | None:
        with reading():
            found: Document | None = await self._store.collection(COLLECTION).find_one({"tenant": tenant, "name": name})
            return found

    async def _write(
        self, stored: Mapping[str, Any], fields: Document, told: outbox.Stub, unset: tuple[str, ...] = ()
    ) -> bool:
        guard = {"_id": stored["_id"], "tenant": stored["tenant"], "rev": stored["rev"]}
        change = outbox.change(stored, fields, [told], self._clock.now(), unset=unset)
        return await self._store.update(COLLECTION, guard, change)
