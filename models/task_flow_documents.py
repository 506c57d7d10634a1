"""The collections of people's tasks (TMF701)."""

from mongoengine import BooleanField, DateTimeField, DictField, ListField, StringField

from models.stored import BY_CREATION, OWED, ResourceDocument, body_index, index, partial_index


class ProcessFlow(ResourceDocument):
    """A TMF701 process flow: people's tasks that belong together.

    `plan` and `order` name whose work it is; `open` stands until that has ended.
    """

    meta = {
        "collection": "processFlow",
        "indexes": [
            BY_CREATION,
            OWED,
            body_index("by_state", "state"),
            body_index("by_entity", "relatedEntity.id"),
            body_index("by_party", "relatedParty.id"),
            index("open", "open", "created", partialFilterExpression={"open": True}),
        ],
    }
    plan = StringField()
    order = StringField()
    open = BooleanField()


class TaskFlow(ResourceDocument):
    """A TMF701 task flow: something that a person has to do.

    `call` is the idempotency key of the task of the plan that waits for it; `said` holds what the person has reported,
    until it has been passed on to the plan; `escalate` is when the next step of its escalation is due.
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
        ],
    }
    plan = StringField()
    order = StringField()
    call = StringField()
    said = ListField(DictField())
    escalate = DateTimeField()
