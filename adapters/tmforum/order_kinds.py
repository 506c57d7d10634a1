"""The kinds `tmf641`, `tmf652` and `tmf622`: order managers that are given service, resource, or product orders."""

from typing import ClassVar

from adapters.tmforum.order_reading import Dialect
from adapters.tmforum.orders import OrderFulfiller


class Tmf641Fulfiller(OrderFulfiller):
    """One registered service order manager, or partner; its endpoint is the base path of its TMF641 v4 API."""

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
        source="orderRelationship",
        order_schema="ServiceOrder",
        cancel_schema="CancelServiceOrder",
    )


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
        source="externalReference",
    )


class Tmf622Fulfiller(OrderFulfiller):
    """One registered seller of products; its endpoint is the base path of its TMF622 v4 API.

    A product order of version 4.0 has neither orderRelationship nor externalReference: a note names our order.
    """

    kind: ClassVar[str] = "tmf622"
    dialect: ClassVar[Dialect] = Dialect(
        api="tmf622",
        words="product order",
        order="productOrder",
        items="productOrderItem",
        subject="product",
        characteristics="productCharacteristic",
        specification="productSpecification",
        cancel="cancelProductOrder",
        source="note",
        offering="productOffering",
        order_schema="ProductOrder",
        cancel_schema="CancelProductOrder",
    )
