"""The collection of secrets that recipes name."""

from mongoengine import DictField, StringField

from models.stored import BY_CREATION, OWED, ResourceDocument, index


class NamedSecret(ResourceDocument):
    """A named secret of a tenant: `secret` is its value, sealed; see `models.secrets`."""

    meta = {
        "collection": "namedSecret",
        "indexes": [BY_CREATION, OWED, index("by_name", "tenant", "name")],
    }
    name = StringField(required=True)
    secret = DictField()
    who = StringField(required=True)
