"""The collection of services (TMF638)."""

from mongoengine import BooleanField, DateTimeField, DictField, IntField, ListField, StringField

from models.stored import BY_CREATION, OWED, ResourceDocument, Stored, body_index, index, partial_index
from models.subscription_view import INDEXES as SUBSCRIPTIONS


def _in_use(name: str, *fields: str) -> dict[str, object]:
    """An index over the services of a specification that are in use."""
    of = ("tenant", "body.serviceSpecification.id")
    return index(name, *of, *fields, partialFilterExpression={"body.state": "active"})


class Service(ResourceDocument):
    """A TMF638 service.

    `owner` stands while an order item works on it, `former` is the one before, `applied` the last plan revision;
    `builtBy` says which fulfiller did which work for it: {specification, fulfiller}. What can be re-used of a
    specification is found among those in use, by the values that it must have; the rest of the inventory costs nothing.
    `desired` is what was ordered, `actual` where its values come from, `drift` how the two differ; `hasDrift` is there
    to be searched. `readDue` is when its fulfillers are asked what is, `asked` who wants to know, `read` what they
    said; `repair` is the order that was placed for the drift: {key, order} or {key, problem}.
    `relied` says of which change of what it relies on it was told last (`models.propagations`).
    """

    meta = {
        "collection": "service",
        "indexes": [
            BY_CREATION,
            OWED,
            body_index("by_state", "state"),
            body_index("by_name", "name"),
            body_index("by_category", "category"),
            body_index("by_service_type", "serviceType"),
            body_index("by_party", "relatedParty.id"),
            body_index("by_place", "place.id"),
            body_index("by_specification", "serviceSpecification.id"),
            body_index("by_specification_name", "serviceSpecification.name"),
            body_index("by_relationship", "serviceRelationship.service.id"),
            body_index("by_supporting_service", "supportingService.id"),
            body_index("by_supporting_resource", "supportingResource.id"),
            body_index("by_order", "serviceOrderItem.serviceOrderId"),
            partial_index("by_related_entity", "tenant", "body.relatedEntity.id", "created", "id",
                          exists="body.relatedEntity.id"),
            body_index("by_start", "startDate"),
            body_index("by_end", "endDate"),
            partial_index("reads_due", "readDue", exists="readDue"),
            index("drifting", "tenant", "created", "id", partialFilterExpression={"hasDrift": True}),
            _in_use("shared", "created", "id"),
            _in_use("shared_by_value", "body.serviceCharacteristic.name", "body.serviceCharacteristic.value",
                    "created", "id"),
            index("owned_by_specification", "tenant", "body.serviceSpecification.id", "created", "id",
                   partialFilterExpression={"owner.order": {"$gt": ""}}),
            *SUBSCRIPTIONS,
        ],
    }  # fmt: skip
    owner = DictField()
    former = DictField()
    applied = DictField()
    waiting = ListField(StringField())
    builtBy = ListField(DictField())  # noqa: N815 - a stored name
    desired = DictField()
    actual = DictField()
    hasDrift = BooleanField()  # noqa: N815 - a stored name
    drift = DictField()
    relied = ListField(DictField())
    readDue = DateTimeField()  # noqa: N815 - a stored name
    asked = DictField()
    read = DictField()
    repair = DictField()


class ReadAdoption(Stored):
    """How far the inventory was gone through for services of a fulfiller (its id) that has begun to be asked."""

    meta = {"collection": "readAdoption"}
    revision = IntField()
    cursor = StringField()
