"""Resource specifications of our own catalogue, and what is held against them.

A reference to one that is not known here is one to the catalogue of another system, and is accepted: unlike services,
resources can be recorded, pooled and given out without it.
"""

from collections.abc import Mapping
from typing import Any

from models.aside import aside_if_big
from models.catalogue import Reference, Specifications
from models.domain.errors import InvalidRequest
from models.domain.patterns import PatternEngine
from models.domain.resource_specification import Find, ResourceSpecification, allocated
from models.store import Store

Document = dict[str, Any]
COLLECTION = "resourceSpecification"


class ResourceCatalogue(Specifications[ResourceSpecification]):
    """Resource specifications of our own catalogue."""

    collection = COLLECTION

    def __init__(self, store: Store, patterns: PatternEngine) -> None:
        """Read from this store; `patterns` compiles the regular expressions in them."""
        super().__init__(store)
        self._patterns = patterns

    async def referred(self, tenant: str, reference: Any) -> ResourceSpecification | None:
        """The specification that a reference ({id, name, version}) means; None where there is none, or none known.

        Raises:
            Unavailable: the database cannot be reached.
        """
        if not isinstance(reference, Mapping) or not (reference.get("id") or reference.get("name")):
            return None
        return await self.compiled(tenant, Reference.of(reference))

    async def named(self, tenant: str, name: str) -> ResourceSpecification | None:
        """The specification of this id, or else the newest orderable one of this name.

        Raises:
            Unavailable: the database cannot be reached.
        """
        return await self.compiled(tenant, Reference(name)) or await self.compiled(tenant, Reference(name=name))

    async def allocated_by(self, tenant: str, service_specification: Mapping[str, Any]) -> Find:
        """What finds the resource specifications that the tasks of a service specification name.

        Raises:
            Unavailable: the database cannot be reached.
        """
        names = {name for _, name, _ in allocated(service_specification)}
        return {name: await self.named(tenant, name) for name in sorted(names)}.get

    async def check_resource(self, tenant: str, body: Mapping[str, Any], size: int) -> None:
        """Hold a resource, of so many bytes, against its specification.

        Raises:
            InvalidRequest: a characteristic does not fit it, or one is missing.
            Unavailable: the database cannot be reached.
        """
        found = await self.referred(tenant, body.get("resourceSpecification"))
        if found is not None:
            given, at = body.get("resourceCharacteristic") or [], "/resourceCharacteristic"
            wrong = await aside_if_big(size, found.rules.check, given, pointer=at, partial=False)
            if wrong:
                raise InvalidRequest(wrong)

    def _compiled_of(self, body: Document) -> ResourceSpecification:
        return ResourceSpecification.from_body(body, self._patterns)
