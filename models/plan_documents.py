"""The collections of plans."""

from mongoengine import DateTimeField, DictField, IntField, ListField, StringField

from models.stored import BY_CREATION, DUE, Stored, index, partial_index


class Plan(Stored):
    """The running state of a plan; what does not change stands in its `planDefinition`.

    `queued` ({at: gates of a process, since, calls: that it would make}) stands while it was let go to wait for a
    place at a fulfiller. `awaited` has the addresses of the messages and signals that its recipes await
    (`models.domain.recipe_messages`), `heard` the latest of these that it has taken out of its inbox. `recipes` holds
    the runs of recipes by the key of their task, `plays` one entry for each of them ({task, recipe, version, status,
    held?}) that they are found by.
    """

    meta = {
        "collection": "plan",
        "indexes": [
            BY_CREATION,
            DUE,
            index("by_state", "tenant", "state", "created"),
            index("by_owner", "owner.id"),
            partial_index("queued", "queued.at", "priority", "queued.since", exists="queued.since"),
            partial_index("by_awaited", "tenant", "awaited", "id", exists="awaited"),
            partial_index(
                "by_play", "tenant", "plays.recipe", "plays.version", "plays.status", "created", "id", exists="plays"
            ),
            partial_index("by_held_play", "tenant", "plays.held", "created", "id", exists="plays.held"),
        ],
    }
    format = IntField(required=True)
    owner = DictField(required=True)
    priority = IntField(required=True)
    rev = IntField(required=True)
    fence = IntField(required=True)
    lease = DictField()
    due = DateTimeField()
    poke = DateTimeField()
    state = StringField(required=True)
    run = DictField()
    added = ListField(DictField())
    inbox = ListField(DictField())
    owes = ListField(DictField())
    cancel = DictField()
    waits = ListField(DictField())
    tells = ListField(DictField())
    queued = DictField()
    fault = DictField()
    failing = ListField(DictField())
    recipes = DictField()
    plays = ListField(DictField())


class PlanDefinition(Stored):
    """Items, services and tasks of a plan, written once."""

    meta = {"collection": "planDefinition", "indexes": []}
    items = ListField(DictField())
    services = ListField(DictField())
    tasks = ListField(DictField())
