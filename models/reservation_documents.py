"""The collections of what services hold with other systems, and of services that shall give up what they hold."""

from mongoengine import BooleanField, DateTimeField, IntField, ListField, StringField

from models.stored import Stored, index, partial_index


class ForeignReservation(Stored):
    """A reservation in a pool of another system (`models.reservations_elsewhere`); its id is `<fulfiller>:<id there>`.

    `service`, `task`, `order` and `plan` say whose it is, `resources` are the ids of what it holds. `wanted` is what it
    shall be: reserved, used or released; `due` is when something has to be done for that. `until` is when it ends by
    itself, and `lasts` for how many seconds it is extended. `leaving` means that its service does without it and the
    order that says so runs still. `attempts` and `problem` tell why it is not so yet; `lost` is since when it is known
    that the other system has it no more.
    """

    meta = {
        "collection": "foreignReservation",
        "indexes": [
            partial_index("due", "due", exists="due"),
            index("by_service", "tenant", "service", "task"),
            index("by_fulfiller", "fulfiller"),
        ],
    }
    fulfiller = StringField(required=True)
    reservation = StringField(required=True)
    service = StringField(required=True)
    task = StringField(required=True)
    order = StringField()
    plan = StringField()
    resources = ListField(StringField())
    wanted = StringField(required=True)
    due = DateTimeField()
    until = DateTimeField()
    lasts = IntField()
    leaving = BooleanField()
    attempts = IntField()
    problem = StringField()
    lost = DateTimeField()


class ServiceRelease(Stored):
    """The wish that a service of this id gives up what it holds, once it is gone (`models.service_releases`)."""

    meta = {"collection": "serviceRelease", "indexes": [index("by_age", "created")]}
    why = StringField()
