"""Versioned things that people publish: made, changed while they are drafts, and moved along their life."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

import orjson

from models import outbox
from models.clock import Clock
from models.domain.caller import Caller
from models.domain.errors import AlreadyExists, Conflict, NotFound
from models.domain.lifecycle import LifeCycle
from models.domain.merge_patch import with_defaults
from models.reading import reading
from models.store import Store
from models.transactions import Insertion, Update

Document = dict[str, Any]
Check = Callable[[Mapping[str, Any]], None]
"""Looks at the document as it is, and raises where it is not as the caller expects."""

DRAFT = "draft"

_TRIES = 8
_STEPS = 50
_SMALL = 2_000


class Versions:
    """Reads and writes the versions of one sort of thing.

    Attributes:
        collection: where they are stored.
        word: what people call one; with a capital, the beginning of its events' names.
        life: its life cycle; it begins as a draft.
        parts: attributes of a body that are replaced as a whole, and may be large.
    """

    collection: ClassVar[str]
    word: ClassVar[str]
    life: ClassVar[LifeCycle]
    parts: ClassVar[tuple[str, ...]] = ()

    def __init__(self, store: Store, clock: Clock) -> None:
        """Keep them in this store."""
        self._store = store
        self._clock = clock

    async def get(self, tenant: str, key: str) -> Document:
        """One version.

        Raises:
            NotFound: there is none with this id.
            Unavailable: the database cannot be reached.
        """
        stored = await self._store.get(self.collection, key, tenant=tenant)
        if stored is None:
            raise NotFound(f"There is no {self.word} with the id {key[:100]!r}.")
        return stored

    async def of_name(self, tenant: str, name: str) -> list[Document]:
        """All versions of a name, without what is in them.

        Raises:
            Unavailable: the database cannot be reached.
        """
        with reading():
            found = self._store.collection(self.collection).find(
                {"tenant": tenant, "name": name}, {"version": 1, "state": 1}
            )
            return await found.to_list()

    async def create(self, caller: Caller, body: Document) -> Document:
        """Make a draft.

        Raises:
            AlreadyExists: there is this version already.
            Unavailable: the database cannot be reached; safe to repeat.
        """
        document = self._draft(caller, body)
        made = [outbox.stub(self._event("CreateEvent"), state=DRAFT, who=caller.subject)]
        try:
            await self._store.insert(self.collection, outbox.first(document, made, self._clock.now()))
        except AlreadyExists:
            text = f"There is {document['_id']!r} already; give the change a version of its own."
            raise AlreadyExists(text) from None
        return document

    async def change(self, caller: Caller, key: str, patch: Mapping[str, Any], check: Check) -> Document:
        """Change a draft by a merge patch; its parts are replaced as a whole.

        Raises:
            NotFound, PreconditionFailed: it is not there, or not as `check` expects.
            Conflict: it is no draft any more, or others change it all the time.
        """
        for _ in range(_TRIES):
            stored = await self.get(caller.tenant, key)
            check(stored)
            body = with_defaults(stored["body"], patch, {}, whole=self.parts)
            changed = [name for name in {**stored["body"], **body} if stored["body"].get(name) != body.get(name)]
            if not changed:
                return stored
            if stored["state"] != DRAFT:
                raise Conflict(_immutable(stored))
            before, after = (_small(one, changed) for one in (stored["body"], body))
            told = outbox.stub(self._event("AttributeValueChangeEvent"), who=caller.subject, before=before, after=after)
            if await self._write(stored, {"body": body}, [told]):
                return await self.get(caller.tenant, key)
        raise self._busy()

    async def move(self, caller: Caller, stored: Mapping[str, Any], to: str, why: str | None) -> bool:
        """Move one on as it was read; returns False where it has changed since.

        Raises:
            IllegalTransition: its life has no such move.
            Unavailable: the database cannot be reached; whether it moved is unknown.
        """
        fields, told = self._moved(caller, stored, to, why)
        return await self._write(stored, fields, told)

    def moving(self, caller: Caller, stored: Mapping[str, Any], to: str, why: str | None) -> Update:
        """The write that moves one on as it was read, as a part of a larger change.

        Raises:
            IllegalTransition: its life has no such move.
        """
        fields, told = self._moved(caller, stored, to, why)
        return Update(self.collection, _guard(stored), outbox.change(stored, fields, told, self._clock.now()))

    def arriving(self, caller: Caller, body: Document, path: Sequence[str], why: str) -> Insertion:
        """The write that makes one and leads it through these states, as a part of a larger change.

        Raises:
            IllegalTransition: its life has no such path from a draft on.
        """
        document = self._draft(caller, body)
        told = [outbox.stub(self._event("CreateEvent"), state=DRAFT, who=caller.subject, why=why)]
        for to in path:
            fields, more = self._moved(caller, document, to, why)
            document |= fields
            told += more
        return Insertion(self.collection, outbox.first(document, told, self._clock.now()))

    async def step(self, caller: Caller, key: str, to: str, why: str | None, check: Check) -> Document:
        """Move one on, whatever else happens to it.

        Raises:
            NotFound, PreconditionFailed, IllegalTransition, Conflict: it cannot be.
        """
        for _ in range(_TRIES):
            stored = await self.get(caller.tenant, key)
            check(stored)
            if await self.move(caller, stored, to, why):
                return await self.get(caller.tenant, key)
        raise self._busy()

    async def delete(self, caller: Caller, key: str, check: Check) -> None:
        """Remove a draft.

        Raises:
            NotFound, PreconditionFailed: it is not there, or not as `check` expects.
            Conflict: it is no draft, or others change it all the time.
        """
        for _ in range(_TRIES):
            stored = await self.get(caller.tenant, key)
            check(stored)
            if stored["state"] != DRAFT:
                raise Conflict(f"Only drafts can be removed; {stored['_id']} is {stored['state']}.")
            gone = outbox.stub(self._event("DeleteEvent"), state=DRAFT, who=caller.subject)
            if await self._write(stored, {"tenant": f"~{stored['tenant']}"}, [gone]):
                return
        raise self._busy()

    def _draft(self, caller: Caller, body: Document) -> Document:
        name, version = body["name"], body["version"]
        key = f"{name}:{version}"
        document: Document = {"_id": key, "tenant": caller.tenant, "name": name, "version": version, "state": DRAFT}
        return document | {"body": {"id": key, **body}, "steps": [self._step(caller, DRAFT, None)]}

    def _moved(
        self, caller: Caller, stored: Mapping[str, Any], to: str, why: str | None
    ) -> tuple[Document, list[outbox.Stub]]:
        state = stored["state"]
        self.life.move(state, to)
        told = outbox.stub(
            self._event("StateChangeEvent"),
            state=to,
            who=caller.subject,
            why=why,
            before={"state": state},
            after={"state": to},
        )
        steps = [*stored.get("steps", ())[1 - _STEPS :], self._step(caller, to, why)]
        return {"state": to, "steps": steps}, [told, *self._besides(caller.subject, to, why)]

    def _besides(self, who: str, to: str, why: str | None) -> list[outbox.Stub]:  # noqa: ARG002 - for those that have more
        """What a move to this state is besides, for those who know such things by another name."""
        return []

    async def _write(self, stored: Mapping[str, Any], fields: Document, told: Sequence[outbox.Stub]) -> bool:
        change = outbox.change(stored, fields, told, self._clock.now())
        return await self._store.update(self.collection, _guard(stored), change)

    def _event(self, name: str) -> str:
        return f"{self.word.capitalize()}{name}"

    def _busy(self) -> Conflict:
        return Conflict(f"Others change this {self.word} all the time; please repeat the request.")

    def _step(self, caller: Caller, state: str, why: str | None) -> Document:
        step = {"state": state, "at": self._clock.text(), "who": caller.subject}
        return step if why is None else {**step, "why": why}


def _guard(stored: Mapping[str, Any]) -> Document:
    return {"_id": stored["_id"], "tenant": stored["tenant"], "rev": stored["rev"]}


def _immutable(stored: Mapping[str, Any]) -> str:
    if stored["state"] == "inReview":
        return f"{stored['_id']} is in review and stays as it is meanwhile; return it to its author to change it."
    return f"{stored['_id']} is {stored['state']} and never changes again; make a new version."


def _small(body: Mapping[str, Any], names: list[str]) -> Document:
    """What changed, as the history keeps it: of what is large, that it changed."""
    kept: Document = {}
    for name in names:
        if name in body:
            size = len(orjson.dumps(body[name]))
            kept[name] = body[name] if size <= _SMALL else f"({size} bytes)"
    return kept
