"""What is checked against catalogue and inventory before anything is stored."""

from collections.abc import Sequence
from typing import Any

from models.aside import aside_if_big
from models.catalogue import Catalogue, Reference
from models.clock import Clock
from models.domain.caller import Caller
from models.domain.errors import InvalidRequest
from models.domain.order_check import check_items
from models.domain.order_items import OrderItem
from models.domain.patterns import PatternEngine
from models.domain.publishing import check_publishable
from models.domain.violations import Violation
from models.inventory import Inventory
from models.planning import load_relations, load_surface
from models.resource_catalogue import ResourceCatalogue
from models.sealing import Sealer

Body = dict[str, Any]


class Surface:
    """The checks of bodies that follow their schemas."""

    def __init__(  # noqa: PLR0913 - what bodies are checked with
        self,
        catalogue: Catalogue,
        inventory: Inventory,
        patterns: PatternEngine,
        clock: Clock,
        *,
        catalogue_check: bool,
        resources: ResourceCatalogue | None = None,
        sealer: Sealer | None = None,
    ) -> None:
        """Check against these; without `catalogue_check` unknown specifications are let through.

        `resources` has the resource specifications that fulfilment rules may name; without it all are unknown.
        The sealer keeps what orders hold for the time of their fulfilment only; without one they are refused.
        """
        self.sealer = sealer or Sealer()
        self._catalogue = catalogue
        self._resources = resources
        self._inventory = inventory
        self._patterns = patterns
        self._clock = clock
        self._catalogue_check = catalogue_check

    async def check_order(self, caller: Caller, items: Sequence[OrderItem], size: int) -> None:
        """Check the items of an order of so many bytes before it is accepted.

        Raises:
            InvalidRequest: naming everything that is wrong, by JSON pointer.
            Unavailable: the database cannot be reached.
        """
        snapshot = await load_surface(caller, items, self._catalogue, self._inventory, self._clock.text())
        _refuse(await aside_if_big(size, check_items, items, snapshot, catalog_check=self._catalogue_check))

    async def check_values(self, caller: Caller, item: Body, pointer: str, size: int) -> None:
        """Check what a customer says later of the service of an item of an order, of so many bytes, on its way.

        Raises:
            InvalidRequest: a value does not fit the service's specification.
            Unavailable: the database cannot be reached.
        """
        reference = (item.get("service") or {}).get("serviceSpecification")
        if not isinstance(reference, dict):
            return
        specification = await self._catalogue.compiled(caller.tenant, Reference.of(reference))
        if specification is None:
            return
        given = item["service"].get("serviceCharacteristic") or []
        partial = item.get("action") != "add"
        complete = given if partial else specification.rules.with_defaults(given)
        at = f"{pointer}/service/serviceCharacteristic"
        _refuse(await aside_if_big(size, specification.rules.check, complete, pointer=at, partial=partial))

    async def check_service(self, caller: Caller, body: Body, size: int) -> None:
        """Check a directly recorded service, of so many bytes, against its specification.

        Raises:
            InvalidRequest: the specification is unknown, or a value does not fit it.
            Unavailable: the database cannot be reached.
        """
        reference = body.get("serviceSpecification")
        if not isinstance(reference, dict):
            return
        specification = await self._catalogue.compiled(caller.tenant, Reference.of(reference))
        if specification is not None:
            given = body.get("serviceCharacteristic") or []
            check = specification.rules.check
            _refuse(await aside_if_big(size, check, given, pointer="/serviceCharacteristic", partial=False))
        elif self._catalogue_check:
            named = reference.get("id") or reference.get("name")
            message = f"The catalogue has no specification {named!r}."
            raise InvalidRequest([Violation("/serviceSpecification", "unknownSpecification", message)])

    async def check_characteristics(self, caller: Caller, specification: str, given: list[Body], pointer: str) -> None:
        """Check values that a service is to have against its specification, by id; one that is gone says nothing.

        Raises:
            InvalidRequest: a value does not fit it.
            Unavailable: the database cannot be reached.
        """
        found = await self._catalogue.compiled(caller.tenant, Reference.of({"id": specification}))
        if found is not None:
            _refuse(found.rules.check(given, pointer=pointer, partial=True))

    async def check_specification(self, caller: Caller, body: Body, size: int) -> None:
        """Check what a specification, of so many bytes, says about its fulfilment before it is published.

        Raises:
            InvalidRequest: it cannot work.
            Unavailable: the database cannot be reached.
        """
        snapshot = await load_relations(caller, body, self._catalogue, self._clock.text())
        asked: list[Any] = [body, self._patterns, snapshot.specification]
        if self._resources is not None:
            asked.append(await self._resources.allocated_by(caller.tenant, body))
        found = await aside_if_big(size, check_publishable, *asked)
        _refuse(found)


def _refuse(violations: list[Violation]) -> None:
    if violations:
        raise InvalidRequest(violations)
