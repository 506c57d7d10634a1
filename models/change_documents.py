"""The collections of change sources, and of the change requests that were heard of."""

from mongoengine import BooleanField, DateTimeField, DictField, IntField, ListField, StringField

from models.stored import BY_CREATION, OWED, ResourceDocument, index, partial_index


class ChangeSource(ResourceDocument):
    """A server of change requests (TMF655) whose approved ones become orders; its credentials stand apart.

    `due` is when its list is looked at next, `looked` when it was last, `problem` why it could not be.
    """

    meta = {"collection": "changeSource", "indexes": [BY_CREATION, OWED, partial_index("due", "due", exists="due")]}
    secret = DictField()
    due = DateTimeField()
    looked = DateTimeField()
    problem = StringField()


class Change(ResourceDocument):
    """A change request of a source, and what has become of it here (`models.changes`).

    `owes` are the writes that it still has to be told of, the first one first; `tries` counts those of the first that
    failed. `due` is when it has to be looked at next; `heard` says that something was told of it while its order was
    under way, and it has not been read since.
    """

    meta = {
        "collection": "change",
        "indexes": [
            BY_CREATION,
            OWED,
            index("by_source", "tenant", "source", "created", "id"),
            index("by_state", "tenant", "body.state", "created", "id"),
            index("by_order", "tenant", "body.order"),
            partial_index("due", "due", exists="due"),
        ],
    }
    source = StringField(required=True)
    theirs = StringField(required=True)
    owes = ListField(DictField())
    tries = IntField()
    due = DateTimeField()
    heard = BooleanField()
