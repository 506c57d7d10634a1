"""The collections of people's tasks (TMF701)."""

from mongoengine import BooleanField, DateTimeField, DictField, IntField, ListField, StringField

from models.stored import BY_CREATION, DUE, OWED, ResourceDocument, body_index, index, partial_index


class ProcessFlow(ResourceDocument):
    """A TMF701 process flow: people's tasks that belong together.

    `plan` and `order` name whose work it is; `open` stands until that has ended, `ended` since then. Of one that runs a
    recipe, `recipe` has name and version, `plan` is its own id, `due` is set while its plan has to be made, and `said`
    holds what its client has told the plan, until it has been passed on.
    """

    meta = {
        "collection": "processFlow",
        "indexes": [
            BY_CREATION,
            OWED,
            DUE,
            body_index("by_state", "state"),
            body_index("by_entity", "relatedEntity.id"),
            body_index("by_party", "relatedParty.id"),
            body_index("by_specification", "processFlowSpecification"),
            partial_index("said", "said.at", exists="said.at"),
            index("open_by_id", "open", "id", partialFilterExpression={"open": True}),
            partial_index("ended", "tenant", "ended", exists="ended"),
            partial_index("of_plan", "plan", exists="plan"),
        ],
    }
    plan = StringField()
    order = StringField()
    open = BooleanField()
    ended = DateTimeField()
    recipe = ListField(StringField())
    priority = IntField()
    due = DateTimeField()
    lease = DictField()
    fence = IntField()
    planRev = IntField()  # noqa: N815 - a stored name
    said = ListField(DictField())
    poke = DateTimeField()


class TaskFlow(ResourceDocument):
    """A TMF701 task flow: something that a person has to do.

    `call` is the idempotency key of the task of the plan that waits for it; `said` holds what the person has reported,
    until it has been passed on to the plan; `escalate` is when the next step of its escalation is due. Where it is
    fallout, `fallout` says of what ({task: id of the held task, hold: its number}), and `care` holds what was said of
    who looks after that task, until it has been passed on to it. `step` is the key of the step of a recipe that it is,
    which its process flow runs and no person does.
    """

    meta = {
        "collection": "taskFlow",
        "indexes": [
            BY_CREATION,
            OWED,
            body_index("by_process", "processFlow.id"),
            body_index("by_state", "state"),
            index("by_queue", "tenant", "body.queue", "body.state", "created", "id"),
            index("by_assignee", "tenant", "body.assignee", "body.state", "created", "id"),
            body_index("by_party", "relatedParty.id"),
            body_index("by_entity", "relatedEntity.id"),
            body_index("by_due", "requestedCompletionDate"),
            partial_index("said", "said.at", exists="said.at"),
            partial_index("escalate", "escalate", exists="escalate"),
            partial_index("fallout", "fallout.task", "fallout.hold", exists="fallout.task"),
            partial_index("care", "care.at", exists="care.at"),
            partial_index("of_plan", "plan", exists="plan"),
        ],
    }
    plan = StringField()
    order = StringField()
    call = StringField()
    said = ListField(DictField())
    escalate = DateTimeField()
    fallout = DictField()
    care = ListField(DictField())
    step = StringField()
