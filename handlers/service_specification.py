"""TMF633 service specifications."""

from collections.abc import Mapping
from typing import Any

from handlers.dependencies import Dependencies
from handlers.specification_rules import Body, SpecificationRules, specification_kind
from models.domain.caller import Caller
from models.references import first_match
from models.surface import Surface

KIND = specification_kind("serviceSpecification")


class ServiceSpecificationRules(SpecificationRules):
    """The rules of service specifications."""

    kind = KIND
    ending = "To end its being ordered, set its lifecycleStatus to Retired."

    def __init__(self, dependencies: Dependencies, surface: Surface) -> None:
        """Check specifications before they are published."""
        super().__init__(dependencies.store)
        self._surface = surface

    async def check(self, caller: Caller, body: Body, size: int) -> None:
        """Whether orders of it could be decomposed."""
        await self._surface.check_specification(caller, body, size)

    async def user(self, caller: Caller, stored: Mapping[str, Any]) -> str | None:
        """The first service or order of it."""
        for collection, path, words in (
            ("service", "body.serviceSpecification.id", "the service"),
            ("serviceOrder", "body.serviceOrderItem.service.serviceSpecification.id", "the service order"),
        ):
            found = await first_match(self._store, collection, caller.tenant, {path: stored["_id"]})
            if found is not None:
                return f"{words} {found}, first of all"
        return None

    async def keeper(self, caller: Caller, stored: Mapping[str, Any]) -> str | None:
        """Another specification that is made of it."""
        where = {"body.serviceSpecRelationship.id": stored["_id"]}
        other = await first_match(self._store, KIND.name, caller.tenant, where)
        return f"the service specification {other}" if other is not None else None
