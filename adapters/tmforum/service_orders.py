"""The kind `tmf641`: another service order manager, or a partner, that is given service orders."""

from typing import ClassVar

from adapters.tmforum.order_reading import Dialect
from adapters.tmforum.orders import OrderFulfiller


class Tmf641Fulfiller(OrderFulfiller):
    """One registered service order manager; its endpoint is the base path of its TMF641 v4 API."""

    kind: ClassVar[str] = "tmf641"
    dialect: ClassVar[Dialect] = Dialect(
        api="tmf641",
        words="partner's order",
        order="serviceOrder",
        items="serviceOrderItem",
        subject="service",
        characteristics="serviceCharacteristic",
        specification="serviceSpecification",
        cancel="cancelServiceOrder",
        order_schema="ServiceOrder",
        cancel_schema="CancelServiceOrder",
    )
