"""The checks of bodies that clients send, put together for those who place orders without a client."""

from handlers.dependencies import Dependencies
from handlers.documents import load
from handlers.validation import BodyCheck, body_check
from models.order_placing import OrderPlacing
from models.surface import Surface


def surface_checks(dependencies: Dependencies) -> Surface:
    """The checks against catalogue and inventory."""
    return Surface(
        dependencies.catalogue,
        dependencies.inventory,
        dependencies.patterns,
        dependencies.clock,
        catalogue_check=dependencies.catalogue_check,
        resources=dependencies.resource_catalogue,
        sealer=dependencies.sealer,
    )


def new_order_check() -> BodyCheck:
    """The schema of an order to be placed."""
    ordering = load("tmf641")
    return body_check(ordering, ordering.schema("ServiceOrder_Create"))


def order_placing(dependencies: Dependencies) -> OrderPlacing:
    """What places the orders of the server's own causes, checked as POST serviceOrder checks them."""
    return OrderPlacing(dependencies.store, dependencies.clock, surface_checks(dependencies), new_order_check().check)
