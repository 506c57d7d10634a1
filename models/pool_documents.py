"""The collections of resource pools."""

from mongoengine import DateTimeField, DictField, DynamicField, IntField, ListField, StringField, UUIDField

from models.stored import BY_CREATION, OWED, ResourceDocument, Stored, body_index, index


class ResourcePool(ResourceDocument):
    """A pool: its body says what it is. Its parts stand in `poolPart`, its free space in `poolPiece`.

    `turn` counts the changes of its members, each of which is one transaction that begins by raising it. `usage` counts
    members by measure and use, `above` names the thresholds that are reached, `trend` samples how full it was.
    `measures` are those of capacity, `version` is that of its IP addresses; `named` is the name while the pool lives.
    `saving` is the demand in line that the pool saves up for: {key, demand, order, since, until}; where that was in
    vain it does not do so again before `savesAgain`. `mended` counts how often somebody has mended it.
    """

    meta = {
        "collection": "resourcePool",
        "indexes": [
            BY_CREATION,
            OWED,
            body_index("by_name", "name"),
            body_index("by_kind", "kind"),
            body_index("by_specification", "resourceSpecification.id"),
            body_index("by_specification_name", "resourceSpecification.name"),
            index("named", "tenant", "named", unique=True, partialFilterExpression={"named": {"$exists": True}}),
        ],
    }
    turn = IntField(required=True)
    named = StringField()
    usage = ListField(DictField())
    above = ListField(StringField())
    trend = ListField(DictField())
    saving = DictField()
    mended = IntField()
    savesAgain = DateTimeField()  # noqa: N815 - as it is stored
    measures = ListField(DictField())
    version = IntField()


class PoolPart(Stored):
    """A part of a pool: a range of numbers, a list of names, a prefix, a host. Its id is `<pool>:<id of the part>`."""

    meta = {"collection": "poolPart", "indexes": [index("by_pool", "pool", "created", "id")]}
    pool = StringField(required=True)
    part = StringField(required=True)
    body = DictField(required=True)


class PoolPiece(Stored):
    """Free space of a pool: members side by side, or the room left in a part of capacity.

    Its id is `<pool>:` and the position of its last member, or the id of the part. `size` is what best fit goes by:
    the number of members, of addresses its logarithm, of capacity what is free of the first measure (`free` has all).
    """

    meta = {
        "collection": "poolPiece",
        "indexes": [
            index("best_fit", "pool", "size", "start"),
            index("best_fit_of_trait", "pool", "traits", "size", "start"),
            index("by_start", "pool", "axis", "start"),
            index("by_part", "pool", "part"),
        ],
    }
    pool = StringField(required=True)
    part = StringField(required=True)
    size = IntField(required=True)
    axis = StringField()
    start = StringField()
    traits = ListField(StringField())
    free = ListField(DynamicField())


class PoolSession(Stored):
    """The database session in which a process takes its turns of a pool; its id is `<pool>:<process>`."""

    meta = {"collection": "poolSession", "indexes": [index("by_pool", "pool"), index("by_age", "at")]}
    tenant = StringField()
    pool = StringField(required=True)
    session = UUIDField(required=True)
    at = DateTimeField(required=True)


class PoolDemand(Stored):
    """A demand that has to wait for its pools, or whose key was released. Its id is the key.

    `state` is waiting, served (its members are reserved; `untold` since then until its holder knows), kept or released.
    `kept` are the ids of members that a revised demand found its holder to have already, beside those of its key.
    `shape` is the same for demands that the same members would satisfy.
    """

    meta = {
        "collection": "poolDemand",
        "indexes": [
            index("line", "pools", "priority", "since", "id", partialFilterExpression={"state": "waiting"}),
            index("untold", "untold", partialFilterExpression={"untold": {"$exists": True}}),
            index("by_service", "holder.service", partialFilterExpression={"holder.service": {"$exists": True}}),
            index("by_order", "holder.order", partialFilterExpression={"holder.order": {"$exists": True}}),
            index("by_age", "state", "updated"),
        ],
    }
    state = StringField(required=True)
    holder = DictField()
    pools = ListField(StringField())
    demand = DictField()
    shape = StringField()
    kept = ListField(StringField())
    priority = IntField()
    since = DateTimeField()
    untold = DateTimeField()
