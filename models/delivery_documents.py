"""The collections of what is told: subscriptions, events and their deliveries."""

from mongoengine import BooleanField, DateTimeField, DictField, IntField, StringField

from models.stored import BY_CREATION, Stored, index, partial_index


class Subscription(Stored):
    """A registration at a hub."""

    meta = {
        "collection": "subscription",
        "indexes": [BY_CREATION, index("by_api", "tenant", "api", "state"), index("by_age", "created")],
    }
    rev = IntField()
    api = StringField(required=True)
    version = StringField(required=True)
    callback = StringField(required=True)
    query = StringField()
    secret = StringField()
    appendListenerPath = BooleanField()  # noqa: N815 - a stored name
    state = StringField(required=True)
    endedReason = StringField()  # noqa: N815 - a stored name
    endedAt = DateTimeField()  # noqa: N815 - a stored name
    former = DictField()


class Event(Stored):
    """A change of a resource, as told to subscribers; together they are the append-only history."""

    meta = {
        "collection": "event",
        "indexes": [
            index("by_resource", "resource.id", "seq"),
            BY_CREATION,
            index("by_type", "tenant", "type", "created"),
            index("by_correlation", "correlation", "created", sparse=True),
        ],
    }
    api = StringField(required=True)
    type = StringField(required=True)
    resource = DictField(required=True)
    seq = IntField(required=True)
    at = StringField(required=True)
    who = StringField()
    body = DictField()


class Delivery(Stored):
    """One event on its way to one subscriber."""

    meta = {
        "collection": "delivery",
        "indexes": [
            partial_index("due", "subscription", "due", "lane", exists="due"),
            partial_index("lane", "subscription", "lane", "seq", exists="due"),
            index("by_subscription", "subscription", "created", "id"),
            index("by_event", "event"),
            index("by_resource", "tenant", "lane", "created", "id"),
            BY_CREATION,
            index("dead", "tenant", "created", "id", partialFilterExpression={"state": "dead"}),
            index("dead_of_subscription", "subscription", "created", partialFilterExpression={"state": "dead"}),
        ],
    }
    subscription = StringField(required=True)
    event = StringField(required=True)
    type = StringField(required=True)
    lane = StringField(required=True)
    seq = IntField(required=True)
    state = StringField(required=True)
    attempts = IntField(required=True)
    due = DateTimeField()
