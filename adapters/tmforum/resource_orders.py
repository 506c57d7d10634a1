"""The kind `tmf652`: a resource order manager that is given resource orders."""

from typing import ClassVar

from adapters.ports import Done
from adapters.tmforum.client import Document
from adapters.tmforum.order_reading import Dialect
from adapters.tmforum.orders import OrderFulfiller


class Tmf652Fulfiller(OrderFulfiller):
    """One registered resource order manager; its endpoint is the base path of its TMF652 v4 API."""

    kind: ClassVar[str] = "tmf652"
    dialect: ClassVar[Dialect] = Dialect(
        api="tmf652",
        words="resource order",
        order="resourceOrder",
        items="orderItem",
        subject="resource",
        characteristics="resourceCharacteristic",
        specification="resourceSpecification",
        cancel="cancelResourceOrder",
    )

    def _resting(self, references: tuple[Document, ...]) -> Done:
        """Done work whose resource our service now uses."""
        return Done(supporting_resource=references)
