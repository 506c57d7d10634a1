"""TMF639 resources: recorded, changed and removed directly, beside what pools and orders do with them."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from handlers.changes import Draft, EventNames, Revision
from handlers.dependencies import Dependencies
from handlers.documents import ApiDocument
from handlers.errors import invalid
from handlers.exchange import Request
from handlers.idempotency import IdempotencyKey
from handlers.resource import Resource, ResourceKind
from handlers.settings import HttpSettings
from models.domain.caller import Caller
from models.domain.errors import Conflict, NotFound
from models.domain.filters import And, Compare, Op, Or
from models.domain.lifecycle import LifeCycle
from models.domain.lifecycles import ADMINISTRATIVE_STATE, RESOURCE_STATUS
from models.domain.listing import ListQuery
from models.domain.resource_states import KEPT_BY_THE_ENGINE, STATES, kept_in_step, related_ids
from models.queries import Page
from models.references import first_match
from models.resources import beside_body

Document = dict[str, Any]

KIND = ResourceKind(
    name="resource",
    type="Resource",
    events=EventNames.of("Resource", STATES),
    server_set=frozenset(["id", "href"]),
)
LOGICAL_RESOURCE = replace(KIND, type="LogicalResource")
PHYSICAL_RESOURCE = replace(KIND, type="PhysicalResource")

_CLASSES = {
    "LogicalResource": ("LogicalResource", "SoftwareResource", "ResourceFunction"),
    "PhysicalResource": ("PhysicalResource",),
}
"""The classes of TMF639 that are of a class, itself first; v5 has some that v4 has not."""

_LIFE_CYCLES: Mapping[str, LifeCycle] = {
    "resourceStatus": RESOURCE_STATUS,
    "administrativeState": ADMINISTRATIVE_STATE,
}


class ResourcesOfOneClass(Resource):
    """The operations on the resources of one class: what stands in their `@type`, or in their `@baseType`."""

    def __init__(
        self,
        kind: ResourceKind,
        rules: "ResourceRules",
        document: ApiDocument,
        dependencies: Dependencies,
        settings: HttpSettings,
    ) -> None:
        """Serve the resources of the class that is the kind's type."""
        super().__init__(kind, rules, document, dependencies, settings)
        self._classes = _CLASSES[kind.type]
        self._others = frozenset(name for of, names in _CLASSES.items() if of != kind.type for name in names)

    async def _page(self, request: Request, query: ListQuery) -> Page:
        named = tuple(Compare((attribute,), Op.EQ, self._classes) for attribute in ("@type", "@baseType"))
        conditions = (Or(named),) if query.condition is None else (Or(named), query.condition)
        return await super()._page(request, replace(query, condition=And(conditions)))

    async def _stored(self, request: Request) -> Document:
        stored = await super()._stored(request)
        body = stored["body"]
        if body.get("@type") not in self._classes and body.get("@baseType") not in self._classes:
            raise NotFound(f"The resource {request.id[:100]!r} is no {self._classes[0]}; it stands under /resource.")
        return stored

    async def _insert(self, request: Request, draft: Draft, key: IdempotencyKey | None) -> Document:
        made = draft.body.get("@type", self._classes[0])
        if made in self._others or made == "Resource":
            raise invalid("/@type", "wrongClass", f"A {made} is no {self._classes[0]}; it is recorded at /resource.")
        if made not in self._classes and draft.body.setdefault("@baseType", self._classes[0]) not in self._classes:
            raise invalid("/@baseType", "wrongClass", f"What is recorded here is a {self._classes[0]}.")
        return await super()._insert(request, draft, key)


class ResourceRules:
    """The rules of resources."""

    def __init__(self, dependencies: Dependencies) -> None:
        """Look in this store for who uses a resource, and in this catalogue for what it must be like."""
        self._store = dependencies.store
        self._specifications = dependencies.resource_catalogue

    async def before_create(self, caller: Caller, draft: Draft) -> None:
        """A resource of no pool begins in any state, and follows its specification."""
        _refuse_itself(draft.id, draft.body)
        await self._specifications.check_resource(caller.tenant, draft.body, draft.size)
        draft.body = kept_in_step({}, draft.body)
        draft.fields |= {name: value for name, value in beside_body(draft.body).items() if value is not None}

    async def before_change(self, caller: Caller, revision: Revision) -> None:
        """Move along the life cycles, follow the specification, and leave to the engine what is the engine's."""
        if not revision.changed():
            return
        _refuse_itself(revision.stored["_id"], revision.body)
        revision.body = kept_in_step(revision.before, revision.body)
        changed = set(revision.changed())
        _refuse_kept(revision.stored, changed)
        if changed & {"resourceSpecification", "resourceCharacteristic"}:
            await self._specifications.check_resource(caller.tenant, revision.body, revision.size)
        for name, cycle in _LIFE_CYCLES.items():
            before, after = revision.before.get(name), revision.body.get(name)
            if before is not None and after is not None and before != after:
                cycle.move(before, after)
        for name, value in beside_body(revision.body).items():
            if value is not None:
                revision.fields[name] = value
            elif name in revision.stored:
                revision.unset.append(name)

    async def before_delete(self, caller: Caller, stored: Mapping[str, Any]) -> None:
        """Keep what a service has, what a pool keeps, and what another resource relates to."""
        key = stored["_id"]
        if stored.get("holder"):
            raise Conflict(f"The resource cannot be deleted: {_held(stored)}.")
        if "pool" in stored:
            raise Conflict(f"The resource is a member of the pool {stored['pool']}; take it out of the pool there.")
        living = {"body.supportingResource.id": key, "body.state": {"$ne": "terminated"}}
        service = await first_match(self._store, "service", caller.tenant, living)
        if service is not None:
            raise Conflict(f"The resource cannot be deleted: it carries the service {service}.")
        other = await first_match(self._store, KIND.name, caller.tenant, {"related": key})
        if other is not None:
            raise Conflict(f"The resource cannot be deleted: the resource {other} refers to it.")

    async def after_delete(self, caller: Caller, stored: Mapping[str, Any]) -> None:
        """Nothing belongs to a resource alone."""


def _refuse_itself(key: str, body: Mapping[str, Any]) -> None:
    if key in related_ids(body):
        raise invalid("/resourceRelationship", "relatedToItself", "A resource cannot relate to itself.")


def _refuse_kept(stored: Mapping[str, Any], changed: set[str]) -> None:
    """Of a resource that a service has, or a pool keeps, the engine alone says whose it is and what it is."""
    names = sorted(changed & KEPT_BY_THE_ENGINE)
    if not names:
        return
    if stored.get("holder"):
        raise Conflict(f"/{names[0]}: cannot be changed by a client: {_held(stored)}.")
    if "pool" in stored:
        raise Conflict(
            f"/{names[0]}: cannot be changed by a client: the resource belongs to the pool {stored['pool']}."
        )


def _held(stored: Mapping[str, Any]) -> str:
    """Who has a resource, in words."""
    holder = stored["holder"]
    words = "in use" if stored["body"].get("usageState") in ("active", "busy") else "reserved"
    service, order = holder.get("service"), holder.get("order")
    whose = f"it is {words} for the service {service}" if service else f"it is {words}"
    return f"{whose}, by the service order {order}" if order else whose
