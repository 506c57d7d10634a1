"""Who can do what: the registered fulfillers, ready to be engaged."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from adapters.ports import Fulfiller
from models.domain.fulfiller import FulfillerDefinition
from models.domain.plan import Capability
from models.domain.selection import Decision, Selection
from models.domain.situation import Situation
from models.reading import reading
from models.reference_cache import ReferenceCache
from models.store import Store

Document = dict[str, Any]
MakeFulfiller = Callable[[FulfillerDefinition, Document], Fulfiller]


@dataclass(frozen=True, slots=True)
class Registered:
    """A fulfiller's definition and its credentials."""

    definition: FulfillerDefinition
    secret: Document


class _Registry:
    """The fulfillers of one tenant."""

    def __init__(self, documents: list[Document]) -> None:
        self.registered = {
            document["_id"]: Registered(FulfillerDefinition.from_document(document), document.get("secret") or {})
            for document in documents
        }
        definitions = [entry.definition for entry in self.registered.values()]
        self.selection = Selection(definitions)
        self.limited = tuple(definition for definition in definitions if definition.capacity is not None)
        self.readers = {definition.id: definition.read_interval for definition in definitions if definition.reads}
        self.has_conditions = any(offer.condition is not None for one in definitions for offer in one.capabilities)


class Directory:
    """Selects fulfillers and keeps one instance of each revision of each."""

    def __init__(self, store: Store, make: MakeFulfiller) -> None:
        """Read registrations from the store; `make` builds a fulfiller of the registered kind."""
        self._store = store
        self._cache = ReferenceCache(store, "fulfiller", _Registry)
        self._make = make
        self._instances: dict[str, tuple[int, Fulfiller]] = {}

    def invalidate(self) -> None:
        """The registrations have changed."""
        self._cache.invalidate()

    async def decide(self, tenant: str, capability: Capability, situation: Situation) -> Decision:
        """Choose the fulfiller of a task; a miss reads the database before anybody is told that there is none."""
        decision = (await self._cache.get(tenant)).selection.select(capability, situation)
        if decision.chosen is None:
            decision = (await self._cache.refresh(tenant)).selection.select(capability, situation)
        return decision

    async def limited(self, tenant: str) -> tuple[FulfillerDefinition, ...]:
        """Those whose capacity is limited."""
        return (await self._cache.get(tenant)).limited

    async def readers(self, tenant: str) -> Mapping[str, float]:
        """The ids of those who can be asked what is, with the seconds between two questions about one service."""
        return (await self._cache.get(tenant)).readers

    async def has_conditions(self, tenant: str) -> bool:
        """Whether anybody's capability depends on the service itself."""
        return (await self._cache.get(tenant)).has_conditions

    async def definitions(self, tenant: str) -> tuple[FulfillerDefinition, ...]:
        """All who are registered."""
        return tuple(entry.definition for entry in (await self._cache.get(tenant)).registered.values())

    async def id_of(self, tenant: str, fulfiller: str) -> str:
        """The id of a fulfiller that a recipe names; what is no name is one."""
        known = await self.definitions(tenant)
        return next((one.id for one in known if one.name == fulfiller), fulfiller)

    async def all_definitions(self) -> list[tuple[str, FulfillerDefinition]]:
        """All who are registered with whichever tenant, with the tenant.

        Raises:
            Unavailable: the database cannot be reached.
        """
        with reading():
            tenants = await self._store.collection("fulfiller").distinct("tenant")
        living = [tenant for tenant in tenants if not tenant.startswith("~")]
        return [(tenant, one) for tenant in living for one in await self.definitions(tenant)]

    async def definition(self, tenant: str, fulfiller: str) -> FulfillerDefinition | None:
        """The definition of a registered fulfiller; None where it is not registered any more."""
        entry = await self._entry(tenant, fulfiller)
        return entry.definition if entry else None

    async def instance(self, tenant: str, fulfiller: str) -> Fulfiller | None:
        """The fulfiller, ready to be called."""
        entry = await self._entry(tenant, fulfiller)
        if entry is None:
            return None
        revision, instance = self._instances.get(fulfiller, (-1, None))
        if instance is None or revision != entry.definition.revision:
            if instance is not None:
                await instance.aclose()
            instance = self._make(entry.definition, entry.secret)
            self._instances[fulfiller] = (entry.definition.revision, instance)
        return instance

    async def _entry(self, tenant: str, fulfiller: str) -> Registered | None:
        entry = (await self._cache.get(tenant)).registered.get(fulfiller)
        return entry or (await self._cache.refresh(tenant)).registered.get(fulfiller)

    async def aclose(self) -> None:
        """Let go of all instances."""
        for _, instance in self._instances.values():
            await instance.aclose()
        self._instances.clear()
