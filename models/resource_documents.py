"""The collections of resources (TMF639) and their specifications."""

from mongoengine import BooleanField, DateTimeField, DictField, DynamicField, IntField, ListField, StringField

from models.stored import BY_CREATION, OWED, ResourceDocument, Spec, body_index, index, partial_index


def _having(name: str, path: str) -> Spec:
    """An index for lists, of those resources alone that have the attribute: what pools make has few of them."""
    return index(name, "tenant", f"body.{path}", "created", "id", partialFilterExpression={f"body.{path}": _THERE})


_THERE = {"$exists": True}
_PLACED = {"position": _THERE}


class ResourceSpecification(ResourceDocument):
    """A resource specification, shaped like TMF634 v4, one version of its family."""

    meta = {
        "collection": "resourceSpecification",
        "indexes": [
            BY_CREATION,
            OWED,
            body_index("by_name", "name"),
            body_index("by_lifecycle_status", "lifecycleStatus"),
            body_index("by_category", "category"),
            body_index("by_relationship", "resourceSpecRelationship.id"),
        ],
    }


class Resource(ResourceDocument):
    """A TMF639 resource: a member of a pool, or one that a client has recorded.

    The body is the superset of TMF639 v4 and v5 in v4's form (`models.wire`). `status` is its resourceStatus, `related`
    the ids of the resources that it refers to. `pool` is the id of the pool that it belongs to, and `position` (a
    number or a text) orders the members of a pool; no two of them have the same. `holder` says whose it is while it is
    reserved or in use: {service, order, item, plan, task}; `claim` is the idempotency key of the call that got it.
    `until` is when its reservation expires, or its quarantine ends. `models.resources` writes all of it.

    Of a pool's member, further (`models.pools`): `use` (reserved, used, quarantined), the `part` of the pool, `bits`
    (an address block's size as a power of two), `amounts` of capacity, `traits`, `asked`, by which a repeated call
    is told from another one, `leaving` where its service does without it and the order that says so runs still, and
    `instead`, the share of capacity whose place it takes while that has a part of its `whole` amounts
    (`models.domain.pools.resizing`).
    """

    meta = {
        "collection": "resource",
        "indexes": [
            BY_CREATION,
            OWED,
            body_index("by_name", "name"),
            _having("of_category", "category"),
            body_index("by_type", "@type"),
            _having("of_base_type", "@baseType"),
            body_index("by_status", "resourceStatus"),
            body_index("by_value", "value"),
            _having("of_serial_number", "serialNumber"),
            _having("of_party", "relatedParty.id"),
            _having("of_place", "place.id"),
            _having("of_specification", "resourceSpecification.id"),
            _having("of_specification_name", "resourceSpecification.name"),
            _having("of_relationship", "resourceRelationship.id"),
            partial_index("by_related", "tenant", "related", exists="related"),
            partial_index("members", "tenant", "pool", "status", "position", exists="pool"),
            index("position", "tenant", "pool", "position", unique=True, partialFilterExpression=_PLACED),
            partial_index("by_service", "holder.service", exists="holder.service"),
            partial_index("by_order", "holder.order", exists="holder.order"),
            partial_index("by_claim", "claim", exists="claim"),
            partial_index("until", "until", exists="until"),
            partial_index("instead", "pool", "instead", exists="instead"),
        ],
    }
    pool = StringField()
    position = DynamicField()
    status = StringField()
    related = ListField(StringField())
    holder = DictField()
    claim = StringField()
    until = DateTimeField()
    use = StringField()
    part = StringField()
    bits = IntField()
    amounts = ListField(DictField())
    instead = StringField()
    whole = ListField(DictField())
    traits = ListField(StringField())
    asked = StringField()
    leaving = BooleanField()
