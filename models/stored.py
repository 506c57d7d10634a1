"""What the definitions of all collections are made of."""

from mongoengine import DateTimeField, DictField, DynamicDocument, IntField, ListField, StringField

Spec = dict[str, object]

COMMON_META: Spec = {"abstract": True, "auto_create_index": False, "id_field": "id"}


def index(name: str, *fields: str, **options: object) -> Spec:
    """A named index over fields; the options are those of MongoDB."""
    return {"name": name, "fields": list(fields), "cls": False, **options}


def body_index(name: str, path: str) -> Spec:
    """An index for the lists of one tenant filtered by an attribute of the body, newest or oldest first."""
    return index(name, "tenant", f"body.{path}", "created", "id")


def partial_index(name: str, *fields: str, exists: str) -> Spec:
    """An index over the few documents that have a scheduling field at the moment."""
    return index(name, *fields, partialFilterExpression={exists: {"$exists": True}})


def held_index(name: str, *fields: str) -> Spec:
    """An index over tasks that are fallout at the moment."""
    return index(name, *fields, partialFilterExpression={"state": "held"})


BY_CREATION = index("by_creation", "tenant", "created", "id")
OWED = partial_index("owed", "owed", exists="owed")
DUE = partial_index("due", "priority", "due", exists="due")


class Stored(DynamicDocument):
    """What every document has.

    `wt` holds the tokens of the last writers (`models.group_commit`).
    """

    meta = COMMON_META
    id = StringField(primary_key=True)
    tenant = StringField(required=True)
    created = DateTimeField()
    updated = DateTimeField()
    wt = ListField()


class ResourceDocument(Stored):
    """A TM Forum resource: its body, its revision (ETag), and the events that it owes."""

    meta = COMMON_META
    rev = IntField(required=True)
    seq = IntField(required=True)
    body = DictField(required=True)
    outbox = ListField(DictField())
    owed = DateTimeField()
    idem = DictField()
