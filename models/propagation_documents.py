"""The collection of propagations."""

from mongoengine import DateTimeField, DictField, IntField, ListField, StringField

from models.stored import BY_CREATION, Stored, index, partial_index


class Propagation(Stored):
    """A change of a service on its way to those who rely on it (`models.propagations`).

    `seq` is the number of the service's event that it tells of, `cursor` the id of the last dependent that was told.
    """

    meta = {
        "collection": "propagation",
        "indexes": [
            BY_CREATION,
            index("by_service", "tenant", "service", "created", "id"),
            index("by_state", "tenant", "state", "created", "id"),
            index("by_order", "tenant", "order"),
            partial_index("due", "due", exists="due"),
        ],
    }
    rev = IntField(required=True)
    state = StringField(required=True)
    service = StringField(required=True)
    seq = IntField(required=True)
    order = StringField()
    cursor = StringField(required=True)
    changed = DictField()
    problems = ListField(DictField())
    due = DateTimeField()
