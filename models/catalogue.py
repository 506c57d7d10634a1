"""The catalogue port on our own collections: specifications in memory, compiled once."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, Generic, NamedTuple, Protocol, TypeVar

import orjson
from pymongo.errors import PyMongoError

from models.aside import aside_if_big
from models.domain.bound_recipes import with_recipes
from models.domain.errors import InvalidRequest, Unavailable
from models.domain.fulfilment import ACTIONS
from models.domain.patterns import PatternEngine
from models.domain.relations import Relation
from models.domain.snapshot import version_order
from models.domain.specification import Specification
from models.recipe_book import PublishedRecipes
from models.reference_cache import ReferenceCache
from models.store import Store

Document = dict[str, Any]
T = TypeVar("T")


class Families:
    """Specifications by id and by family."""

    def __init__(self, documents: list[Document]) -> None:
        """Know these documents of the collection."""
        self.documents = {document["_id"]: document for document in documents}
        self.operations = any((document["body"].get("fulfilment") or {}).get("operations") for document in documents)
        self.families: dict[str, list[str]] = {}
        for document in documents:
            self.families.setdefault(str(document["body"].get("name", "")), []).append(document["_id"])

    def find(self, reference: "Reference") -> Document | None:
        """The document that is meant: without a version the newest orderable one of its family."""
        if reference.id is not None:
            return self.documents.get(reference.id)
        family = [self.documents[key] for key in self.families.get(reference.name or "", ())]
        if reference.version is not None:
            return next((one for one in family if one["body"].get("version") == reference.version), None)
        orderable = [one for one in family if _is_orderable(one["body"])]
        return max(orderable or family, key=lambda one: version_order(one["body"].get("version")), default=None)


class Reference(NamedTuple):
    """What a specification is referred to by: its id, or its family's name and perhaps the version."""

    id: str | None = None
    name: str | None = None
    version: str | None = None

    @classmethod
    def of(cls, raw: Mapping[str, Any] | Relation) -> "Reference":
        """Read the reference of an order, a service or a relationship."""
        if isinstance(raw, Relation):
            return cls(raw.id, raw.family, raw.version)
        return cls(_text(raw.get("id")), _text(raw.get("name")), _text(raw.get("version")))


class KnownRecipes(Protocol):
    """Where published recipes come from."""

    def invalidate(self) -> None:
        """Read them anew at the next need."""

    async def of(self, tenant: str) -> PublishedRecipes:
        """The published recipes of a tenant.

        Raises:
            Unavailable: the database cannot be reached.
        """


class Specifications(ABC, Generic[T]):
    """Specifications of one kind, compiled into what their readers work with.

    Attributes:
        collection: where they are stored.
    """

    collection: ClassVar[str]

    def __init__(self, store: Store) -> None:
        """Read from this store."""
        self._store = store
        self._cache = ReferenceCache(store, self.collection, self._read)
        self._compiled: dict[tuple[str, str], tuple[int, T | None]] = {}

    def invalidate(self) -> None:
        """Read anew at the next need: the collection has changed. What has not changed stays compiled."""
        self._cache.invalidate()

    async def specification(
        self,
        tenant: str,
        *,
        id: str | None = None,  # noqa: A002 - the attribute's name
        name: str | None = None,
        version: str | None = None,
    ) -> Document | None:
        """Return a body: by id; by name and version; or by name, then the newest orderable version.

        Raises:
            Unavailable: the database cannot be reached.
        """
        document = await self._find(tenant, Reference(id, name, version))
        body: Document | None = document["body"] if document else None
        return body

    async def compiled(self, tenant: str, reference: Reference) -> T | None:
        """Return the compiled view of a specification; None for one that is unknown, or a draft that does not compile.

        Raises:
            Unavailable: the database cannot be reached.
        """
        document = await self._find(tenant, reference)
        if document is None:
            return None
        key, revision = (tenant, str(document["_id"])), document["rev"]
        known = self._compiled.get(key)
        if known is None or known[0] != revision:
            known = self._compiled[key] = revision, await self._compile(document["body"])
        return known[1]

    @abstractmethod
    def _compiled_of(self, body: Document) -> T:
        """The compiled view of a body; raises InvalidRequest for one that does not compile."""

    def _read(self, documents: list[Document]) -> Families:
        return Families(documents)

    async def _compile(self, body: Document) -> T | None:
        try:
            return await aside_if_big(len(orjson.dumps(body)), self._compiled_of, body)
        except InvalidRequest:
            return None

    async def _find(self, tenant: str, reference: Reference) -> Document | None:
        found = (await self._cache.get(tenant)).find(reference)
        # A miss asks the database before anybody is told that there is no such specification.
        if found is None and await self._exists(tenant, reference):
            found = (await self._cache.refresh(tenant)).find(reference)
        return found

    async def _exists(self, tenant: str, reference: Reference) -> bool:
        wanted = {"_id": reference.id} if reference.id is not None else {"body.name": reference.name}
        try:
            found = await self._store.collection(self.collection).find_one({**wanted, "tenant": tenant}, {"_id": 1})
        except PyMongoError as error:
            raise Unavailable from error
        return found is not None


class Catalogue(Specifications[Specification]):
    """Service specifications of our own catalogue."""

    collection = "serviceSpecification"

    def __init__(self, store: Store, patterns: PatternEngine, recipes: KnownRecipes | None = None) -> None:
        """Read from this store.

        Args:
            store: where specifications are.
            patterns: compiles the regular expressions in them.
            recipes: those that are bound to actions on specifications; None where there are none.
        """
        super().__init__(store)
        self._patterns = patterns
        self._recipes = recipes
        self._bound: dict[tuple[str, str], tuple[Specification, PublishedRecipes, Specification]] = {}

    async def knows_operations(self, tenant: str) -> bool:
        """Return whether any specification has a named operation, so that orders may have something to keep nothing of.

        Raises:
            Unavailable: the database cannot be reached.
        """
        return (await self._cache.get(tenant)).operations

    async def compiled(self, tenant: str, reference: Reference) -> Specification | None:
        """Return the compiled view, with the recipes that are bound to it at the moment.

        Raises:
            Unavailable: the database cannot be reached.
        """
        compiled = await super().compiled(tenant, reference)
        published = await self._recipes.of(tenant) if self._recipes is not None else None
        if compiled is None or not published:
            return compiled
        key = tenant, compiled.id
        known = self._bound.get(key)
        if known is None or known[0] is not compiled or known[1] is not published:
            name, version = compiled.name, compiled.version
            found = {action: published.bound(name, version, action) for action in ACTIONS}
            bound = {action: (one.name, one.version) for action, one in found.items() if one is not None}
            choices = {action: published.choices(name, version, action) for action in ACTIONS}
            known = self._bound[key] = compiled, published, with_recipes(compiled, bound, choices)
        return known[2]

    def _compiled_of(self, body: Document) -> Specification:
        return Specification.from_body(body, self._patterns)

    def _read(self, documents: list[Document]) -> Families:
        # A release publishes recipes with their specifications: who knows these must not know older recipes.
        if self._recipes is not None:
            self._recipes.invalidate()
        return super()._read(documents)


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _is_orderable(body: Mapping[str, Any]) -> bool:
    return str(body.get("lifecycleStatus") or "Active").lower() in {"active", "launched"}
