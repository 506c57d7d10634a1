"""The collections of policies and of what they have decided."""

from mongoengine import DateTimeField, DictField, IntField, ListField, StringField

from models.stored import BY_CREATION, OWED, ResourceDocument, index


class Policy(ResourceDocument):
    """One version of a policy; its id is `<name>:<version>`.

    `steps` tells of the last moves of its life ({state, at, who, why}); the history has all of them.
    """

    meta = {
        "collection": "policy",
        "indexes": [BY_CREATION, OWED, index("by_state", "tenant", "state", "created", "id")],
    }
    name = StringField(required=True)
    version = StringField(required=True)
    state = StringField(required=True)
    steps = ListField(DictField())


class PolicyDecision(ResourceDocument):
    """What a policy has decided about an order, or a task of it; the id is derived from order, point, policy, occasion.

    `task` is the id of the task, and `item` the path of the item, where it is about one. Of a process flow that runs a
    recipe without an order, `order` is the flow's id, and `recipe` the name of the recipe.
    `result` is what was decided ({allow, reason, …}), `problem` why it is the configured answer; `input` sums up what
    the policy was told, `duration` is in milliseconds, and `round` says how often the order had been amended. Where
    people had to approve, `approval` says what came of it ({taskFlow, approved, reason, who, date}).
    """

    meta = {
        "collection": "policyDecision",
        "indexes": [BY_CREATION, OWED, index("by_order", "tenant", "order", "created", "id")],
    }
    order = StringField(required=True)
    recipe = StringField()
    point = StringField(required=True)
    policy = StringField(required=True)
    item = StringField()
    task = StringField()
    state = StringField(required=True)
    result = DictField(required=True)
    input = DictField()
    problem = StringField()
    duration = IntField(required=True)
    round = IntField()
    approval = DictField()
    asked = DateTimeField(required=True)
