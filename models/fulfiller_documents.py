"""The collections about fulfillers: registrations, limits, health, statistics."""

from mongoengine import DateTimeField, DictField, IntField, ListField, StringField

from models.stored import BY_CREATION, OWED, ResourceDocument, Stored, body_index, index


class Fulfiller(ResourceDocument):
    """A registered fulfiller; credentials stand apart from the body that is shown."""

    meta = {"collection": "fulfiller", "indexes": [BY_CREATION, OWED, body_index("by_name", "name")]}
    secret = DictField()


class Slot(Stored):
    """One of a fulfiller's places for work at the same time, leased by a process."""

    meta = {"collection": "slot", "indexes": [index("by_fulfiller", "fulfiller", "until"), index("by_holder", "by")]}
    tenant = StringField()
    fulfiller = StringField(required=True)
    by = StringField()
    until = DateTimeField()


class FulfillerState(Stored):
    """What all processes have to know of a fulfiller that is not well: its circuit breaker, and that it is down."""

    meta = {"collection": "fulfillerState", "indexes": []}
    breaker = DictField()
    down = DictField()


class FulfillerStatistics(Stored):
    """What the calls to a fulfiller came to in ten minutes, over all processes; kept for two days."""

    meta = {
        "collection": "fulfillerStatistics",
        "indexes": [index("by_fulfiller", "fulfiller", "at"), index("by_age", "at", expireAfterSeconds=172_800)],
    }
    fulfiller = StringField(required=True)
    at = DateTimeField(required=True)
    outcomes = DictField()
    classes = DictField()
    milliseconds = IntField()


class Budget(Stored):
    """The calls that were leased under a fulfiller's rate limit, as long as they count."""

    meta = {"collection": "budget", "indexes": []}
    tenant = StringField()
    rev = IntField(required=True)
    spent = ListField(DictField())
